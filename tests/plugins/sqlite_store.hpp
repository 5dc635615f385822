// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "astro/store.hpp"
#include "plain_host.hpp"
#include "testing/testing.hpp"

// Records of every type of field, and the real store with them.
namespace astro::testing {

enum class Band { low, high };

struct Inner {
  double gain = 1.5;
  std::string name = "x";
};

struct Reading {
  std::string id;
  std::int64_t revision = 0;
  bool valid = false;
  double level = 0;
  std::optional<double> noise;
  astro::Angle azimuth;
  astro::Frequency frequency;
  astro::Time time;
  astro::Duration lasts{};
  Band band = Band::low;
  astro::Bytes raw;
  std::vector<float> spectrum;
  std::vector<std::string> words;
  Inner inner;
  astro::Value anything;
};

struct Counted {
  std::int64_t number = 0;
  std::string text;
};

}  // namespace astro::testing

template <>
struct astro::Description<astro::testing::Band> {
  static constexpr std::array choices{"low", "high"};
};
template <>
struct astro::Description<astro::testing::Inner> {
  static constexpr std::array fields{field<&testing::Inner::gain>("gain"), field<&testing::Inner::name>("name")};
};
template <>
struct astro::Description<astro::testing::Reading> {
  static constexpr const char* name = "reading \"one\"";  // what a name may be, SQL must bear
  static constexpr std::array fields{field<&testing::Reading::id>("id"),
                                     field<&testing::Reading::revision>("revision"),
                                     field<&testing::Reading::valid>("valid"),
                                     field<&testing::Reading::level>("level", {.unit = "dB", .says = "of the sky"}),
                                     field<&testing::Reading::noise>("noise"),
                                     field<&testing::Reading::azimuth>("azimuth", {.min = 0, .max = 360}),
                                     field<&testing::Reading::frequency>("frequency"),
                                     field<&testing::Reading::time>("time", {.column = "utc_ns"}),
                                     field<&testing::Reading::lasts>("lasts"),
                                     field<&testing::Reading::band>("band"),
                                     field<&testing::Reading::raw>("raw"),
                                     field<&testing::Reading::spectrum>("spectrum"),
                                     field<&testing::Reading::words>("words"),
                                     field<&testing::Reading::inner>("inner"),
                                     field<&testing::Reading::anything>("anything")};
};
template <>
struct astro::Description<astro::testing::Counted> {
  static constexpr const char* name = "counted";
  static constexpr std::array fields{field<&testing::Counted::number>("number"),
                                     field<&testing::Counted::text>("text")};
};

namespace astro::testing {

inline const Schema& readings() { return schema_of<Reading>(); }
inline const Schema& counted() { return schema_of<Counted>(); }

/// An open store of the real plugin.
class Opened {
 public:
  explicit Opened(const std::filesystem::path& file, Value settings = Map{})
      : store_(make_driver<Store>(DeviceKind::store, "sqlite", settings.set("path", file.string()))) {
    store_->open(host_);
  }
  ~Opened() {
    if (store_) store_->close();
  }
  Store* operator->() const { return store_.get(); }

  template <class T>
  std::size_t insert(const std::vector<T>& records) const {
    return store_->insert(schema_of<T>(), RecordRows<T>(std::span<const T>(records)));
  }
  template <class T>
  std::vector<T> find(const Query& query = {}) const {
    std::vector<T> found;
    for (const List& row : store_->find(schema_of<T>(), query)) {
      Map map;
      for (std::size_t i = 0; i < row.size(); ++i) map.emplace_back(schema_of<T>().fields[i].name, row[i]);
      found.push_back(from_value<T>(map));
    }
    return found;
  }
  std::vector<std::int64_t> numbers(const Query& query = {}) const {
    std::vector<std::int64_t> found;
    for (const Counted& each : find<Counted>(query)) found.push_back(each.number);
    return found;
  }

 private:
  PlainHost host_;
  std::unique_ptr<Store> store_;
};

/// SQL beside the store, as any other program would.
class Sql {
 public:
  explicit Sql(const std::filesystem::path& file) { EXPECT_EQ(sqlite3_open(file.c_str(), &handle_), SQLITE_OK); }
  ~Sql() { sqlite3_close(handle_); }
  Sql(const Sql&) = delete;
  Sql& operator=(const Sql&) = delete;
  void execute(const std::string& sql) {
    EXPECT_EQ(sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(handle_);
  }
  std::string ask(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    EXPECT_EQ(sqlite3_prepare_v2(handle_, sql.c_str(), -1, &statement, nullptr), SQLITE_OK) << sqlite3_errmsg(handle_);
    std::string answer;
    if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0) != nullptr) {
      answer = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    return answer;
  }

 private:
  sqlite3* handle_ = nullptr;
};

template <class Function>
Error error_of(Function function) {
  try {
    function();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "expected an astro::Error";
  return {ErrorCode::internal, "none"};
}

inline Bytes bytes(std::string_view text) {
  const auto span = std::as_bytes(std::span(text));
  return {span.begin(), span.end()};
}

}  // namespace astro::testing
