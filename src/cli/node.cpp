// SPDX-License-Identifier: BSD-3-Clause
// Serving devices to others, and speaking with who does.
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <iostream>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "astro/error.hpp"
#include "astro/messaging/node.hpp"
#include "astro/messaging/node_client.hpp"
#include "cli/commands.hpp"
#include "cli/metrics.hpp"
#include "cli/output.hpp"
#include "cli/service.hpp"
#include "cli/signals.hpp"

namespace astro::cli {

namespace {

struct NodeArguments {
  std::string site;
  std::string name;
  std::string state;
  std::string metrics;
  std::string units = "/etc/systemd/system";
  bool installs = false;
  bool uninstalls = false;
};

void wait_for(const StopOnSignal& signals) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  woken.wait(lock, signals.token(), [] { return false; });
}

void check_leaves_process(const Site& site, const std::string& name) {
  const bool is_within = std::ranges::all_of(site.devices, [](const DeviceEntry& entry) {
    return entry.kind != DeviceKind::transport || entry.driver == "local";
  });
  if (is_within) {
    throw Error(ErrorCode::invalid_site,
                "serving node '" + name +
                    "': it is a process of its own, and every transport of the site is local; add one with a broker, "
                    "such as transports: {broker: {driver: mqtt, url: mqtt://localhost}}");
  }
}

int serve(const NodeArguments& arguments) {
  const StopOnSignal signals;
  const Duration interval = watchdog_interval();
  const Duration slice = interval > Duration::zero() ? interval : std::chrono::hours(1);
  // By the file on its disk, whatever it was sent: a port that is taken is told before anything is opened.
  const Site site = load_site(arguments.site, {.simulate = false, .node = arguments.name});
  messaging::check_serves(site, arguments.name);
  check_leaves_process(site, arguments.name);
  const auto metrics = tell_metrics(site, arguments.metrics);
  for (;;) {  // anew with each configuration
    messaging::Node node = messaging::Node::open(arguments.site, arguments.name, {.state_folder = arguments.state});
    std::cout << "node " << arguments.name << " serves, boot " << node.boot() << "; Ctrl-C ends it" << std::endl;
    notify("READY=1\nSTATUS=serves, boot " + std::to_string(node.boot()));
    while (!node.wait_for_configuration(signals.token(), slice) && !signals.token().stop_requested()) {
      if (node.serves()) notify("WATCHDOG=1");
    }
    if (signals.token().stop_requested()) {
      notify("STOPPING=1");
      node.close();
      return done;
    }
    notify("WATCHDOG=1\nSTATUS=starts anew with another configuration");
  }
}

int install_unit(const NodeArguments& arguments) {
  const Site site = load_site(arguments.site, {.simulate = false, .node = arguments.name});
  messaging::check_serves(site, arguments.name);
  const ServiceUnit unit{.node = arguments.name,
                         .site_name = site.name,
                         .site_file = arguments.site,
                         .state_folder = arguments.state,
                         .folder = arguments.units};
  std::cout << "wrote " << install(unit).string() << "; it begins, now and with the machine, by\n"
            << "  systemctl daemon-reload\n  systemctl enable --now " << unit_name(arguments.name) << std::endl;
  return done;
}

int uninstall_unit(const NodeArguments& arguments) {
  const std::filesystem::path file = uninstall(
      {.node = arguments.name, .site_name = {}, .site_file = {}, .state_folder = {}, .folder = arguments.units});
  std::cout << "removed " << file.string() << "; what still runs of it ends by\n  systemctl disable --now "
            << unit_name(arguments.name) << "\n  systemctl daemon-reload" << std::endl;
  return done;
}

/// From where, too: "ada@shed".
std::string login() {
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  const char* user = std::getenv("USER");
  return std::string(user == nullptr ? "operator" : user) + '@' + host;
}

struct SendArguments {
  std::string site;
  std::string device;
  std::string command;
  std::vector<std::string> parameters;
  std::string issuer = login();
  std::optional<double> expires_s;
  double wait_s = 60.0;
  bool json = false;
};

/// "name=value", where the value is JSON or, when it is none, text.
Value parameters_of(const std::vector<std::string>& words) {
  Value parameters{Map{}};
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw Error(ErrorCode::invalid_argument, "reading the parameter \"" + word + "\": expected name=value");
    }
    const std::string text = word.substr(equals + 1);
    try {
      parameters.set(word.substr(0, equals), parse_json(text));
    } catch (const Error&) {
      parameters.set(word.substr(0, equals), text);
    }
  }
  return parameters;
}

