// SPDX-License-Identifier: BSD-3-Clause
#include "astro/telemetry/chart.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "astro/error.hpp"
#include "telemetry/pages.hpp"

namespace astro::telemetry {

namespace {

constexpr std::int64_t most_rows = 20'000;
constexpr std::size_t most_buckets = 100'000;

struct Bucket {
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  double sum = 0.0;
  double seconds = 0.0;  // since the chart's begin, of all numbers together
  std::int64_t count = 0;
};

class Buckets {
 public:
  Buckets(Time from, Time to, std::size_t width)
      : from_(from),
        to_(to),
        length_((to - from - Duration(1)) / static_cast<std::int64_t>(width) + Duration(1)),
        buckets_(width) {}

  void add(Time time, double min, double max, double average, std::int64_t count) {
    if (count == 0) return;
    // What begins before the chart or ends behind it is drawn at its edge.
    const Duration since = std::clamp(time - from_, Duration{}, to_ - from_ - Duration(1));
    Bucket& bucket = buckets_[static_cast<std::size_t>(since / length_)];
    bucket.min = std::min(bucket.min, min);
    bucket.max = std::max(bucket.max, max);
    bucket.sum += average * static_cast<double>(count);
    bucket.seconds += astro::seconds(since) * static_cast<double>(count);
    bucket.count += count;
  }

  Time from() const noexcept { return from_; }
  Time to() const noexcept { return to_; }

  void fill(Chart& made) const {
    const double begin = static_cast<double>(from_.time_since_epoch().count()) * 1e-9;
    for (const Bucket& bucket : buckets_) {
      if (bucket.count == 0) continue;
      const auto count = static_cast<double>(bucket.count);
      made.time.push_back(begin + bucket.seconds / count);
      made.min.push_back(bucket.min);
      made.max.push_back(bucket.max);
      made.average.push_back(bucket.sum / count);
      made.count.push_back(bucket.count);
    }
  }

 private:
  Time from_;
  Time to_;
  Duration length_;  // of a bucket
  std::vector<Bucket> buckets_;
};

template <Record T>
std::size_t column_of(std::string_view name) {
  const auto& fields = schema_of<T>().fields;
  return static_cast<std::size_t>(std::ranges::find(fields, name, &Field::name) - fields.begin());
}

/// Rows as they lie in the store: making records of them would take longer than to find them.
std::vector<List> rows_of(const StoreHandle& store, const std::string& id, Period period, Time from, Time to) {
  const char* name = Description<Period>::choices.at(static_cast<std::size_t>(period));
  return store.find_rows(schema_of<Aggregate>(), {.where = {{"id", Compare::equal, id},
                                                            {"period", Compare::equal, name},
                                                            {"begin", Compare::from, begin_of(period, from)},
                                                            {"begin", Compare::below, to}},
                                                  .order_by = "begin"});
}

std::int64_t count_of(const std::vector<List>& averages) {
  const std::size_t count = column_of<Aggregate>("count");
  std::int64_t sum = 0;
  for (const List& row : averages) sum += row[count].as_integer();
  return sum;
}

void add_averages(Buckets& buckets, const std::vector<List>& averages, Period period) {
  const std::size_t begin = column_of<Aggregate>("begin"), count = column_of<Aggregate>("count"),
                    average = column_of<Aggregate>("average"), min = column_of<Aggregate>("min"),
                    max = column_of<Aggregate>("max");
  for (const List& row : averages) {
    buckets.add(row[begin].as_time() + length_of(period) / 2, row[min].as_number(), row[max].as_number(),
                row[average].as_number(), row[count].as_integer());
  }
}

HistoryQuery points_of(const Buckets& buckets, const std::string& id) {
  return {.id = id, .from = buckets.from() - Duration(1), .to = buckets.to(), .limit = 0};
}

void add_points(Buckets& buckets, const StoreHandle& store, const std::string& id, std::string& unit) {
  const std::size_t time = column_of<HistoryPoint>("time"), value = column_of<HistoryPoint>("value"),
                    quality = column_of<HistoryPoint>("quality"), in_unit = column_of<HistoryPoint>("unit");
  const char* bad = Description<Quality>::choices.at(static_cast<std::size_t>(Quality::bad));
  Point point;
  for (List& row : store.find_rows(schema_of<HistoryPoint>(),
                                   {.where = detail::conditions_of(points_of(buckets, id)), .order_by = "time"})) {
    point.value = std::move(row[value]);
    point.quality = row[quality].as_text() == bad ? Quality::bad : Quality::good;
    unit = row[in_unit].as_text();
    if (const auto number = number_of(point)) buckets.add(row[time].as_time(), *number, *number, *number, 1);
  }
}

/// However many there are.
void add_all_points(Buckets& buckets, const StoreHandle& store, const std::string& id, std::string& unit) {
  detail::for_each_page(store, points_of(buckets, id), [&](const std::vector<HistoryPoint>& page) {
    for (const HistoryPoint& kept : page) {
      const Point point = point_of(kept);
      unit = point.unit;
      if (const auto number = number_of(point)) buckets.add(point.time, *number, *number, *number, 1);
    }
    return true;
  });
}

}  // namespace

Chart chart(const StoreHandle& store, const std::string& id, Time from, Time to, std::size_t width) {
  if (from >= to) {
    throw Error(ErrorCode::invalid_argument, "drawing " + id + ": the span ends at " + format_time(to, 0) +
                                                 ", which is not after its begin " + format_time(from, 0));
  }
  if (width == 0 || width > most_buckets) {
    throw Error(ErrorCode::invalid_argument,
                "drawing " + id + ": the width is 1 to 100000 buckets; it is " + std::to_string(width));
  }
  Chart made;
  Buckets buckets(from, to, width);
  bool has_averages = false;
  for (const Period period : {Period::minute, Period::hour, Period::day}) {
    if (period != Period::day && (to - from) / length_of(period) > most_rows) continue;
    const std::vector<List> averages = rows_of(store, id, period, from, to);
    if (averages.empty()) continue;
    has_averages = true;
    if (count_of(averages) > most_rows) {
      made.period = period;
      made.unit = averages.back()[column_of<Aggregate>("unit")].as_text();
      add_averages(buckets, averages, period);
    }
    break;
  }
  if (has_averages && !made.period) add_points(buckets, store, id, made.unit);
  if (!has_averages) add_all_points(buckets, store, id, made.unit);
  buckets.fill(made);
  return made;
}

}  // namespace astro::telemetry
