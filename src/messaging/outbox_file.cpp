// SPDX-License-Identifier: BSD-3-Clause
#include "messaging/outbox_file.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "astro/error.hpp"
#include "messaging/wire.hpp"

namespace astro::messaging {

namespace {

constexpr off_t reserve_bytes = 4 << 20;

constexpr const char* schema = R"(
CREATE TABLE IF NOT EXISTS telemetry (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, key TEXT NOT NULL,
  body BLOB NOT NULL, time INTEGER NOT NULL, source TEXT NOT NULL, boot INTEGER NOT NULL, sequence INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS kept (id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, key TEXT NOT NULL,
  body BLOB NOT NULL, time INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS shed (record TEXT NOT NULL);
)";

const char* table_of(Keeping lane) noexcept { return lane == Keeping::telemetry ? "telemetry" : "kept"; }

void bind_text(sqlite3_stmt* statement, int at, std::string_view text) {
  sqlite3_bind_text(statement, at, text.data(), static_cast<int>(text.size()), SQLITE_STATIC);
}

std::string text_at(sqlite3_stmt* statement, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
  return {text == nullptr ? "" : text, static_cast<std::size_t>(sqlite3_column_bytes(statement, column))};
}

Bytes bytes_at(sqlite3_stmt* statement, int column) {
  const auto* data = static_cast<const std::byte*>(sqlite3_column_blob(statement, column));
  return data == nullptr ? Bytes() : Bytes(data, data + sqlite3_column_bytes(statement, column));
}

struct Resetting {
  sqlite3_stmt* statement;
  ~Resetting() {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  }
};

}  // namespace

void OutboxFile::Closing::operator()(sqlite3* database) const noexcept { sqlite3_close(database); }
void OutboxFile::Closing::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }

OutboxFile::OutboxFile(const std::filesystem::path& folder)
    : file_(folder / "outbox.db"), reserve_(folder / "outbox.reserve") {
  sqlite3* opened = nullptr;
  const int result = sqlite3_open_v2(file_.c_str(), &opened,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  database_.reset(opened);
  if (result != SQLITE_OK) fail("opening");
  sqlite3_busy_timeout(opened, 5000);
  execute("PRAGMA journal_mode = WAL");
  execute("PRAGMA synchronous = FULL");
  execute("PRAGMA locking_mode = EXCLUSIVE");  // one process, and no file of shared memory
  // What is not in the file yet must fit into what is left free of a small disk.
  std::error_code ignored;
  const auto pages = std::filesystem::space(folder, ignored).capacity / 32 / 4096;
  execute(("PRAGMA wal_autocheckpoint = " + std::to_string(std::clamp<std::uintmax_t>(pages, 32, 1000))).c_str());
  execute(schema);
  for (const Keeping keeping : {Keeping::telemetry, Keeping::always}) {
    const std::string table = table_of(keeping);
    const bool is_telemetry = keeping == Keeping::telemetry;
    lane(keeping) = {
        prepare("INSERT INTO " + table +
                (is_telemetry ? " (topic, key, body, time, source, boot, sequence) VALUES (?,?,?,?,?,?,?)"
                              : " (topic, key, body, time) VALUES (?,?,?,?)")),
        prepare("SELECT id, topic, key, body, time FROM " + table + " WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"),
        prepare("DELETE FROM " + table + " WHERE id BETWEEN ? AND ?"),
        prepare("SELECT coalesce(sum(length(body)), 0) FROM " + table + " WHERE id BETWEEN ? AND ?")};
  }
  make_reserve();
}

void OutboxFile::fail(const char* doing) const {
  const std::string why = database_ ? sqlite3_errmsg(database_.get()) : "out of memory";
  throw Error(ErrorCode::storage, std::string(doing) + " the outbox " + file_.string() + ": " + why +
                                      "; see that its disk is there, can be written and is not full");
}

void OutboxFile::execute(const char* sql) {
  if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail("writing");
}

OutboxFile::Statement OutboxFile::prepare(const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(database_.get(), sql.c_str(), -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK)
    fail("reading");
  return Statement(statement);
}

bool OutboxFile::step(sqlite3_stmt* statement) {
  const int result = sqlite3_step(statement);
  if (result != SQLITE_ROW && result != SQLITE_DONE) fail("writing");
  return result == SQLITE_ROW;
}

std::int64_t OutboxFile::number(const std::string& sql) {
  const Statement query = prepare(sql);
  return step(query.get()) ? sqlite3_column_int64(query.get(), 0) : 0;
}

std::int64_t OutboxFile::last_id(Keeping lane) {
  // What AUTOINCREMENT goes on from, also when the last rows are gone.
  return number(std::string("SELECT seq FROM sqlite_sequence WHERE name = '") + table_of(lane) + "'");
}

std::uint64_t OutboxFile::count(Keeping lane) {
  return static_cast<std::uint64_t>(number(std::string("SELECT count(*) FROM ") + table_of(lane)));
}

std::uint64_t OutboxFile::bytes() {
  return static_cast<std::uint64_t>(
      number("SELECT (SELECT coalesce(sum(length(body)), 0) FROM telemetry) + "
             "(SELECT coalesce(sum(length(body)), 0) FROM kept)"));
}

void OutboxFile::begin() { execute("BEGIN IMMEDIATE"); }
void OutboxFile::commit() { execute("COMMIT"); }
void OutboxFile::roll_back() noexcept { sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr); }

void OutboxFile::insert(const Outgoing& message) {
  sqlite3_stmt* statement = lane(message.keeping).insert.get();
  const Resetting resetting{statement};
  bind_text(statement, 1, message.topic);
  bind_text(statement, 2, message.key);
  sqlite3_bind_blob(statement, 3, message.body.empty() ? static_cast<const void*>("") : message.body.data(),
                    static_cast<int>(message.body.size()), SQLITE_STATIC);
  sqlite3_bind_int64(statement, 4, message.time.time_since_epoch().count());
  if (message.keeping == Keeping::telemetry) {
    bind_text(statement, 5, message.source);
    sqlite3_bind_int64(statement, 6, message.boot);
    sqlite3_bind_int64(statement, 7, message.sequence);
  }
  step(statement);
}

std::vector<Kept> OutboxFile::read(Keeping keeping, std::int64_t after, std::int64_t up_to, std::size_t at_most) {
  std::vector<Kept> rows;
  sqlite3_stmt* statement = lane(keeping).read.get();
  const Resetting resetting{statement};
  sqlite3_bind_int64(statement, 1, after);
  sqlite3_bind_int64(statement, 2, up_to);
  sqlite3_bind_int64(statement, 3, static_cast<std::int64_t>(at_most));
  while (step(statement)) {
    rows.push_back({sqlite3_column_int64(statement, 0), text_at(statement, 1), text_at(statement, 2),
                    bytes_at(statement, 3), Time(Duration(sqlite3_column_int64(statement, 4)))});
  }
  return rows;
}

std::uint64_t OutboxFile::erase(Keeping keeping, std::int64_t from, std::int64_t to) {
  std::uint64_t bytes = 0;
  {
    sqlite3_stmt* size = lane(keeping).size.get();
    const Resetting resetting{size};
    sqlite3_bind_int64(size, 1, from);
    sqlite3_bind_int64(size, 2, to);
    if (step(size)) bytes = static_cast<std::uint64_t>(sqlite3_column_int64(size, 0));
  }
  sqlite3_stmt* statement = lane(keeping).erase.get();
  const Resetting resetting{statement};
  sqlite3_bind_int64(statement, 1, from);
  sqlite3_bind_int64(statement, 2, to);
  step(statement);
  return bytes;
}

std::vector<Shed> OutboxFile::shed(std::int64_t after, std::int64_t up_to, std::uint64_t bytes, std::uint64_t& freed,
                                   std::uint64_t& count) {
  std::vector<Shed> told;
  const Statement query = prepare(
      "SELECT id, length(body), source, boot, sequence, time FROM telemetry WHERE id > ? AND id <= ? ORDER BY id");
  sqlite3_bind_int64(query.get(), 1, after);
  sqlite3_bind_int64(query.get(), 2, up_to);
  std::int64_t last = after;
  while (freed < bytes && step(query.get())) {
    last = sqlite3_column_int64(query.get(), 0);
    freed += static_cast<std::uint64_t>(sqlite3_column_int64(query.get(), 1));
    ++count;
    const std::int64_t sequence = sqlite3_column_int64(query.get(), 4);
    const Time time(Duration(sqlite3_column_int64(query.get(), 5)));
    told.push_back({text_at(query.get(), 2), sqlite3_column_int64(query.get(), 3), sequence, sequence, 1, time, time});
  }
  sqlite3_reset(query.get());
  if (last != after) (void)erase(Keeping::telemetry, after + 1, last);
  return told;
}

void OutboxFile::keep_shed(const std::vector<Shed>& all) {
  execute("DELETE FROM shed");
  const Statement statement = prepare("INSERT INTO shed (record) VALUES (?)");
  for (const Shed& one : all) {
    const std::string record = to_json(one);
    const Resetting resetting{statement.get()};
    bind_text(statement.get(), 1, record);
    step(statement.get());
  }
}

std::vector<Shed> OutboxFile::kept_shed() {
  std::vector<Shed> all;
  const Statement query = prepare("SELECT record FROM shed");
  while (step(query.get())) all.push_back(record_in<Shed>(bytes_of(text_at(query.get(), 0))));
  return all;
}

void OutboxFile::use_reserve() noexcept {
  ::unlink(reserve_.c_str());
  sqlite3_exec(database_.get(), "PRAGMA wal_checkpoint(TRUNCATE)", nullptr, nullptr, nullptr);
}

void OutboxFile::make_reserve() noexcept {
  const int file = ::open(reserve_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file < 0) return;
  const bool is_there = ::posix_fallocate(file, 0, reserve_bytes) == 0;
  ::close(file);
  if (!is_there) ::unlink(reserve_.c_str());
}

}  // namespace astro::messaging
