// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "astro/frequency.hpp"
#include "astro/record.hpp"
#include "faults.hpp"
#include "interference.hpp"

namespace simulator {

enum class Format : std::uint8_t { iq, spectra };
enum class Samples : std::uint8_t { cf32, cu8 };

/// A radio source without extent: its flux at 1 GHz, and how that falls.
struct Source {
  astro::Angle ra{};  ///< ICRS
  astro::Angle dec{};
  double flux_jy = 0.0;
  double spectral_index = -0.8;
};

struct ReceiverSettings {
  astro::Frequency frequency = astro::hydrogen_line;
  astro::Frequency sample_rate = astro::megahertz(2.4);
  astro::Frequency bandwidth{};
  double gain_db = 40.0;
  Format format = Format::iq;
  Samples samples = Samples::cf32;
  std::int64_t channels = 1024;
  astro::Duration integration = std::chrono::seconds(1);
  std::string frontend{};

  double dish_diameter_m = 3.0;
  astro::Angle beam_width{};
  double spillover = 0.0165;
  double sun_sfu = 50.0;
  std::vector<Source> sources{};
  double opacity = 0.007;
  double ground_k = 290.0;
  double receiver_k = 80.0;
  astro::Angle fixed_azimuth = astro::degrees(180);
  astro::Angle fixed_altitude = astro::degrees(90);

  double ripple = 0.1;
  double gain_drift = 0.001;
  std::vector<Rfi> rfi{};
  astro::Duration buffer = std::chrono::milliseconds(500);
  std::int64_t seed = 1;
  std::string truth{};
  bool truth_profile = false;
  std::vector<Fault> faults{};
};

}  // namespace simulator

template <>
struct astro::Description<simulator::Format> {
  static constexpr std::array choices{"iq", "spectra"};
};

template <>
struct astro::Description<simulator::Samples> {
  static constexpr std::array choices{"cf32", "cu8"};
};

template <>
struct astro::Description<simulator::Source> {
  using S = simulator::Source;
  static constexpr std::array fields{
      field<&S::ra>("ra", {.says = "ICRS", .required = true}),
      field<&S::dec>("dec", {.min = -90, .max = 90, .says = "ICRS", .required = true}),
      field<&S::flux_jy>("flux", {.unit = "Jy", .min = 0, .says = "at 1 GHz", .required = true}),
      field<&S::spectral_index>("spectral_index", {.min = -5, .max = 5, .says = "power of the frequency"})};
};

template <>
struct astro::Description<simulator::ReceiverSettings> {
  using S = simulator::ReceiverSettings;
  static constexpr std::array fields{
      field<&S::frequency>("frequency", {.min = 1e6, .max = 1e11, .says = "centre of the band"}),
      field<&S::sample_rate>("sample_rate",
                             {.min = 1000, .max = 1e8, .says = "samples a second, or width of the band"}),
      field<&S::bandwidth>("bandwidth", {.min = 0, .says = "of the filter; zero: the sample rate"}),
      field<&S::gain_db>("gain", {.unit = "dB", .min = 0, .max = 100, .says = "40 dB: 100 K in 2.4 MHz are 0.15 rms"}),
      field<&S::format>("format", {.says = "samples, or spectra as of a spectrometer"}),
      field<&S::samples>("samples", {.says = "kind of the samples"}),
      field<&S::channels>("channels", {.min = 16, .max = 65536, .says = "of a spectrum"}),
      field<&S::integration>("integration", {.min = 1e-4, .max = 3600, .says = "of a spectrum"}),
      field<&S::frontend>("frontend",
                          {.says = "the simulator.frontend that switches its loads", .names = "controller"}),
      field<&S::dish_diameter_m>("dish_diameter", {.unit = "m", .min = 0.1, .max = 500, .says = "gives the beam"}),
      field<&S::beam_width>("beam_width", {.min = 0, .max = 60, .says = "full width at half maximum, instead"}),
      field<&S::spillover>("spillover", {.min = 0, .max = 1, .says = "part of the beam that sees the ground"}),
      field<&S::sun_sfu>("sun_flux", {.unit = "SFU", .min = 0, .says = "flux of the Sun, 1e-22 W / m^2 / Hz"}),
      field<&S::sources>("sources", {.says = "without extent, besides Sun and Galaxy"}),
      field<&S::opacity>(
          "opacity", {.min = 0, .max = 2, .says = "of the air at the zenith; 0.007: oxygen at 21 cm (ITU-R P.676)"}),
      field<&S::ground_k>("ground_temperature", {.unit = "K", .min = 0, .max = 400, .says = "of the ground"}),
      field<&S::receiver_k>("receiver_temperature",
                            {.unit = "K", .min = 0, .max = 1e5, .says = "of the receiver's noise"}),
      field<&S::fixed_azimuth>("fixed_azimuth", {.says = "of the beam, without a mount"}),
      field<&S::fixed_altitude>("fixed_altitude", {.min = -90, .max = 90, .says = "of the beam, without a mount"}),
      field<&S::ripple>("ripple", {.min = 0, .max = 0.9, .says = "of the bandpass, relative"}),
      field<&S::gain_drift>("gain_drift",
                            {.min = 0, .max = 0.3, .says = "standard deviation of the gain's slow wander"}),
      field<&S::rfi>("rfi", {.says = "interference"}),
      field<&S::buffer>("buffer", {.min = 0.01, .max = 60, .says = "how far it may fall behind the system's clock"}),
      field<&S::seed>("seed", {.says = "of everything that is random"}),
      field<&S::truth>("truth", {.unit = "path", .says = "file of JSON lines with what was simulated"}),
      field<&S::truth_profile>("truth_profile", {.says = "writes the line's profile into it as well"}),
      field<&S::faults>("faults", {.says = "what goes wrong, and when"})};
};
