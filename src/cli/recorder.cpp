// SPDX-License-Identifier: BSD-3-Clause
#include "astro/telemetry/recorder.hpp"

#include <algorithm>
#include <thread>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/messaging/status.hpp"
#include "cli/commands.hpp"
#include "cli/metrics.hpp"
#include "cli/output.hpp"
#include "cli/signals.hpp"

namespace astro::cli {

namespace {

using namespace std::chrono_literals;

constexpr int most_members = 64;  // on one machine

struct RecorderArguments {
  std::string site;
  std::string group;
  std::string metrics;
  bool json = false;
};

/// The transport and the store of the section alone: no device is opened for it.
Site needed_of(Site site, const telemetry::RecorderSection& section) {
  std::erase_if(site.devices, [&](const DeviceEntry& device) {
    const bool is_transport = device.kind == DeviceKind::transport && device.name == section.transport;
    const bool is_store = device.kind == DeviceKind::store && device.name == section.store;
    return !is_transport && !is_store;
  });
  return site;
}

/// The first place that no other recorder of this machine has: a broker knows each by what it keeps there, and what
/// one had got and not yet stored is found again by its successor.
Observatory open_member(const Site& site, const std::string& group) {
  for (int member = 1;; ++member) {
    const std::string name = "recorder-" + group + '-' + std::to_string(member);
    Site own = site;
    for (DeviceEntry& device : own.devices) {
      const Value* client = device.settings.find("client_id");
      if (client != nullptr && !client->as_text().empty()) {
        device.settings.set("client_id", client->as_text() + '-' + name);
      }
    }
    try {
      return Observatory::open(own, {.state_folder = site.state_folder / name});
    } catch (const Error& error) {
      if (error.code() != ErrorCode::busy || member == most_members) throw;
    }
  }
}

bool can_be_waited_for(const Error& error) {
  return error.code() == ErrorCode::transport || error.code() == ErrorCode::storage ||
         error.code() == ErrorCode::timeout;
}

std::optional<Observatory> open_patiently(const Site& site, const std::string& group, const std::stop_token& stop) {
  for (bool is_told = false; !stop.stop_requested();) {
    try {
      return open_member(site, group);
    } catch (const Error& error) {
      if (!can_be_waited_for(error)) throw;
      if (!std::exchange(is_told, true)) log(LogLevel::warning, "recorder", std::string("waiting: ") + error.what());
    }
    for (int i = 0; i < 20 && !stop.stop_requested(); ++i) std::this_thread::sleep_for(100ms);
  }
  return std::nullopt;
}

int record(const RecorderArguments& arguments) {
  const StopOnSignal signals;
  const Site site = load_site(arguments.site);
  if (std::ranges::find(site.sections, "recorder", &Map::value_type::first) == site.sections.end()) {
    throw Error(
        ErrorCode::invalid_argument,
        "recording: " + arguments.site + " has no section `recorder`; it says from where, and into which store");
  }
  auto section = site.section<telemetry::RecorderSection>("recorder");
  if (!arguments.group.empty()) section.group = arguments.group;
  const auto metrics = tell_metrics(site, arguments.metrics);
  std::optional<Observatory> observatory = open_patiently(needed_of(site, section), section.group, signals.token());
  telemetry::RecorderStatus status;
  if (observatory) {
    // Bare devices are not open here, and yet their points have names.
    const messaging::StatusReporter reporter(*observatory, "recorder");
    telemetry::Recorder recorder(*observatory, section, site);
    log(LogLevel::info, "recorder", "recording from '" + section.transport + "' into '" + section.store + "'");
    recorder.run(signals.token());
    status = recorder.status();
  }
  if (observatory) observatory->close();
  print(Value()
            .set("messages", status.messages)
            .set("stored", status.stored)
            .set("there", status.there)
            .set("dead", status.dead),
        arguments.json);
  return done;
}

}  // namespace

void add_recorder(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<RecorderArguments>();
  CLI::App* command = app.add_subcommand(
      "recorder", "brings what a transport carries into a store, as the section recorder says, until it is stopped");
  command->add_option("site", arguments->site, "the site file")->required();
  command->add_option("--group", arguments->group, "recorders of one group share the messages; default: the section's");
  add_metrics_option(*command, arguments->metrics);
  command->add_flag("--json", arguments->json, "one JSON object on standard output");
  command->callback([&action, arguments] { action = [arguments] { return record(*arguments); }; });
}

}  // namespace astro::cli
