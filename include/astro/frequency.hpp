// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <compare>

namespace astro {

/// A frequency, a bandwidth or a sample rate: made and read by unit. One double (hertz).
class Frequency {
 public:
  constexpr Frequency() noexcept = default;  ///< zero

  static constexpr Frequency from_hertz(double value) noexcept { return Frequency(value); }

  constexpr double hertz() const noexcept { return hertz_; }
  constexpr double kilohertz() const noexcept { return hertz_ * 1e-3; }
  constexpr double megahertz() const noexcept { return hertz_ * 1e-6; }
  constexpr double gigahertz() const noexcept { return hertz_ * 1e-9; }

  constexpr auto operator<=>(const Frequency&) const noexcept = default;
  constexpr Frequency operator-() const noexcept { return Frequency(-hertz_); }
  constexpr Frequency& operator+=(Frequency other) noexcept { return hertz_ += other.hertz_, *this; }
  constexpr Frequency& operator-=(Frequency other) noexcept { return hertz_ -= other.hertz_, *this; }
  friend constexpr Frequency operator+(Frequency a, Frequency b) noexcept { return a += b; }
  friend constexpr Frequency operator-(Frequency a, Frequency b) noexcept { return a -= b; }
  friend constexpr Frequency operator*(Frequency a, double factor) noexcept { return Frequency(a.hertz_ * factor); }
  friend constexpr Frequency operator*(double factor, Frequency a) noexcept { return a * factor; }
  friend constexpr Frequency operator/(Frequency a, double divisor) noexcept { return Frequency(a.hertz_ / divisor); }
  friend constexpr double operator/(Frequency a, Frequency b) noexcept { return a.hertz_ / b.hertz_; }

 private:
  explicit constexpr Frequency(double hertz) noexcept : hertz_(hertz) {}

  double hertz_ = 0.0;
};

constexpr Frequency hertz(double value) noexcept { return Frequency::from_hertz(value); }
constexpr Frequency kilohertz(double value) noexcept { return Frequency::from_hertz(value * 1e3); }
constexpr Frequency megahertz(double value) noexcept { return Frequency::from_hertz(value * 1e6); }
constexpr Frequency gigahertz(double value) noexcept { return Frequency::from_hertz(value * 1e9); }

/// Rest frequency of the ground state hyperfine transition of neutral hydrogen, 1420.405751768 MHz
/// (Hellwig et al. 1970, IEEE Trans. Instrum. Meas. 19, 200; the value NIST and the IAU quote).
inline constexpr Frequency hydrogen_line = hertz(1420405751.768);

namespace literals {
// NOLINTBEGIN(google-runtime-int): the language fixes the types of literal operators
constexpr Frequency operator""_Hz(long double value) noexcept { return hertz(static_cast<double>(value)); }
constexpr Frequency operator""_Hz(unsigned long long value) noexcept { return hertz(static_cast<double>(value)); }
constexpr Frequency operator""_kHz(long double value) noexcept { return kilohertz(static_cast<double>(value)); }
constexpr Frequency operator""_kHz(unsigned long long value) noexcept { return kilohertz(static_cast<double>(value)); }
constexpr Frequency operator""_MHz(long double value) noexcept { return megahertz(static_cast<double>(value)); }
constexpr Frequency operator""_MHz(unsigned long long value) noexcept { return megahertz(static_cast<double>(value)); }
constexpr Frequency operator""_GHz(long double value) noexcept { return gigahertz(static_cast<double>(value)); }
constexpr Frequency operator""_GHz(unsigned long long value) noexcept { return gigahertz(static_cast<double>(value)); }
// NOLINTEND(google-runtime-int)
}  // namespace literals

}  // namespace astro
