// SPDX-License-Identifier: BSD-3-Clause
#include "signal/rebinned.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "astro/error.hpp"
#include "signal/frame_correction.hpp"
#include "signal/robust.hpp"

namespace astro::signal {
namespace {

/// How long two spans of the given middles and lengths are in common.
double overlap(double a, double length_a, double b, double length_b) noexcept {
  return std::min(a + 0.5 * length_a, b + 0.5 * length_b) - std::max(a - 0.5 * length_a, b - 0.5 * length_b);
}

/// 1 / sigma^2 of a typical channel.
double weight_of(const CalibratedSpectrum& spectrum) {
  std::vector<double> sigmas;
  for (std::size_t i = 0; i < spectrum.sigma_k.size(); ++i) {
    if (is_held(spectrum, i)) sigmas.push_back(static_cast<double>(spectrum.sigma_k[i]));
  }
  if (sigmas.empty()) return 0.0;
  const double sigma = median(std::move(sigmas));
  return 1.0 / (sigma * sigma);
}

struct Sums {
  double covered = 0.0;
  double weights = 0.0;
  double values = 0.0;
  double variance = 0.0;
};

}  // namespace

bool is_held(const CalibratedSpectrum& spectrum, std::size_t channel) noexcept {
  return spectrum.weight[channel] > 0.0F && std::isfinite(spectrum.temperature_k[channel]) &&
         spectrum.sigma_k[channel] > 0.0F && std::isfinite(spectrum.sigma_k[channel]);
}

ChannelVelocities channel_velocities(const CalibratedSpectrum& spectrum, Frequency rest, sky::VelocityFrame frame) {
  const std::size_t channels = spectrum.axis.channels;
  const bool whole = spectrum.temperature_k.size() == channels && spectrum.sigma_k.size() == channels &&
                     spectrum.weight.size() == channels && channels >= 2;
  if (!whole) {
    throw Error(ErrorCode::invalid_argument,
                "reading a spectrum: it has not as many temperatures, errors and weights as its axis has channels, " +
                    std::to_string(channels) + ", or fewer than 2");
  }
  const double correction = frame_correction_km_s(spectrum, frame);
  const auto end = static_cast<double>(channels - 1);
  const double first = sky::radio_velocity_km_s(spectrum.axis.first, rest);
  return {first + correction, (sky::radio_velocity_km_s(spectrum.axis.at(end), rest) - first) / end};
}

void rebin(const CalibratedSpectrum& spectrum, const VelocityAxis& velocity, Frequency rest, Rebinned& rows) {
  const ChannelVelocities channels = channel_velocities(spectrum, rest, velocity.frame);
  const double width = std::abs(channels.step_km_s);
  std::vector<Sums> sums(velocity.channels);
  for (std::size_t i = 0; i < spectrum.temperature_k.size(); ++i) {
    if (!is_held(spectrum, i)) continue;
    const double at = channels.at(i);
    const double first = (at - 0.5 * width - velocity.first_km_s) / velocity.step_km_s + 0.5;
    const double last = (at + 0.5 * width - velocity.first_km_s) / velocity.step_km_s + 0.5;
    if (!(last >= 0.0) || !(first < velocity.channels)) continue;
    const auto from = static_cast<std::size_t>(std::max(0.0, std::floor(first)));
    const auto to = std::min<std::size_t>(velocity.channels, static_cast<std::size_t>(std::floor(last)) + 1);
    for (std::size_t plane = from; plane < to; ++plane) {
      const double part = overlap(at, width, velocity.at(static_cast<double>(plane)), velocity.step_km_s);
      if (part <= 0.0) continue;
      const double weight = part * static_cast<double>(spectrum.weight[i]);
      const auto sigma = static_cast<double>(spectrum.sigma_k[i]);
      sums[plane].covered += part;
      sums[plane].weights += weight;
      sums[plane].values += weight * static_cast<double>(spectrum.temperature_k[i]);
      sums[plane].variance += weight * weight * sigma * sigma;
    }
  }
  const double whole = weight_of(spectrum);
  for (const Sums& sum : sums) {
    const bool held = sum.covered >= 0.5 * velocity.step_km_s;
    rows.value.push_back(held ? sum.values / sum.weights : 0.0);
    rows.variance.push_back(held ? sum.variance / (sum.weights * sum.weights) : 0.0);
    rows.weight.push_back(held ? whole * sum.weights / sum.covered : 0.0);
  }
}

}  // namespace astro::signal
