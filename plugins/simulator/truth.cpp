// SPDX-License-Identifier: BSD-3-Clause
#include "truth.hpp"

#include <algorithm>
#include <array>

#include "astro/error.hpp"
#include "astro/value.hpp"

namespace simulator {
namespace {

constexpr std::array load_names{"sky", "hot", "noise_diode"};

astro::Map place_of(const Snapshot& snapshot) {
  const Place& place = snapshot.place;
  return {{"time", snapshot.time},
          {"azimuth_deg", place.apparent.azimuth.degrees()},
          {"altitude_deg", place.apparent.altitude.degrees()},
          {"ra_deg", place.direction.ra.degrees()},
          {"dec_deg", place.direction.dec.degrees()},
          {"l_deg", place.galactic.l.degrees()},
          {"b_deg", place.galactic.b.degrees()},
          {"velocity_correction_km_s", place.velocity_km_s}};
}

}  // namespace

Truth::Truth(const std::filesystem::path& path, bool with_profile) : with_profile_(with_profile) {
  if (path.empty()) return;
  stream_.open(path, std::ios::trunc);
  if (!stream_) {
    throw astro::Error(astro::ErrorCode::storage,
                       "opening the truth file " + path.string() + ": cannot write it; does its folder exist?");
  }
}

void Truth::write(const Snapshot& snapshot) {
  if (!stream_.is_open()) return;
  const auto peak = std::ranges::max_element(snapshot.hydrogen_k);
  const auto channel = static_cast<double>(peak - snapshot.hydrogen_k.begin());
  astro::Map line = place_of(snapshot);
  line.emplace_back("load", load_names[static_cast<std::size_t>(snapshot.frontend.load)]);
  line.emplace_back("peak_k", static_cast<double>(*peak));
  line.emplace_back("peak_velocity_km_s", first_velocity_km_s + channel * velocity_step_km_s);
  line.emplace_back("tsys_k", snapshot.flat_k);
  line.emplace_back("receiver_k", snapshot.receiver_k);
  if (with_profile_) {
    astro::List profile(snapshot.hydrogen_k.begin(), snapshot.hydrogen_k.end());
    line.emplace_back("first_velocity_km_s", first_velocity_km_s);
    line.emplace_back("velocity_step_km_s", velocity_step_km_s);
    line.emplace_back("hydrogen_k", std::move(profile));
  }
  stream_ << astro::to_json(line) << '\n' << std::flush;
}

}  // namespace simulator
