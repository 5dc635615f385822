// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <functional>
#include <numbers>
#include <string>

#include "astro/error.hpp"
#include "astro/signal/time_domain.hpp"
#include "signal/robust.hpp"
#include "signal/transform.hpp"

namespace astro {
namespace {

constexpr std::size_t fewest_values = 64;
/// Bins of the transform whose median is the noise: wide enough to hold few signals, narrow enough to
/// follow what drifts.
constexpr std::size_t local_bins = 256;
constexpr int most_harmonics = 16;

[[noreturn]] void refuse_search(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "a series cannot be searched for periods: " + why);
}

void check(const TimeSeries& series, const PeriodSearchOptions& options) {
  if (series.values.size() < fewest_values || !(series.interval_s > 0.0)) {
    refuse_search(std::to_string(series.values.size()) +
                  " values were given, and at least 64 with a positive interval expected");
  }
  if (!std::ranges::all_of(series.values, [](float value) { return std::isfinite(value); })) {
    refuse_search("one of its values is not finite");
  }
  if (options.most_harmonics < 1 || options.most_harmonics > most_harmonics || options.most < 1) {
    refuse_search("1 to 16 harmonics and at least one candidate are possible");
  }
}

/// |X|^2 of the series without its mean; bin k is k turns over the series.
std::vector<double> power_of(const TimeSeries& series) {
  const std::size_t bins = series.values.size() / 2;
  signal::Transform transform(bins, signal::Input::real);
  double mean = 0.0;
  for (std::size_t i = 0; i < 2 * bins; ++i)
    mean += static_cast<double>(series.values[i]) / static_cast<double>(2 * bins);
  for (std::size_t i = 0; i < 2 * bins; ++i) {
    transform.input()[i] = static_cast<float>(static_cast<double>(series.values[i]) - mean);
  }
  transform.run();
  std::vector<double> power(bins);
  for (std::size_t k = 0; k < bins; ++k) {
    const auto re = static_cast<double>(transform.output()[2 * k]);
    const auto im = static_cast<double>(transform.output()[2 * k + 1]);
    power[k] = re * re + im * im;
  }
  return power;
}

/// Noise becomes an exponential distribution of mean 1: its median is ln 2.
void level(std::vector<double>& power) {
  for (std::size_t from = 0; from < power.size(); from += local_bins) {
    const std::size_t to = std::min(from + local_bins, power.size());
    const auto begin = power.begin() + static_cast<std::ptrdiff_t>(from);
    const auto end = power.begin() + static_cast<std::ptrdiff_t>(to);
    const double noise = signal::median(std::vector<double>(begin, end)) / std::numbers::ln2;
    for (std::size_t k = from; k < to; ++k) power[k] = noise > 0.0 ? power[k] / noise : 0.0;
  }
}

/// Sum of the powers of a frequency and its harmonics; `bin` is that of the highest, where the
/// frequency is known best, so that its submultiples are rounded to the nearest bin.
double harmonic_sum(const std::vector<double>& power, std::size_t bin, int harmonics) noexcept {
  double sum = 0.0;
  for (int harmonic = 1; harmonic <= harmonics; ++harmonic) {
    const double place = static_cast<double>(bin) * harmonic / harmonics;
    sum += power[static_cast<std::size_t>(std::llround(place))];
  }
  return sum;
}

/// As rare as a normal distribution exceeds this, after so many trials. Beyond what a double can hold
/// of a probability, by its logarithm: ln Q(n, S) ~ -S + (n - 1) ln S.
double significance(double sum, int harmonics, double trials) {
  const double log_rare = -sum + (harmonics - 1) * std::log(sum);
  if (log_rare < -650.0) return std::sqrt(-2.0 * (log_rare + std::log(trials)));
  const double rare = boost::math::gamma_q(static_cast<double>(harmonics), sum) * trials;
  if (rare >= 0.5) return 0.0;
  return std::numbers::sqrt2 * boost::math::erfc_inv(2.0 * rare);
}

/// The bins of the highest harmonic that are looked at.
struct Range {
  std::size_t first;
  std::size_t last;  ///< not in it
};

/// The most significant of all frequencies and numbers of harmonics; what a number of harmonics adds to is
/// compared by its sum, across numbers by significance.
PeriodCandidate best_of(const std::vector<double>& power, const PeriodSearchOptions& options, double length_s,
                        const std::function<Range(int)>& range_of) {
  PeriodCandidate best;
  for (int harmonics = 1; harmonics <= options.most_harmonics; harmonics *= 2) {
    const Range range = range_of(harmonics);
    double highest = 0.0;
    std::size_t place = 0;
    for (std::size_t bin = range.first; bin < range.last; ++bin) {
      const double sum = harmonic_sum(power, bin, harmonics);
      if (sum <= highest) continue;
      highest = sum;
      place = bin;
    }
    if (place == 0) continue;
    const double sigma = significance(highest, harmonics, 5.0 * static_cast<double>(power.size()));
    if (sigma <= best.sigma) continue;
    const double period = harmonics * length_s / static_cast<double>(place);
    best = {period, 0.5 * period / static_cast<double>(place), harmonics, sigma};
  }
  return best;
}

/// Takes a candidate and all its harmonics out, so that what else there is can be seen.
void remove(std::vector<double>& power, const PeriodCandidate& candidate, double length_s) noexcept {
  const double fundamental = length_s / candidate.period_s;
  const double error = fundamental * candidate.sigma_period_s / candidate.period_s;
  for (double harmonic = 1.0; harmonic * fundamental < static_cast<double>(power.size()); harmonic += 1.0) {
    const double reach = 2.0 + harmonic * error;
    const auto from = static_cast<std::size_t>(std::max(0.0, std::floor(harmonic * fundamental - reach)));
    const auto to = std::min(power.size(), static_cast<std::size_t>(std::ceil(harmonic * fundamental + reach)) + 1);
    for (std::size_t k = from; k < to; ++k) power[k] = std::min(power[k], 1.0);
  }
}

}  // namespace

std::vector<PeriodCandidate> search_periods(const TimeSeries& series, const PeriodSearchOptions& options) {
  check(series, options);
  std::vector<double> power = power_of(series);
  level(power);
  const double length_s = static_cast<double>(2 * power.size()) * series.interval_s;
  const double longest = options.longest_s > 0.0 ? options.longest_s : length_s / 8.0;
  const double shortest = std::max(options.shortest_s, 2.0 * series.interval_s);
  const auto range_of = [&](int harmonics) {
    const auto first = static_cast<std::size_t>(std::ceil(harmonics * length_s / longest));
    const auto last = static_cast<std::size_t>(harmonics * length_s / shortest) + 1;
    return Range{std::max<std::size_t>(first, 1), std::min(power.size(), last)};
  };
  std::vector<PeriodCandidate> found;
  while (static_cast<int>(found.size()) < options.most) {
    const PeriodCandidate best = best_of(power, options, length_s, range_of);
    if (best.sigma < options.sigma) break;
    found.push_back(best);
    remove(power, best, length_s);
  }
  return found;
}

}  // namespace astro
