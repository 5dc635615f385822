// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <compare>
#include <numbers>

namespace astro {

/// An angle, or a difference of two: made and read by unit, never normalised by itself, so that
/// 450 degrees of azimuth stay 450 degrees. One double (radians) and nothing else, so that an
/// array of angles is an array of float64.
///
///   using namespace astro::literals;
///   const Angle azimuth = 450_deg;
///   azimuth.degrees();               // 450
///   azimuth.wrapped().degrees();     // 90, in [0, 360)
///
/// Exact: `radians(x).radians() == x`. A conversion from degrees and back is right to 1 ulp.
class Angle {
 public:
  constexpr Angle() noexcept = default;  ///< zero

  static constexpr Angle from_radians(double value) noexcept { return Angle(value); }

  constexpr double radians() const noexcept { return radians_; }
  constexpr double degrees() const noexcept { return radians_ * (180.0 / std::numbers::pi); }
  constexpr double hours() const noexcept { return radians_ * (12.0 / std::numbers::pi); }
  constexpr double arcminutes() const noexcept { return degrees() * 60.0; }
  constexpr double arcseconds() const noexcept { return degrees() * 3600.0; }

  /// The same direction in [0, 360) degrees.
  constexpr Angle wrapped() const noexcept {
    const double turns = radians_ / full_turn;
    const double whole = floor_of(turns);
    const double inside = radians_ - whole * full_turn;
    return Angle(inside < 0.0 ? inside + full_turn : (inside >= full_turn ? 0.0 : inside));
  }
  /// The same direction in [-180, 180) degrees: the short way round.
  constexpr Angle wrapped_signed() const noexcept {
    return Angle(Angle(radians_ + std::numbers::pi).wrapped().radians_ - std::numbers::pi);
  }
  constexpr Angle abs() const noexcept { return Angle(radians_ < 0 ? -radians_ : radians_); }

  constexpr auto operator<=>(const Angle&) const noexcept = default;
  constexpr Angle operator-() const noexcept { return Angle(-radians_); }
  constexpr Angle& operator+=(Angle other) noexcept { return radians_ += other.radians_, *this; }
  constexpr Angle& operator-=(Angle other) noexcept { return radians_ -= other.radians_, *this; }
  constexpr Angle& operator*=(double factor) noexcept { return radians_ *= factor, *this; }
  friend constexpr Angle operator+(Angle a, Angle b) noexcept { return a += b; }
  friend constexpr Angle operator-(Angle a, Angle b) noexcept { return a -= b; }
  friend constexpr Angle operator*(Angle a, double factor) noexcept { return a *= factor; }
  friend constexpr Angle operator*(double factor, Angle a) noexcept { return a *= factor; }
  friend constexpr Angle operator/(Angle a, double divisor) noexcept { return Angle(a.radians_ / divisor); }
  friend constexpr double operator/(Angle a, Angle b) noexcept { return a.radians_ / b.radians_; }

 private:
  static constexpr double full_turn = 2.0 * std::numbers::pi;

  explicit constexpr Angle(double radians) noexcept : radians_(radians) {}
  static constexpr double floor_of(double x) noexcept {
    if (!(x > -9.0e15 && x < 9.0e15)) return x;  // already whole, or not a number
    const double truncated = static_cast<double>(static_cast<long long>(x));
    return truncated > x ? truncated - 1.0 : truncated;
  }

  double radians_ = 0.0;
};

constexpr Angle radians(double value) noexcept { return Angle::from_radians(value); }
constexpr Angle degrees(double value) noexcept { return Angle::from_radians(value * (std::numbers::pi / 180.0)); }
constexpr Angle hours(double value) noexcept { return Angle::from_radians(value * (std::numbers::pi / 12.0)); }
constexpr Angle arcminutes(double value) noexcept { return degrees(value / 60.0); }
constexpr Angle arcseconds(double value) noexcept { return degrees(value / 3600.0); }

namespace literals {
// NOLINTBEGIN(google-runtime-int): the language fixes the types of literal operators
constexpr Angle operator""_deg(long double value) noexcept { return degrees(static_cast<double>(value)); }
constexpr Angle operator""_deg(unsigned long long value) noexcept { return degrees(static_cast<double>(value)); }
constexpr Angle operator""_arcmin(long double value) noexcept { return arcminutes(static_cast<double>(value)); }
constexpr Angle operator""_arcmin(unsigned long long value) noexcept { return arcminutes(static_cast<double>(value)); }
constexpr Angle operator""_arcsec(long double value) noexcept { return arcseconds(static_cast<double>(value)); }
constexpr Angle operator""_arcsec(unsigned long long value) noexcept { return arcseconds(static_cast<double>(value)); }
// NOLINTEND(google-runtime-int)
}  // namespace literals

}  // namespace astro
