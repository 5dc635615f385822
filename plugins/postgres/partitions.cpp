// SPDX-License-Identifier: BSD-3-Clause
#include "partitions.hpp"

#include <algorithm>
#include <vector>

#include "astro/error.hpp"

namespace astro::postgres {

namespace {

constexpr std::size_t most_at_once = 400;  // more is no backlog but a clock gone wild

std::int64_t floor_divided(std::int64_t number, std::int64_t by) noexcept {
  return number / by - (number % by < 0 ? 1 : 0);
}

std::string name_of(Time begin) { return format_time(begin, 0); }

}  // namespace

bool Partitions::make_room(const Connection& connection, const Rows& rows, const std::string& doing) {
  std::set<std::int64_t> wanted;
  const std::int64_t every = how_.every.count();
  const std::size_t size = rows.size();
  std::optional<std::int64_t> last;  // rows come in order of time, mostly
  for (std::size_t row = 0; row < size; ++row) {
    const Cell cell = rows.cell(row, column_);
    const std::int64_t* time = std::get_if<std::int64_t>(&cell);
    if (time == nullptr) {
      throw Error(ErrorCode::invalid_argument, doing + ": row " + std::to_string(row) + " has no \"" + how_.field +
                                                   "\", by which the table is parted: give it one");
    }
    const std::int64_t stretch = floor_divided(*time, every);
    if (stretch == last) continue;
    last = stretch;
    if (!there_.contains(stretch)) wanted.insert(stretch);
  }
  if (wanted.size() > most_at_once) {
    throw Error(ErrorCode::invalid_argument, doing + ": the times of these rows lie in " +
                                                 std::to_string(wanted.size()) + " new partitions, more than " +
                                                 std::to_string(most_at_once) +
                                                 ": look at the clock that gave them, or make `every` longer");
  }
  for (const std::int64_t stretch : wanted) make(connection, stretch, doing);
  there_.insert(wanted.begin(), wanted.end());
  return !wanted.empty();
}

void Partitions::make(const Connection& connection, std::int64_t stretch, const std::string& doing) const {
  const std::int64_t begin = stretch * how_.every.count();
  std::string name = table_ + " " + name_of(Time(Duration(begin)));
  if (name.size() > longest_identifier) {
    throw Error(ErrorCode::invalid_argument, doing + ": the partition's name \"" + name +
                                                 "\" is too long for PostgreSQL: give the record a shorter name");
  }
  connection.execute("CREATE TABLE IF NOT EXISTS " + identifier(name) + " PARTITION OF " + identifier(table_) +
                         " FOR VALUES FROM (" + std::to_string(begin) + ") TO (" +
                         std::to_string(begin + how_.every.count()) + ")",
                     doing);
}

std::size_t Partitions::drop_old(const Connection& connection, Time now) {
  if (!how_.keep) return 0;
  const std::string doing = "dropping old partitions of " + identifier(table_) + " of the store";
  const std::string limit = std::to_string((now - *how_.keep).time_since_epoch().count());
  const Answer old = connection.ask(
      "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
      " WHERE i.inhparent = to_regclass($1)"
      " AND (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \\(''?(-?\\d+)''?\\)'))[1]::bigint <= $2::bigint",
      doing, {identifier(table_), limit});
  for (int row = 0; row < old.rows(); ++row) {
    connection.execute("DROP TABLE IF EXISTS " + identifier(old.cell(row, 0)), doing);
  }
  if (old.rows() > 0) forget();
  return static_cast<std::size_t>(old.rows());
}

}  // namespace astro::postgres
