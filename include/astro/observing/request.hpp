// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "astro/coordinates.hpp"
#include "astro/export.hpp"
#include "astro/frequency.hpp"
#include "astro/record.hpp"
#include "astro/signal/spectrometer.hpp"
#include "astro/site.hpp"
#include "astro/sky/velocity.hpp"

namespace astro {

/// How an observation moves the beam and switches the receiver.
enum class Mode : std::uint8_t {
  track,             ///< follows the target
  drift,             ///< stands still where the target will be in the middle, and lets it pass
  position_switch,   ///< target and reference in turn
  frequency_switch,  ///< follows the target, two tunings in turn
  raster,            ///< a grid of points round the target, on each for `integration_time`
  cross,             ///< one line across the target and one along, moving
  map,               ///< on the fly: lines side by side, moving
  points,            ///< as raster, by whose brightest place the pointing is judged (the Sun)
  tipping,           ///< the blank sky at several altitudes: the opacity
  horizon,           ///< rows in azimuth at low altitudes: where the sky begins
  loads              ///< nothing but the calibration
};

template <>
struct Description<Mode> {
  static constexpr std::array choices{"track", "drift",  "position_switch", "frequency_switch", "raster", "cross",
                                      "map",   "points", "tipping",         "horizon",          "loads"};
};

/// What brings the receiver's units to kelvin.
enum class CalibrationKind : std::uint8_t { loads, noise_diode, none };

template <>
struct Description<CalibrationKind> {
  static constexpr std::array choices{"loads", "noise_diode", "none"};
};

/// What is kept of each integration.
enum class Product : std::uint8_t { spectra, continuum, recording, all };

template <>
struct Description<Product> {
  static constexpr std::array choices{"spectra", "continuum", "recording", "all"};
};

/// A kind of file that is made of an observation at its end.
enum class ProductFile : std::uint8_t { fits, sdfits, csv, sigmf };

template <>
struct Description<ProductFile> {
  static constexpr std::array choices{"fits", "sdfits", "csv", "sigmf"};
};

/// In which direction offsets are counted. The first is along parallels and true on the sky (its
/// angle is that on the great circle).
enum class OffsetFrame : std::uint8_t { altaz, icrs, galactic };

template <>
struct Description<OffsetFrame> {
  static constexpr std::array choices{"altaz", "icrs", "galactic"};
};

/// The area that raster, cross, map, points and horizon cover, centred on the target.
struct ScanArea {
  OffsetFrame frame = OffsetFrame::icrs;
  Angle width = degrees(2);      ///< along parallels
  Angle height = degrees(2);     ///< along meridians
  Angle spacing = degrees(0.5);  ///< of points, and of lines
  Angle speed_per_s = degrees(0.1);
};

template <>
struct Description<ScanArea> {
  static constexpr std::array fields{
      field<&ScanArea::frame>("frame", {.says = "whose parallels and meridians its sides follow"}),
      field<&ScanArea::width>("width", {.min = 0, .max = 360, .says = "along parallels, on the sky"}),
      field<&ScanArea::height>("height", {.min = 0, .max = 180, .says = "along meridians"}),
      field<&ScanArea::spacing>("spacing", {.min = 1e-4, .max = 90, .says = "from point to point, from line to line"}),
      field<&ScanArea::speed_per_s>("speed_per_second", {.min = 1e-6, .max = 20, .says = "of the beam along a line"})};
};

/// The reference of a position switch.
struct Reference {
  std::string target{};                ///< or, when empty:
  Angle azimuth_offset = degrees(10);  ///< at the target's altitude: the same air, the same ground
};

template <>
struct Description<Reference> {
  static constexpr std::array fields{
      field<&Reference::target>("target", {.unit = "target", .says = "where nothing is; empty: beside the target"}),
      field<&Reference::azimuth_offset>(
          "azimuth_offset", {.min = -90, .max = 90, .says = "beside the target at its altitude, on the sky"})};
};

/// The altitudes of a tipping curve, evenly spaced in air mass.
struct TippingRange {
  Angle lowest = degrees(20);
  Angle highest = degrees(80);
  std::int64_t count = 6;
};

template <>
struct Description<TippingRange> {
  static constexpr std::array fields{
      field<&TippingRange::lowest>("lowest", {.min = 3, .max = 90, .says = "altitude"}),
      field<&TippingRange::highest>("highest", {.min = 3, .max = 90, .says = "altitude"}),
      field<&TippingRange::count>("count", {.min = 2, .max = 100, .says = "of altitudes"})};
};

/// What somebody wishes to observe. Every mode is made of the same steps (`steps_of`), so that times
/// mean the same in each: `integration_time` is spent on each place that the mode visits (on both
/// sides of a switch together; moving lines take as long as their speed says), in spectra of `integration`.
struct ObservationRequest {
  std::string target{};       ///< as `parse_target` reads it
  std::string target_name{};  ///< for people; empty: the target
  Mode mode = Mode::track;
  std::string receiver{};  ///< empty: the only one of the site
  std::string store{};     ///< empty: the only one of the site
  Frequency center_frequency = hydrogen_line;
  Frequency rest_frequency = hydrogen_line;  ///< of the line: what velocities are of, and where it is looked for
  Frequency bandwidth{};                     ///< sample rate to be had; zero: as the receiver is set
  std::optional<double> gain_db{};           ///< of the receiver; nothing: as it is set
  Value receiver_options{};                  ///< as `Tuning::options`: gain elements, exposure; null: as they are set
  Duration integration_time = std::chrono::seconds(60);
  Duration integration = std::chrono::seconds(1);  ///< length of one spectrum that is stored
  CalibrationKind calibration = CalibrationKind::loads;
  Duration calibration_time = std::chrono::seconds(20);  ///< on each load, on the diode
  Duration calibrate_every{};                            ///< zero: once, before
  std::uint32_t channels = 1024;
  Window window = Window::hann;
  std::uint32_t taps = 1;
  std::uint32_t kurtosis = 0;
  Product product = Product::spectra;
  std::int64_t repeat = 1;   ///< passes through the mode
  double until_rms_k = 0.0;  ///< no further pass once a channel's noise (of each place) is below; 0: all of them
  Reference reference{};
  Frequency frequency_shift = megahertz(1);  ///< of a frequency switch
  Duration switch_every = std::chrono::seconds(10);
  ScanArea scan{};
  TippingRange tipping{};
  sky::VelocityFrame velocity_frame = sky::VelocityFrame::lsrk;  ///< of the line's velocity and of all that is exported
  bool analysis = true;                                          ///< reduced at its end; else only stored
  std::vector<ProductFile> files{};                              ///< made at its end, in `products` of the state folder
  std::string output_filename{};  ///< of those, without ending; empty: the observation's id
  std::optional<Time> planned_start{};
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
      field<&R::mode>("mode", {.says = "how the beam moves and the receiver switches"}),
      field<&R::receiver>("receiver",
                          {.says = "empty: the only one of the site", .required = false, .names = "receiver"}),
      field<&R::store>(
          "store",
          {.says = "where the integrations go; empty: the only one of the site", .required = false, .names = "store"}),
      field<&R::center_frequency>("center_frequency", {.min = 1, .says = "centre of the band"}),
      field<&R::rest_frequency>("rest_frequency", {.min = 1, .says = "of the line that velocities are of"}),
      field<&R::bandwidth>("bandwidth", {.min = 0, .says = "sample rate; 0: as the receiver is set"}),
      field<&R::gain_db>("gain", {.unit = "dB", .says = "of the receiver; empty: as it is set"}),
      field<&R::receiver_options>(
          "receiver_options", {.says = "what the receiver has besides, such as gain elements; empty: as it is set"}),
      field<&R::integration_time>("integration_time", {.min = 0.001, .max = 1e6, .says = "on each place of the mode"}),
      field<&R::integration>("integration",
                             {.min = 0.001, .max = 1e5, .says = "length of one spectrum that is stored"}),
      field<&R::calibration>("calibration", {.says = "what brings it to kelvin"}),
      field<&R::calibration_time>("calibration_time", {.min = 0.001, .max = 1e5, .says = "on each load, on the diode"}),
      field<&R::calibrate_every>("calibrate_every", {.min = 0, .max = 1e6, .says = "again after so long; 0: once"}),
      field<&R::channels>("channels", {.min = 2, .max = 1048576, .says = "of the spectrum"}),
      field<&R::window>("window", {.says = "taper of the transform"}),
      field<&R::taps>("taps", {.min = 1, .max = 32, .says = "1: transform; more: polyphase filterbank"}),
      field<&R::kurtosis>("kurtosis", {.min = 0, .max = 16384, .says = "transforms judged together; 0: no flags"}),
      field<&R::product>("product", {.says = "what is kept of each integration"}),
      field<&R::repeat>("repeat", {.min = 1, .max = 100000, .says = "passes through the mode"}),
      field<&R::until_rms_k>("until_rms", {.unit = "K", .min = 0, .says = "no further pass below this noise; 0: all"}),
      field<&R::reference>("reference", {.says = "of a position switch"}),
      field<&R::frequency_shift>("frequency_shift", {.says = "of a frequency switch"}),
      field<&R::switch_every>("switch_every", {.min = 0.001, .max = 1e5, .says = "time on one side of a switch"}),
      field<&R::scan>("scan", {.says = "area of raster, cross, map, points and horizon"}),
      field<&R::tipping>("tipping", {.says = "altitudes of a tipping curve"}),
      field<&R::velocity_frame>("velocity_frame", {.says = "in which velocities are told and exported"}),
      field<&R::analysis>("analysis", {.says = "reduced at its end; false: only stored"}),
      field<&R::files>("files", {.says = "made of it at its end, in products/ of the state folder"}),
      field<&R::output_filename>(
          "output_filename", {.says = "of those files, without folder and ending; empty: its id", .required = false}),
      field<&R::planned_start>("planned_start", {.says = "not before; empty: now"}),
      field<&R::observer>("observer", {.says = "who asks", .required = false})};
};

