// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <vector>

#include "astro/observing/schedule.hpp"

namespace astro::testing {

/// A site whose plans are simple: a dish of 2 deg/s without loads, so that what a request takes is
/// its integration time and the way to it.
Site rival_site();

/// Random targets all over the sky of 15 to 75 minutes; every request has a user of its own, so that
/// all weigh the same unless priorities are drawn.
std::vector<QueuedRequest> random_queue(std::mt19937& random, std::size_t count, Time now, bool priorities = false);

/// An evening in some season.
Time random_evening(std::mt19937& random);

/// Schedules that are found without the scheduler: own sampling of the sky, own slews, own search.
class Rival {
 public:
  Rival(const Site& site, const std::vector<QueuedRequest>& queue, Time from, Time to);

  /// Weighted science time of the best order of all orders of all subsets; seven requests at most.
  double exhaustive() const;
  /// The same by a long annealing with moves of its own: reversed stretches, exchanged blocks.
  double annealed(std::mt19937& random, std::int64_t evaluations) const;
  /// The most requests with a deadline that any order keeps, with so much time to spare.
  std::size_t most_deadlines(Duration spare) const;

  /// Whether a request can be observed without a break from an instant on.
  bool is_free(std::size_t request, Time begin) const;
  /// Whether it can be observed at that sample of a minute.
  bool is_up(std::size_t request, Time time) const;
  /// The first time from one on at which it could begin, in the span.
  std::optional<Time> first_begin(std::size_t request, Time from) const;
  double slew_s(std::size_t from, Time left, std::size_t to, Time begun) const;

 private:
  struct Place {
    double azimuth_deg;
    double altitude_deg;
  };
  struct Work {
    double length_s;
    double weight;
    double deadline_s;
    std::vector<Place> places;
    std::vector<double> next_s;  ///< by sample: the next begin, or a very late one
  };

  std::size_t sample(double time_s) const;
  double way_s(const Place& from, const Place& to) const;
  double value(const std::vector<std::size_t>& order, double spare_s = 0.0, std::size_t* deadlines = nullptr) const;
  template <class Look>
  void each_order(Look look) const;

  Time from_;
  double span_s_;
  std::vector<Work> works_;
};

}  // namespace astro::testing
