// SPDX-License-Identifier: BSD-3-Clause
#include "journal.hpp"

#include <sqlite3.h>

#include <chrono>
#include <utility>

#include "astro/command_history.hpp"
#include "astro/error.hpp"
#include "astro/log.hpp"
#include "journal_entry.hpp"

namespace astro::detail {

namespace {

constexpr auto write_every = std::chrono::milliseconds(100);
// Ids from outside are kept for ever; typed calls, which nobody repeats, for so many days.
constexpr std::int64_t keep_days = 90;

constexpr const char* schema = R"(
CREATE TABLE IF NOT EXISTS commands (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, device TEXT NOT NULL, command TEXT NOT NULL,
  parameters TEXT NOT NULL, issuer TEXT NOT NULL, rank INTEGER NOT NULL, issued INTEGER NOT NULL,
  expires INTEGER NOT NULL, from_outside INTEGER NOT NULL, state INTEGER NOT NULL, time INTEGER NOT NULL,
  message TEXT NOT NULL, progress REAL, error_code TEXT NOT NULL, details TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS commands_state ON commands (state);
)";

constexpr const char* insert_sql =
    "INSERT OR IGNORE INTO commands (id, device, command, parameters, issuer, rank, issued, expires, from_outside, "
    "state, time, message, progress, error_code, details) VALUES (?,?,?,?,?,?,?,?,1,?,?,?,?,?,?)";
constexpr const char* upsert_sql =
    "INSERT INTO commands (id, device, command, parameters, issuer, rank, issued, expires, from_outside, "
    "state, time, message, progress, error_code, details) VALUES (?,?,?,?,?,?,?,?,0,?,?,?,?,?,?) "
    "ON CONFLICT (id) DO UPDATE SET state = excluded.state, time = excluded.time, message = excluded.message, "
    "progress = excluded.progress, error_code = excluded.error_code, details = excluded.details";
#define ASTRO_JOURNAL_COLUMNS "id, device, command, issuer, rank, state, time, message, progress, error_code, details"
constexpr const char* select_sql = "SELECT " ASTRO_JOURNAL_COLUMNS " FROM commands WHERE id = ?";
constexpr const char* recent_sql = "SELECT " ASTRO_JOURNAL_COLUMNS " FROM commands ORDER BY sequence DESC LIMIT ?";
#undef ASTRO_JOURNAL_COLUMNS

std::int64_t nanoseconds(Time time) { return time.time_since_epoch().count(); }

void bind_text(sqlite3_stmt* statement, int at, const std::string& text) {
  sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_TRANSIENT);
}

std::string column_text(sqlite3_stmt* statement, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return text == nullptr ? std::string() : std::string(text);
}

void bind_command(sqlite3_stmt* statement, const Command& command, const Acknowledgment& acknowledgment) {
  bind_text(statement, 1, command.id);
  bind_text(statement, 2, command.device);
  bind_text(statement, 3, command.name);
  bind_text(statement, 4, to_json(command.parameters));
  bind_text(statement, 5, command.issuer.name);
  sqlite3_bind_int(statement, 6, static_cast<int>(command.issuer.rank));
  sqlite3_bind_int64(statement, 7, nanoseconds(command.issued));
  sqlite3_bind_int64(statement, 8, nanoseconds(command.expires));
  sqlite3_bind_int(statement, 9, static_cast<int>(acknowledgment.state));
  sqlite3_bind_int64(statement, 10, nanoseconds(acknowledgment.time));
  bind_text(statement, 11, acknowledgment.message);
  if (acknowledgment.progress_percent) sqlite3_bind_double(statement, 12, *acknowledgment.progress_percent);
  else sqlite3_bind_null(statement, 12);
  bind_text(statement, 13, acknowledgment.error_code);
  bind_text(statement, 14, to_json(acknowledgment.details));
}

}  // namespace

void Journal::Closing::operator()(sqlite3* database) const noexcept { sqlite3_close(database); }
void Journal::Closing::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }

Journal::Journal(const std::filesystem::path& folder, Time now) : file_(folder / "journal.db") {
  sqlite3* opened = nullptr;
  const int result = sqlite3_open_v2(file_.c_str(), &opened,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  database_.reset(opened);
  if (result != SQLITE_OK) fail("opening");
  sqlite3_busy_timeout(opened, 5000);
  execute("PRAGMA journal_mode = WAL");
  execute("PRAGMA synchronous = FULL");
  execute(schema);
  mark_interrupted(now);
  insert_ = prepare(insert_sql);
  upsert_ = prepare(upsert_sql);
  select_ = prepare(select_sql);
  writer_ = std::thread([this] { write_all(); });
}

Journal::~Journal() { close(); }

void Journal::close() noexcept {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    wake_.notify_one();
  }
  if (writer_.joinable()) writer_.join();
}

void Journal::fail(const std::string& doing) const {
  const std::string why = database_ ? sqlite3_errmsg(database_.get()) : "out of memory";
  throw Error(ErrorCode::storage, doing + " the journal of commands " + file_.string() + ": " + why +
                                      "; see that its folder can be written and is not full");
}

