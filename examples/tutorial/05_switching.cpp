// SPDX-License-Identifier: BSD-3-Clause
// Three ways to a spectrum in kelvin, and one that goes on until it is good enough.
//   tutorial_05 [SITE]      default: examples/sites/spectrometer.yaml
#include <astro/astro.hpp>
#include <cstdio>

using namespace astro::literals;
using namespace std::chrono_literals;

int main(int argc, char** argv) try {
  const auto site =
      astro::Observatory::open(argc > 1 ? argv[1] : "examples/sites/spectrometer.yaml",
                               {.clock = astro::Clock::simulated(astro::parse_time("2026-01-15T20:00:00"), 100)});
  astro::ObservationRequest request{
      .target = "galactic 180 0", .integration_time = 20s, .calibration_time = 20s, .channels = 256};
  const auto observe = [&](const char* name) {
    const auto result = astro::observe(site, request);
    std::printf("%s: %.0f K at VLSR %.0f km/s, noise %.2f K\n", name, result.peak.peak_k,
                result.peak.peak_velocity_km_s, result.peak.rms_k);
    return result;
  };

  // A diode of known temperature in place of the loads: nothing before the dish has to be moved.
  request.calibration = astro::CalibrationKind::noise_diode;
  observe("noise diode");

  // The target against a place with less hydrogen, at the same altitude: the same air, the same ground.
  request.calibration = astro::CalibrationKind::loads;
  request.mode = astro::Mode::position_switch;
  request.reference.azimuth_offset = 40_deg;
  observe("position switch");

  // The target against itself, tuned a little beside: all the time is spent on it.
  request.mode = astro::Mode::frequency_switch;
  request.frequency_shift = astro::kilohertz(1200);
  request.switch_every = 5s;
  observe("frequency switch");

  // Once more and once more until the noise is as wished, at most thirty times.
  request.repeat = 30;
  request.until_rms_k = 0.15;
  const auto result = observe("good enough");
  std::printf("it took %s passes\n", result.spectrum.exposure < 30 * request.integration_time ? "fewer than 30" : "30");
} catch (const astro::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}

// Output, about:
//   noise diode: 71 K at VLSR 0 km/s, noise 0.42 K
//   position switch: 66 K at VLSR 0 km/s, noise 0.33 K
//   frequency switch: 72 K at VLSR 0 km/s, noise 0.22 K
//   good enough: 72 K at VLSR 0 km/s, noise 0.14 K
//   it took fewer than 30 passes
