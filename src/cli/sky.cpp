// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/frames.hpp"

#include <chrono>
#include <sstream>

#include "astro/error.hpp"
#include "astro/site.hpp"
#include "astro/sky/earth_orientation.hpp"
#include "astro/sky/events.hpp"
#include "astro/sky/velocity.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace astro::cli {

namespace {

/// Within what a site file takes, too.
bool is_on_earth(double latitude, double longitude, double height) {
  return std::abs(latitude) <= 90.0 && longitude >= -180.0 && longitude <= 360.0 && height >= -500.0 &&
         height <= 9000.0;
}

/// "38.433,-79.840,800" (degrees, degrees, metres), or a site file, whose table of Earth orientation is set then.
Location location_of(const std::string& text) {
  std::istringstream stream(text);
  double latitude = 0.0;
  double longitude = 0.0;
  double height = 0.0;
  char comma = 0;
  if (stream >> latitude >> comma >> longitude && comma == ',') {
    if (stream >> comma && !(comma == ',' && stream >> height)) stream.setstate(std::ios::failbit);
    std::string rest;
    stream.clear();
    if (!(stream >> rest) && is_on_earth(latitude, longitude, height)) {
      return {.latitude = degrees(latitude), .longitude = degrees(longitude), .height_m = height};
    }
    throw Error(ErrorCode::invalid_argument,
                "--site \"" + text +
                    "\": expected LATITUDE,LONGITUDE[,HEIGHT] in degrees and metres, as in 38.433,-79.840,800, with "
                    "-90 to 90, -180 to 360 and -500 to 9000");
  }
  const Site site = load_site(text);
  if (!site.earth_orientation.empty()) sky::use_earth_orientation(site.earth_orientation);
  return site.location;
}

/// When it rises, passes the meridian and sets next; each only where it does.
void tell_events(Value& told, const Target& target, const Location& site, Time time) {
  if (std::holds_alternative<Ephemeris>(target)) return;  // it may end before
  const sky::Observer observer(site, sky::standard_weather(site));
  // The Sun and the Moon rise when their upper limb does.
  const bool is_disc = target == Target(Body::sun) || target == Target(Body::moon);
  const sky::Horizon horizon(is_disc ? arcminutes(-16) : Angle());
  constexpr std::pair<const char*, sky::EventKind> kinds[] = {{"next_rise", sky::EventKind::rise},
                                                              {"next_transit", sky::EventKind::transit},
                                                              {"next_set", sky::EventKind::set}};
  for (const auto& [name, kind] : kinds) {
    if (const auto event = sky::next_event(observer, target, kind, time, horizon)) {
      told.set(name, format_time(event->time, 0));
    }
  }
}

Value report(const std::string& name, const Location& site, Time time) {
  const Target target = parse_target(name);
  const AltAz place = sky::altaz(target, site, time);
  const AltAz apparent = sky::altaz(target, site, time, sky::standard_weather(site));
  const Icrs direction = sky::icrs(target, site, time);
  const Galactic galactic = sky::galactic(direction);
  const auto velocity = [&](sky::VelocityFrame frame) {
    return sky::velocity_correction_km_s(direction, site, time, frame);
  };
  Value told;
  told.set("target", to_string(target)).set("time", format_time(time));
  told.set("azimuth_deg", place.azimuth.wrapped().degrees()).set("altitude_deg", place.altitude.degrees());
  told.set("apparent_altitude_deg", apparent.altitude.degrees());
  told.set("ra_deg", direction.ra.wrapped().degrees()).set("dec_deg", direction.dec.degrees());
  told.set("l_deg", galactic.l.wrapped().degrees()).set("b_deg", galactic.b.degrees());
  told.set("sidereal_time_h", sky::sidereal_time(site, time).hours());
  told.set("v_geo_km_s", velocity(sky::VelocityFrame::geo)).set("v_helio_km_s", velocity(sky::VelocityFrame::helio));
  told.set("v_bary_km_s", velocity(sky::VelocityFrame::bary)).set("v_lsrk_km_s", velocity(sky::VelocityFrame::lsrk));
  told.set("v_lsrd_km_s", velocity(sky::VelocityFrame::lsrd));
  told.set("v_galacto_km_s", velocity(sky::VelocityFrame::galacto));
  told.set("parallactic_angle_deg", sky::parallactic_angle(place, site).degrees());
  if (apparent.altitude >= Angle()) told.set("airmass", sky::airmass(apparent.altitude));
  told.set("sun_distance_deg", separation(place, sky::altaz(Body::sun, site, time)).degrees());
  told.set("moon_distance_deg", separation(place, sky::altaz(Body::moon, site, time)).degrees());
  tell_events(told, target, site, time);
  const std::string warning = sky::earth_orientation_warning(time);
  if (!warning.empty()) told.set("warning", warning);
  return told;
}

}  // namespace

void add_sky(CLI::App& app, Action& action) {
  struct Arguments {
    std::string target;
    std::string site;
    std::string at;
    std::string orientation;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("sky", "where a target is, and what its velocity is corrected by");
  command
      ->add_option(
          "target", arguments->target,
          "as in \"icrs 10.684 41.269\", \"galactic 120 0\", \"fk5 J1975 10 41\", M31, \"Cas A\", S8, sun, venus")
      ->required();
  command->add_option("--site", arguments->site, "LATITUDE,LONGITUDE[,HEIGHT] in degrees and metres, or a site file")
      ->required();
  command->add_option("--at", arguments->at, "UTC, ISO 8601; default: now");
  command->add_option("--earth-orientation", arguments->orientation,
                      "a file of the IERS, finals2000A.all or EOP C04; without one places are good to 14 arcsec");
  command->add_flag("--json", arguments->json, "one JSON object");
  command->callback([&action, arguments] {
    action = [arguments] {
      // The report says what is missing: no second line of it in the log.
      sky::set_earth_orientation_listener(nullptr);
      const Location site = location_of(arguments->site);
      if (!arguments->orientation.empty()) sky::use_earth_orientation(arguments->orientation);
      const Time time = arguments->at.empty() ? std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now())
                                              : parse_time(arguments->at);
      print(report(arguments->target, site, time), arguments->json);
      return done;
    };
  });
}

}  // namespace astro::cli