void Journal::execute(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail("writing");
}

Journal::Statement Journal::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database_.get(), sql, -1, &statement, nullptr) != SQLITE_OK) fail("reading");
  return Statement(statement);
}

void Journal::run(sqlite3_stmt* statement) {
  const int result = sqlite3_step(statement);
  sqlite3_reset(statement);
  if (result != SQLITE_DONE) fail("writing");
}

void Journal::mark_interrupted(Time now) {
  const Statement mark = prepare(
      "UPDATE commands SET state = ?, time = ?, error_code = 'interrupted', message = "
      "'the process ended while the command was under way; it was not carried on' WHERE state IN (0, 1)");
  sqlite3_bind_int(mark.get(), 1, static_cast<int>(CommandState::failed));
  sqlite3_bind_int64(mark.get(), 2, nanoseconds(now));
  run(mark.get());
  const Statement prune = prepare("DELETE FROM commands WHERE from_outside = 0 AND time < ?");
  sqlite3_bind_int64(prune.get(), 1, nanoseconds(now - std::chrono::hours(24 * keep_days)));
  run(prune.get());
}

void Journal::bind(sqlite3_stmt* statement, const Command& command, const Acknowledgment& acknowledgment) {
  bind_command(statement, command, acknowledgment);
}

Acknowledgment Journal::read(sqlite3_stmt* statement) const {
  Acknowledgment found;
  found.command_id = column_text(statement, 0);
  found.device = column_text(statement, 1);
  found.command = column_text(statement, 2);
  found.issuer = {column_text(statement, 3), static_cast<Rank>(sqlite3_column_int(statement, 4))};
  found.state = static_cast<CommandState>(sqlite3_column_int(statement, 5));
  found.time = Time(Duration(sqlite3_column_int64(statement, 6)));
  found.message = column_text(statement, 7);
  if (sqlite3_column_type(statement, 8) != SQLITE_NULL) found.progress_percent = sqlite3_column_double(statement, 8);
  found.error_code = column_text(statement, 9);
  found.details = parse_json(column_text(statement, 10));
  return found;
}

std::optional<Acknowledgment> Journal::receive(const Command& command, const Acknowledgment& received) {
  const std::lock_guard lock(database_mutex_);
  bind(insert_.get(), command, received);
  run(insert_.get());
  if (sqlite3_changes(database_.get()) == 1) return std::nullopt;
  bind_text(select_.get(), 1, command.id);
  const bool found = sqlite3_step(select_.get()) == SQLITE_ROW;
  std::optional<Acknowledgment> known;
  if (found) known = read(select_.get());
  sqlite3_reset(select_.get());
  if (!known) fail("reading");
  return known;
}

bool Journal::write_later(Entry entry) {
  const std::lock_guard lock(mutex_);
  if (ending_) return false;
  const bool urgent = entry.then != nullptr || waiting_.size() >= 1000;
  waiting_.push_back(std::move(entry));
  // The writer looks by itself soon enough: waking it for each call would cost more than the call.
  if (urgent && !std::exchange(urgent_, true)) wake_.notify_one();
  return true;
}

void Journal::write(const std::vector<Entry>& entries) {
  execute("BEGIN IMMEDIATE");
  try {
    for (const Entry& entry : entries) {
      bind(upsert_.get(), *entry.command, entry.acknowledgment);
      run(upsert_.get());
    }
    execute("COMMIT");
  } catch (...) {
    sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    throw;
  }
}

void Journal::flush() noexcept {
  std::vector<Entry> entries;
  {
    const std::lock_guard database_lock(database_mutex_);
    {
      const std::lock_guard lock(mutex_);
      entries.swap(waiting_);
      urgent_ = false;
    }
    if (entries.empty()) return;
    try {
      write(entries);
      failed_ = false;
    } catch (const std::exception& error) {
      // The devices go on: what is under way matters more than its record. One line for each time.
      failures_.add();
      if (!std::exchange(failed_, true)) log(LogLevel::error, "journal", error.what());
      // But an end that is told waits for it: after a crash the command would have another one.
      const std::lock_guard lock(mutex_);
      if (!ending_) {
        std::erase_if(entries, [](const Entry& entry) { return entry.then == nullptr; });
        waiting_.insert(waiting_.begin(), entries.begin(), entries.end());
        return;
      }
    }
  }
  for (const Entry& entry : entries) {
    if (entry.then) entry.then();
  }
}

void Journal::tell(MetricWriter& writer) {
  const std::lock_guard lock(mutex_);
  writer.gauge("astro_journal_waiting", "Entries that the journal of commands has still to write",
               static_cast<double>(waiting_.size()));
}

void Journal::write_all() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    wake_.wait_for(lock, write_every, [this] { return ending_ || urgent_; });
    if (waiting_.empty()) continue;
    lock.unlock();
    flush();
    lock.lock();
  }
  lock.unlock();
  flush();
}

