// SPDX-License-Identifier: BSD-3-Clause
#include "astro/error.hpp"
#include "astro/observing/observe.hpp"

namespace astro {

Integration to_integration(const Spectrum& spectrum, const std::string& observation_id, std::int64_t sequence,
                           Phase phase) {
  std::string number = std::to_string(sequence);
  number.insert(0, number.size() < 6 ? 6 - number.size() : 0, '0');
  Integration made;
  made.id = observation_id + "." + number;
  made.observation_id = observation_id;
  made.sequence = sequence;
  made.phase = phase;
  made.start = spectrum.start;
  made.mid = spectrum.mid;
  made.duration = spectrum.duration;
  made.exposure = spectrum.exposure;
  made.effective_averages = spectrum.effective_averages;
  made.samples = static_cast<std::int64_t>(spectrum.samples);
  made.samples_lost = static_cast<std::int64_t>(spectrum.samples_lost);
  made.axis = spectrum.axis;
  made.power = spectrum.power;
  made.weight = spectrum.weight;
  made.ra = spectrum.pointing.direction.ra;
  made.dec = spectrum.pointing.direction.dec;
  made.azimuth = spectrum.pointing.place.azimuth;
  made.altitude = spectrum.pointing.place.altitude;
  made.pointing_known = spectrum.pointing.known;
  made.receiver = spectrum.receiver;
  return made;
}

Spectrum to_spectrum(const Integration& stored, const Location& site) {
  Spectrum spectrum;
  spectrum.axis = stored.axis;
  spectrum.power = stored.power;
  spectrum.weight = stored.weight;
  spectrum.start = stored.start;
  spectrum.mid = stored.mid;
  spectrum.duration = stored.duration;
  spectrum.exposure = stored.exposure;
  spectrum.effective_averages = stored.effective_averages;
  spectrum.samples = static_cast<std::uint64_t>(stored.samples);
  spectrum.samples_lost = static_cast<std::uint64_t>(stored.samples_lost);
  spectrum.pointing = {.direction = {.ra = stored.ra, .dec = stored.dec},
                       .place = {.azimuth = stored.azimuth, .altitude = stored.altitude},
                       .site = site,
                       .known = stored.pointing_known};
  spectrum.receiver = stored.receiver;
  return spectrum;
}

ObservationRequest load_request(const std::filesystem::path& file, const Site* site) {
  return from_value<ObservationRequest>(load_document(file, schema_of<ObservationRequest>(), site));
}

namespace {

std::vector<Spectrum> of_phase(const std::vector<Integration>& stored, Phase phase, const Location& site) {
  std::vector<Spectrum> spectra;
  for (const Integration& integration : stored) {
    if (integration.phase == phase) spectra.push_back(to_spectrum(integration, site));
  }
  return spectra;
}

}  // namespace

ObservationResult reduce(const StoreHandle& store, const std::string& observation_id, const Location& site) {
  const auto observations = store.find<Observation>({.where = {{.field = "id", .value = observation_id}}});
  if (observations.empty()) {
    throw Error(ErrorCode::not_found,
                "reducing: store '" + store.name() + "' has no observation '" + observation_id + "'");
  }
  const auto stored = store.find<Integration>(
      {.where = {{.field = "observation_id", .value = observation_id}}, .order_by = "sequence"});
  const auto hot = of_phase(stored, Phase::hot, site);
  const auto cold = of_phase(stored, Phase::cold, site);
  const auto sky = of_phase(stored, Phase::sky, site);
  if (hot.empty() || cold.empty() || sky.empty()) {
    throw Error(ErrorCode::invalid_argument, "reducing observation '" + observation_id +
                                                 "': it was cut short and has " + std::to_string(hot.size()) +
                                                 " integrations on the hot load, " + std::to_string(cold.size()) +
                                                 " on the cold one and " + std::to_string(sky.size()) +
                                                 " on the sky; at least one of each is needed");
  }
  const Calibration calibration = Calibration::from_hot_cold(
      average(hot), average(cold), {.hot_k = observations.front().hot_k, .cold_k = observations.front().cold_k});
  ObservationResult result{
      .observation = observations.front(), .spectrum = calibration.apply(average(sky)), .peak = {}};
  result.peak = result.spectrum.peak();
  return result;
}

}  // namespace astro
