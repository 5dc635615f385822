// SPDX-License-Identifier: BSD-3-Clause
#include "interference.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "noise.hpp"

namespace simulator {
namespace {

double power_of(const Rfi& source, double reference) noexcept {
  return reference * std::pow(10.0, source.level_db / 10.0);
}

bool is_inside(const Rfi& tone, astro::Frequency centre, double rate_hz) noexcept {
  return std::abs((tone.frequency - centre).hertz()) < 0.5 * rate_hz;
}

void add_tone(std::span<std::complex<float>> samples, double amplitude, double offset_hz, astro::Time start,
              double rate_hz) {
  // The phase counts from midnight, so that it goes on from one call to the next.
  const double since = astro::seconds(start - std::chrono::floor<std::chrono::days>(start));
  const double turns = std::remainder(offset_hz * since, 1.0);
  std::complex<double> phasor = std::polar(amplitude, 2.0 * std::numbers::pi * turns);
  const std::complex<double> step = std::polar(1.0, 2.0 * std::numbers::pi * offset_hz / rate_hz);
  for (auto& sample : samples) {
    sample += std::complex<float>(phasor);
    phasor *= step;
  }
}

/// One burst in each slot of 1 / per_second, at a random moment of it.
void add_bursts(const Rfi& source, std::span<std::complex<float>> samples, double sigma, astro::Time start,
                double rate_hz, std::uint64_t seed) {
  const double from = astro::seconds(start.time_since_epoch());
  const double to = from + static_cast<double>(samples.size()) / rate_hz;
  const double slot_s = 1.0 / source.per_second;
  const double length_s = astro::seconds(source.length);
  for (auto slot = static_cast<std::int64_t>((from - length_s) / slot_s); static_cast<double>(slot) * slot_s < to;
       ++slot) {
    const std::uint64_t key = mix(seed, static_cast<std::uint64_t>(slot));
    const double begins = (static_cast<double>(slot) + unit(key)) * slot_s;
    const double first = std::max(0.0, (begins - from) * rate_hz);
    const double last = std::min(static_cast<double>(samples.size()), (begins + length_s - from) * rate_hz);
    if (last <= first) continue;
    Random random(mix(key, static_cast<std::uint64_t>(start.time_since_epoch().count())));
    const auto hit = samples.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(last - first));
    std::vector<float> noise(2 * hit.size());
    fill_normal(random, noise);
    for (std::size_t i = 0; i < hit.size(); ++i) {
      hit[i] += static_cast<float>(sigma) * std::complex<float>(noise[2 * i], noise[2 * i + 1]);
    }
  }
}

}  // namespace

void add_rfi(std::span<const Rfi> sources, std::span<std::complex<float>> samples, astro::Time start,
             astro::Frequency centre, double sample_rate_hz, double reference, std::uint64_t seed) {
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const double power = power_of(sources[i], reference);
    if (sources[i].kind == RfiKind::bursts) {
      add_bursts(sources[i], samples, std::sqrt(0.5 * power), start, sample_rate_hz, mix(seed, i));
    } else if (is_inside(sources[i], centre, sample_rate_hz)) {
      add_tone(samples, std::sqrt(power), (sources[i].frequency - centre).hertz(), start, sample_rate_hz);
    }
  }
}

void add_rfi(std::span<const Rfi> sources, std::span<float> density, astro::Frequency centre, double sample_rate_hz,
             double reference) {
  const double step_hz = sample_rate_hz / static_cast<double>(density.size());
  for (const Rfi& source : sources) {
    const double power = power_of(source, reference);
    if (source.kind == RfiKind::bursts) {
      const double duty = std::min(1.0, astro::seconds(source.length) * source.per_second);
      for (float& channel : density) channel += static_cast<float>(power * duty / sample_rate_hz);
    } else if (is_inside(source, centre, sample_rate_hz)) {
      const double channel = std::round((source.frequency - centre).hertz() / step_hz) +
                             std::floor(static_cast<double>(density.size()) / 2.0);
      const auto hit = std::min(static_cast<std::size_t>(std::max(0.0, channel)), density.size() - 1);
      density[hit] += static_cast<float>(power / step_hz);
    }
  }
}

}  // namespace simulator
