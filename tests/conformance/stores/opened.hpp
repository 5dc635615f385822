// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "astro/store.hpp"
#include "conformance/stores/records.hpp"
#include "plugins/plain_host.hpp"

namespace astro::testing {

/// An open store of the real plugin.
class Opened {
 public:
  Opened(const std::string& driver, const Value& settings)
      : store_(make_driver<Store>(DeviceKind::store, driver, settings)) {
    store_->open(*host_);
  }
  ~Opened() {
    if (store_) store_->close();
  }
  Opened(Opened&&) = default;
  Store* operator->() const { return store_.get(); }
  std::vector<std::string> logged() const { return host_->logged(); }

  template <class T>
  std::size_t insert(const std::vector<T>& records) const {
    return store_->insert(schema_of<T>(), RecordRows<T>(std::span<const T>(records)));
  }
  template <class T>
  bool replace(const T& record, const std::string& revision_field, std::int64_t expected) const {
    return store_->replace(schema_of<T>(), RecordRows<T>(std::span<const T>(&record, 1)), revision_field, expected);
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
  std::unique_ptr<PlainHost> host_ = std::make_unique<PlainHost>();
  std::unique_ptr<Store> store_;
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

}  // namespace astro::testing
