// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>
#include <iostream>

#include "astro/error.hpp"
#include "astro/files/export.hpp"
#include "astro/files/sdfits.hpp"
#include "astro/observatory.hpp"
#include "astro/signal/spectrometer.hpp"
#include "cli/commands.hpp"
#include "cli/live_view.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"

namespace astro::cli {

namespace {

using namespace std::chrono_literals;

struct ReplayArguments {
  std::vector<std::string> files;
  std::string samples;
  std::string rate;
  std::string frequency;
  std::string out;
  std::uint32_t channels = 1024;
  double integration_s = 1.0;
  bool real_time = false;
  bool live = false;
  bool json = false;
};

/// YAML's double quotes take JSON's escapes.
std::string quoted(const std::string& text) { return to_json(Value(text)); }

/// An observatory of nothing but the recording.
Site site_of(const ReplayArguments& arguments) {
  std::string files;
  for (const std::string& file : arguments.files) {
    files += (files.empty() ? "" : ", ") + quoted(std::filesystem::absolute(file).string());
  }
  std::string settings = "driver: replay, files: [" + files + "], pace: " + (arguments.real_time ? "real" : "fast");
  if (!arguments.samples.empty()) settings += ", samples: " + quoted(arguments.samples);
  if (!arguments.rate.empty()) settings += ", sample_rate: " + quoted(arguments.rate);
  if (!arguments.frequency.empty()) settings += ", frequency: " + quoted(arguments.frequency);
  return parse_site("site: {name: Replay, latitude: 0 deg, longitude: 0 deg}\nreceivers:\n  recording: {" + settings +
                    "}\n");
}

/// Spectra of a recording, one after the other.
class Player {
 public:
  explicit Player(const ReplayArguments& arguments)
      : arguments_(arguments), spectrometer_({.channels = arguments.channels}) {}

  void play(const Observatory& observatory, const std::stop_token& stop) {
    BlockStream stream = observatory.receiver("recording").stream();
    Duration taken{};
    while (!stop.stop_requested()) {
      const BlockPtr block = stream.next(5s);
      if (!block) throw Error(ErrorCode::timeout, "replaying: nothing came for 5 s");
      if (block->settings_changed && taken > Duration::zero()) finish(taken);
      if (block->items() > 0) {
        spectrometer_.add(*block);
        taken += block->duration();
      }
      if (taken >= from_seconds(arguments_.integration_s)) finish(taken);
      if (block->last) break;
    }
    if (taken > Duration::zero()) finish(taken);
  }

  const std::vector<Spectrum>& spectra() const noexcept { return spectra_; }

 private:
  void finish(Duration& taken) {
    taken = {};
    if (spectrometer_.exposure() == Duration::zero()) return spectrometer_.reset();  // less than one transform
    spectra_.push_back(spectrometer_.spectrum());
    spectrometer_.reset();
    if (!arguments_.live) return;
    Progress progress;
    progress.latest = &spectra_.back();
    view_.draw(progress, std::cerr);
  }

  const ReplayArguments& arguments_;
  Spectrometer spectrometer_;
  std::vector<Spectrum> spectra_{};
  LiveView view_{};
};

/// Before anything plays.
void check_ending(const std::string& out) {
  const std::string ending = std::filesystem::path(out).extension().string();
  if (out.empty() || ending == ".csv" || ending == ".fits" || ending == ".sdfits") return;
  throw Error(ErrorCode::invalid_argument, "replaying: \"" + out + "\" ends in none of .csv, .fits and .sdfits");
}

void write(const std::string& out, std::vector<Spectrum> spectra) {
  const files::SpectraFile file{.spectra = std::move(spectra)};
  if (std::filesystem::path(out).extension() == ".csv") return files::write_csv(out, file);
  files::write_sdfits(out, files::sdfits_rows(file));
}

int run(const ReplayArguments& arguments) {
  check_ending(arguments.out);
  if (!(arguments.integration_s > 0.0))
    throw Error(ErrorCode::invalid_argument,
                "replaying: --integration is longer than 0 s; it is " + number(arguments.integration_s, 3));
  const StopOnSignal signals;
  const auto state = std::filesystem::temp_directory_path() / ("astro-" + new_id());
  Observatory observatory = Observatory::open(site_of(arguments), {.state_folder = state});
  Player player(arguments);
  player.play(observatory, signals.token());
  observatory.close();
  std::error_code ignored;
  std::filesystem::remove_all(state, ignored);
  if (player.spectra().empty())
    throw Error(ErrorCode::invalid_file, "replaying: the recording is shorter than one transform of " +
                                             std::to_string(arguments.channels) + " channels");
  Value told;
  std::uint64_t lost = 0;
  Duration exposure{};
  for (const Spectrum& each : player.spectra()) lost += each.samples_lost, exposure += each.exposure;
  told.set("spectra", static_cast<std::int64_t>(player.spectra().size()))
      .set("channels", player.spectra().front().axis.channels);
  told.set("start", format_time(player.spectra().front().start)).set("exposure_s", seconds(exposure));
  told.set("samples_lost", static_cast<std::int64_t>(lost));
  if (!arguments.out.empty()) {
    write(arguments.out, player.spectra());
    told.set("file", arguments.out);
  }
  print(told, arguments.json);
  return done;
}

}  // namespace

void add_replay(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<ReplayArguments>();
  CLI::App* command = app.add_subcommand("replay", "plays recordings through a spectrometer");
  command->add_option("files", arguments->files, "recordings of IQ or spectra, or folders of them")->required();
  command->add_option("--samples", arguments->samples,
                      "kind of the samples where the ending does not say it: cu8, cs16, ...");
  command->add_option("--rate", arguments->rate, "sample rate where the file does not say it, as in \"2 MHz\"");
  command->add_option("--frequency", arguments->frequency, "centre of the band where the file does not say it");
  command->add_option("--channels", arguments->channels, "of a spectrum of IQ")->capture_default_str();
  command->add_option("--integration", arguments->integration_s, "seconds of one spectrum")->capture_default_str();
  command->add_option("--out", arguments->out, "write the spectra: .csv, .sdfits");
  command->add_flag("--real-time", arguments->real_time, "as fast as it was recorded");
  command->add_flag("--live", arguments->live, "draw each spectrum and the waterfall on the terminal");
  command->add_flag("--json", arguments->json, "one JSON object on standard output");
  command->callback([&action, arguments] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace astro::cli
