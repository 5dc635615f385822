// SPDX-License-Identifier: BSD-3-Clause
#include <iostream>

#include "astro/error.hpp"
#include "astro/files/sigmf.hpp"
#include "astro/observatory.hpp"
#include "astro/version.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"

namespace astro::cli {

namespace {

using namespace std::chrono_literals;

struct Arguments {
  std::string site;
  std::string out;
  std::string receiver;
  std::string state;
  double seconds = 10.0;
  std::string frequency;
  bool simulate = false;
  bool json = false;
};

std::string receiver_of(const Observatory& observatory, const std::string& asked) {
  const auto names = observatory.names(DeviceKind::receiver);
  if (!asked.empty()) return asked;
  if (names.size() == 1) return names.front();
  throw Error(ErrorCode::invalid_argument,
              "recording: the site has " + std::to_string(names.size()) + " receivers; say --receiver NAME");
}

/// What was lost begins a capture of its own, so that every sample keeps its time.
class Writing {
 public:
  Writing(const std::string& path, const ReceiverHandle& receiver, const Location& site)
      : settings_(receiver.settings()),
        writer_(path, {.dtype = settings_->dtype,
                       .sample_rate = settings_->tuning.sample_rate,
                       .hardware = receiver.name(),
                       .recorder = std::string("libastro ") + version,
                       .site = site}) {}

  void take(const Block& block) {
    if (writer_.samples() == 0 || block.first != next_) {
      if (writer_.samples() > 0) lost_ += block.first - next_;
      writer_.meta().captures.push_back(
          {.first = writer_.samples(), .frequency = block.settings().tuning.frequency, .time = block.time, .more = {}});
    }
    writer_.write(block.bytes());
    next_ = block.first + block.items();
  }
  void finish() { writer_.finish(); }
  std::uint64_t samples() const { return writer_.samples(); }
  std::uint64_t lost() const { return lost_; }
  double seconds() const {
    return static_cast<double>(writer_.samples() + lost_) / settings_->tuning.sample_rate.hertz();
  }

 private:
  std::shared_ptr<const StreamSettings> settings_;
  files::SigmfWriter writer_;
  std::uint64_t next_ = 0;
  std::uint64_t lost_ = 0;
};

int run(const Arguments& arguments) {
  const StopOnSignal signals;
  Observatory observatory = Observatory::open(load_site(arguments.site, {.simulate = arguments.simulate}),
                                              {.simulate = arguments.simulate, .state_folder = arguments.state});
  const ReceiverHandle receiver = observatory.receiver(receiver_of(observatory, arguments.receiver));
  if (!arguments.frequency.empty()) {
    const Field field{.name = "frequency", .type = FieldType::frequency, .unit = "Hz"};
    receiver.tune({.frequency = hertz(canonical(field, arguments.frequency).as_number())});
  }
  if (!receiver.settings()->is_iq()) {
    throw Error(ErrorCode::unsupported, "recording: receiver '" + receiver.name() +
                                            "' yields spectra, no samples; `astro observe` stores those");
  }
  Writing writing(arguments.out, receiver, observatory.location());
  BlockStream stream = receiver.stream();
  auto give_up = [last = std::chrono::steady_clock::now()](bool came) mutable {
    const auto now = std::chrono::steady_clock::now();
    if (came) last = now;
    return now - last > 5s;
  };
  while (writing.seconds() < arguments.seconds && !signals.token().stop_requested()) {
    const BlockPtr block = stream.next(100ms);
    if (give_up(block != nullptr)) {
      throw Error(ErrorCode::timeout,
                  "recording: receiver '" + receiver.name() + "' gave no samples for 5 s; look at its cable");
    }
    if (block && block->items() > 0) writing.take(*block);
    if (block && block->last) break;
  }
  writing.finish();  // a signal ends it, and keeps what came
  observatory.close();
  Value told;
  told.set("file", arguments.out).set("samples", static_cast<std::int64_t>(writing.samples()));
  told.set("samples_lost", static_cast<std::int64_t>(writing.lost())).set("duration_s", writing.seconds());
  print(told, arguments.json);
  return done;
}

}  // namespace

void add_record(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("record", "writes what a receiver hears as SigMF");
  command->add_option("site", arguments->site, "the site file")->required();
  command->add_option("out", arguments->out, "file to write, .sigmf-meta; the samples lie beside it")->required();
  command->add_option("--receiver", arguments->receiver, "which; default: the only one");
  command->add_option("--seconds", arguments->seconds, "how long; Ctrl-C ends it sooner and keeps what came")
      ->capture_default_str();
  command->add_option("--frequency", arguments->frequency, "centre of the band, as in \"1420.4 MHz\"");
  command->add_option("--state", arguments->state, "folder of the journal; default: as the site file says");
  command->add_flag("--simulate", arguments->simulate, "replace every driver by its simulated twin");
  command->add_flag("--json", arguments->json, "one JSON object on standard output");
  command->callback([&action, arguments] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace astro::cli
