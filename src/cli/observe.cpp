// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/observe.hpp"

#include <unistd.h>

#include <cctype>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <optional>

#include "cli/archive.hpp"
#include "cli/choices.hpp"
#include "cli/commands.hpp"
#include "cli/live_view.hpp"
#include "cli/output.hpp"
#include "cli/products.hpp"
#include "cli/signals.hpp"

namespace astro::cli {

namespace {

struct ObserveArguments {
  std::string site;
  std::string request;      ///< or
  std::string observation;  ///< one that goes on
  std::string state;
  std::string at;
  Outputs outputs;
  bool simulate = false;
  bool fast = false;
  bool live = false;
  bool json = false;
};

/// A bar that redraws itself on a terminal; elsewhere one line for each integration, which is
/// written only after the integration is durable.
class ProgressDisplay {
 public:
  explicit ProgressDisplay(bool live) : live_(live) {}

  void operator()(const Progress& progress) {
    if (live_ && progress.latest != nullptr) live_view_.draw(progress, std::cerr);
    const int percent = static_cast<int>(100.0 * progress.fraction);
    if (!terminal_) {
      if (progress.stored >= 0) std::cerr << "stored " << progress.stored << ": ";
      std::cerr << progress.stage << ", " << percent << " %, " << number(seconds(progress.left), 0)
                << " s of the observation left" << std::endl;
      return;
    }
    constexpr int width = 30;
    const int filled = width * percent / 100;
    std::cerr << "\r\033[K[" << std::string(static_cast<std::size_t>(filled), '=')
              << std::string(static_cast<std::size_t>(width - filled), ' ') << "] " << percent << " %  "
              << progress.stage;
    if (progress.left > Duration{})
      std::cerr << ", " << number(seconds(progress.left), 0) << " s of the observation left";
    std::cerr << (progress.stage == "done" ? "\n" : "") << std::flush;
  }