std::optional<Acknowledgment> Journal::find(const std::string& id) {
  flush();
  const std::lock_guard lock(database_mutex_);
  bind_text(select_.get(), 1, id);
  std::optional<Acknowledgment> found;
  if (sqlite3_step(select_.get()) == SQLITE_ROW) found = read(select_.get());
  sqlite3_reset(select_.get());
  return found;
}

std::vector<Acknowledgment> Journal::recent(std::size_t limit) {
  flush();
  const std::lock_guard lock(database_mutex_);
  const Statement statement = prepare(recent_sql);
  sqlite3_bind_int64(statement.get(), 1, static_cast<sqlite3_int64>(limit));
  std::vector<Acknowledgment> found;
  while (sqlite3_step(statement.get()) == SQLITE_ROW) found.push_back(read(statement.get()));
  return found;
}

namespace {

struct Closing {
  void operator()(sqlite3* database) const noexcept { sqlite3_close(database); }
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Closing>;
using Statement = std::unique_ptr<sqlite3_stmt, Closing>;

/// The journal of a process that may be open.
class OpenJournal {
 public:
  OpenJournal(const std::filesystem::path& folder, int flags) : file_(folder / "journal.db") {
    sqlite3* opened = nullptr;
    const int result = sqlite3_open_v2(file_.c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX, nullptr);
    database_.reset(opened);
    if (result != SQLITE_OK) fail("opening");
    sqlite3_busy_timeout(opened, 5000);
  }

  Statement prepare(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database_.get(), sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) fail("reading");
    return Statement(statement);
  }
  void run(const char* sql, const Command& command, const Acknowledgment& acknowledgment) {
    const Statement statement = prepare(sql);
    bind_command(statement.get(), command, acknowledgment);
    if (sqlite3_step(statement.get()) != SQLITE_DONE) fail("writing");
  }
  [[noreturn]] void fail(const std::string& doing) const {
    const std::string why = database_ ? sqlite3_errmsg(database_.get()) : "out of memory";
    throw Error(ErrorCode::storage, doing + " the journal of commands " + file_.string() + ": " + why +
                                        "; see that its folder can be written and is not full");
  }

 private:
  const std::filesystem::path file_;
  Database database_;
};

}  // namespace

void write_entry(const std::filesystem::path& folder, const Command& command, const Acknowledgment& acknowledgment) {
  OpenJournal journal(folder, SQLITE_OPEN_READWRITE);
  journal.run(insert_sql, command, acknowledgment);  // from outside; the second leaves that as it is
  journal.run(upsert_sql, command, acknowledgment);
}

namespace {

CommandRecord record_of(sqlite3_stmt* row) {
  const auto time = [row](int column) { return Time(Duration(sqlite3_column_int64(row, column))); };
  CommandRecord record;
  record.id = column_text(row, 0);
  record.device = column_text(row, 1);
  record.command = column_text(row, 2);
  record.parameters = parse_json(column_text(row, 3));
  record.issuer = {column_text(row, 4), static_cast<Rank>(sqlite3_column_int(row, 5))};
  record.from_outside = sqlite3_column_int(row, 6) != 0;
  record.issued = time(7);
  if (time(8) != Time{}) record.expires = time(8);
  record.state = static_cast<CommandState>(sqlite3_column_int(row, 9));
  record.time = time(10);
  record.message = column_text(row, 11);
  record.error_code = column_text(row, 12);
  return record;
}

}  // namespace
}  // namespace astro::detail

namespace astro {

std::vector<CommandRecord> find_commands(const std::filesystem::path& state_folder, const CommandQuery& query) {
  if (!std::filesystem::exists(state_folder / "journal.db")) {
    throw Error(ErrorCode::not_found, "reading the journal of commands in " + state_folder.string() +
                                          ": there is none; nothing was commanded from there, or its state folder is "
                                          "another one");
  }
  detail::OpenJournal journal(state_folder, SQLITE_OPEN_READONLY);
  const detail::Statement statement = journal.prepare(
      "SELECT id, device, command, parameters, issuer, rank, from_outside, issued, expires, state, time, message, "
      "error_code FROM commands WHERE (?1 = '' OR device = ?1) AND (?2 = '' OR command = ?2) AND (?3 = '' OR issuer = "
      "?3 OR issuer LIKE ?3 || '@%') AND (?4 = 0 OR issued >= ?4) AND (?5 = 0 OR issued < ?5) ORDER BY sequence DESC "
      "LIMIT ?6");
  detail::bind_text(statement.get(), 1, query.device);
  detail::bind_text(statement.get(), 2, query.command);
  detail::bind_text(statement.get(), 3, query.issuer);
  sqlite3_bind_int64(statement.get(), 4, detail::nanoseconds(query.from));
  sqlite3_bind_int64(statement.get(), 5, detail::nanoseconds(query.to));
  sqlite3_bind_int64(statement.get(), 6, query.limit);
  std::vector<CommandRecord> found;
  int result = SQLITE_ROW;
  while ((result = sqlite3_step(statement.get())) == SQLITE_ROW) found.push_back(detail::record_of(statement.get()));
  if (result != SQLITE_DONE) journal.fail("reading");
  return found;
}

}  // namespace astro
