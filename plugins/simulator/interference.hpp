// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <vector>

#include "astro/frequency.hpp"
#include "astro/record.hpp"
#include "astro/time.hpp"

namespace simulator {

enum class RfiKind : std::uint8_t { tone, bursts };

/// One source of interference. Its level is relative to the noise of 100 K in 1 MHz.
struct Rfi {
  RfiKind kind = RfiKind::tone;
  double level_db = 0.0;
  astro::Frequency frequency{};                             ///< of a tone
  double per_second = 10.0;                                 ///< bursts
  astro::Duration length = std::chrono::microseconds(100);  ///< of a burst
};

/// Adds it to samples that begin at `start`. `reference` is the power of 100 K in 1 MHz, in the
/// samples' units.
void add_rfi(std::span<const Rfi> sources, std::span<std::complex<float>> samples, astro::Time start,
             astro::Frequency centre, double sample_rate_hz, double reference, std::uint64_t seed);

/// The same for the mean densities of a spectrum (ascending, its middle channel at the centre).
void add_rfi(std::span<const Rfi> sources, std::span<float> density, astro::Frequency centre, double sample_rate_hz,
             double reference);

}  // namespace simulator

template <>
struct astro::Description<simulator::RfiKind> {
  static constexpr std::array choices{"tone", "bursts"};
};

template <>
struct astro::Description<simulator::Rfi> {
  using R = simulator::Rfi;
  static constexpr std::array fields{
      field<&R::kind>("kind", {.says = "a steady carrier or short wide bursts", .required = true}),
      field<&R::level_db>("level", {.unit = "dB", .says = "power relative to the noise of 100 K in 1 MHz"}),
      field<&R::frequency>("frequency", {.min = 0, .says = "of a tone"}),
      field<&R::per_second>("per_second", {.unit = "1/s", .min = 0.001, .max = 1e5, .says = "how many bursts"}),
      field<&R::length>("length", {.min = 1e-7, .max = 1, .says = "of a burst"})};
};
