// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "astro/export.hpp"
#include "astro/observatory.hpp"
#include "astro/observing/program.hpp"
#include "astro/signal/calibration.hpp"
#include "astro/signal/spectrometer.hpp"

/// \file
/// From a request to a product. The building blocks (`integrate`, `calibrate`) are what programs and
/// notebooks use; `observe` puts them together, stores every integration and can be cancelled at any
/// moment.
namespace astro {

/// Integrates a receiver for so long (observatory's time) and returns the spectrum with where its
/// dish pointed, from the mount's history. Throws `timeout` when the receiver starves, `interrupted`.
ASTRO_API Spectrum integrate(const Observatory& site, const std::string& receiver, const Spectrometer& spectrometer,
                             Duration duration, const std::stop_token& stop = {});

/// Hot and cold calibration with the loads that the site describes, then back to the sky. A mount
/// that was moved for it returns to what it did before.
ASTRO_API Calibration calibrate(const Observatory& site, const std::string& receiver, const Spectrometer& spectrometer,
                                Duration duration, const std::stop_token& stop = {});

/// One stored spectrum: uncalibrated, with everything that is needed to reduce it again.
struct Integration {
  std::string id{};  ///< observation and sequence
  std::string observation_id{};
  std::int64_t sequence = 0;  ///< from 0, over all phases
  Phase phase = Phase::sky;
  std::int64_t step = 0;  ///< of the observation's steps
  std::int64_t scan = 0;  ///< of that step
  Time start{};
  Time mid{};
  Duration duration{};
  Duration exposure{};
  double effective_averages = 0.0;
  std::int64_t samples = 0;
  std::int64_t samples_lost = 0;
  FrequencyAxis axis{};
  std::vector<float> power{};
  std::vector<float> weight{};
  Angle ra{};  ///< ICRS; meaningful when `pointing_known`
  Angle dec{};
  Angle azimuth{};
  Angle altitude{};
  bool pointing_known = false;
  std::string receiver{};
};

template <>
struct Description<Integration> {
  static constexpr const char* name = "integration";
  using I = Integration;
  static constexpr std::array fields{
      field<&I::id>("id", {.says = "observation and sequence"}),
      field<&I::observation_id>("observation_id", {.says = "the observation that it belongs to"}),
      field<&I::sequence>("sequence", {.says = "from 0, over all phases"}),
      field<&I::phase>("phase", {.says = "what was in the beam"}),
      field<&I::step>("step", {.says = "which of the observation's steps"}),
      field<&I::scan>("scan", {.says = "steps of one scan belong together"}),
      field<&I::start>("start", {.says = "UTC of the first sample"}),
      field<&I::mid>("mid", {.says = "UTC of the middle"}),
      field<&I::duration>("duration", {.says = "from the first sample to the last"}),
      field<&I::exposure>("exposure", {.says = "of that, what was not lost"}),
      field<&I::effective_averages>("effective_averages", {.says = "independent spectra averaged"}),
      field<&I::samples>("samples", {.says = "items that went in"}),
      field<&I::samples_lost>("samples_lost", {.says = "items that were lost"}),
      field<&I::axis>("axis", {.says = "frequency axis"}),
      field<&I::power>("power", {.says = "power of each channel"}),
      field<&I::weight>("weight", {.says = "weight of each channel"}),
      field<&I::ra>("ra", {.says = "ICRS right ascension of the beam at mid-time"}),
      field<&I::dec>("dec", {.says = "ICRS declination of the beam at mid-time"}),
      field<&I::azimuth>("azimuth", {.says = "of the beam at mid-time"}),
      field<&I::altitude>("altitude", {.says = "of the beam at mid-time, no refraction"}),
      field<&I::pointing_known>("pointing_known", {.says = "whether anybody said where the beam was"}),
      field<&I::receiver>("receiver", {.says = "name of the receiver in the site"})};
};

/// `sequence` counts all integrations of the observation, `number` says which of its steps this one is.
ASTRO_API Integration to_integration(const Spectrum& spectrum, const std::string& observation_id, std::int64_t sequence,
                                     const Step& step, std::int64_t number);
ASTRO_API Spectrum to_spectrum(const Integration& integration, const Location& site);

/// Samples of a receiver that were recorded while they were integrated: a pair of SigMF files.
struct Recording {
  std::string id{};
  std::string observation_id{};
  std::int64_t step = 0;
  std::string path{};  ///< of the data; the JSON lies beside it
  Time start{};
  Frequency frequency{};
  Frequency sample_rate{};
  std::int64_t samples = 0;
  std::int64_t samples_lost = 0;  ///< within it
};

template <>
struct Description<Recording> {
  static constexpr const char* name = "recording";
  using R = Recording;
  static constexpr std::array fields{
      field<&R::id>("id", {.says = "observation, step and more"}),
      field<&R::observation_id>("observation_id", {.says = "the observation that it belongs to"}),
      field<&R::step>("step", {.says = "which of the observation's steps"}),
      field<&R::path>("path", {.says = "file of the samples; the JSON lies beside it"}),
      field<&R::start>("start", {.says = "UTC of the first sample"}),
      field<&R::frequency>("frequency", {.says = "centre of the band"}),
      field<&R::sample_rate>("sample_rate", {.says = "complex samples a second"}),
      field<&R::samples>("samples", {.says = "complex samples"}),
      field<&R::samples_lost>("samples_lost", {.says = "within it"})};
};

enum class ObservationState : std::uint8_t { running, completed, failed, cancelled };

template <>
struct Description<ObservationState> {
  static constexpr std::array choices{"running", "completed", "failed", "cancelled"};
};

/// The record of one observation. One that was cut short can be reduced as far as it came, and resumed.
struct Observation {
  std::string id{};
  std::int64_t revision = 0;
  ObservationRequest request{};
  std::vector<Step> steps{};
  ObservationState state = ObservationState::running;
  std::string reason{};  ///< of a failure or a cancel
  Time created{};
  Time ended{};
  double hot_k = 0.0;
  double cold_k = 0.0;
  double noise_diode_k = 0.0;
  std::string software{};
  std::string site{};
};

template <>
struct Description<Observation> {
  static constexpr const char* name = "observation";
  using O = Observation;
  static constexpr std::array fields{
      field<&O::id>("id", {.says = "unlike any other"}),
      field<&O::revision>("revision", {.says = "counts changes"}),
      field<&O::request>("request", {.says = "what was asked for"}),
      field<&O::steps>("steps", {.says = "what the request came to"}),
      field<&O::state>("state", {.says = "how far it is"}),
      field<&O::reason>("reason", {.says = "of a failure or a cancel"}),
      field<&O::created>("created", {.says = "when it began"}),
      field<&O::ended>("ended", {.says = "when it ended"}),
      field<&O::hot_k>("hot_k", {.unit = "K", .says = "temperature of the hot load"}),
      field<&O::cold_k>("cold_k", {.unit = "K", .says = "temperature of the cold load"}),
      field<&O::noise_diode_k>("noise_diode_k", {.unit = "K", .says = "that the noise diode adds"}),
      field<&O::software>("software", {.says = "name and version of what observed"}),
      field<&O::site>("site", {.says = "name of the site"})};
};

/// What a receiver sees while it is integrated. The arrays have `axis.channels` elements.
struct LiveSpectrum {
  std::string observation_id{};
  std::int64_t number = 0;   ///< of those that were told of this observation, from 0
  Phase phase = Phase::sky;  ///< what is in the beam
  std::string stage{};       ///< the step's label
  Time time{};               ///< until then
  Duration exposure{};       ///< that is in `value`
  FrequencyAxis axis{};
  std::string unit{};          ///< "K"; "Tsys" of a switched mode without calibration; "counts" before it is calibrated
  std::vector<float> value{};  ///< average of this step so far
  std::vector<float> sigma{};  ///< standard error of each channel
  std::vector<float> row{};    ///< what came since the last one: a row of a waterfall; may be empty at a step's begin
  double total_power = 0.0;    ///< mean of that over the band
  sky::VelocityFrame velocity_frame = sky::VelocityFrame::lsrk;  ///< the request's
  std::optional<double> first_velocity_km_s{};  ///< of channel 0, radio definition; nothing: the pointing is not known
  double velocity_step_km_s = 0.0;              ///< from one channel to the next: negative
  double fraction = 0.0;                        ///< as of `Progress`
  Duration left{};
  std::uint64_t samples_lost = 0;
};

/// For those who watch from afar: the length of the header (32 bits, little endian), the header (a JSON object, padded
/// with spaces to a multiple of four), then value, sigma and, when it `has_row`, the row as float32, little endian.
ASTRO_API std::string live_frame(const LiveSpectrum& live);

/// How far an observation is.
struct Progress {
  std::string observation_id{};
  std::string stage{};               ///< "slewing", "hot load", "row 3 of 9", "paused", "done"
  double fraction = 0.0;             ///< 0 to 1, of the whole
  Duration left{};                   ///< about, observatory's time
  std::int64_t stored = -1;          ///< sequence of the integration that has just become durable, or -1
  const Spectrum* latest = nullptr;  ///< that integration; valid during the call
  Phase phase = Phase::sky;          ///< of it
  std::optional<MountReport> mount{};
  std::uint64_t samples_lost = 0;      ///< so far
  const LiveSpectrum* live = nullptr;  ///< of the integration that is under way; valid during the call
};

/// One number that an observation found, with its standard error (0: none).
struct Finding {
  std::string name{};
  double value = 0.0;
  double error = 0.0;
  std::string unit{};
};

template <>
struct Description<Finding> {
  static constexpr std::array fields{field<&Finding::name>("name", {.says = "what was found"}),
                                     field<&Finding::value>("value", {.says = "in its unit"}),
                                     field<&Finding::error>("error", {.says = "standard error; 0: none"}),
                                     field<&Finding::unit>("unit", {.says = "of value and error"})};
};

/// What an observation found.
struct ObservationResult {
  Observation observation{};
  CalibratedSpectrum spectrum{};               ///< average over the sky; without channels where the mode has none
  Peak peak{};                                 ///< of that; NaN where the band does not hold the line
  std::vector<Finding> findings{};             ///< of the mode: beam width, opacity, Tsys
  std::vector<std::filesystem::path> files{};  ///< that the request asked for, as far as they could be made
};

/// The reins of an observation that runs, for any thread.
class ASTRO_API ObservationControl final {
 public:
  ObservationControl();

