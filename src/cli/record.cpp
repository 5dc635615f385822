// SPDX-License-Identifier: BSD-3-Clause
#include <cstdlib>
#include <iostream>

#include "astro/error.hpp"
#include "astro/files/sigmf.hpp"
#include "astro/observatory.hpp"
#include "astro/version.hpp"
#include "cli/choices.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"

namespace astro::cli {

namespace {

using namespace std::chrono_literals;

struct RecordArguments {
  std::string site;
  std::string out;
  std::string receiver;
  std::string state;
  double seconds = 10.0;
  std::string frequency;
  bool simulate = false;
  bool json = false;
};

int run(const RecordArguments& arguments) {
  if (!(arguments.seconds > 0.0))  // before a recording of that name is overwritten by nothing
    throw Error(ErrorCode::invalid_argument,
                "recording: --seconds is longer than 0 s; it is " + number(arguments.seconds, 3));
  const StopOnSignal signals;
  Observatory observatory = Observatory::open(load_site(arguments.site, {.simulate = arguments.simulate}),
                                              {.simulate = arguments.simulate, .state_folder = arguments.state});
  const ReceiverHandle receiver =
      observatory.receiver(only(observatory, DeviceKind::receiver, arguments.receiver, "--receiver"));
  if (!arguments.frequency.empty()) {
    const Field field{.name = "frequency", .type = FieldType::frequency, .unit = "Hz"};
    receiver.tune({.frequency = hertz(canonical(field, arguments.frequency).as_number())});
  }
  if (!receiver.settings()->is_iq()) {
    throw Error(ErrorCode::unsupported, "recording: receiver '" + receiver.name() +
                                            "' yields spectra, no samples; `astro observe` stores those");
  }
  const auto settings = receiver.settings();
  const char* login = std::getenv("USER");
  files::SigmfWriter writer(arguments.out,
                            {.dtype = settings->dtype,
                             .sample_rate = settings->tuning.sample_rate,
                             .author = login == nullptr ? "" : login,
                             .hardware = receiver.name(),
                             .recorder = std::string("libastro ") + version,
                             .site = observatory.location()},
                            files::SigmfNames::at_once);
  const auto recorded_s = [&] {
    return static_cast<double>(writer.samples() + writer.samples_lost()) / settings->tuning.sample_rate.hertz();
  };
  BlockStream stream = receiver.stream();
  auto give_up = [last = std::chrono::steady_clock::now()](bool came) mutable {
    const auto now = std::chrono::steady_clock::now();
    if (came) last = now;
    return now - last > 5s;
  };
  while (recorded_s() < arguments.seconds && !signals.token().stop_requested()) {
    const BlockPtr block = stream.next(100ms);
    if (give_up(block != nullptr)) {
      throw Error(ErrorCode::timeout,
                  "recording: receiver '" + receiver.name() + "' gave no samples for 5 s; look at its cable");
    }
    if (block && block->items() > 0) writer.write(*block);
    if (block && block->last) break;
  }
  writer.finish();  // a signal ends it, and keeps what came
  observatory.close();
  Value told;
  told.set("file", arguments.out).set("samples", static_cast<std::int64_t>(writer.samples()));
  told.set("samples_lost", static_cast<std::int64_t>(writer.samples_lost())).set("duration_s", recorded_s());
  print(told, arguments.json);
  return done;
}

}  // namespace

void add_record(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<RecordArguments>();
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
