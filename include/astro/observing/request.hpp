// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "astro/coordinates.hpp"
#include "astro/export.hpp"
#include "astro/frequency.hpp"
#include "astro/record.hpp"
#include "astro/signal/spectrometer.hpp"
#include "astro/site.hpp"

namespace astro {

/// What somebody wishes to observe: one target, tracked, calibrated hot and cold, integrated.
struct ObservationRequest {
  std::string target{};       ///< as `parse_target` reads it
  std::string target_name{};  ///< for people; empty: the target
  std::string receiver{};     ///< empty: the only one of the site
  std::string store{};        ///< empty: the only one of the site
  Frequency center_frequency = hydrogen_line;
  Duration integration_time = std::chrono::seconds(60);  ///< on the sky
  Duration calibration_time = std::chrono::seconds(20);  ///< on each load
  Duration integration = std::chrono::seconds(1);        ///< length of one spectrum that is stored
  std::uint32_t channels = 1024;
  Window window = Window::hann;
  std::string observer{};
};

template <>
struct Description<ObservationRequest> {
  static constexpr const char* name = "request";
  using R = ObservationRequest;
  static constexpr std::array fields{
      field<&R::target>(
          "target", {.unit = "target",
                     .says = "where to point: \"galactic 120 0\", \"icrs 10.684 41.269\", \"altaz 180 45\", \"sun\"",
                     .required = true}),
      field<&R::target_name>("target_name", {.says = "for people; empty: the target", .required = false}),
      field<&R::receiver>("receiver",
                          {.says = "empty: the only one of the site", .required = false, .names = "receiver"}),
      field<&R::store>(
          "store",
          {.says = "where the integrations go; empty: the only one of the site", .required = false, .names = "store"}),
      field<&R::center_frequency>("center_frequency", {.min = 1, .says = "centre of the band"}),
      field<&R::integration_time>("integration_time", {.min = 0.001, .max = 1e6, .says = "on the sky"}),
      field<&R::calibration_time>("calibration_time", {.min = 0.001, .max = 1e5, .says = "on each load"}),
      field<&R::integration>("integration",
                             {.min = 0.001, .max = 1e5, .says = "length of one spectrum that is stored"}),
      field<&R::channels>("channels", {.min = 2, .max = 1048576, .says = "of the spectrum"}),
      field<&R::window>("window", {.says = "taper of the transform"}),
      field<&R::observer>("observer", {.says = "who asks", .required = false})};
};

/// Reads a request file; throws `SiteError` with every problem. With a site it is checked against it.
ASTRO_API ObservationRequest load_request(const std::filesystem::path& file, const Site* site = nullptr);

/// How a receiver is calibrated: the site file's `calibration:` section, by receiver.
///
///     calibration:
///       hydrogen:
///         hot: {temperature: 295 K, controller: frontend, command: select_load, parameters: {load: hot}}
///         cold: {temperature: 10 K, target: "altaz 0 80"}
///         sky: {controller: frontend, command: select_load, parameters: {load: sky}}
struct Load {
  std::optional<double> temperature_k{};  ///< what the receiver sees there; not of `sky`
  std::string target{};                   ///< where the beam has to point for it; empty: anywhere
  std::string controller{};               ///< what switches it; empty: nothing
  std::string command{};
  Value parameters{};
};

template <>
struct Description<Load> {
  static constexpr std::array fields{
      field<&Load::temperature_k>("temperature", {.unit = "K", .min = 0, .says = "what the receiver sees there"}),
      field<&Load::target>("target", {.unit = "target", .says = "where the beam has to point for it"}),
      field<&Load::controller>("controller", {.says = "what switches it", .required = false, .names = "controller"}),
      field<&Load::command>("command", {.says = "command of that controller", .required = false}),
      field<&Load::parameters>("parameters", {.says = "parameters of that command"})};
};

struct CalibrationSection {
  Load hot{};
  Load cold{};
  Load sky{};  ///< back to the sky
};

template <>
struct Description<CalibrationSection> {
  static constexpr std::array fields{field<&CalibrationSection::hot>("hot", {.says = "the warm load"}),
                                     field<&CalibrationSection::cold>("cold", {.says = "the cold load or blank sky"}),
                                     field<&CalibrationSection::sky>("sky", {.says = "back to the sky"})};
};

}  // namespace astro