  /// Takes no more data from the end of the current integration on; the beam stays on target.
  void pause() noexcept;
  void go_on() noexcept;
  bool is_paused() const noexcept;
  /// Ends it as soon as it can be, as `cancelled`.
  void cancel() noexcept;
  std::stop_token token() const noexcept;
  /// Adds passes through the mode at its end; less than one adds none, and 100,000 are the most in all.
  void extend(std::int64_t passes) noexcept;
  std::int64_t passes_to_add() const noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

struct ObserveOptions {
  std::function<void(const Progress&)> progress{};
  ObservationControl control{};
  /// How often progress comes with a `live` spectrum, of real time: not oftener than each 100 ms. Zero: never.
  Duration live_every{};
};

/// Carries out a request: takes mount and receiver with the rank of an observation, goes through the
/// steps and stores every integration in a transaction of its own before `progress` tells of it. On
/// failure or cancel the mount is stopped, the record says why, and the error is thrown on.
ASTRO_API ObservationResult observe(const Observatory& site, const ObservationRequest& request,
                                    const ObserveOptions& options = {});
/// The same with steps of one's own.
ASTRO_API ObservationResult observe(const Observatory& site, const ObservationRequest& request, std::vector<Step> steps,
                                    const ObserveOptions& options = {});

/// Name of the store of the site that holds an observation.
ASTRO_API std::optional<std::string> store_of_observation(const Observatory& site, const std::string& observation_id);

/// Goes on with an observation that did not end `completed`: what is stored is not done again. A
/// drift scan goes on at the sidereal time at which it was cut short. Throws `not_found`,
/// `invalid_argument` for one that is complete.
ASTRO_API ObservationResult resume(const Observatory& site, const std::string& store, const std::string& observation_id,
                                   const ObserveOptions& options = {});

/// Reduces an observation from the store again. Throws `not_found`, or `invalid_argument` when it
/// lacks what its calibration needs.
ASTRO_API ObservationResult reduce(const StoreHandle& store, const std::string& observation_id, const Location& site);

}  // namespace astro
