// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <numbers>
#include <optional>

#include "astro/error.hpp"
#include "astro/sky/velocity.hpp"
#include "signal/frame_correction.hpp"
#include "signal/peak.hpp"
#include "signal/robust.hpp"
#include "text.hpp"

namespace astro {
namespace {

using signal::Mask;

/// Width of the running mean where none is asked for: half of what a narrow line of cold hydrogen
/// has, so that its peak is hardly lowered, and the 5 channels of a typical small horn.
constexpr double smooth_km_s = 7.0;

bool is_frame_known(const CalibratedSpectrum& spectrum, sky::VelocityFrame frame) {
  return spectrum.pointing.known || frame == sky::VelocityFrame::topo;
}

double velocity_in(const CalibratedSpectrum& spectrum, double channel, Frequency rest, sky::VelocityFrame frame) {
  return sky::radio_velocity_km_s(spectrum.axis.at(channel), rest) + signal::frame_correction_km_s(spectrum, frame);
}

std::vector<double> velocities_in(const CalibratedSpectrum& spectrum, Frequency rest, sky::VelocityFrame frame) {
  const double correction = signal::frame_correction_km_s(spectrum, frame);
  std::vector<double> velocities(spectrum.axis.channels);
  for (std::size_t i = 0; i < velocities.size(); ++i) {
    velocities[i] = sky::radio_velocity_km_s(spectrum.axis.at(static_cast<double>(i)), rest) + correction;
  }
  return velocities;
}

void check_lengths(const CalibratedSpectrum& spectrum) {
  const std::size_t channels = spectrum.axis.channels;
  const bool whole = spectrum.temperature_k.size() == channels && spectrum.sigma_k.size() == channels &&
                     spectrum.weight.size() == channels;
  if (whole && channels > 0 && spectrum.axis.step.hertz() > 0.0) return;
  throw Error(ErrorCode::invalid_argument,
              "a line cannot be looked for: the spectrum has not as many temperatures, errors and weights as its "
              "frequency axis has channels");
}

/// The running mean's width in channels, odd.
std::size_t width_of(const PeakOptions& options, const FrequencyAxis& axis, Frequency rest) {
  if (options.smooth == 0) {
    const double channel_km_s = std::abs(sky::radio_velocity_km_s(rest - axis.step, rest));
    const double pairs = std::round(0.5 * (smooth_km_s / channel_km_s - 1.0));
    return 1 + 2 * static_cast<std::size_t>(std::clamp(pairs, 0.0, 0.125 * axis.channels));
  }
  if (options.smooth < 0 || options.smooth % 2 == 0 || static_cast<std::uint32_t>(options.smooth) > axis.channels / 2) {
    throw Error(ErrorCode::invalid_argument, "a running mean of " + std::to_string(options.smooth) +
                                                 " channels is not possible: an odd number up to half of the " +
                                                 std::to_string(axis.channels) + " channels was expected, or 0");
  }
  return static_cast<std::size_t>(options.smooth);
}

struct Smoothed {
  std::vector<double> temperature_k;
  Mask valid;
};

/// Running mean by weight. Valid where at least half of the window holds something.
Smoothed smoothed(const CalibratedSpectrum& spectrum, std::size_t width) {
  const std::size_t channels = spectrum.axis.channels;
  const std::size_t half = width / 2;
  const std::size_t edge = std::max(half, channels / 20);
  Smoothed result{std::vector<double>(channels), Mask(channels)};
  for (std::size_t i = edge; i + edge < channels; ++i) {
    double sum = 0.0;
    double weight = 0.0;
    std::size_t held = 0;
    for (std::size_t j = i - half; j <= i + half; ++j) {
      const double temperature = static_cast<double>(spectrum.temperature_k[j]);
      const double part = static_cast<double>(spectrum.weight[j]);
      if (!(part > 0.0) || !std::isfinite(temperature)) continue;
      sum += part * temperature;
      weight += part;
      ++held;
    }
    result.valid[i] = 2 * held >= width && held > 0 ? 1 : 0;
    result.temperature_k[i] = held > 0 ? sum / weight : 0.0;
  }
  return result;
}

/// Highest channel above the baseline within the window of velocities; none where the band does not reach there.
std::optional<std::size_t> highest(const Smoothed& line, const std::vector<double>& baseline, const FrequencyAxis& axis,
                                   double correction, const PeakOptions& options, Frequency rest) {
  std::optional<std::size_t> best;
  double best_k = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < axis.channels; ++i) {
    if (!line.valid[i]) continue;
    const double velocity = sky::radio_velocity_km_s(axis.at(static_cast<double>(i)), rest) + correction;
    if (std::abs(velocity) > options.window_km_s) continue;
    const double above = line.temperature_k[i] - baseline[i];
    if (above <= best_k) continue;
    best = i;
    best_k = above;
  }
  return best;
}

/// How far from the peak the line's true top may lie: each channel of the run around it that noise may
/// have kept from being the highest counts by how likely that is (1 where both are level), and a channel is as wide as
/// it is. Of running means over `width` channels the difference of two that overlap scatters less than that of others.
double wandering_km_s(const Smoothed& line, const std::vector<double>& baseline, std::size_t top, std::size_t width,
                      double sigma_k, double channel_km_s) {
  double square = 0.0;
  double sum = 1.0;
  const auto walk = [&](std::ptrdiff_t step) {
    for (auto i = static_cast<std::ptrdiff_t>(top) + step; i >= 0 && i < std::ssize(baseline); i += step) {
      const auto channel = static_cast<std::size_t>(i);
      const auto apart = static_cast<std::size_t>(std::abs(i - static_cast<std::ptrdiff_t>(top)));
      const double shared = static_cast<double>(std::min(apart, width)) / static_cast<double>(width);
      const double scatter = sigma_k * std::sqrt(2.0 * shared);
      const double below =
          (line.temperature_k[top] - baseline[top]) - (line.temperature_k[channel] - baseline[channel]);
      if (!line.valid[channel] || !(below < 3.0 * scatter)) return;
      const double likely = std::erfc(below / (std::numbers::sqrt2 * scatter));
      square += likely * std::pow(static_cast<double>(apart) * channel_km_s, 2);
      sum += likely;
    }
  };
  walk(-1);
  walk(1);
  return std::sqrt(square / sum + channel_km_s * channel_km_s / 12.0);
}

/// Scatter of the single channels that the baseline was fitted to.
double scatter_beside(const CalibratedSpectrum& spectrum, const std::vector<double>& baseline, const Mask& used) {
  double sum = 0.0;
  std::size_t channels = 0;
  for (std::size_t i = 0; i < baseline.size(); ++i) {
    const double above = static_cast<double>(spectrum.temperature_k[i]) - baseline[i];
    if (!used[i] || !(spectrum.weight[i] > 0.0F) || !std::isfinite(above)) continue;
    sum += above * above;
    ++channels;
  }
  return channels > 0 ? std::sqrt(sum / static_cast<double>(channels)) : 0.0;
}

/// The line adds to the system's noise: by how much the error at a channel exceeds that beside it.
double noise_ratio(const CalibratedSpectrum& spectrum, std::size_t channel, const Mask& used) {
  const std::vector<double> sigma(spectrum.sigma_k.begin(), spectrum.sigma_k.end());
  const double ratio = sigma[channel] / signal::median(sigma, used);
  return std::isfinite(ratio) && ratio > 0.0 ? ratio : 1.0;
}

}  // namespace

