// SPDX-License-Identifier: BSD-3-Clause
// Telemetry rows into the store `postgres` beside its limit: the same table, the same values and the same batch by COPY
// in binary through libpq, in the same run; and found again by a range of time beside the same question in bare SQL.
// Their ratios count: 0.8 or more.
#include <benchmark/benchmark.h>
#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <ctime>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "astro/store.hpp"
#include "astro/telemetry.hpp"
#include "plain_emitter.hpp"
#include "testing/postgres_server.hpp"

namespace {

using astro::testing::PostgresServer;

constexpr std::int64_t found_rows = 20'000;

astro::Value settings(const std::string& schema) { return PostgresServer::shared().settings(schema); }

/// A new one for each run, so that every table begins empty.
std::string new_schema() {
  static int count = 0;
  return "bench_" + std::to_string(std::time(nullptr)) + "_" + std::to_string(++count);
}

/// The same rows again and again, each time under new ids.
class Rows {
 public:
  explicit Rows(std::size_t size) : points_(size) {
    for (std::size_t i = 0; i < size; ++i) {
      points_[i] = {"", "frontend", 20.0 + 0.01 * static_cast<double>(i), "K", astro::Time{}, astro::Quality::good, 0};
    }
  }
  std::span<const astro::Point> next() {
    for (astro::Point& point : points_) {
      point.id = "frontend.temperature/" + std::to_string(++count_);
      point.time = astro::Time(std::chrono::milliseconds(count_));
      point.sequence = count_;
    }
    return points_;
  }

 private:
  std::vector<astro::Point> points_;
  std::uint32_t count_ = 0;
};

void report(benchmark::State& state) {
  state.counters["rows/s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * static_cast<double>(state.range(0)), benchmark::Counter::kIsRate);
}

void postgres_store(benchmark::State& state) {
  const Opened<astro::Store> store(astro::DeviceKind::store, "postgres", settings(new_schema()));
  Rows rows(static_cast<std::size_t>(state.range(0)));
  const astro::Schema& schema = astro::schema_of<astro::Point>();
  store->prepare(schema);
  for (auto _ : state) {
    const auto points = rows.next();
    if (store->insert(schema, astro::RecordRows<astro::Point>(points)) != points.size()) {
      state.SkipWithError("not all were inserted");
    }
  }
  report(state);
}

/// A connection as somebody makes it who has only this table in mind; the store makes the table.
class Bare {
 public:
  explicit Bare(const std::string& schema) {
    const Opened<astro::Store> store(astro::DeviceKind::store, "postgres", settings(schema));
    store->prepare(astro::schema_of<astro::Point>());
    const PostgresServer& server = PostgresServer::shared();
    const std::string where = "host='" + server.folder().string() + "' port=" + std::to_string(server.port()) +
                              " user=astro dbname=astro options='-c search_path=" + schema + "'";
    connection_ = PQconnectdb(where.c_str());
    if (PQstatus(connection_) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_));
  }
  ~Bare() { PQfinish(connection_); }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;

  void copy(std::span<const astro::Point> points) {
    check(
        PQexec(connection_, "COPY point(id, device, value, unit, time, quality, sequence) FROM STDIN (FORMAT binary)"),
        PGRES_COPY_IN);
    buffer_.assign("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", 19);
    for (const astro::Point& point : points) {
      number<std::uint16_t>(7);
      text(point.id);
      text(point.device);
      text(std::to_string(*point.value.get_if<double>()));
      text(point.unit);
      number<std::uint32_t>(8);
      number(static_cast<std::uint64_t>(point.time.time_since_epoch().count()));
      text("good");
      number<std::uint32_t>(8);
      number<std::uint64_t>(point.sequence);
    }
    number<std::uint16_t>(0xffff);
    PQputCopyData(connection_, buffer_.data(), static_cast<int>(buffer_.size()));
    PQputCopyEnd(connection_, nullptr);
    check(PQgetResult(connection_), PGRES_COMMAND_OK);
    PQclear(PQgetResult(connection_));
  }

  /// The rows are read, each cell once, and nothing is made of them.
  std::size_t find(std::int64_t from, std::int64_t below) {
    const std::string begin = std::to_string(from);
    const std::string end = std::to_string(below);
    const char* values[] = {begin.c_str(), end.c_str()};
    PGresult* result = PQexecParams(connection_,
                                    "SELECT id, device, value, unit, time, quality, sequence FROM point WHERE time >= "
                                    "$1 AND time < $2 ORDER BY astro_row",
                                    2, nullptr, values, nullptr, nullptr, 1);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) throw std::runtime_error(PQerrorMessage(connection_));
    const int rows = PQntuples(result);
    std::size_t bytes = 0;
    for (int row = 0; row < rows; ++row) {
      for (int column = 0; column < 7; ++column) {
        std::string cell(PQgetvalue(result, row, column), static_cast<std::size_t>(PQgetlength(result, row, column)));
        benchmark::DoNotOptimize(cell);
        bytes += cell.size();
      }
    }
    benchmark::DoNotOptimize(bytes);
    PQclear(result);
    return static_cast<std::size_t>(rows);
  }

