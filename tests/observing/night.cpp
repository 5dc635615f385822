// SPDX-License-Identifier: BSD-3-Clause
#include "observing/night.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "astro/sky/events.hpp"
#include "astro/sky/frames.hpp"

namespace astro::testing {

using namespace astro::literals;
using namespace std::chrono_literals;

namespace {

/// As fast as the machine can follow: readings of the mount must not lie seconds apart.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr double speed = 150.0;
#else
constexpr double speed = 1000.0;
#endif

std::string with(std::string text, const std::string& word, const std::string& by) {
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + by.size()))
    text.replace(at, word.size(), by);
  return text;
}

std::string degrees_text(Angle angle) { return std::to_string(angle.degrees()) + " deg"; }
/// A default that the test's own settings do not name.
std::string unless(const std::string& settings, const std::string& key, const std::string& otherwise) {
  return settings.find(key + ':') == std::string::npos ? ", " + otherwise : "";
}
/// ASTRO_TEST_RUNS=apart: the same tests with each driver in a process of its own.
std::string runs() {
  const char* given = std::getenv("ASTRO_TEST_RUNS");
  return given == nullptr ? "" : std::string(", runs: ") + given;
}
std::string more(const std::string& settings) { return settings.empty() ? "" : ", " + settings; }

}  // namespace

Night::Night(const NightOptions& options) {
  std::mt19937 random(seed());
  const auto between = [&](double low, double high) { return std::uniform_real_distribution(low, high)(random); };
  location_ = {
      .latitude = degrees(between(20, 50)), .longitude = degrees(between(-180, 180)), .height_m = between(0, 2500)};
  const Time day = parse_time("2026-01-01T00:00:00Z") + 24h * std::uniform_int_distribution(0, 364)(random);
  // Noon by the mean Sun, midnight else.
  const double noon_h = 12.0 - location_.longitude.degrees() / 15.0;
  start_ = day + from_seconds(3600.0 * (options.sun_up ? noon_h - 1.0 : noon_h + 12.0));
  const Angle meridian = sky::sidereal_time(location_, start_);
  source_ = {.ra = (meridian + 15_deg).wrapped(), .dec = location_.latitude - 20_deg};
  noise_ = static_cast<std::uint32_t>(random() % 1000000);
  yaml_ = yaml_of(options);
  site_ = Observatory::open(parse_site(yaml_),
                            {.clock = Clock::simulated(start_, speed), .state_folder = folder_.path() / "state"});
}

std::uint32_t Night::seed() {
  static std::uint32_t count = 0;
  static const std::uint32_t first = first_seed();
  return first + count++;
}

std::string Night::yaml_of(const NightOptions& options) const {
  const std::string yaml =
      "site: {name: Night, latitude: " + degrees_text(location_.latitude) +
      ", longitude: " + degrees_text(location_.longitude) + ", height: " + std::to_string(location_.height_m) +
      " m}\n" +
      "mounts:\n  dish: {driver: simulator, max_speed: 5 deg, limits: {azimuth: [0 deg, 450 deg], altitude: [3 "
      "deg, 89 deg]}" +
      more(options.mount) + runs() + "}\n" +
      "receivers:\n  hydrogen: {driver: simulator, mount: dish, frontend: frontend, seed: " + std::to_string(noise_) +
      unless(options.receiver, "format", "format: spectra, channels: 256, integration: 100 ms") +
      unless(options.receiver, "sample_rate", "sample_rate: 2 MHz") + more(options.receiver) + runs() + "}\n" +
      "controllers:\n  frontend: {driver: simulator.frontend" + runs() +
      "}\n  weather: {driver: simulator.environment" + runs() + "}\n" +
      "stores:\n  archive: {driver: sqlite, path: " + (folder_.path() / "night.db").string() + "}\n" +
      "calibration:\n  hydrogen:\n    beam_width: 4 deg\n    hot: {temperature: 295 K, controller: frontend, command: "
      "select_load, "
      "parameters: {load: hot}}\n"
      "    cold: {temperature: 10 K, controller: frontend, command: select_load, parameters: {load: sky}, target: "
      "altaz 0 80}\n"
      "    sky: {controller: frontend, command: select_load, parameters: {load: sky}}\n"
      "    noise_diode: {temperature: 100 K, controller: frontend, command: select_load, parameters: {load: "
      "noise_diode}}\n" +
      options.safety;
  return with(with(yaml, "@RA", degrees_text(source_.ra)), "@DEC", degrees_text(source_.dec));
}

Angle Night::sun_altitude() const { return sky::altaz(Body::sun, location_, site_->clock()->now()).altitude; }

ObservationResult Night::observe(const ObservationRequest& request, const ObserveOptions& options) const {
  SCOPED_TRACE(yaml_);
  return astro::observe(*site_, request, options);
}

void Night::open_again(const NightOptions& options) {
  yaml_ = yaml_of(options);
  open_again();
}

void Night::open_again() { open_again_at(site_->clock()->now()); }

void Night::open_again_at(Time time) {
  site_->close();
  site_.reset();
  site_ = Observatory::open(parse_site(yaml_),
                            {.clock = Clock::simulated(time, speed), .state_folder = folder_.path() / "state"});
}

}  // namespace astro::testing
