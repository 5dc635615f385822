// SPDX-License-Identifier: BSD-3-Clause
#include "astro/error.hpp"
#include "astro/observing/observe.hpp"

namespace astro {

Integration to_integration(const Spectrum& spectrum, const std::string& observation_id, std::int64_t sequence,
                           const Step& step, std::int64_t number) {
  std::string digits = std::to_string(sequence);
  digits.insert(0, digits.size() < 6 ? 6 - digits.size() : 0, '0');
  Integration made;
  made.id = observation_id + "." + digits;
  made.observation_id = observation_id;
  made.sequence = sequence;
  made.phase = step.phase;
  made.step = number;
  made.scan = step.scan;
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

std::optional<std::string> store_of_observation(const Observatory& site, const std::string& observation_id) {
  for (const std::string& name : site.names(DeviceKind::store)) {
    if (site.store(name).count<Observation>({.where = {{.field = "id", .value = observation_id}}}) > 0) return name;
  }
  return std::nullopt;
}

ObservationRequest load_request(const std::filesystem::path& file, const Site* site) {
  return from_value<ObservationRequest>(load_document(file, schema_of<ObservationRequest>(), site));
}

}  // namespace astro
