// SPDX-License-Identifier: BSD-3-Clause
// Telemetry rows into the store `sqlite` beside its limit: the same table, the same values and the
// same batch by bare SQLite, in the same run. Their ratio counts: 0.8 or more.
#include <benchmark/benchmark.h>
#include <sqlite3.h>

#include <cstdlib>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "astro/store.hpp"
#include "astro/telemetry.hpp"
#include "plain_emitter.hpp"

namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "astro-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  fs::path file() const { return path_ / "telemetry.db"; }

 private:
  fs::path path_;
};

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
      point.time += std::chrono::milliseconds(count_);
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

void check(int result) {
  if (result != SQLITE_OK && result != SQLITE_DONE) throw std::runtime_error(sqlite3_errstr(result));
}

void sqlite_store(benchmark::State& state) {
  const Folder folder;
  const Opened<astro::Store> store(astro::DeviceKind::store, "sqlite", astro::Map{{"path", folder.file().string()}});
  Rows rows(static_cast<std::size_t>(state.range(0)));
  const astro::Schema& schema = astro::schema_of<astro::Point>();
  for (auto _ : state) {
    const auto points = rows.next();
    if (store->insert(schema, astro::RecordRows<astro::Point>(points)) != points.size()) {
      state.SkipWithError("not all were inserted");
    }
  }
  report(state);
}

/// As somebody writes it who has only this table in mind.
void bare_sqlite(benchmark::State& state) {
  const Folder folder;
  {  // the store makes the file, so that the table is the same
    const Opened<astro::Store> store(astro::DeviceKind::store, "sqlite", astro::Map{{"path", folder.file().string()}});
    store->prepare(astro::schema_of<astro::Point>());
  }
  sqlite3* database = nullptr;
  check(sqlite3_open(folder.file().c_str(), &database));
  check(sqlite3_exec(database, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", nullptr, nullptr, nullptr));
  sqlite3_stmt* insert = nullptr;
  check(sqlite3_prepare_v2(database,
                           "INSERT INTO point(id, device, value, unit, time, quality, sequence) VALUES(?, ?, ?, ?, ?, "
                           "?, ?) ON CONFLICT(id) DO NOTHING",
                           -1, &insert, nullptr));
  Rows rows(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    const auto points = rows.next();
    check(sqlite3_exec(database, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr));
    for (const astro::Point& point : points) {
      sqlite3_bind_text(insert, 1, point.id.data(), static_cast<int>(point.id.size()), SQLITE_STATIC);
      sqlite3_bind_text(insert, 2, point.device.data(), static_cast<int>(point.device.size()), SQLITE_STATIC);
      sqlite3_bind_double(insert, 3, *point.value.get_if<double>());
      sqlite3_bind_text(insert, 4, point.unit.data(), static_cast<int>(point.unit.size()), SQLITE_STATIC);
      sqlite3_bind_int64(insert, 5, point.time.time_since_epoch().count());
      sqlite3_bind_text(insert, 6, "good", 4, SQLITE_STATIC);
      sqlite3_bind_int64(insert, 7, point.sequence);
      check(sqlite3_step(insert));
      sqlite3_reset(insert);
    }
    check(sqlite3_exec(database, "COMMIT", nullptr, nullptr, nullptr));
  }
  sqlite3_finalize(insert);
  sqlite3_close(database);
  report(state);
}

// As many rows in both, so that the tables are as deep.
BENCHMARK(bare_sqlite)->Arg(1000)->Iterations(300)->UseRealTime();
BENCHMARK(sqlite_store)->Arg(1000)->Iterations(300)->UseRealTime();
BENCHMARK(bare_sqlite)->Arg(100)->Iterations(1000)->UseRealTime();
BENCHMARK(sqlite_store)->Arg(100)->Iterations(1000)->UseRealTime();

}  // namespace