int send(const SendArguments& arguments) {
  constexpr double longest_s = 1e9;  // 30 years
  if (arguments.expires_s && !(*arguments.expires_s > 0.0 && *arguments.expires_s <= longest_s)) {
    throw Error(ErrorCode::invalid_argument,
                "sending to device '" + arguments.device + "': --expires " + number(*arguments.expires_s, 3) +
                    " is not in the range of 0 to 1e9 s; leave it out for a command that never expires");
  }
  const Site site = load_site(arguments.site);
  messaging::NodeClient client(site);
  Command command;
  command.device = arguments.device;
  command.name = arguments.command;
  command.parameters = parameters_of(arguments.parameters);
  command.issuer = {arguments.issuer, Rank::operator_};
  command.issued = Clock::system()->now();
  if (arguments.expires_s) command.expires = command.issued + from_seconds(*arguments.expires_s);
  const Acknowledgment told = client.send(command, from_seconds(arguments.wait_s));
  print(to_value(told), arguments.json);
  return exit_code_of(told, arguments.wait_s);
}

struct WatchArguments {
  std::string site;
  double seconds = 0.0;
  bool json = false;
};

int watch(const WatchArguments& arguments) {
  const StopOnSignal signals;
  const Site site = load_site(arguments.site);
  messaging::NodeClient client(site);
  const std::string before = "astro/v1/" + site.slug() + "/";
  std::set<std::string, std::less<>> admitted;
  for (const messaging::KnownNode& node : client.nodes(Duration::zero())) {
    if (node.admitted) admitted.insert(node.name);
  }
  client.watch([&](std::string_view topic, std::span<const std::byte> body) {
    if (topic.find("/blocks/") != std::string_view::npos) return;  // samples are not for eyes
    const std::string_view text(reinterpret_cast<const char*>(body.data()), body.size());
    const std::string_view what = topic.substr(std::min(before.size(), topic.size()));
    const bool is_pending = !admitted.contains(what.substr(0, what.find('/')));
    if (arguments.json) {
      Value line;
      line.set("topic", topic);
      if (is_pending) line.set("pending", true);
      try {
        line.set("body", parse_json(text));
      } catch (const Error&) {
        line.set("body", text);
      }
      std::cout << to_json(line) << std::endl;
    } else {
      std::cout << (is_pending ? "pending " : "") << what << ' ' << text << std::endl;
    }
  });
  if (arguments.seconds > 0.0) {
    (void)Clock::system()->sleep_for(from_seconds(arguments.seconds), signals.token());
  } else {
    wait_for(signals);
  }
  return done;
}

}  // namespace

void add_node(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<NodeArguments>();
  CLI::App* command = app.add_subcommand("node", "serves the devices that a site file gives to one node");
  command->add_option("site", arguments->site, "the site file, the same for all nodes")->required();
  command->add_option("--name", arguments->name, "of this node: its devices say runs: {node: NAME}")->required();
  command->add_option("--state", arguments->state, "folder of journal and outbox; default: as the site file says");
  add_metrics_option(*command, arguments->metrics);
  const auto units = [&](const char* name, bool& is_asked, const char* says) {
    return command
        ->add_option_function<std::vector<std::string>>(
            name,
            [arguments, &is_asked](const std::vector<std::string>& folder) {
              is_asked = true;
              if (!folder.empty() && !folder.front().empty()) arguments->units = folder.front();
            },
            says)
        ->expected(0, 1)
        ->type_name("[FOLDER]");
  };
  units("--install", arguments->installs, "writes a unit for systemd instead; default: /etc/systemd/system")
      ->excludes(units("--uninstall", arguments->uninstalls, "removes that unit again"));
  command->callback([&action, arguments] {
    action = [arguments] {
      if (arguments->installs) return install_unit(*arguments);
      return arguments->uninstalls ? uninstall_unit(*arguments) : serve(*arguments);
    };
  });
}

void add_send(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<SendArguments>();
  CLI::App* command = app.add_subcommand("send", "sends a command to a device of a node, and tells what became of it");
  command->add_option("site", arguments->site, "the site file")->required();
  command->add_option("device", arguments->device, "its name in the site file")->required();
  command->add_option("command", arguments->command, "what it is to do: track, stop, ...")->required();
  command->add_option("parameters", arguments->parameters, "name=value each, as in target=\"galactic 120 0\"");
  command->add_option("--issuer", arguments->issuer, "who commands; default: you, and this machine");
  command->add_option("--expires", arguments->expires_s,
                      "seconds after which it does not run any more; default: never");
  command->add_option("--wait", arguments->wait_s, "seconds to wait for its end; 0: it is sent, and that is all")
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "one JSON object on standard output");
  command->callback([&action, arguments] { action = [arguments] { return send(*arguments); }; });
}

void add_watch(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<WatchArguments>();
  CLI::App* command = app.add_subcommand("watch", "prints what the nodes of a site say");
  command->add_option("site", arguments->site, "the site file")->required();
  command->add_option("--seconds", arguments->seconds, "how long; default: until Ctrl-C");
  command->add_flag("--json", arguments->json, "one JSON object a line");
  command->callback([&action, arguments] { action = [arguments] { return watch(*arguments); }; });
}

}  // namespace astro::cli
