// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "astro/export.hpp"
#include "astro/record.hpp"
#include "astro/store.hpp"

namespace astro {

class StoreHost;

/// A store as its users see it: records in and out by their type. May be used from any thread;
/// calls wait for each other.
///
///     archive.insert(point);
///     for (const Point& p : archive.find<Point>({.where = {{"device", Compare::equal, "dish"}}})) ...
class ASTRO_API StoreHandle final {
 public:
  explicit StoreHandle(std::shared_ptr<StoreHost> host) noexcept;
  const std::string& name() const noexcept;

  /// Inserts what is not there yet, durably, in one transaction; returns how many were new.
  template <Record T>
  std::size_t insert(std::span<const T> records) const {
    return insert_rows(schema_of<T>(), RecordRows<T>(records));
  }
  template <Record T>
  bool insert(const T& record) const {
    return insert(std::span<const T>(&record, 1)) == 1;
  }

  /// Replaces the record of the same key whose revision field still is `expected`.
  template <Record T>
  bool replace(const T& record, const std::string& revision_field, std::int64_t expected) const {
    return replace_row(schema_of<T>(), RecordRows<T>(std::span<const T>(&record, 1)), revision_field, expected);
  }

  template <Record T>
  std::vector<T> find(const Query& query = {}) const {
    std::vector<T> found;
    for (List& row : find_rows(schema_of<T>(), query)) found.push_back(from_row<T>(std::move(row)));
    return found;
  }
  template <Record T>
  std::size_t count(const Query& query = {}) const {
    return count_rows(schema_of<T>(), query);
  }

  /// Removes what the query finds; returns how many.
  template <Record T>
  std::size_t erase(const Query& query) const {
    return erase_rows(schema_of<T>(), query);
  }

  ObjectId put_object(std::span<const std::byte> content) const;
  Bytes get_object(const ObjectId& id) const;

  /// Everything that the function stores is one transaction, durable when this returns; when it
  /// throws, nothing was stored. Others wait meanwhile.
  void transaction(const std::function<void()>& work) const;

  /// The same for a schema that is known at run time only.
  std::size_t insert_rows(const Schema& schema, const Rows& rows) const;
  bool replace_row(const Schema& schema, const Rows& row, const std::string& revision_field,
                   std::int64_t expected) const;
  std::vector<List> find_rows(const Schema& schema, const Query& query) const;
  std::size_t count_rows(const Schema& schema, const Query& query) const;
  std::size_t erase_rows(const Schema& schema, const Query& query) const;

 private:
  template <Record T>
  static T from_row(List row) {
    const Schema& schema = schema_of<T>();
    Map map;
    for (std::size_t i = 0; i < schema.fields.size(); ++i)
      map.emplace_back(schema.fields[i].name, std::move(row.at(i)));
    return from_value<T>(std::move(map));
  }

  std::shared_ptr<StoreHost> host_;
};

}  // namespace astro
