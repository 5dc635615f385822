// SPDX-License-Identifier: BSD-3-Clause
// What is between the dish and the stars: the air, the ground; and the sky that goes by while the dish stands still.
//   tutorial_08 [SITE]      default: examples/sites/spectrometer.yaml
#include <astro/astro.hpp>
#include <cstdio>
#include <map>

using namespace astro::literals;
using namespace std::chrono_literals;

static std::map<std::string, double> carried_out(const astro::Observatory& site, astro::ObservationRequest request) {
  request.product = astro::Product::continuum;
  request.calibration_time = 10s;
  request.channels = 256;
  std::map<std::string, double> found;
  for (const astro::Finding& each : astro::observe(site, request).findings) found[each.name] = each.value;
  return found;
}

int main(int argc, char** argv) try {
  const auto site =
      astro::Observatory::open(argc > 1 ? argv[1] : "examples/sites/spectrometer.yaml",
                               {.clock = astro::Clock::simulated(astro::parse_time("2026-01-15T13:00:00"), 100)});
  using astro::Mode;

  // The lower, the more air, and air is warm. The diode is behind the air, so that its scale holds at each altitude.
  auto found = carried_out(site, {.target = "altaz 30 45",
                                  .mode = Mode::tipping,
                                  .integration_time = 5s,
                                  .calibration = astro::CalibrationKind::noise_diode,
                                  .tipping = {.lowest = 15_deg, .highest = 80_deg, .count = 6}});
  std::printf("tipping: %.3f nepers at the zenith\n", found.at("opacity"));

  // Rows in azimuth at low altitudes: where does the warm ground end?
  const astro::ScanArea rows{
      .frame = astro::OffsetFrame::altaz, .width = 20_deg, .height = 20_deg, .spacing = 4_deg, .speed_per_s = 4_deg};
  found = carried_out(site, {.target = "altaz 60 10", .mode = Mode::horizon, .scan = rows});
  std::printf("horizon: from %.0f K to %.0f K, ground below %.0f deg in the east\n", found.at("coldest"),
              found.at("warmest"), found.at("ground_below_at_60"));

  // The dish stands where the Sun will be in two minutes, and waits.
  found = carried_out(site, {.target = "sun", .mode = Mode::drift, .integration_time = 4min, .integration = 5s});
  std::printf("drift: %.0f K, %.1f deg from where it was expected\n", found.at("brightest"), found.at("brightest_x"));
} catch (const astro::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}

// Output, about:
//   tipping: 0.006 nepers at the zenith
//   horizon: from 11 K to 186 K, ground below 4 deg in the east
//   drift: 978 K, 0.4 deg from where it was expected
