// SPDX-License-Identifier: BSD-3-Clause
#include "connection.hpp"

#include <arpa/inet.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <new>
#include <random>
#include <thread>
#include <utility>

namespace astro::postgres {

namespace {

constexpr std::size_t copy_buffer =
    std::size_t{8} * 1024;  // the server begins with the first rows while we write the others

/// What PostgreSQL says, on one line.
std::string one_line(const char* said) {
  std::string text = said == nullptr ? "" : said;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (char& c : text) c = c == '\n' ? ' ' : c;
  return text;
}

struct Advice {
  ErrorCode code;
  const char* help;  ///< empty where PostgreSQL's own words must do
};

Advice advice(std::string_view state) {
  if (state == "53100") {
    return {ErrorCode::storage,
            "the server's disk is full: free some space there and try again; everything that was acknowledged is kept"};
  }
  if (state == "53300") return {ErrorCode::busy, "the server has no connection left: raise its max_connections"};
  if (state.starts_with("53")) return {ErrorCode::busy, "the server is short of resources: try again later"};
  if (state == "42501") return {ErrorCode::storage, "the user may not do this: grant it, or use another user"};
  if (state == "25006") return {ErrorCode::storage, "the server only reads (a standby?): use the primary server"};
  if (state == "55P03" || state == "40001" || state == "40P01") {
    return {ErrorCode::busy, "another program stood in the way: try again"};
  }
  if (state == "42P01" || state == "42703" || state == "42804") {
    return {ErrorCode::storage,
            "a table or column is not as it was: somebody changed it by hand. Change it back, or open the store again"};
  }
  if (state.starts_with("XX")) {
    return {ErrorCode::storage, "the database may be damaged: look into the server's log, and restore a backup"};
  }
  if (state.starts_with("22")) return {ErrorCode::invalid_argument, "a value cannot rest in its column"};
  if (state.starts_with("23")) return {ErrorCode::invalid_argument, "a rule of the table forbids it"};
  return {ErrorCode::storage, ""};
}

std::string random_name() {
  std::random_device random;
  std::string name;
  for (int i = 0; i < 4; ++i) name += std::to_string(random()) + (i == 3 ? "" : "-");
  return name;
}

/// Not the statement's fault: the session ends, whatever was asked.
bool ends_the_session(std::string_view state) { return state.starts_with("57P") || state.starts_with("08"); }

}  // namespace

std::string literal(std::string_view text) {
  std::string made = "'";
  for (const char c : text) made.append(c == '\'' ? 2 : 1, c);
  return made + '\'';
}

void append_number(std::string& out, std::uint64_t number, int bytes) {
  std::array<char, 8> digits{};
  for (int i = 0; i < bytes; ++i)
    digits[static_cast<std::size_t>(i)] = static_cast<char>(number >> ((bytes - 1 - i) * 8));
  out.append(digits.data(), static_cast<std::size_t>(bytes));
}

std::uint64_t number_in(std::string_view bytes) noexcept {
  std::uint64_t number = !bytes.empty() && (bytes.front() & '\x80') != 0 ? ~std::uint64_t{0} : 0;  // keeps the sign
  for (const char byte : bytes) number = number << 8 | static_cast<unsigned char>(byte);
  return number;
}

std::size_t Answer::changed() const { return std::strtoull(PQcmdTuples(result_.get()), nullptr, 10); }

Parameters::Parameters(std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) add_text(text);
}

void Parameters::add_text(std::string_view text) { all_.push_back({0, 0, false, std::string(text)}); }
void Parameters::add_binary(Oid type, std::string bytes) { all_.push_back({type, 1, false, std::move(bytes)}); }
void Parameters::add_null() { all_.push_back({0, 0, true, {}}); }

