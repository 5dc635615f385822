// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "astro/record.hpp"
#include "connection.hpp"

namespace astro::postgres {

/// A kind of record whose rows lie in one table for each stretch of time.
struct Partitioned {
  std::string record;
  std::string field;
  Duration every = std::chrono::hours(24);
  std::optional<Duration> keep;
};

/// The stretches of one table. Each is made with the first row that falls into it, and dropped when
/// it has ended longer ago than `keep`.
class Partitions final {
 public:
  Partitions(std::string table, Partitioned how, std::size_t column)
      : table_(std::move(table)), how_(std::move(how)), column_(column) {}

  std::size_t column() const noexcept { return column_; }
  const Partitioned& how() const noexcept { return how_; }
  /// Makes what these rows need. True: some were made.
  bool make_room(const Connection& connection, const Rows& rows, const std::string& doing);
  /// Drops what is over; returns how many.
  std::size_t drop_old(const Connection& connection, Time now);
  /// After a transaction that was undone.
  void forget() { there_.clear(); }

 private:
  void make(const Connection& connection, std::int64_t stretch, const std::string& doing) const;

  std::string table_;  // bare
  Partitioned how_;
  std::size_t column_;
  std::set<std::int64_t> there_;  // counted from 1970 in `every`
};

}  // namespace astro::postgres

template <>
struct astro::Description<astro::postgres::Partitioned> {
  using Partitioned = astro::postgres::Partitioned;
  static constexpr std::array fields{
      field<&Partitioned::record>("record", {.says = "the kind of record, as its schema is named", .required = true}),
      field<&Partitioned::field>("field", {.says = "its time, by which it is parted", .required = true}),
      field<&Partitioned::every>("every", {.min = 60, .says = "how long one partition is; fixed with the first row"}),
      field<&Partitioned::keep>("keep",
                                {.min = 60, .says = "a partition that ended longer ago is dropped; null: never"})};
};
