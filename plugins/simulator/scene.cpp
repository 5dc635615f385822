// SPDX-License-Identifier: BSD-3-Clause
#include "scene.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "astro/frequency.hpp"
#include "constants.hpp"

namespace simulator {
namespace {

constexpr double air_k = 265.0;

/// Rozenberg 1966, Twilight: 40 at the horizon.
double air_mass(astro::Angle altitude) noexcept {
  const double up = std::max(0.0, std::sin(altitude.radians()));
  return 1.0 / (up + 0.025 * std::exp(-11.0 * up));
}

double sigma_of(astro::Angle full_width) noexcept { return full_width.radians() / std::sqrt(8.0 * std::numbers::ln2); }

/// Part of a Gaussian beam that is below the horizon.
double below_horizon(astro::Angle altitude, astro::Angle full_width) noexcept {
  return 0.5 * std::erfc(altitude.radians() / (std::numbers::sqrt2 * sigma_of(full_width)));
}

}  // namespace

Scene::Scene(const Antenna& antenna, astro::Location site, std::shared_ptr<const World> world, std::string mount,
             std::string frontend)
    : antenna_(antenna),
      site_(site),
      world_(std::move(world)),
      mount_(std::move(mount)),
      frontend_(std::move(frontend)) {}

Frontend::State Scene::frontend(astro::Time time) const {
  const auto frontend = frontend_.empty() ? nullptr : world_->frontend(frontend_);
  return frontend ? frontend->state(time) : Frontend::State{};
}

Place Scene::place(astro::Time time) const {
  const auto dish = mount_.empty() ? nullptr : world_->dish(mount_);
  if (dish) return place_of(dish->axes(time), dish->geometry(), site_, time);
  return place_of(antenna_.fixed, astro::Geometry::alt_az, site_, time);
}

/// Full width at half maximum of a dish whose feed tapers its edge by about 10 dB (e.g. Condon and
/// Ransom 2016, Essential Radio Astronomy, ch. 3).
astro::Angle Scene::beam_width(astro::Frequency frequency) const noexcept {
  if (antenna_.beam_width > astro::Angle{}) return antenna_.beam_width;
  return astro::radians(1.2 * light_km_s * 1000.0 / frequency.hertz() / antenna_.dish_diameter_m);
}

/// The Galaxy is looked at anew when the beam has moved by a hundredth of its width.
const BeamView& Scene::sky(const astro::Galactic& direction, astro::Frequency frequency) {
  const astro::Angle width = beam_width(frequency);
  const bool moved = !seen_at_ || separation(unit_vector(seen_at_->l, seen_at_->b),
                                             unit_vector(direction.l, direction.b)) > width * 0.01;
  if (moved || seen_in_ != frequency) {
    seen_ = view(direction, width, frequency.hertz());
    seen_at_ = direction;
    seen_in_ = frequency;
  }
  return seen_;
}

/// The flux of what is small beside the beam over the beam's solid angle of 1.133 widths squared.
double Scene::point_k(double flux_jy, astro::Angle distance, astro::Frequency frequency) const noexcept {
  const double width = beam_width(frequency).radians();
  const double wavelength_m = light_km_s * 1000.0 / frequency.hertz();
  const double peak = flux_jy * 1e-26 * wavelength_m * wavelength_m / (2.0 * boltzmann * 1.133 * width * width);
  const double off = distance.radians() / width;
  return peak * std::exp(-4.0 * std::numbers::ln2 * off * off);
}

double Scene::sources_k(const astro::Icrs& direction, astro::Frequency frequency) const noexcept {
  const Vector beam = unit_vector(direction.ra, direction.dec);
  double sum = 0.0;
  for (const Source& source : antenna_.sources) {
    const double flux_jy = source.flux_jy * std::pow(frequency.gigahertz(), source.spectral_index);
    sum += point_k(flux_jy, separation(beam, unit_vector(source.ra, source.dec)), frequency);
  }
  return sum;
}

Snapshot Scene::look(astro::Time time, astro::Frequency frequency) {
  Snapshot snapshot;
  snapshot.time = time;
  snapshot.place = place(time);
  snapshot.frontend = frontend(time);
  snapshot.receiver_k = antenna_.receiver_k;
  if (snapshot.frontend.load == Load::hot) {
    snapshot.flat_k = snapshot.frontend.hot_k + antenna_.receiver_k;
    return snapshot;
  }
  const astro::Angle altitude = snapshot.place.apparent.altitude;
  const BeamView& sky_view = sky(snapshot.place.galactic, frequency);
  const double through = std::exp(-antenna_.opacity * air_mass(altitude));
  const double ground = below_horizon(altitude, beam_width(frequency));
  const double up = (1.0 - antenna_.spillover) * (1.0 - ground);
  constexpr double jy_per_sfu = 1e4;
  const double sun_k = point_k(antenna_.sun_sfu * jy_per_sfu, snapshot.place.sun_distance, frequency);
  const double sky_k = (sky_view.continuum_k + sun_k + sources_k(snapshot.place.direction, frequency)) * through;
  snapshot.flat_k = antenna_.receiver_k + up * (sky_k + air_k * (1.0 - through)) + (1.0 - up) * antenna_.ground_k;
  if (snapshot.frontend.load == Load::noise_diode) snapshot.flat_k += snapshot.frontend.diode_k;
  for (std::size_t i = 0; i < velocity_channels; ++i) {
    snapshot.hydrogen_k[i] = static_cast<float>(up * through) * sky_view.hydrogen_k[i];
  }
  return snapshot;
}

void temperatures(const Snapshot& snapshot, astro::Frequency centre, double step_hz, std::span<float> out) noexcept {
  const double at_rest = 1.0 + snapshot.place.velocity_km_s / light_km_s;
  const double middle = std::floor(static_cast<double>(out.size()) / 2.0);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double frequency_hz = centre.hertz() + (static_cast<double>(i) - middle) * step_hz;
    const double velocity = light_km_s * (1.0 - frequency_hz / (astro::hydrogen_line.hertz() * at_rest));
    const double place = (velocity - first_velocity_km_s) / velocity_step_km_s;
    double line = 0.0;
    if (place >= 0.0 && place < static_cast<double>(velocity_channels - 1)) {
      const auto channel = static_cast<std::size_t>(place);
      const auto part = static_cast<float>(place - static_cast<double>(channel));
      line =
          static_cast<double>((1.0F - part) * snapshot.hydrogen_k[channel] + part * snapshot.hydrogen_k[channel + 1]);
    }
    out[i] = static_cast<float>(snapshot.flat_k + line);
  }
}

}  // namespace simulator
