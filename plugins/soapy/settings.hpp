// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>

#include "astro/frequency.hpp"
#include "astro/record.hpp"

namespace soapy {

enum class Format : std::uint8_t { native, cf32, ci16, ci8, cu8 };

struct Settings {
  std::string device{};
  std::int64_t channel = 0;
  astro::Frequency frequency = astro::hydrogen_line;
  astro::Frequency sample_rate = astro::megahertz(2.4);
  astro::Frequency bandwidth{};
  std::optional<double> gain_db{};
  std::string antenna{};
  Format format = Format::native;
  double correction_ppm = 0.0;
  bool bias_tee = false;
  std::string clock_source{};
  std::string time_source{};
  std::string settings{};
  std::string stream{};
};

}  // namespace soapy

template <>
struct astro::Description<soapy::Format> {
  static constexpr std::array choices{"native", "cf32", "ci16", "ci8", "cu8"};
};

template <>
struct astro::Description<soapy::Settings> {
  using S = soapy::Settings;
  static constexpr std::array fields{
      field<&S::device>("device", {.says = "which one, as `SoapySDRUtil --find` lists it: \"driver=rtlsdr,serial=1\"; "
                                           "empty: the first",
                                   .required = false}),
      field<&S::channel>("channel", {.min = 0, .max = 63, .says = "of those that receive"}),
      field<&S::frequency>("frequency", {.min = 0, .says = "centre of the band until it is tuned"}),
      field<&S::sample_rate>("sample_rate", {.min = 1, .says = "complex samples a second until it is tuned"}),
      field<&S::bandwidth>("bandwidth", {.min = 0, .says = "of the analogue filter; 0: as the driver likes"}),
      field<&S::gain_db>("gain", {.unit = "dB", .says = "of all elements together; null: automatic, if it has that"}),
      field<&S::antenna>("antenna", {.says = "input that is used; empty: as the driver likes", .required = false}),
      field<&S::format>("format", {.says = "of the samples; native: what the hardware sends"}),
      field<&S::correction_ppm>("correction", {.unit = "ppm", .min = -500, .max = 500, .says = "of its oscillator"}),
      field<&S::bias_tee>("bias_tee", {.says = "feeds the amplifier at the dish through the cable"}),
      field<&S::clock_source>("clock_source", {.says = "its frequency reference: \"external\"", .required = false}),
      field<&S::time_source>("time_source", {.says = "its time reference: \"gpsdo\"", .required = false}),
      field<&S::settings>("settings", {.says = "of its driver: \"key=value, key=value\"", .required = false}),
      field<&S::stream>("stream", {.says = "arguments of its stream: \"buffers=32\"", .required = false})};
};