/// What people call it: the target's name where it has one, else the target.
inline const std::string& name_of(const ObservationRequest& request) noexcept {
  return request.target_name.empty() ? request.target : request.target_name;
}

/// Reads a request file; throws `SiteError` with every problem. With a site it is checked against it.
ASTRO_API ObservationRequest load_request(const std::filesystem::path& file, const Site* site = nullptr);

/// How a receiver is calibrated: the site file's `calibration:` section, by receiver.
///
///     calibration:
///       hydrogen:
///         hot: {temperature: 295 K, controller: frontend, command: select_load, parameters: {load: hot}}
///         cold: {temperature: 10 K, target: "altaz 0 80"}
///         sky: {controller: frontend, command: select_load, parameters: {load: sky}}
///         noise_diode: {temperature: 100 K, controller: frontend, command: select_load, parameters: {load:
///         noise_diode}}
struct Load {
  std::optional<double> temperature_k{};  ///< what the receiver sees there, what a diode adds; not of `sky`
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
  Load sky{};                      ///< back to the sky; a noise diode off
  Load noise_diode{};              ///< sky and noise diode
  Angle beam_width{};              ///< full width at half maximum; maps are gridded by it
  std::optional<double> tsys_k{};  ///< what one may expect: plans state a noise by it
};

template <>
struct Description<CalibrationSection> {
  static constexpr std::array fields{
      field<&CalibrationSection::hot>("hot", {.says = "the warm load"}),
      field<&CalibrationSection::cold>("cold", {.says = "the cold load or blank sky"}),
      field<&CalibrationSection::sky>("sky", {.says = "back to the sky"}),
      field<&CalibrationSection::noise_diode>("noise_diode", {.says = "adds its temperature to the sky"}),
      field<&CalibrationSection::beam_width>(
          "beam_width", {.min = 0, .max = 60, .says = "full width at half maximum; maps are gridded by it"}),
      field<&CalibrationSection::tsys_k>("tsys",
                                         {.unit = "K", .min = 0, .says = "to be expected; plans state a noise by it"})};
};

}  // namespace astro
