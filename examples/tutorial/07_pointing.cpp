// SPDX-License-Identifier: BSD-3-Clause
// Where the beam really looks: points round the Sun from morning to afternoon, and the errors of the mount that explain
// them.
//   tutorial_07 [SITE]      default: examples/sites/spectrometer.yaml
#include <astro/astro.hpp>
#include <cmath>
#include <cstdio>
#include <map>

using namespace astro::literals;
using namespace std::chrono_literals;

int main(int argc, char** argv) try {
  const char* path = argc > 1 ? argv[1] : "examples/sites/spectrometer.yaml";
  const astro::ObservationRequest request{
      .target = "sun",
      .mode = astro::Mode::points,
      .integration_time = 1s,
      .calibration = astro::CalibrationKind::none,
      .product = astro::Product::continuum,
      .scan = {.frame = astro::OffsetFrame::altaz, .width = 6_deg, .height = 6_deg, .spacing = 2_deg}};

  std::vector<astro::sky::PointingObservation> observations;
  for (const int hour : {10, 12, 14, 16}) {
    const astro::Time start = astro::parse_time("2026-01-15T00:00:00") + std::chrono::hours(hour);
    const auto site = astro::Observatory::open(path, {.clock = astro::Clock::simulated(start, 60)});
    const auto result = astro::observe(site, request);
    const astro::AltAz sun = astro::sky::altaz(astro::Body::sun, site.location(), result.observation.created);
    std::map<std::string, double> found;
    for (const astro::Finding& each : result.findings) found[each.name] = each.value;
    // An offset is one on the sky; the azimuth axis turns further for it, the higher it looks.
    const astro::Axes place{sun.azimuth, sun.altitude};
    const double azimuth_deg = found.at("offset_x") / std::cos(sun.altitude.radians());
    const astro::Axes axes{place.first + astro::degrees(azimuth_deg),
                           place.second + astro::degrees(found.at("offset_y"))};
    observations.push_back({.place = place, .axes = axes, .error = astro::arcminutes(1)});
  }

  // IA and IE: the zero points of the two axes.
  const std::vector<std::string> terms{"IA", "IE"};
  const auto fit = astro::sky::fit_pointing(astro::Geometry::alt_az, terms, observations);
  for (const auto& term : fit.model.terms())
    std::printf("%s %.0f arcmin\n", std::string(term.name).c_str(), term.value.arcminutes());
  std::printf("left over: %s than 3 arcmin\n", fit.rms < astro::arcminutes(3) ? "less" : "more");
} catch (const astro::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}

// Output, about:
//   IA -30 arcmin
//   IE 18 arcmin
//   left over: less than 3 arcmin