 private:
  bool live_ = false;
  bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  LiveView live_view_{};
};

Value told_of(const ObservationResult& result, const Outputs& outputs) {
  Value told;
  told.set("observation", result.observation.id).set("target", result.observation.request.target);
  const Value numbers = summary(result);
  if (!numbers.is_null()) {  // null: it was not reduced
    for (const auto& [key, value] : numbers.as_map()) told.set(key, value);
  }
  if (!outputs.fits.empty()) told.set("fits", outputs.fits);
  if (!outputs.csv.empty()) told.set("csv", outputs.csv);
  List files;
  for (const std::filesystem::path& file : result.files) files.emplace_back(file.string());
  told.set("files", std::move(files));
  return told;
}

/// As astronomers write it: VLSR; of other frames V(BARY).
std::string velocity_label(sky::VelocityFrame frame) {
  if (frame == sky::VelocityFrame::lsrk) return "VLSR";
  std::string name(Description<sky::VelocityFrame>::choices.at(static_cast<std::size_t>(frame)));
  for (char& letter : name) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
  return "V(" + name + ")";
}

void print_line(const ObservationResult& result) {
  const Peak& peak = result.peak;
  if (std::isnan(peak.peak_k)) {
    std::cout << "Peak        none: the band does not hold the line\n";
  } else {
    std::cout << "Peak        " << number(peak.peak_k, 2) << " K +- " << number(peak.sigma_k, 2) << " K at "
              << velocity_label(result.spectrum.velocity_frame) << ' ' << number(peak.peak_velocity_km_s, 1)
              << " km/s (" << number(peak.peak_frequency.megahertz(), 4) << " MHz)\n";
  }
  std::cout << "Tsys        " << number(result.spectrum.tsys_k, 1) << " K";
  // A spectrum against a reference knows the sum only.
  if (result.spectrum.receiver_k > 0.0) std::cout << " (receiver " << number(result.spectrum.receiver_k, 1) << " K)";
  std::cout << '\n'
            << "Noise       " << number(peak.rms_k, 3) << " K rms in " << number(seconds(result.spectrum.exposure), 1)
            << " s\n"
            << "Samples     " << result.spectrum.samples << ", lost " << result.spectrum.samples_lost << '\n';
}

/// Whether `print_line` says it, too.
bool is_in_line(const Finding& finding, const CalibratedSpectrum& spectrum) {
  if (spectrum.axis.channels == 0) return false;
  return (finding.name == "tsys" && finding.value == spectrum.tsys_k) ||
         (finding.name == "receiver" && finding.value == spectrum.receiver_k);
}

void print_for_people(const ObservationResult& result, const Outputs& outputs) {
  for (const Finding& finding : result.findings) {
    if (is_in_line(finding, result.spectrum)) continue;
    std::cout << finding.name << std::string(finding.name.size() < 12 ? 12 - finding.name.size() : 1, ' ')
              << number(finding.value, 3);
    if (finding.error > 0.0) std::cout << " +- " << number(finding.error, 3);
    std::cout << ' ' << finding.unit << '\n';
  }
  if (result.spectrum.axis.channels > 0) print_line(result);
  std::cout << "Observation " << result.observation.id << '\n';
  if (!outputs.fits.empty()) std::cout << "FITS        " << outputs.fits << '\n';
  if (!outputs.csv.empty()) std::cout << "CSV         " << outputs.csv << '\n';
  for (const std::filesystem::path& file : result.files) std::cout << "File        " << file.string() << '\n';
  std::cout.flush();
}

std::string how_to_reduce(const ObserveArguments& arguments, const std::string& id) {
  return "astro reduce --site " + arguments.site + (arguments.simulate ? " --simulate" : "") + " --observation " + id;
}

/// A file that cannot be written takes nothing from the observation, which is in the store.
void write_files(const ObserveArguments& arguments, const ObservationResult& result) {
  try {
    write(arguments.outputs, result);
  } catch (const Error& error) {
    throw Error(error.code(), std::string(error.what()) + "; the observation itself is stored: " +
                                  how_to_reduce(arguments, result.observation.id));
  }
}

/// What was stored before a failure or a signal is not lost: the error says how to have it, and how to go on.
template <class Work>
ObservationResult carried_out(Work work, const std::stop_token& stop, const ObserveArguments& arguments) {
  std::string id;
  std::int64_t stored = -1;
  ProgressDisplay display(arguments.live);
  ObserveOptions options;
  options.progress = [&](const Progress& progress) {
    id = progress.observation_id;
    stored = std::max(stored, progress.stored);
    display(progress);
  };
  const std::stop_callback cancel(stop, [reins = options.control]() mutable { reins.cancel(); });
  try {
    return work(options);
  } catch (const Error& error) {
    if (stored < 0) throw;
    throw Error(error.code(),
                std::string(error.what()) + "; what was stored of it is kept: " + how_to_reduce(arguments, id) +
                    "; to go on: astro resume " + arguments.site + (arguments.simulate ? " --simulate " : " ") + id);
  }
}

int run(const ObserveArguments& arguments) {
  check_writable(arguments.outputs);  // before anything moves
  const StopOnSignal signals;
  const Site site = load_site(arguments.site, {.simulate = arguments.simulate});
  std::optional<ObservationRequest> request;
  if (!arguments.request.empty()) {
    request = load_request(arguments.request, &site);
    const char* login = std::getenv("USER");
    if (request->observer.empty() && login != nullptr) request->observer = login;  // its files say who asked
  }
  const std::shared_ptr<Clock> clock = simulated_clock(site, arguments.at, arguments.fast);
  Observatory observatory =
      Observatory::open(site, {.simulate = arguments.simulate, .clock = clock, .state_folder = arguments.state});
  const ObservationResult result = carried_out(
      [&](const ObserveOptions& options) {
        if (request) return observe(observatory, *request, options);
        return resume(observatory, held_by(observatory, arguments.observation, arguments.site), arguments.observation,
                      options);
      },
      signals.token(), arguments);
  observatory.close();
  // People see what was found even if a file fails; a script gets one object, what was found or the error.
  if (!arguments.json) print_for_people(result, arguments.outputs);
  write_files(arguments, result);
  if (arguments.json) print(told_of(result, arguments.outputs), true);
  return done;
}

void add_options(CLI::App& command, const std::shared_ptr<ObserveArguments>& arguments) {
  command.add_flag("--simulate", arguments->simulate, "replace every driver by its simulated twin");
  command.add_flag("--fast", arguments->fast, "run a simulated sky faster than real time");
  command.add_option("--at", arguments->at, "begin a simulated sky at this UTC, ISO 8601");
  command.add_option("--state", arguments->state, "folder of the journal; default: as the site file says");
  command.add_option("--fits", arguments->outputs.fits, "write the spectrum as FITS");
  command.add_option("--csv", arguments->outputs.csv, "write the spectrum as CSV");
  command.add_flag("--live", arguments->live, "draw each spectrum as it comes, on a terminal");
  command.add_flag("--json", arguments->json, "one JSON object on standard output");
}

}  // namespace

void add_observe(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<ObserveArguments>();
  CLI::App* command = app.add_subcommand("observe", "carries out a request: points, calibrates, integrates, stores");
  command->add_option("site", arguments->site, "the site file")->required();
  command->add_option("request", arguments->request, "the request file")->required();
  add_options(*command, arguments);
  command->callback([&action, arguments] { action = [arguments] { return run(*arguments); }; });
}

void add_resume(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<ObserveArguments>();
  CLI::App* command = app.add_subcommand("resume", "goes on with an observation that was cut short");
  command->add_option("site", arguments->site, "the site file")->required();
  command->add_option("observation", arguments->observation, "its id, as `astro observations SITE` lists it")
      ->required();
  add_options(*command, arguments);
  command->callback([&action, arguments] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace astro::cli
