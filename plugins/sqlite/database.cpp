// SPDX-License-Identifier: BSD-3-Clause
#include "database.hpp"

#include <chrono>
#include <cstring>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "astro/error.hpp"

namespace astro::sqlite {

namespace {

// Another program's transaction is worth waiting for, a hung one is not.
constexpr auto patience = std::chrono::seconds(5);
constexpr auto look_again = std::chrono::microseconds(500);

/// SQLite's own waiting looks ever more rarely, and starves beside a writer that always writes.
int wait_a_little(void* since, int times) {
  auto& began = *static_cast<std::chrono::steady_clock::time_point*>(since);
  const auto now = std::chrono::steady_clock::now();
  if (times == 0) began = now;
  if (now - began > patience) return 0;
  std::this_thread::sleep_for(look_again);
  return 1;
}

std::string system_reason(int number) { return std::error_code(number, std::generic_category()).message(); }

/// What a person can do about it; empty where SQLite's own words must do.
std::string advice(int code, int system_error) {
  switch (code) {
    case SQLITE_FULL:
      return "the disk is full: free some space and try again; everything that was acknowledged is kept";
    case SQLITE_READONLY:
      return "the file cannot be written: check that it, its folder and the disk are writable for this user";
    case SQLITE_CORRUPT:
      return "the file is damaged: put it aside together with its -wal file, restore a copy, or rescue what is left "
             "with `sqlite3 FILE .recover`";
    case SQLITE_NOTADB:
      return "the file is no SQLite database: give another path, or put the file aside and restore a copy";
    case SQLITE_CANTOPEN:
      return "the file cannot be opened (" + system_reason(system_error) +
             "): its folder must exist and be writable for this user";
    case SQLITE_IOERR:
      return "reading or writing failed (" + system_reason(system_error) + "): check the disk and the space on it";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another program is writing to it: try again, or end that program";
    default:
      return {};
  }
}

ErrorCode code_of(int code) noexcept {
  switch (code) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ErrorCode::busy;
    case SQLITE_TOOBIG:
      return ErrorCode::invalid_argument;
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_CONSTRAINT:
      return ErrorCode::internal;
    default:
      return ErrorCode::storage;
  }
}

}  // namespace

Database::Database(std::filesystem::path path) : path_(std::move(path)) {
  const std::string doing = "opening the store";
  sqlite3* handle = nullptr;
  // No mutex: a store's functions are called one at a time.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int result = sqlite3_open_v2(path_.c_str(), &handle, flags, nullptr);
  handle_.reset(handle);
  if (handle == nullptr) throw std::bad_alloc();
  if (result != SQLITE_OK) fail(doing);
  sqlite3_busy_handler(handle, &wait_a_little, waits_since_.get());
  // SQLite opens a file that it may not write for reading; better to hear of it now than at the first row.
  if (sqlite3_db_readonly(handle, "main") == 1) refuse(doing, advice(SQLITE_READONLY, 0));
}

void Database::use_log(Synchronous synchronous) {
  const std::string doing = "setting up the store";
  const Statement statement = prepare("PRAGMA journal_mode = WAL", doing);
  // Of two that turn a new file to the log at once SQLite refuses one without waiting, since both read already.
  const auto until = std::chrono::steady_clock::now() + patience;
  int result = sqlite3_step(statement.get());
  while ((result & 0xff) == SQLITE_BUSY && std::chrono::steady_clock::now() < until) {
    sqlite3_reset(statement.get());
    std::this_thread::sleep_for(look_again);
    result = sqlite3_step(statement.get());
  }
  if (result != SQLITE_ROW) fail(doing);
  const auto* mode = reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), 0));
  if (mode == nullptr || std::strcmp(mode, "wal") != 0) {
    refuse(doing, "this file system cannot keep a write-ahead log (a network drive?): use a local disk");
  }
  execute(synchronous == Synchronous::full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL", doing);
}

Statement Database::prepare(const std::string& sql, const std::string& doing) const {
  sqlite3_stmt* statement = nullptr;
  const int result = sqlite3_prepare_v3(handle_.get(), sql.c_str(), static_cast<int>(sql.size() + 1),
                                        SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (result != SQLITE_OK) fail(doing);
  return Statement(statement);
}

bool Database::step(const Statement& statement, const std::string& doing) const {
  const int result = sqlite3_step(statement.get());
  if (result != SQLITE_ROW && result != SQLITE_DONE) fail(doing);
  return result == SQLITE_ROW;
}

void Database::execute(const std::string& sql, const std::string& doing) const {
  if (sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) fail(doing);
}

void Database::try_execute(const char* sql) const noexcept {
  sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr);
}

std::int64_t Database::number(const std::string& sql, const std::string& doing) const {
  const Statement statement = prepare(sql, doing);
  return step(statement, doing) ? sqlite3_column_int64(statement.get(), 0) : 0;
}

void Database::fail(const std::string& doing) const {
  const int code = sqlite3_extended_errcode(handle_.get());
  const int primary = code & 0xff;
  const std::string said = sqlite3_errmsg(handle_.get());
  const std::string help = advice(primary, sqlite3_system_errno(handle_.get()));
  throw Error(code_of(primary), doing + " " + path_.string() + ": " +
                                    (help.empty() ? "SQLite says: " : help + ". SQLite says: ") + said + " (" +
                                    std::to_string(code) + ")");
}

void Database::refuse(const std::string& doing, const std::string& why) const {
  throw Error(ErrorCode::storage, doing + " " + path_.string() + ": " + why);
}

Transaction::Transaction(const Database& database, std::string doing)
    : database_(database), doing_(std::move(doing)), nested_(database.in_transaction()) {
  // Immediate: waiting for the lock at the beginning is safe, in the middle it would be a deadlock.
  database_.execute(nested_ ? "SAVEPOINT astro" : "BEGIN IMMEDIATE", doing_);
}

Transaction::~Transaction() {
  if (committed_ || !database_.in_transaction()) return;
  database_.try_execute(nested_ ? "ROLLBACK TO astro; RELEASE astro" : "ROLLBACK");
}

void Transaction::commit() {
  database_.execute(nested_ ? "RELEASE astro" : "COMMIT", doing_);
  committed_ = true;
}

}  // namespace astro::sqlite
