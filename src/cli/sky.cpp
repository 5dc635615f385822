// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/frames.hpp"

#include <chrono>
#include <sstream>

#include "astro/error.hpp"
#include "astro/site.hpp"
#include "astro/sky/velocity.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace astro::cli {

namespace {

/// "38.433,-79.840,800" (degrees, degrees, metres), or a site file.
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
    if (!(stream >> rest) && std::abs(latitude) <= 90.0 && std::abs(longitude) <= 360.0) {
      return {.latitude = degrees(latitude), .longitude = degrees(longitude), .height_m = height};
    }
    throw Error(ErrorCode::invalid_argument,
                "--site \"" + text +
                    "\": expected LATITUDE,LONGITUDE[,HEIGHT] in degrees and metres, as in 38.433,-79.840,800");
  }
  return load_site(text).location;
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
  return told;
}

}  // namespace

void add_sky(CLI::App& app, Action& action) {
  struct Arguments {
    std::string target;
    std::string site;
    std::string at;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("sky", "where a target is, and what its velocity is corrected by");
  command->add_option("target", arguments->target, "as in \"icrs 10.684 41.269\", \"galactic 120 0\", sun, moon")
      ->required();
  command->add_option("--site", arguments->site, "LATITUDE,LONGITUDE[,HEIGHT] in degrees and metres, or a site file")
      ->required();
  command->add_option("--at", arguments->at, "UTC, ISO 8601; default: now");
  command->add_flag("--json", arguments->json, "one JSON object");
  command->callback([&action, arguments] {
    action = [arguments] {
      const Time time = arguments->at.empty() ? std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now())
                                              : parse_time(arguments->at);
      print(report(arguments->target, location_of(arguments->site), time), arguments->json);
      return done;
    };
  });
}

}  // namespace astro::cli
