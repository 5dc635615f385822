// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
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

/// Rest frequencies of the other lines that radio telescopes like ours look for: hydroxyl (OH, 18 cm; the strongest at
/// 1667.359 MHz) and water (the maser at 22235.08 MHz), from Lovas, NIST Recommended Rest Frequencies for Observed
/// Interstellar Molecular Microwave Transitions (2002 revision).
inline constexpr std::array hydroxyl_lines = {hertz(1612.2310e6), hertz(1665.4018e6), hertz(1667.3590e6),
                                              hertz(1720.5300e6)};
inline constexpr Frequency water_line = hertz(22235.080e6);

/// Of those lines the one that a band around `centre` is meant for: the nearest within 2 % of it; the hydrogen line
/// where there is none. The whole numbers that people ask for (1420, 1670, 22000 MHz) give hydrogen, OH at 1667.359 MHz
/// and water.
constexpr Frequency line_of_band(Frequency centre) noexcept {
  const auto apart = [centre](Frequency line) { return line > centre ? line - centre : centre - line; };
  Frequency found = hydrogen_line;
  Frequency least = 0.02 * centre;
  for (const Frequency line :
       {hydrogen_line, hydroxyl_lines[0], hydroxyl_lines[1], hydroxyl_lines[2], hydroxyl_lines[3], water_line}) {
    if (apart(line) > least) continue;
    found = line;
    least = apart(line);
  }
  return found;
}

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
