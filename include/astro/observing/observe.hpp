// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "astro/export.hpp"
#include "astro/observatory.hpp"
#include "astro/observing/request.hpp"
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

/// What one spectrum was of.
enum class Phase : std::uint8_t { hot, cold, sky };

template <>
struct Description<Phase> {
  static constexpr std::array choices{"hot", "cold", "sky"};
};

/// One stored spectrum: uncalibrated, with everything that is needed to reduce it again.
struct Integration {
  std::string id{};  ///< observation and sequence
  std::string observation_id{};
  std::int64_t sequence = 0;  ///< from 0, over all phases
  Phase phase = Phase::sky;
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

ASTRO_API Integration to_integration(const Spectrum& spectrum, const std::string& observation_id, std::int64_t sequence,
                                     Phase phase);
ASTRO_API Spectrum to_spectrum(const Integration& integration, const Location& site);

enum class ObservationState : std::uint8_t { running, completed, failed, cancelled };

template <>
struct Description<ObservationState> {
  static constexpr std::array choices{"running", "completed", "failed", "cancelled"};
};

/// The record of one observation. `running` in the store with nobody running it: it was cut short,
/// and what it has can be reduced all the same.
struct Observation {
  std::string id{};
  std::int64_t revision = 0;
  ObservationRequest request{};
  ObservationState state = ObservationState::running;
  std::string reason{};  ///< of a failure or a cancel
  Time created{};
  Time ended{};
  double hot_k = 0.0;
  double cold_k = 0.0;
  std::string software{};
  std::string site{};
};

template <>
struct Description<Observation> {
  static constexpr const char* name = "observation";
  using O = Observation;
  static constexpr std::array fields{field<&O::id>("id", {.says = "unlike any other"}),
                                     field<&O::revision>("revision", {.says = "counts changes"}),
                                     field<&O::request>("request", {.says = "what was asked for"}),
                                     field<&O::state>("state", {.says = "how far it is"}),
                                     field<&O::reason>("reason", {.says = "of a failure or a cancel"}),
                                     field<&O::created>("created", {.says = "when it began"}),
                                     field<&O::ended>("ended", {.says = "when it ended"}),
                                     field<&O::hot_k>("hot_k", {.unit = "K", .says = "temperature of the hot load"}),
                                     field<&O::cold_k>("cold_k", {.unit = "K", .says = "temperature of the cold load"}),
                                     field<&O::software>("software", {.says = "name and version of what observed"}),
                                     field<&O::site>("site", {.says = "name of the site"})};
};

/// How far an observation is.
struct Progress {
  std::string observation_id{};
  std::string stage{};       ///< "slewing", "hot load", "cold load", "integrating", "done"
  double fraction = 0.0;     ///< 0 to 1, of the whole
  Duration left{};           ///< about, observatory's time
  std::int64_t stored = -1;  ///< sequence of the integration that has just become durable, or -1
};

/// What an observation found.
struct ObservationResult {
  Observation observation{};
  CalibratedSpectrum spectrum{};
  Peak peak{};
};

/// Carries out a request: points and tracks, calibrates, integrates; each integration is stored in
/// a transaction of its own before `progress` tells of it. On failure, cancel or stop the mount is
/// stopped and the record says so; the error is thrown on. Holds mount and receiver with the rank
/// of an observation.
ASTRO_API ObservationResult observe(const Observatory& site, const ObservationRequest& request,
                                    const std::function<void(const Progress&)>& progress = {},
                                    const std::stop_token& stop = {});

/// Reduces an observation from the store again. Throws `not_found`, or `invalid_argument` when it
/// has no integration on hot load or sky.
ASTRO_API ObservationResult reduce(const StoreHandle& store, const std::string& observation_id, const Location& site);

}  // namespace astro
