// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <map>

#include "astro/error.hpp"
#include "astro/signal/lines.hpp"
#include "observing/reduction.hpp"
#include "signal/peak.hpp"

namespace astro {

namespace {

using detail::Calibrations;

/// From what is stored of one observation to what it found.
class Reduction {
 public:
  Reduction(const StoreHandle& store, const std::string& id, const Location& site)
      : site_(site),
        observation_(find(store, id)),
        stored_(store.find<Integration>({.where = {{.field = "observation_id", .value = id}}, .order_by = "sequence"})),
        calibrations_(observation_, stored_, site) {}

  ObservationResult result() {
    ObservationResult made{.observation = observation_, .spectrum = {}, .peak = {}, .findings = {}};
    if (!calibrations_.are_none()) {
      made.findings.push_back({.name = "tsys", .value = calibrations_.tsys_k(), .unit = "K"});
      made.findings.push_back({.name = "receiver", .value = calibrations_.receiver_k(), .unit = "K"});
    }
    if (observation_.request.mode == Mode::loads) return made;
    check_sky();
    if (has_spectra()) add_spectrum(made);
    for (Finding& finding : detail::findings_of_mode(observation_, stored_, calibrations_, site_))
      made.findings.push_back(std::move(finding));
    return made;
  }

 private:
  static Observation find(const StoreHandle& store, const std::string& id) {
    const auto observations = store.find<Observation>({.where = {{.field = "id", .value = id}}});
    if (!observations.empty()) return observations.front();
    throw Error(ErrorCode::not_found, "reducing: store '" + store.name() + "' has no observation '" + id + "'");
  }

  void check_sky() const {
    if (std::ranges::any_of(stored_, [](const Integration& each) { return each.phase == Phase::sky; })) return;
    throw Error(ErrorCode::invalid_argument,
                "reducing observation '" + observation_.id + "': it was cut short and has no integration on the sky");
  }

  bool has_spectra() const {
    return std::ranges::any_of(
        stored_, [](const Integration& each) { return each.phase == Phase::sky && each.axis.channels > 1; });
  }

  void add_spectrum(ObservationResult& made) const {
    const Mode mode = observation_.request.mode;
    const bool is_switched = mode == Mode::position_switch || mode == Mode::frequency_switch;
    if (calibrations_.are_none()) return;  // of a switch there would be a ratio, which is no temperature
    const auto spectra = is_switched ? switched_spectra() : direct_spectra();
    if (spectra.empty()) return;
    made.spectrum = detail::combined(spectra);
    made.spectrum.velocity_frame = observation_.request.velocity_frame;
    made.spectrum.rest = observation_.request.rest_frequency;  // a switched one came without
    made.peak = signal::peak_or_noise(made.spectrum);          // of a band beside the line the noise
  }

  /// One for each calibration that holds for a part of it.
  std::vector<CalibratedSpectrum> direct_spectra() const {
    std::map<std::size_t, std::vector<Spectrum>> by_epoch;
    for (const Integration& each : stored_) {
      if (each.phase == Phase::sky) by_epoch[calibrations_.epoch_of(each.sequence)].push_back(to_spectrum(each, site_));
    }
    std::vector<CalibratedSpectrum> spectra;
    for (const auto& [epoch, sky] : by_epoch) spectra.push_back(calibrations_.apply(epoch, average(sky)));
    return spectra;
  }

  /// One for each scan of which both sides are there.
  std::vector<CalibratedSpectrum> switched_spectra() const {
    struct Scan {
      std::vector<Spectrum> on{};
      std::vector<Spectrum> off{};
      std::int64_t sequence = 0;
    };
    std::map<std::int64_t, Scan> scans;
    for (const Integration& each : stored_) {
      if (each.phase != Phase::sky && each.phase != Phase::reference) continue;
      Scan& scan = scans[each.scan];
      scan.sequence = each.sequence;
      (each.phase == Phase::sky ? scan.on : scan.off).push_back(to_spectrum(each, site_));
    }
    const bool folds = observation_.request.mode == Mode::frequency_switch;
    std::vector<CalibratedSpectrum> spectra;
    for (const auto& [number, scan] : scans) {
      if (scan.on.empty() || scan.off.empty()) continue;
      const Spectrum off = average(scan.off);
      const double tsys_k = calibrations_.tsys_k(scan.sequence, off);
      spectra.push_back(folds ? frequency_switched(average(scan.on), off, tsys_k)
                              : switched(average(scan.on), off, tsys_k));
    }
    return spectra;
  }

  Location site_;
  Observation observation_;
  std::vector<Integration> stored_;
  Calibrations calibrations_;
};

}  // namespace

ObservationResult reduce(const StoreHandle& store, const std::string& observation_id, const Location& site) {
  return Reduction(store, observation_id, site).result();
}

}  // namespace astro
