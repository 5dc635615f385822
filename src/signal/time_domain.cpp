// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/time_domain.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "astro/error.hpp"
#include "text.hpp"

namespace astro {
namespace {

/// Seconds for a dispersion measure of 1 pc/cm^3 at 1 MHz.
constexpr double dispersion_s_mhz2 = 4.148808e3;

[[noreturn]] void refuse_series(const std::string& what, const std::string& why) {
  throw Error(ErrorCode::invalid_argument, what + ": " + why);
}

/// Rows by which each channel comes later than the highest one.
std::vector<std::size_t> delays_of(const DynamicSpectrum& spectrum, double dispersion_measure) {
  const Frequency highest = spectrum.axis.at(static_cast<double>(spectrum.axis.channels) - 1.0);
  std::vector<std::size_t> delays(spectrum.axis.channels);
  for (std::size_t i = 0; i < delays.size(); ++i) {
    const Frequency frequency = spectrum.axis.at(static_cast<double>(i));
    const double delay = dispersion_delay_s(dispersion_measure, frequency, highest);
    delays[i] = static_cast<std::size_t>(std::llround(delay / spectrum.interval_s));
  }
  return delays;
}

/// Channels whose values are all finite.
std::vector<std::size_t> whole_channels(const DynamicSpectrum& spectrum) {
  std::vector<char> whole(spectrum.axis.channels, 1);
  for (std::size_t i = 0; i < spectrum.power.size(); ++i) {
    if (!std::isfinite(spectrum.power[i])) whole[i % whole.size()] = 0;
  }
  std::vector<std::size_t> channels;
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (whole[i]) channels.push_back(i);
  }
  return channels;
}

void check(const DynamicSpectrum& spectrum, double dispersion_measure) {
  const std::string what = "a spectrum cannot be dedispersed";
  if (spectrum.axis.channels == 0 || spectrum.power.empty() || spectrum.power.size() % spectrum.axis.channels != 0) {
    refuse_series(what, std::to_string(spectrum.power.size()) + " values are no whole number of rows of " +
                            std::to_string(spectrum.axis.channels) + " channels");
  }
  if (!(spectrum.interval_s > 0.0) || !(spectrum.axis.first.hertz() > 0.0)) {
    refuse_series(what, "its frequencies and the time from row to row must be positive");
  }
  if (!(dispersion_measure >= 0.0) || !std::isfinite(dispersion_measure)) {
    refuse_series(what,
                  "a dispersion measure of " + text::of(dispersion_measure) + " was given, and 0 or more was expected");
  }
}

/// Sums of what fell into one bin of phase, around the series' mean so that squares stay exact.
struct Bin {
  std::uint64_t count = 0;
  double sum = 0.0;
  double square = 0.0;
};

}  // namespace

double dispersion_delay_s(double dispersion_measure, Frequency frequency, Frequency reference) {
  const double f = frequency.megahertz();
  const double r = reference.megahertz();
  if (!(f > 0.0) || !(r > 0.0)) refuse_series("a dispersion delay cannot be computed", "a frequency is not positive");
  return dispersion_s_mhz2 * dispersion_measure * (1.0 / (f * f) - 1.0 / (r * r));
}

TimeSeries dedispersed(const DynamicSpectrum& spectrum, double dispersion_measure) {
  check(spectrum, dispersion_measure);
  const std::vector<std::size_t> delays = delays_of(spectrum, dispersion_measure);
  const std::vector<std::size_t> channels = whole_channels(spectrum);
  if (channels.empty())
    refuse_series("a spectrum cannot be dedispersed", "none of its channels is finite all the time");
  const std::size_t longest = delays[channels.front()];
  if (longest >= spectrum.rows()) {
    refuse_series("a spectrum cannot be dedispersed", "the delay over its band is " + std::to_string(longest) +
                                                          " rows, and there are " + std::to_string(spectrum.rows()));
  }
  TimeSeries series{spectrum.start, spectrum.interval_s, std::vector<float>(spectrum.rows() - longest)};
  for (std::size_t row = 0; row < series.values.size(); ++row) {
    double sum = 0.0;
    for (const std::size_t channel : channels) {
      sum += static_cast<double>(spectrum.power[(row + delays[channel]) * spectrum.axis.channels + channel]);
    }
    series.values[row] = static_cast<float>(sum / static_cast<double>(channels.size()));
  }
  return series;
}

Profile folded(const TimeSeries& series, double period_s, std::uint32_t bins, double period_rate) {
  constexpr std::uint32_t most_bins = 65536;
  if (bins < 2 || bins > most_bins || !(period_s >= 2.0 * series.interval_s) || !(series.interval_s > 0.0)) {
    refuse_series("a series cannot be folded",
                  "2 to 65536 bins and a period of at least two intervals were expected, not " + std::to_string(bins) +
                      " and " + text::of(period_s) + " s");
  }
  double mean = 0.0;
  for (const float value : series.values)
    mean += static_cast<double>(value) / static_cast<double>(series.values.size());
  std::vector<Bin> sums(bins);
  for (std::size_t i = 0; i < series.values.size(); ++i) {
    const double time = static_cast<double>(i) * series.interval_s;
    const double turns = time / period_s * (1.0 - 0.5 * period_rate * time / period_s);
    const double phase = turns - std::floor(turns);
    Bin& bin = sums[std::min<std::size_t>(static_cast<std::size_t>(phase * bins), bins - 1)];
    const double value = static_cast<double>(series.values[i]) - mean;
    ++bin.count;
    bin.sum += value;
    bin.square += value * value;
  }
  Profile profile{period_s, {}, {}, {}};
  for (const Bin& bin : sums) {
    const auto count = static_cast<double>(bin.count);
    const double unknown = std::numeric_limits<double>::quiet_NaN();
    const double average = bin.count > 0 ? bin.sum / count : unknown;
    const double variance = (bin.square - bin.sum * average) / (count - 1.0);
    profile.mean.push_back(mean + average);
    profile.sigma.push_back(bin.count > 1 ? std::sqrt(std::max(variance, 0.0) / count) : unknown);
    profile.count.push_back(bin.count);
  }
  return profile;
}

}  // namespace astro