double signal::frame_correction_km_s(const CalibratedSpectrum& spectrum, sky::VelocityFrame frame) {
  if (frame == sky::VelocityFrame::topo) return 0.0;
  if (!spectrum.pointing.known) {
    throw Error(ErrorCode::invalid_argument,
                std::string("the velocity of a spectrum in the frame ") +
                    Description<sky::VelocityFrame>::choices.at(static_cast<std::size_t>(frame)) +
                    " needs to know where the telescope pointed: set its pointing, or ask for the frame topo");
  }
  return sky::velocity_correction_km_s(spectrum.pointing.direction, spectrum.pointing.site, spectrum.mid, frame);
}

double CalibratedSpectrum::velocity_km_s(double channel, std::optional<Frequency> line) const {
  return velocity_in(*this, channel, line.value_or(rest), velocity_frame);
}

std::vector<double> CalibratedSpectrum::velocities_km_s(std::optional<Frequency> line) const {
  return velocities_in(*this, line.value_or(rest), velocity_frame);
}

double CalibratedSpectrum::velocity_lsrk_km_s(double channel, std::optional<Frequency> line) const {
  return velocity_in(*this, channel, line.value_or(rest), sky::VelocityFrame::lsrk);
}

std::vector<double> CalibratedSpectrum::velocities_lsrk_km_s(std::optional<Frequency> line) const {
  return velocities_in(*this, line.value_or(rest), sky::VelocityFrame::lsrk);
}

Peak signal::peak_or_noise(const CalibratedSpectrum& spectrum, const PeakOptions& options) {
  check_lengths(spectrum);
  const Frequency line_rest = options.rest.value_or(spectrum.rest);
  const std::size_t width = width_of(options, spectrum.axis, line_rest);
  const Smoothed line = smoothed(spectrum, width);
  const signal::RobustFit fit = signal::fit_robustly(line.temperature_k, line.valid, options.baseline_order, width);
  const std::vector<double> baseline = fit.curve.everywhere();
  // In the LSRK whatever its frame is, so that each frame tells of the same line.
  const double correction =
      spectrum.pointing.known ? signal::frame_correction_km_s(spectrum, sky::VelocityFrame::lsrk) : 0.0;
  const auto highest_channel = highest(line, baseline, spectrum.axis, correction, options, line_rest);
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  Peak peak{.peak_k = none,
            .sigma_k = none,
            .peak_velocity_km_s = none,
            .sigma_velocity_km_s = none,
            .peak_frequency = hertz(none),
            .rms_k = scatter_beside(spectrum, baseline, fit.used)};
  if (!highest_channel) return peak;
  const std::size_t channel = *highest_channel;
  peak.peak_k = line.temperature_k[channel] - baseline[channel];
  peak.sigma_k = fit.rms * noise_ratio(spectrum, channel, fit.used);
  peak.peak_frequency = spectrum.axis.at(static_cast<double>(channel));
  peak.peak_velocity_km_s = is_frame_known(spectrum, spectrum.velocity_frame)
                                ? spectrum.velocity_km_s(static_cast<double>(channel), line_rest)
                                : std::numeric_limits<double>::quiet_NaN();
  const double channel_km_s = std::abs(sky::radio_velocity_km_s(line_rest - spectrum.axis.step, line_rest));
  peak.sigma_velocity_km_s = wandering_km_s(line, baseline, channel, width, peak.sigma_k, channel_km_s);
  return peak;
}

Peak CalibratedSpectrum::peak(const PeakOptions& options) const {
  const Peak found = signal::peak_or_noise(*this, options);
  if (!std::isnan(found.peak_k)) return found;
  throw Error(ErrorCode::invalid_argument, "no channel with weight lies within " + text::of(options.window_km_s) +
                                               " km/s of " + text::of(options.rest.value_or(rest).megahertz()) +
                                               " MHz: the band of the spectrum does not hold the line");
}

}  // namespace astro
