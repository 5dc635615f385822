// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/observe.hpp"

#include <unistd.h>

#include <iostream>

#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/products.hpp"
#include "cli/signals.hpp"

namespace astro::cli {

namespace {

struct Arguments {
  std::string site;
  std::string request;
  std::string state;
  std::string at;
  Outputs outputs;
  bool simulate = false;
  bool fast = false;
  bool json = false;
};

/// A bar that redraws itself on a terminal; elsewhere one line for each integration, which is
/// written only after the integration is durable.
class ProgressDisplay {
 public:
  void operator()(const Progress& progress) {
    const int percent = static_cast<int>(100.0 * progress.fraction);
    if (!terminal_) {
      if (progress.stored >= 0) std::cerr << "stored " << progress.stored << ": ";
      std::cerr << progress.stage << ", " << percent << " %, " << number(seconds(progress.left), 0) << " s left"
                << std::endl;
      return;
    }
    constexpr int width = 30;
    const int filled = width * percent / 100;
    std::cerr << "\r\033[K[" << std::string(static_cast<std::size_t>(filled), '=')
              << std::string(static_cast<std::size_t>(width - filled), ' ') << "] " << percent << " %  "
              << progress.stage;
    if (progress.left > Duration{}) std::cerr << ", " << number(seconds(progress.left), 0) << " s left";
    std::cerr << (progress.stage == "done" ? "\n" : "") << std::flush;
  }

 private:
  bool terminal_ = ::isatty(STDERR_FILENO) == 1;
};

/// Faster than real time, as fast as the machine can: while samples stream, the clock waits for them.
constexpr double fast_speed = 60.0;

std::shared_ptr<Clock> clock_of(const Arguments& arguments) {
  if (!arguments.fast && arguments.at.empty()) return nullptr;
  const Time start = arguments.at.empty() ? Clock::system()->now() : parse_time(arguments.at);
  return Clock::simulated(start, arguments.fast ? fast_speed : 1.0);
}

/// A simulated clock makes sense only where nothing real is driven by it.
void check_clock(const Arguments& arguments, const Site& site) {
  if (!arguments.fast && arguments.at.empty()) return;
  for (const DeviceEntry& device : site.devices) {
    const bool hardware = device.kind == DeviceKind::mount || device.kind == DeviceKind::receiver;
    if (hardware && !device.driver.starts_with("simulator")) {
      throw Error(ErrorCode::invalid_argument, "--fast and --at need simulated devices, but '" + device.name +
                                                   "' is driven by '" + device.driver + "'; add --simulate");
    }
  }
}

Value told_of(const ObservationResult& result, const Outputs& outputs) {
  Value told;
  told.set("observation", result.observation.id).set("target", result.observation.request.target);
  const Value numbers = summary(result.spectrum, result.peak);
  for (const auto& [key, value] : numbers.as_map()) told.set(key, value);
  if (!outputs.fits.empty()) told.set("fits", outputs.fits);
  if (!outputs.csv.empty()) told.set("csv", outputs.csv);
  return told;
}

void print_for_people(const ObservationResult& result, const Outputs& outputs) {
  const Peak& peak = result.peak;
  std::cout << "Peak        " << number(peak.peak_k, 2) << " K +- " << number(peak.sigma_k, 2) << " K at VLSR "
            << number(peak.peak_velocity_km_s, 1) << " km/s (" << number(peak.peak_frequency.megahertz(), 4)
            << " MHz)\n"
            << "Tsys        " << number(result.spectrum.tsys_k, 1) << " K (receiver "
            << number(result.spectrum.receiver_k, 1) << " K)\n"
            << "Noise       " << number(peak.rms_k, 3) << " K rms in " << number(seconds(result.spectrum.exposure), 1)
            << " s\n"
            << "Samples     " << result.spectrum.samples << ", lost " << result.spectrum.samples_lost << '\n'
            << "Observation " << result.observation.id << '\n';
  if (!outputs.fits.empty()) std::cout << "FITS        " << outputs.fits << '\n';
  if (!outputs.csv.empty()) std::cout << "CSV         " << outputs.csv << '\n';
  std::cout.flush();
}

/// What was stored before a failure or a signal is not lost: the error says how to have it.
ObservationResult observe_or_say_what_is_kept(const Observatory& observatory, const ObservationRequest& request,
                                              const std::stop_token& stop, const Arguments& arguments) {
  std::string id;
  std::int64_t stored = -1;
  ProgressDisplay display;
  try {
    return observe(
        observatory, request,
        [&](const Progress& progress) {
          id = progress.observation_id;
          stored = std::max(stored, progress.stored);
          display(progress);
        },
        stop);
  } catch (const Error& error) {
    if (stored < 0) throw;
    throw Error(error.code(), std::string(error.what()) + "; what was stored of it is kept: astro reduce --site " +
                                  arguments.site + (arguments.simulate ? " --simulate" : "") + " --observation " + id);
  }
}

int run(const Arguments& arguments) {
  check_writable(arguments.outputs);  // before anything moves
  const StopOnSignal signals;
  const Site site = load_site(arguments.site, {.simulate = arguments.simulate});
  const ObservationRequest request = load_request(arguments.request, &site);
  check_clock(arguments, site);
  Observatory observatory = Observatory::open(
      site, {.simulate = arguments.simulate, .clock = clock_of(arguments), .state_folder = arguments.state});
  const ObservationResult result = observe_or_say_what_is_kept(observatory, request, signals.token(), arguments);
  observatory.close();
  if (arguments.json) print(told_of(result, arguments.outputs), true);
  else print_for_people(result, arguments.outputs);
  write(arguments.outputs, result.spectrum, provenance_of(result.observation));
  return done;
}

}  // namespace

void add_observe(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("observe", "carries out a request: points, calibrates, integrates, stores");
  command->add_option("site", arguments->site, "the site file")->required();
  command->add_option("request", arguments->request, "the request file")->required();
  command->add_flag("--simulate", arguments->simulate, "replace every driver by its simulated twin");
  command->add_flag("--fast", arguments->fast, "run a simulated sky faster than real time");
  command->add_option("--at", arguments->at, "begin a simulated sky at this UTC, ISO 8601");
  command->add_option("--state", arguments->state, "folder of the journal; default: as the site file says");
  command->add_option("--fits", arguments->outputs.fits, "write the spectrum as FITS");
  command->add_option("--csv", arguments->outputs.csv, "write the spectrum as CSV");
  command->add_flag("--json", arguments->json, "one JSON object on standard output");
  command->callback([&action, arguments] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace astro::cli
