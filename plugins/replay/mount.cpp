// SPDX-License-Identifier: BSD-3-Clause
#include "mount.hpp"

#include <algorithm>

#include "astro/error.hpp"
#include "recording.hpp"

namespace replay {
namespace {

std::string text_of(const astro::AltAz& place) {
  const auto number = [](astro::Angle angle) {
    std::string text = std::to_string(angle.degrees());
    return text.substr(0, text.find('.') + 3);
  };
  return number(place.azimuth) + " " + number(place.altitude);
}

}  // namespace

astro::MountDescription Mount::description() {
  return {.geometry = astro::Geometry::alt_az,
          .first = {astro::degrees(-360), astro::degrees(720)},
          .second = {astro::degrees(-90), astro::degrees(180)},
          .fastest = {astro::degrees(360), astro::degrees(360)},
          .accuracy = astro::degrees(0.5)};
}

void Mount::open(astro::Emitter& host) {
  places_.clear();
  for (const auto& recording : open_recordings(settings_.files, {})) {
    const auto place = recording->place();
    if (!place) continue;
    const auto is_same = [&](const astro::AltAz& known) { return astro::separation(known, *place) <= same_place; };
    if (std::ranges::none_of(places_, is_same)) places_.push_back(*place);
  }
  if (places_.empty()) {
    throw astro::Error(astro::ErrorCode::invalid_file,
                       "opening recordings for their pointing: none of " + settings_.files.front() +
                           (settings_.files.size() > 1 ? " and the others" : "") +
                           " says where the telescope pointed; expected horn, Virgo with az_alt, or SDFITS");
  }
  astro::MountDescription found = description();
  found.accuracy = settings_.within;
  host.describe(found);
  stand_ = Stand::of(host.surroundings().observatory, host.surroundings().device);
  stand_->put(places_.front());
}

void Mount::close() noexcept {
  if (stand_) stand_->clear();
  stand_.reset();
  places_.clear();
}

void Mount::move_to(astro::Axes target) {
  const astro::AltAz wanted{target.first, target.second};
  const auto nearest = std::ranges::min_element(
      places_, {}, [&](const astro::AltAz& place) { return astro::separation(place, wanted).radians(); });
  if (astro::separation(*nearest, wanted) <= settings_.within) return stand_->put(*nearest);
  constexpr std::size_t most = 12;
  std::string known;
  for (std::size_t i = 0; i < places_.size() && i < most; ++i) known += (i > 0 ? ", " : "") + text_of(places_[i]);
  if (places_.size() > most) known += " and " + std::to_string(places_.size() - most) + " more";
  throw astro::Error(astro::ErrorCode::out_of_limits, "pointing at azimuth and altitude " + text_of(wanted) +
                                                          " deg: nothing was recorded there; recorded was at " + known);
}

astro::MountStatus Mount::status() {
  const astro::AltAz place = stand_->place().value_or(places_.front());
  return {.position = {place.azimuth, place.altitude}, .state = astro::MountState::stopped};
}

}  // namespace replay
