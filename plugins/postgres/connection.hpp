// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <libpq-fe.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "astro/error.hpp"
#include "astro/time.hpp"
#include "sql_kit/layout.hpp"

namespace astro::postgres {

inline constexpr std::size_t longest_identifier = 63;  ///< bytes; PostgreSQL cuts what is longer

/// Which server, and as whom.
struct Target {
  std::vector<std::pair<std::string, std::string>> parameters;  ///< as libpq names them; an empty one is left out
  std::string schema;
  std::string name;  ///< "astro at localhost:5432", for messages
  Duration patience{};

  bool operator==(const Target&) const = default;
};

/// What the server said no to. Its state is PostgreSQL's five characters ("PostgreSQL Error Codes" of its manual).
class Refused final : public Error {
 public:
  Refused(ErrorCode code, std::string state, const std::string& message)
      : Error(code, message), state_(std::move(state)) {}
  const std::string& state() const noexcept { return state_; }

 private:
  std::string state_;
};

/// The server, or the way to it, is gone: whatever was not committed is undone.
class Lost final : public Error {
 public:
  using Error::Error;
};

/// By what one can tell later whether a transaction was committed, when the answer to its commit was lost. Each session
/// counts its transactions in a row of astro_sessions, within them. (The server's own numbers are no use for it: after
/// a crash it gives those again that never reached its log.)
struct Mark {
  std::string session;
  std::int64_t number = 0;
};

using sql::identifier;
/// A text as SQL reads it whatever is in it.
std::string literal(std::string_view text);

/// Big endian, as PostgreSQL sends its numbers in binary.
void append_number(std::string& out, std::uint64_t number, int bytes);
std::uint64_t number_in(std::string_view bytes) noexcept;

/// The rows of an answer. Columns are in binary after `ask`.
class Answer final {
 public:
  explicit Answer(PGresult* result) noexcept : result_(result) {}
  PGresult* get() const noexcept { return result_.get(); }
  int rows() const noexcept { return PQntuples(result_.get()); }
  bool is_null(int row, int column) const noexcept { return PQgetisnull(result_.get(), row, column) != 0; }
  std::string_view cell(int row, int column) const noexcept {
    return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
  }
  std::string text(int row, int column) const { return std::string(cell(row, column)); }
  std::int64_t integer(int row, int column) const noexcept {
    return static_cast<std::int64_t>(number_in(cell(row, column)));
  }
  std::size_t changed() const;

 private:
  struct Clear {
    void operator()(PGresult* result) const noexcept { PQclear(result); }
  };
  std::unique_ptr<PGresult, Clear> result_;
};

/// What stands for $1, $2, ... of a statement.
class Parameters final {
 public:
  Parameters() = default;
  Parameters(std::initializer_list<std::string_view> texts);
  void add_text(std::string_view text);  ///< as the server reads it, whatever its type
  void add_binary(Oid type, std::string bytes);
  void add_null();
  std::size_t size() const noexcept { return all_.size(); }

 private:
  friend class Connection;
  struct One {
    Oid type;
    int format;
    bool is_null;
    std::string bytes;
  };
  std::vector<One> all_;
};

/// One session with the server. Every failure is an astro::Error that says which server and what to do.
class Connection final {
 public:
  /// Once, or until it succeeds or the target's patience ends. A server that says no is not asked again.
  Connection(const Target& target, bool is_patient);

  const Target& target() const noexcept { return target_; }
  bool is_alive() const noexcept { return PQstatus(handle_.get()) == CONNECTION_OK; }
  bool is_idle() const noexcept { return PQtransactionStatus(handle_.get()) == PQTRANS_IDLE; }
  bool in_transaction() const noexcept { return !is_idle(); }
  /// For the transaction that begins now.
  Mark next_mark() const { return {session_, ++transactions_}; }

  /// One statement with its parameters; the answer is in binary.
  Answer ask(const std::string& sql, const std::string& doing, const Parameters& parameters = {}) const;
  /// Statements without parameters; the last one's answer, in text.
  Answer execute(const std::string& sql, const std::string& doing) const;
  /// For a clean-up that may find nothing to clean.
  void try_execute(const char* sql) const noexcept;

  [[noreturn]] void fail(const PGresult* result, const std::string& doing) const;
  [[noreturn]] void refuse(const std::string& doing, const std::string& why) const;

 private:
  friend class Copy;
  struct Finish {
    void operator()(PGconn* handle) const noexcept { PQfinish(handle); }
  };
  Answer checked(PGresult* result, const std::string& doing) const;

  Target target_;
  std::unique_ptr<PGconn, Finish> handle_;
  std::string session_;
  mutable std::int64_t transactions_ = 0;
};

/// Rows on their way into a table: COPY in binary ("COPY", "Binary Format" of PostgreSQL's manual).
class Copy final {
 public:
  Copy(const Connection& connection, const std::string& into, std::string doing);
  ~Copy();
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  void begin_row(std::size_t columns);
  /// Puts the length before what `append` appends to the buffer, or says NULL when it returns false.
  template <class Append>
  void field(Append append) {
    const std::size_t begin = buffer_.size();
    buffer_.append(4, '\xff');
    if (append(buffer_)) set_length(begin);
  }
  void end_row();
  std::size_t finish();

 private:
  void set_length(std::size_t begin);
  void send();

  const Connection& connection_;
  std::string doing_;
  std::string buffer_;
  bool is_open_ = true;
};

/// A transaction, or a part of the one that is open: undone at the end of the scope unless committed.
class Transaction final {
 public:
  enum class Marked { no, yes };
  Transaction(const Connection& connection, std::string doing, Marked marked = Marked::yes);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();
  const Mark& mark() const noexcept { return mark_; }

 private:
  const Connection& connection_;
  std::string doing_;
  bool nested_;
  bool committed_ = false;
  Mark mark_;
};

}  // namespace astro::postgres