 private:
  void check(PGresult* result, ExecStatusType wanted) {
    const bool is_good = PQresultStatus(result) == wanted;
    PQclear(result);
    if (!is_good) throw std::runtime_error(PQerrorMessage(connection_));
  }
  template <class Number>
  void number(Number value) {
    for (int shift = (static_cast<int>(sizeof value) - 1) * 8; shift >= 0; shift -= 8) {
      buffer_ += static_cast<char>(value >> shift & 0xff);
    }
  }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    buffer_ += value;
  }

  PGconn* connection_ = nullptr;
  std::string buffer_;
};

void bare_copy_into_postgres(benchmark::State& state) {
  Bare bare(new_schema());
  Rows rows(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) bare.copy(rows.next());
  report(state);
}

/// 200,000 rows, of which a tenth is asked for.
const std::string& filled() {
  static const std::string schema = [] {
    const std::string name = new_schema();
    const Opened<astro::Store> store(astro::DeviceKind::store, "postgres", settings(name));
    Rows rows(10'000);
    for (int i = 0; i < 20; ++i) {
      store->insert(astro::schema_of<astro::Point>(), astro::RecordRows<astro::Point>(rows.next()));
    }
    store->find(astro::schema_of<astro::Point>(),
                {.where = {{"time", astro::Compare::equal, astro::Time()}}});  // makes the index
    return name;
  }();
  return schema;
}

constexpr std::int64_t millisecond = 1'000'000;

void postgres_finds_a_range(benchmark::State& state) {
  const Opened<astro::Store> store(astro::DeviceKind::store, "postgres", settings(filled()));
  const astro::Time from(std::chrono::milliseconds(100'000));
  const astro::Query query{
      .where = {{"time", astro::Compare::from, from},
                {"time", astro::Compare::below, from + std::chrono::milliseconds(state.range(0))}}};
  for (auto _ : state) {
    if (store->find(astro::schema_of<astro::Point>(), query).size() != static_cast<std::size_t>(state.range(0))) {
      state.SkipWithError("not all were found");
    }
  }
  report(state);
}

void bare_sql_finds_a_range(benchmark::State& state) {
  Bare bare(filled());
  for (auto _ : state) {
    const std::size_t found = bare.find(100'000 * millisecond, (100'000 + state.range(0)) * millisecond);
    if (found != static_cast<std::size_t>(state.range(0))) state.SkipWithError("not all were found");
  }
  report(state);
}

[[maybe_unused]] const bool is_registered = [] {
  for (const auto& [batch, batches] : {std::pair(1000, 300), std::pair(100, 500)}) {
    // As many rows in both, so that the tables are as deep.
    benchmark::RegisterBenchmark("bare_copy_into_postgres", bare_copy_into_postgres)
        ->Arg(batch)
        ->Iterations(batches)
        ->UseRealTime();
    benchmark::RegisterBenchmark("postgres_store", postgres_store)->Arg(batch)->Iterations(batches)->UseRealTime();
  }
  benchmark::RegisterBenchmark("bare_sql_finds_a_range", bare_sql_finds_a_range)->Arg(found_rows)->UseRealTime();
  benchmark::RegisterBenchmark("postgres_finds_a_range", postgres_finds_a_range)->Arg(found_rows)->UseRealTime();
  return true;
}();

}  // namespace
