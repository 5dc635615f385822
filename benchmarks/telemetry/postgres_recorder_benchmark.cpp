// SPDX-License-Identifier: BSD-3-Clause
// Points from messages into PostgreSQL by the recorder, beside its limit: the same rows into the same table and unique
// index by COPY in binary through libpq, as many in one transaction as the recorder had. Their ratio counts: 0.8 or
// more.
#include <benchmark/benchmark.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "astro/telemetry/history.hpp"
#include "astro/telemetry/recorder.hpp"
#include "testing/postgres_server.hpp"

namespace {

constexpr std::size_t batch =
    1024;  // what the transport `local` brings at once: the recorder has no more in one transaction
constexpr const char* topic = "astro/v1/hill/movement/data/dish/altitude";

using astro::testing::PostgresServer;

std::string folder() { return PostgresServer::shared().folder().string(); }
int port() { return PostgresServer::shared().port(); }

/// A new one for each run, so that every table begins empty.
std::string new_schema() {
  static int count = 0;
  return "recorder_" + std::to_string(std::time(nullptr)) + "_" + std::to_string(++count);
}

struct Site {
  explicit Site(const std::string& schema)
      : state(std::filesystem::temp_directory_path() / ("astro-bench-" + std::to_string(::getpid()) + schema)),
        site(astro::Observatory::open(
            astro::parse_site("site: {name: Bench, latitude: 28 deg, longitude: -16 deg}\n"
                              "transports: {events: {driver: local}}\n"
                              "stores: {archive: {driver: postgres, host: \"" +
                              folder() + "\", port: " + std::to_string(port()) + ", user: astro, schema: " + schema +
                              "}}\n"
                              "recorder: {transport: events, store: archive, topics: [{pattern: "
                              "\"astro/v1/hill/+/data/#\", holds: points}]}\n"),
            {.state_folder = state})) {}
  ~Site() {
    site.close();
    std::filesystem::remove_all(state);
  }
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  std::filesystem::path state;
  astro::Observatory site;
};

astro::telemetry::HistoryPoint row_of(std::int64_t sequence) {
  return {.key = "movement/dish/1/" + std::to_string(sequence),
          .id = "dish.altitude",
          .time = astro::Time(std::chrono::milliseconds(1'700'000'000'000 + sequence)),
          .value = 20.0 + 0.01 * static_cast<double>(sequence % 1000),
          .unit = "deg",
          .source = "movement/dish",
          .boot = 1,
          .sequence = sequence};
}

std::string message_of(std::int64_t sequence) {
  const auto row = row_of(sequence);
  return "{\"value\":" + to_json(row.value) + ",\"unit\":\"deg\",\"timestamp\":\"" + astro::format_time(row.time) +
         "\",\"quality\":\"good\",\"boot\":1,\"sequence\":" + std::to_string(sequence) + ",\"historical\":false}";
}

void report(benchmark::State& state) {
  state.counters["rows/s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * static_cast<double>(state.range(0)), benchmark::Counter::kIsRate);
}

void points_by_recorder(benchmark::State& state) {
  const Site opened(new_schema());
  const auto transport = opened.site.transport("events");
  astro::telemetry::Recorder recorder(opened.site,
                                      opened.site.site().section<astro::telemetry::RecorderSection>("recorder"));
  const std::jthread thread([&](const std::stop_token& stop) { recorder.run(stop); });
  std::int64_t sequence = 0;
  std::vector<std::string> bodies;
  std::vector<astro::Message> messages;
  const auto prepare = [&](std::size_t count) {
    bodies.clear();
    messages.clear();
    for (std::size_t i = 0; i < count; ++i) bodies.push_back(message_of(++sequence));
    for (const std::string& body : bodies) messages.push_back({.topic = topic, .body = std::as_bytes(std::span(body))});
  };
  const auto publish = [&] {
    std::span<const astro::Message> left(messages);
    while (!left.empty()) left = left.subspan(transport->publish(left).accepted);
  };
  while (recorder.status().messages == 0) {  // until its subscription is in force
    prepare(1);
    publish();
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  for (auto _ : state) {
    state.PauseTiming();
    const auto count = static_cast<std::size_t>(state.range(0));
    prepare(count);
    const std::uint64_t before = recorder.status().messages;
    state.ResumeTiming();
    publish();
    while (recorder.status().messages < before + count) std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  report(state);
}

class Bare {
 public:
  explicit Bare(const std::string& schema) {
    const Site made(schema);
    (void)astro::telemetry::count_history(made.site.store("archive"));  // the store makes the table
    const std::string where = "host='" + folder() + "' port=" + std::to_string(port()) +
                              " user=astro dbname=astro options='-c search_path=" + schema + "'";
    connection_ = PQconnectdb(where.c_str());
    if (PQstatus(connection_) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_));
  }
  ~Bare() { PQfinish(connection_); }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;

  void copy(std::span<const astro::telemetry::HistoryPoint> rows) {
    check(PQexec(connection_,
                 "COPY telemetry_point(key, id, time, value, unit, quality, source, boot, sequence, historical) FROM "
                 "STDIN (FORMAT binary)"),
          PGRES_COPY_IN);
    buffer_.assign("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", 19);
    for (const auto& row : rows) {
      number<std::uint16_t>(10);
      text(row.key);
      text(row.id);
      wide(row.time.time_since_epoch().count());
      text(to_json(row.value));
      text(row.unit);
      text("good");
      text(row.source);
      wide(row.boot);
      wide(row.sequence);
      number<std::uint32_t>(1);
      buffer_ += '\0';
    }
    number<std::uint16_t>(0xffff);
    PQputCopyData(connection_, buffer_.data(), static_cast<int>(buffer_.size()));
    PQputCopyEnd(connection_, nullptr);
    check(PQgetResult(connection_), PGRES_COMMAND_OK);
    PQclear(PQgetResult(connection_));
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
  void wide(std::int64_t value) {
    number<std::uint32_t>(8);
    number(static_cast<std::uint64_t>(value));
  }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    buffer_ += value;
  }

  PGconn* connection_ = nullptr;
  std::string buffer_;
};

void points_by_bare_copy(benchmark::State& state) {
  Bare bare(new_schema());
  std::int64_t sequence = 0;
  for (auto _ : state) {
    state.PauseTiming();
    std::vector<astro::telemetry::HistoryPoint> rows;
    for (std::int64_t i = 0; i < state.range(0); ++i) rows.push_back(row_of(++sequence));
    state.ResumeTiming();
    for (std::span<const astro::telemetry::HistoryPoint> left(rows); !left.empty();) {
      const std::size_t count = std::min(batch, left.size());
      bare.copy(left.first(count));
      left = left.subspan(count);
    }
  }
  report(state);
}

// Messages and rows are made before the time begins.
BENCHMARK(points_by_bare_copy)->Arg(20'000)->Iterations(10)->UseRealTime();
BENCHMARK(points_by_recorder)->Arg(20'000)->Iterations(10)->UseRealTime();

}  // namespace
