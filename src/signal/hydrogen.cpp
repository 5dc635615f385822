// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/hydrogen.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "astro/error.hpp"
#include "signal/rebinned.hpp"
#include "text.hpp"

namespace astro {
namespace {

constexpr double per_k_km_s = 1.823e18;  // cm^-2

[[noreturn]] void refuse_hydrogen(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "a line cannot be integrated: " + why);
}

void check(VelocityRange range) {
  if (range.from_km_s < range.to_km_s && std::isfinite(range.to_km_s - range.from_km_s)) return;
  refuse_hydrogen("velocities from " + text::of(range.from_km_s) + " to " + text::of(range.to_km_s) +
                  " km/s were given; expected the lower one first");
}

void check(const HydrogenOptions& options) {
  if (options.spin_k > options.background_k && options.background_k >= 0.0) return;
  refuse_hydrogen("a spin temperature of " + text::of(options.spin_k) + " K before a background of " +
                  text::of(options.background_k) + " K makes no emission line");
}

/// How much of a channel of a width lies within the range.
double part_of(double middle, double width, VelocityRange range) noexcept {
  const double from = std::max(middle - 0.5 * width, range.from_km_s);
  const double to = std::min(middle + 0.5 * width, range.to_km_s);
  return std::max(0.0, to - from);
}

/// What is summed in place of the temperature, and its slope; nothing where it is too bright.
struct Integrand {
  double value;
  double slope;
};
using Turn = std::function<std::optional<Integrand>(double)>;

std::optional<Integrand> as_it_is(double kelvin) { return Integrand{kelvin, 1.0}; }

/// Column density a km/s.
Turn column_of(const HydrogenOptions& options) {
  if (std::isinf(options.spin_k)) {
    return [](double kelvin) { return Integrand{per_k_km_s * kelvin, per_k_km_s}; };
  }
  return [options](double kelvin) -> std::optional<Integrand> {
    const double most = options.spin_k - options.background_k;
    if (!(kelvin < most)) return std::nullopt;
    return Integrand{-per_k_km_s * options.spin_k * std::log1p(-kelvin / most),
                     per_k_km_s * options.spin_k / (most - kelvin)};
  };
}

class Integral {
 public:
  void add(Integrand integrand, double sigma, double part) noexcept {
    sum_ += integrand.value * part;
    variance_ += std::pow(integrand.slope * sigma * part, 2);
    covered_ += part;
  }
  bool covers(VelocityRange range) const noexcept {
    return covered_ > (range.to_km_s - range.from_km_s) * (1.0 - 1e-6);
  }
  Measured result() const noexcept { return {sum_, std::sqrt(variance_)}; }

 private:
  double sum_ = 0.0;
  double variance_ = 0.0;
  double covered_ = 0.0;
};

Measured integral_of(const CalibratedSpectrum& spectrum, VelocityRange range, Frequency rest, const Turn& turn) {
  check(range);
  const signal::ChannelVelocities velocities = signal::channel_velocities(spectrum, rest);
  const double width = std::abs(velocities.step_km_s);
  Integral integral;
  for (std::size_t i = 0; i < spectrum.temperature_k.size(); ++i) {
    const double part = part_of(velocities.at(i), width, range);
    if (!(part > 0.0) || !signal::is_held(spectrum, i)) continue;
    const auto kelvin = static_cast<double>(spectrum.temperature_k[i]);
    const auto integrand = turn(kelvin);
    if (!integrand) {
      refuse_hydrogen(text::of(kelvin) + " K at " + text::of(velocities.at(i)) +
                      " km/s are not below what gas of this spin temperature can have; give a higher one");
    }
    integral.add(*integrand, static_cast<double>(spectrum.sigma_k[i]), part);
  }
  if (!integral.covers(range)) {
    refuse_hydrogen("not all of " + text::of(range.from_km_s) + " to " + text::of(range.to_km_s) +
                    " km/s is covered by channels that have weight");
  }
  return integral.result();
}

SkyMap integral_of(const SkyMap& cube, VelocityRange range, const Turn& turn, const std::string& unit) {
  check(range);
  const std::size_t pixels = cube.grid.pixels();
  const std::size_t planes = cube.velocity.channels;
  if (planes == 0 || cube.value.size() != planes * pixels || cube.sigma.size() != cube.value.size()) {
    refuse_hydrogen("the map is no cube, or its arrays do not fit its grid and axis");
  }
  SkyMap image{.grid = cube.grid, .unit = unit, .beam = cube.beam, .rest = cube.rest};
  image.value.assign(pixels, std::nanf(""));
  image.sigma.assign(pixels, std::nanf(""));
  for (std::size_t pixel = 0; pixel < pixels; ++pixel) {
    Integral integral;
    for (std::size_t plane = 0; plane < planes; ++plane) {
      const double part = part_of(cube.velocity.at(static_cast<double>(plane)), cube.velocity.step_km_s, range);
      const std::size_t at = plane * pixels + pixel;
      if (!(part > 0.0) || !std::isfinite(cube.value[at])) continue;
      if (const auto integrand = turn(static_cast<double>(cube.value[at]))) {
        integral.add(*integrand, static_cast<double>(cube.sigma[at]), part);
      }
    }
    if (!integral.covers(range)) continue;
    image.value[pixel] = static_cast<float>(integral.result().value);
    image.sigma[pixel] = static_cast<float>(integral.result().sigma);
  }
  return image;
}

}  // namespace

Measured integrated_k_km_s(const CalibratedSpectrum& spectrum, VelocityRange range, std::optional<Frequency> rest) {
  return integral_of(spectrum, range, rest.value_or(spectrum.rest), as_it_is);
}

SkyMap integrated(const SkyMap& cube, VelocityRange range) {
  return integral_of(cube, range, as_it_is, cube.unit + " km/s");
}

Measured column_density_cm2(const CalibratedSpectrum& spectrum, VelocityRange range, const HydrogenOptions& options,
                            Frequency rest) {
  check(options);
  return integral_of(spectrum, range, rest, column_of(options));
}

SkyMap column_density_cm2(const SkyMap& cube, VelocityRange range, const HydrogenOptions& options) {
  check(options);
  return integral_of(cube, range, column_of(options), "cm-2");
}

}  // namespace astro