Connection::Connection(const Target& target, bool is_patient) : target_(target), session_(random_name()) {
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : target_.parameters) {
    if (value.empty()) continue;
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  const auto until = std::chrono::steady_clock::now() + target_.patience;
  while (true) {
    handle_.reset(PQconnectdbParams(names.data(), values.data(), 0));
    if (!handle_) throw std::bad_alloc();
    if (is_alive()) break;
    const std::string said = one_line(PQerrorMessage(handle_.get()));
    const bool is_refused =
        PQconnectionUsedPassword(handle_.get()) != 0 || PQconnectionNeedsPassword(handle_.get()) != 0;
    const bool is_starting = said.find("the database system is") != std::string::npos;
    const bool waits = (is_patient || is_starting) && !is_refused;
    if (!waits || std::chrono::steady_clock::now() > until) {
      const char* help = PQconnectionNeedsPassword(handle_.get()) != 0
                             ? "the server asks for a password: set `password`"
                         : is_refused ? "check `user`, `password` and `database`, and the server's pg_hba.conf"
                                      : "check `host`, `port`, `user`, `database` and the TLS settings, and that the "
                                        "server runs";
      throw Error(ErrorCode::storage,
                  "connecting to the store " + target_.name + ": " + help + ". PostgreSQL says: " + said);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  PQsetNoticeProcessor(
      handle_.get(), [](void*, const char*) {}, nullptr);
  // Whatever the server's or the user's defaults are: durable when a commit returns, and no table but ours.
  execute(
      "SET synchronous_commit = on; SET client_min_messages = warning; SET search_path = " + identifier(target_.schema),
      "connecting to the store");
}

Answer Connection::checked(PGresult* result, const std::string& doing) const {
  Answer answer(result);
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(result, doing);
  return answer;
}

Answer Connection::ask(const std::string& sql, const std::string& doing, const Parameters& parameters) const {
  std::vector<Oid> types;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
  for (const Parameters::One& one : parameters.all_) {
    types.push_back(one.type);
    values.push_back(one.is_null ? nullptr : one.bytes.c_str());
    lengths.push_back(static_cast<int>(one.bytes.size()));
    formats.push_back(one.format);
  }
  constexpr int binary = 1;
  return checked(PQexecParams(handle_.get(), sql.c_str(), static_cast<int>(types.size()), types.data(), values.data(),
                              lengths.data(), formats.data(), binary),
                 doing);
}

Answer Connection::execute(const std::string& sql, const std::string& doing) const {
  return checked(PQexec(handle_.get(), sql.c_str()), doing);
}

void Connection::try_execute(const char* sql) const noexcept { PQclear(PQexec(handle_.get(), sql)); }

void Connection::fail(const PGresult* result, const std::string& doing) const {
  const char* found = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const std::string state = found == nullptr ? "" : found;
  const std::string where = doing + " " + target_.name + ": ";
  const char* message = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string said = one_line(message == nullptr ? PQerrorMessage(handle_.get()) : message);
  if (!is_alive() || ends_the_session(state)) {
    throw Lost(ErrorCode::storage, where +
                                       "the connection to the server was lost, and what was not committed is undone: "
                                       "try again when the server is back. PostgreSQL says: " +
                                       said);
  }
  const auto [code, help] = advice(state);
  const char* detail = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
  throw Refused(code, state,
                where + help + (*help == '\0' ? "" : ". ") + "PostgreSQL says: " + said +
                    (detail == nullptr ? "" : " (" + one_line(detail) + ")") + " [" + state + "]");
}

void Connection::refuse(const std::string& doing, const std::string& why) const {
  throw Error(ErrorCode::storage, doing + " " + target_.name + ": " + why);
}

Copy::Copy(const Connection& connection, const std::string& into, std::string doing)
    : connection_(connection), doing_(std::move(doing)) {
  PGconn* handle = connection_.handle_.get();
  const Answer answer(PQexec(handle, ("COPY " + into + " FROM STDIN (FORMAT binary)").c_str()));
  if (PQresultStatus(answer.get()) != PGRES_COPY_IN) connection_.fail(answer.get(), doing_);
  buffer_.reserve(2 * copy_buffer);
  buffer_.append("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", 19);  // signature, no flags, no extension
}

Copy::~Copy() {
  if (!is_open_) return;
  PGconn* handle = connection_.handle_.get();
  PQputCopyEnd(handle, "given up");
  while (PGresult* result = PQgetResult(handle)) PQclear(result);
}

void Copy::begin_row(std::size_t columns) { append_number(buffer_, columns, 2); }

void Copy::set_length(std::size_t begin) {
  const std::uint32_t length = htonl(static_cast<std::uint32_t>(buffer_.size() - begin - 4));
  std::memcpy(buffer_.data() + begin, &length, sizeof length);
}

void Copy::end_row() {
  if (buffer_.size() >= copy_buffer) send();
}

void Copy::send() {
  if (PQputCopyData(connection_.handle_.get(), buffer_.data(), static_cast<int>(buffer_.size())) != 1) {
    connection_.fail(nullptr, doing_);
  }
  buffer_.clear();
}

std::size_t Copy::finish() {
  append_number(buffer_, 0xffff, 2);  // no more rows
  send();
  PGconn* handle = connection_.handle_.get();
  is_open_ = false;
  if (PQputCopyEnd(handle, nullptr) != 1) connection_.fail(nullptr, doing_);
  const Answer answer(PQgetResult(handle));
  while (PGresult* result = PQgetResult(handle)) PQclear(result);
  if (PQresultStatus(answer.get()) != PGRES_COMMAND_OK) connection_.fail(answer.get(), doing_);
  return answer.changed();
}

Transaction::Transaction(const Connection& connection, std::string doing, Marked marked)
    : connection_(connection), doing_(std::move(doing)), nested_(connection.in_transaction()) {
  if (nested_) {
    connection_.execute("SAVEPOINT astro", doing_);
  } else if (marked == Marked::no) {
    connection_.execute("BEGIN", doing_);
  } else {
    mark_ = connection_.next_mark();
    const std::string number = std::to_string(mark_.number);
    connection_.execute("BEGIN; INSERT INTO astro_sessions(id, transactions, at) VALUES(" + literal(mark_.session) +
                            ", " + number + ", now()) ON CONFLICT(id) DO UPDATE SET transactions = " + number +
                            ", at = now()",
                        doing_);
  }
}

Transaction::~Transaction() {
  if (committed_ || !connection_.in_transaction()) return;
  connection_.try_execute(nested_ ? "ROLLBACK TO SAVEPOINT astro; RELEASE SAVEPOINT astro" : "ROLLBACK");
}

void Transaction::commit() {
  connection_.execute(nested_ ? "RELEASE SAVEPOINT astro" : "COMMIT", doing_);
  committed_ = true;
}

}  // namespace astro::postgres
