// SPDX-License-Identifier: BSD-3-Clause
// The beam goes over the sky: across the Sun, over it line by line, and across the Milky Way point by point.
//   tutorial_06 [SITE]      default: examples/sites/spectrometer.yaml
#include <astro/astro.hpp>
#include <cmath>
#include <cstdio>
#include <map>

using namespace astro::literals;
using namespace std::chrono_literals;

struct Observed {
  std::string id;
  std::map<std::string, double> found;
};

static Observed carried_out(const astro::Observatory& site, astro::ObservationRequest request) {
  request.product = astro::Product::continuum;
  request.calibration_time = 5s;
  request.channels = 256;
  const auto result = astro::observe(site, request);
  Observed observed{.id = result.observation.id, .found = {}};
  for (const astro::Finding& each : result.findings) observed.found[each.name] = each.value;
  return observed;
}

int main(int argc, char** argv) try {
  const auto site =
      astro::Observatory::open(argc > 1 ? argv[1] : "examples/sites/spectrometer.yaml",
                               {.clock = astro::Clock::simulated(astro::parse_time("2026-01-15T13:00:00"), 40)});
  using astro::Mode;
  using astro::OffsetFrame;

  // A line across and a line along, moving: how wide is the beam?
  const astro::ScanArea lines{.frame = OffsetFrame::altaz, .width = 16_deg, .height = 16_deg, .speed_per_s = 1_deg};
  const Observed cross = carried_out(site, {.target = "sun", .mode = Mode::cross, .scan = lines});
  std::printf("cross: the beam is %.2f deg wide\n", cross.found.at("beam_width"));

  // Lines side by side, moving: a picture, and where on it is the Sun?
  const astro::ScanArea area{
      .frame = OffsetFrame::altaz, .width = 10_deg, .height = 8_deg, .spacing = 2_deg, .speed_per_s = 2_deg};
  const Observed map = carried_out(site, {.target = "sun", .mode = Mode::map, .scan = area});
  std::printf("map: the Sun is at %.1f, %.1f deg\n", map.found.at("offset_x"), map.found.at("offset_y"));
  const auto written = astro::export_observation(site.store("archive"), map.id, site.site(), "sun.fits");
  const astro::files::Cube image = astro::files::read_cube(written.at(0));
  const std::size_t axes = image.shape.size();
  std::printf("wrote sun.fits: %zu x %zu pixels\n", image.shape.at(axes - 1), image.shape.at(axes - 2));

  // Points, on each for a while: from 20 degrees below the Milky Way to 20 degrees above it.
  const astro::ScanArea points{.frame = OffsetFrame::galactic, .width = 0_deg, .height = 40_deg, .spacing = 10_deg};
  const Observed raster =
      carried_out(site, {.target = "galactic 75 0", .mode = Mode::raster, .integration_time = 2s, .scan = points});
  std::printf("raster: brightest %.1f deg from the plane\n", std::abs(raster.found.at("brightest_y")));
} catch (const astro::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}

// Output, about:
//   cross: the beam is 4.85 deg wide
//   map: the Sun is at -0.4, 0.3 deg
//   wrote sun.fits: 10 x 9 pixels
//   raster: brightest 0.0 deg from the plane
