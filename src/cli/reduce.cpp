// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <iostream>
#include <limits>

#include "astro/error.hpp"
#include "astro/files/recordings.hpp"
#include "astro/log.hpp"
#include "astro/observing/observe.hpp"
#include "cli/archive.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/products.hpp"

namespace astro::cli {

namespace {

struct ReduceArguments {
  std::vector<std::string> on;
  std::vector<std::string> hot;
  std::vector<std::string> cold;
  std::vector<std::string> off;
  double hot_k = 295.0;
  double cold_k = 10.0;
  std::string site;
  std::string observation;
  bool simulate = false;
  Outputs outputs;
  bool json = false;
};

/// Spectra of several places have an average, but of no place.
void warn_of_places(const std::vector<Spectrum>& all) {
  constexpr Angle same_place = degrees(3);
  Angle apart;
  for (const Spectrum& each : all) {
    if (!each.pointing.known || !all.front().pointing.known) return;
    apart = std::max(apart, separation(each.pointing.direction, all.front().pointing.direction));
  }
  if (apart <= same_place) return;
  log(LogLevel::warning, "reduce",
      "the beams of the " + std::to_string(all.size()) + " spectra lie up to " +
          std::to_string(std::lround(apart.degrees())) + " deg apart on the sky: their average is of no place");
}

Spectrum average_of(const std::vector<std::string>& paths, bool of_one_place = false) {
  std::vector<Spectrum> all;
  for (const std::string& path : paths) {
    const files::SpectraFile file = files::read_spectra(path);
    all.insert(all.end(), file.spectra.begin(), file.spectra.end());
  }
  if (of_one_place) warn_of_places(all);
  return average(all);
}

/// From files: hot and cold loads, a hot load alone (the spectrum's own line-free channels are the
/// cold sky), a reference position, or both.
CalibratedSpectrum reduce_files(const ReduceArguments& arguments) {
  const Spectrum on = average_of(arguments.on, true);
  const CalibrationOptions options{.hot_k = arguments.hot_k, .cold_k = arguments.cold_k};
  if (arguments.hot.empty()) {
    if (arguments.off.empty()) {
      throw Error(ErrorCode::invalid_argument, "reducing: give --hot F... for kelvin, or --off F... for a ratio");
    }
    return switched(on, average_of(arguments.off));
  }
  const Spectrum hot = average_of(arguments.hot);
  if (!arguments.cold.empty()) return Calibration::from_hot_cold(hot, average_of(arguments.cold), options).apply(on);
  if (!arguments.off.empty()) {
    const Spectrum off = average_of(arguments.off);
    return switched(on, off, Calibration::from_hot(hot, off, options).tsys_k());
  }
  return Calibration::from_hot(hot, on, options).apply(on);
}

Value told_of(const CalibratedSpectrum& spectrum, const Peak& peak, bool in_kelvin) {
  Value told = summary(spectrum, peak);
  if (in_kelvin) return told;
  // A plain ratio has no kelvin: the excess over the reference, and nothing that would look like one.
  told.set("peak_ratio", peak.peak_k).set("rms_ratio", peak.rms_k);
  for (const char* key : {"peak_k", "peak_sigma_k", "rms_k", "tsys_k", "receiver_k"}) told.set(key, Value());
  return told;
}

ObservationResult reduce_stored(const ReduceArguments& arguments) {
  const Archive archive(arguments.site, arguments.simulate);
  return reduce(archive.store_with(arguments.observation), arguments.observation, archive.observatory().location());
}

int list_observations(const std::string& site, bool simulate, bool json) {
  const Archive archive(site, simulate);
  List all;
  std::vector<std::vector<std::string>> rows{{"ID", "BEGUN", "STATE", "MODE", "TARGET", "REASON"}};
  for (const StoreHandle& store : archive.stores()) {
    for (const Observation& each : store.find<Observation>({.order_by = "created"})) {
      const std::string state(Description<ObservationState>::choices.at(static_cast<std::size_t>(each.state)));
      const std::string mode(Description<Mode>::choices.at(static_cast<std::size_t>(each.request.mode)));
      Value one;
      one.set("observation", each.id).set("store", store.name()).set("state", state).set("reason", each.reason);
      one.set("created", each.created).set("mode", mode).set("target", each.request.target);
      one.set("observer", each.request.observer);
      all.push_back(std::move(one));
      rows.push_back({each.id, format_time(each.created, 0), state, mode, name_of(each.request), each.reason});
    }
  }
  if (!json) return print_table(rows), done;
  Value told;
  told.set("observations", std::move(all));
  print(told, true);
  return done;
}

int run(const ReduceArguments& arguments) {
  check_writable(arguments.outputs);
  const bool in_kelvin = !arguments.hot.empty() || !arguments.observation.empty();
  if (!in_kelvin && !(arguments.outputs.fits + arguments.outputs.csv).empty()) {
    throw Error(ErrorCode::invalid_argument,
                "reducing: without --hot the result is a ratio to the reference and no temperature, which is what "
                "these files hold; give --hot F..., or leave out --fits and --csv");
  }
  if (!arguments.observation.empty()) {
    const ObservationResult result = reduce_stored(arguments);
    write(arguments.outputs, result);
    print(summary(result), arguments.json);
    return done;
  }
  if (arguments.on.empty()) {
    throw Error(ErrorCode::invalid_argument, "reducing: give --on F..., or --site SITE --observation ID");
  }
  const CalibratedSpectrum spectrum = reduce_files(arguments);
  const Peak peak = spectrum.peak();
  write(arguments.outputs, spectrum, {});
  print(told_of(spectrum, peak, in_kelvin), arguments.json);
  return done;
}

}  // namespace

void add_reduce(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<ReduceArguments>();
  CLI::App* command = app.add_subcommand("reduce", "calibrates recordings, or a stored observation once more");
  command->add_option("--on", arguments->on, "recordings of the target: horn .ast, Virgo .dat");
  command->add_option("--hot", arguments->hot, "recordings of the hot load");
  command->add_option("--cold", arguments->cold, "recordings of the cold load");
  command->add_option("--off", arguments->off, "recordings beside the target");
  command->add_option("--hot-temperature", arguments->hot_k, "kelvin")->capture_default_str();
  command->add_option("--cold-temperature", arguments->cold_k, "kelvin")->capture_default_str();
  auto* site = command->add_option("--site", arguments->site, "site file whose stores are searched");
  command->add_option("--observation", arguments->observation, "id of a stored observation")->needs(site);
  command->add_flag("--simulate", arguments->simulate, "search what `observe --simulate` stored")->needs(site);
  command->add_option("--fits", arguments->outputs.fits, "write the spectrum as FITS");
  command->add_option("--csv", arguments->outputs.csv, "write the spectrum as CSV");
  command->add_flag("--json", arguments->json, "one JSON object");
  command->callback([&action, arguments] { action = [arguments] { return run(*arguments); }; });
}

void add_observations(CLI::App& app, Action& action) {
  struct Which {
    std::string site;
    bool simulate = false;
    bool json = false;
  };
  auto which = std::make_shared<Which>();
  CLI::App* command = app.add_subcommand("observations", "lists what the stores of a site hold, and how each ended");
  command->add_option("site", which->site, "the site file")->required();
  command->add_flag("--simulate", which->simulate, "those that `observe --simulate` stored");
  command->add_flag("--json", which->json, "one JSON object");
  command->callback(
      [&action, which] { action = [which] { return list_observations(which->site, which->simulate, which->json); }; });
}

}  // namespace astro::cli
