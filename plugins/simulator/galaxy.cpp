// SPDX-License-Identifier: BSD-3-Clause
#include "galaxy.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace simulator {
namespace {

constexpr double sun_radius_kpc = 8.5;
constexpr double rotation_km_s = 220.0;
constexpr double spin_k = 125.0;
constexpr double dispersion_km_s = 8.0;
constexpr double horizon_kpc = 25.0;
constexpr double cm_per_kpc = 3.0856776e21;
/// Column density in cm^-2 that a kelvin times km/s of optically thin gas stands for (e.g. Dickey and
/// Lockman 1990, eq. 3).
constexpr double column_per_k_km_s = 1.823e18;

constexpr double between_arms = 0.55;
/// The Local Bubble around the Sun holds next to no neutral gas (Lallement et al. 2003, A&A 411, 447).
constexpr double bubble_kpc = 0.1;

/// ln(R / radius) = -(beta - angle) tan(pitch); beta counts from the Sun in the sense of rotation.
struct Arm {
  double radius_kpc;
  double angle_deg;
  double pitch_deg;
  double width_kpc;
  double excess;
};
/// Scutum, Sagittarius, the Local arm (a spur: a weaker one), Perseus and the Outer arm.
constexpr std::array arms{Arm{5.0, 27.6, 19.8, 0.17, 2.2}, Arm{6.6, 25.6, 6.9, 0.26, 2.2},
                          Arm{8.4, 8.9, 12.8, 0.33, 1.3}, Arm{9.9, 14.2, 9.4, 0.38, 2.2},
                          Arm{13.0, 18.6, 13.8, 0.63, 2.2}};

/// Where a point of the line of sight is in the Galaxy.
struct Point {
  double radius_kpc;
  double angle;
  double height_kpc;
};

/// Computed once: a view of the Galaxy asks for a hundred thousand of them.
std::array<double, arms.size()> slopes_of_arms() noexcept {
  std::array<double, arms.size()> slopes{};
  for (std::size_t i = 0; i < arms.size(); ++i) slopes[i] = std::tan(arms[i].pitch_deg * (std::numbers::pi / 180.0));
  return slopes;
}

double arm_factor(const Point& point) noexcept {
  static const auto slopes = slopes_of_arms();
  double factor = between_arms;
  for (std::size_t i = 0; i < arms.size(); ++i) {
    const Arm& arm = arms[i];
    double turned = point.angle - arm.angle_deg * (std::numbers::pi / 180.0);  // of -pi to pi less a small angle
    if (turned < -std::numbers::pi) turned += 2.0 * std::numbers::pi;
    const double ridge = arm.radius_kpc * std::exp(-turned * slopes[i]);
    const double off = (point.radius_kpc - ridge) / arm.width_kpc;
    if (std::abs(off) < 5.0) factor += arm.excess * std::exp(-0.5 * off * off);
  }
  return factor;
}

/// Atoms per cm^3.
double density(const Point& point) noexcept {
  const double beyond = std::max(0.0, point.radius_kpc - sun_radius_kpc);
  const double flare = std::exp(beyond / 9.8);
  const double z_pc = 1000.0 * std::abs(point.height_kpc) / flare;
  const auto gaussian = [z_pc](double full_width_pc) {
    const double x = z_pc / full_width_pc;
    return std::exp(-4.0 * std::numbers::ln2 * x * x);
  };
  const double layer = 0.395 * gaussian(212.0) + 0.107 * gaussian(530.0) + 0.064 * std::exp(-z_pc / 403.0);
  const double inner = std::min(1.0, point.radius_kpc / 4.0);
  return layer * inner * std::exp(-beyond / 3.15) / flare * arm_factor(point);
}

/// Adds a column to the two nearest velocities.
void deposit(std::array<double, velocity_channels>& columns, double velocity, double column) noexcept {
  const double place = (velocity - first_velocity_km_s) / velocity_step_km_s;
  if (!(place >= 0.0 && place < static_cast<double>(velocity_channels - 1))) return;
  const auto channel = static_cast<std::size_t>(place);
  const double part = place - static_cast<double>(channel);
  columns[channel] += (1.0 - part) * column;
  columns[channel + 1] += part * column;
}

/// Columns (cm^-2) by velocity along a line of sight, as if no atom moved but with the rotation.
std::array<double, velocity_channels> columns_along(const astro::Galactic& direction) noexcept {
  std::array<double, velocity_channels> columns{};
  const double sin_l = std::sin(direction.l.radians());
  const double cos_l = std::cos(direction.l.radians());
  const double sin_b = std::sin(direction.b.radians());
  const double cos_b = std::cos(direction.b.radians());
  double step = 0.0;
  for (double s = bubble_kpc; s < horizon_kpc; s += step) {
    step = 0.02 + 0.006 * s;
    const double middle = s + 0.5 * step;
    const double toward = sun_radius_kpc - middle * cos_b * cos_l;
    const double aside = middle * cos_b * sin_l;
    const Point point{std::hypot(toward, aside), std::atan2(aside, toward), middle * sin_b};
    if (std::abs(point.height_kpc) > 4.0) break;
    const double speed = rotation_km_s * std::min(1.0, point.radius_kpc);  // as a solid body in the inner kiloparsec
    const double velocity = (speed * sun_radius_kpc / std::max(point.radius_kpc, 1e-6) - rotation_km_s) * sin_l * cos_b;
    deposit(columns, velocity, density(point) * step * cm_per_kpc);
  }
  return columns;
}

constexpr std::size_t kernel_reach = 36;
constexpr std::size_t shape_channels = 2 * kernel_reach + 1;

std::array<double, shape_channels> line_shape() noexcept {
  std::array<double, shape_channels> shape{};
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const double x =
        (static_cast<double>(i) - static_cast<double>(kernel_reach)) * velocity_step_km_s / dispersion_km_s;
    shape[i] = std::exp(-0.5 * x * x) / (dispersion_km_s * std::sqrt(2.0 * std::numbers::pi));
  }
  return shape;
}

}  // namespace

void hydrogen(const astro::Galactic& direction, double continuum_k, Profile& brightness_k) noexcept {
  static const auto shape = line_shape();
  const auto columns = columns_along(direction);
  std::array<double, velocity_channels + shape_channels - 1> depth{};
  for (std::size_t i = 0; i < velocity_channels; ++i) {
    if (columns[i] == 0.0) continue;
    const double scale = columns[i] / (column_per_k_km_s * spin_k);
    for (std::size_t k = 0; k < shape.size(); ++k) depth[i + k] += scale * shape[k];
  }
  for (std::size_t i = 0; i < velocity_channels; ++i) {
    brightness_k[i] = static_cast<float>((spin_k - continuum_k) * -std::expm1(-depth[i + kernel_reach]));
  }
}

double continuum(const astro::Galactic& direction, double frequency_hz) noexcept {
  const double l = direction.l.wrapped_signed().degrees();
  const double b = direction.b.degrees();
  const double plane = std::exp(-0.5 * (b / 3.5) * (b / 3.5)) * (2.0 + 9.0 * std::exp(-0.5 * (l / 35.0) * (l / 35.0)));
  const double halo = 0.7 + 1.0 * std::exp(-0.5 * (b / 20.0) * (b / 20.0));
  return (halo + plane) * std::pow(frequency_hz / 1.42e9, -2.7);
}

}  // namespace simulator
