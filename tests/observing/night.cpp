// SPDX-License-Identifier: BSD-3-Clause
#include "observing/night.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <thread>

#include "astro/messaging/node.hpp"
#include "astro/sky/events.hpp"
#include "astro/sky/frames.hpp"
#include "testing/server.hpp"

namespace astro::testing {

using namespace astro::literals;
using namespace std::chrono_literals;

namespace {

constexpr const char* node_name = "hill";

/// ASTRO_TEST_RUNS=apart: the same tests with each driver in a process of its own; =node: on a node.
std::string place() {
  const char* given = std::getenv("ASTRO_TEST_RUNS");
  return given == nullptr ? "" : given;
}
bool is_on_node() { return place() == "node"; }
std::string runs() {
  if (is_on_node()) return std::string(", runs: {node: ") + node_name + "}";
  return place().empty() ? "" : ", runs: " + place();
}

/// As fast as the machine can follow: readings of the mount must not lie seconds apart, and a command must not expire
/// on its way to a node.
double speed() {
  if (is_on_node()) return 4.0;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 150.0;
#else
  return 1000.0;
#endif
}

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
  if (is_on_node()) broker_ = std::make_unique<Server>("mosquitto");
  yaml_ = yaml_of(options);
  open_at(start_);
}

Night::~Night() = default;

void Night::open_at(Time time) {
  const auto clock = Clock::simulated(time, speed());
  if (broker_) {
    node_ = std::make_unique<messaging::Node>(messaging::Node::open(
        parse_site(yaml_, {.node = node_name}), node_name, {.state_folder = folder_.path() / "node", .clock = clock}));
  }
  site_ = Observatory::open(parse_site(yaml_), {.clock = clock, .state_folder = folder_.path() / "state"});
  const auto is_there = [&] { return site_->mount("dish").status().time != Time{}; };
  for (int i = 0; broker_ && !is_there() && i < 1000; ++i) std::this_thread::sleep_for(10ms);
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
      (broker_ ? "transports:\n  broker: {driver: mqtt, url: \"mqtt://127.0.0.1:" + std::to_string(broker_->port()) +
                     "\"}\nnodes: {unsynchronised_clock: true}\n"
               : "") +
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
  node_.reset();
  open_at(time);
}

}  // namespace astro::testing
