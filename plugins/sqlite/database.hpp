// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "sql_kit/layout.hpp"

namespace astro::sqlite {

struct Finalize {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

/// A statement that is used again goes back to its beginning at the end of the scope, however that ends.
class Run final {
 public:
  explicit Run(const Statement& statement) noexcept : statement_(statement.get()) {}
  ~Run() { sqlite3_reset(statement_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

 private:
  sqlite3_stmt* statement_;
};

enum class Synchronous : std::uint8_t { full, normal };

using sql::identifier;

/// One open file. Every failure is an astro::Error that names the file and what to do.
class Database final {
 public:
  /// Opens or makes the file, without looking into it.
  explicit Database(std::filesystem::path path);

  /// Write-ahead log, and how far a commit waits for the disk.
  void use_log(Synchronous synchronous);

  const std::filesystem::path& path() const noexcept { return path_; }
  Statement prepare(const std::string& sql, const std::string& doing) const;
  /// True: there is a row; false: done.
  bool step(const Statement& statement, const std::string& doing) const;
  void execute(const std::string& sql, const std::string& doing) const;
  std::int64_t number(const std::string& sql, const std::string& doing) const;
  std::int64_t changes() const noexcept { return sqlite3_changes64(handle_.get()); }
  bool in_transaction() const noexcept { return sqlite3_get_autocommit(handle_.get()) == 0; }
  /// For a clean-up that may find nothing to clean.
  void try_execute(const char* sql) const noexcept;

  /// Throws what SQLite last complained about.
  [[noreturn]] void fail(const std::string& doing) const;
  /// Throws `code`, naming the file.
  [[noreturn]] void refuse(const std::string& doing, const std::string& why) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  std::filesystem::path path_;
  // The handle points to it.
  std::unique_ptr<std::chrono::steady_clock::time_point> waits_since_ =
      std::make_unique<std::chrono::steady_clock::time_point>();
  std::unique_ptr<sqlite3, Close> handle_;
};

/// A transaction, or a part of the one that is open: undone at the end of the scope unless committed.
class Transaction final {
 public:
  Transaction(const Database& database, std::string doing);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  const Database& database_;
  std::string doing_;
  bool nested_;
  bool committed_ = false;
};

}  // namespace astro::sqlite
