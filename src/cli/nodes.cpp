// SPDX-License-Identifier: BSD-3-Clause
// Who serves the devices of a site, with what site file, and what was commanded.
#include <cstdio>
#include <fstream>
#include <iterator>

#include "astro/command_history.hpp"
#include "astro/error.hpp"
#include "astro/messaging/node_client.hpp"
#include "cli/choices.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace astro::cli {

namespace {

struct NodesArguments {
  std::string site;
  std::string action;
  std::string node;
  std::string by;
  double wait_s = 5.0;
  bool json = false;
};

std::string shown(const std::optional<Time>& time) { return time ? format_time(*time, 0) : "-"; }

std::string offset(const messaging::KnownNode& node) {
  if (!node.clock_ahead_s) return "-";
  char text[64];
  std::snprintf(text, sizeof text, "%+.3f s +- %.3f s", *node.clock_ahead_s, node.clock_within_s.value_or(0.0));
  return text;
}

int list(messaging::NodeClient& client, const NodesArguments& arguments) {
  List told;
  std::vector<std::vector<std::string>> rows{
      {"NODE", "STATE", "ADMITTED", "BOOT", "VERSION", "CONFIGURATION", "SINCE", "HEARD", "CLOCK", "AHEAD OF OURS"}};
  for (const messaging::KnownNode& node : client.nodes(from_seconds(arguments.wait_s))) {
    if (arguments.json) told.push_back(to_value(node));
    rows.push_back({node.name, node.state, node.admitted ? node.admitted_by : "pending", std::to_string(node.boot),
                    node.version, std::to_string(node.configuration), shown(node.since), shown(node.heard), node.clock,
                    offset(node)});
  }
  if (arguments.json) print(Value().set("nodes", std::move(told)), true);
  else print_table(rows);
  return done;
}

int nodes(const NodesArguments& arguments) {
  const Site site = load_site(arguments.site);
  messaging::NodeClient client(site);
  if (arguments.action.empty()) return list(client, arguments);
  if (arguments.node.empty()) {
    throw Error(ErrorCode::invalid_argument, "nodes " + arguments.action + ": say which one: its name is missing");
  }
  if (arguments.action == "admit") client.admit(arguments.node, person(arguments.by));
  else client.forget(arguments.node);
  print(Value().set(arguments.action == "admit" ? "admitted" : "forgotten", arguments.node), arguments.json);
  return done;
}

struct ConfigureArguments {
  std::string site;
  std::string node;
  std::string file;
  std::string by;
  double wait_s = 120.0;
  bool json = false;
};

std::string text_in(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw Error(ErrorCode::not_found, "reading the configuration " + file + ": it cannot be read");
  return text;
}

int configure(const ConfigureArguments& arguments) {
  const Site site = load_site(arguments.site);
  messaging::NodeClient client(site);
  const Issuer issuer{person(arguments.by), Rank::operator_};
  const Acknowledgment told =
      client.configure(arguments.node, text_in(arguments.file.empty() ? arguments.site : arguments.file), issuer,
                       from_seconds(arguments.wait_s));
  print(to_value(told), arguments.json);
  return exit_code_of(told, arguments.wait_s);
}

struct CommandsArguments {
  std::string site;
  std::string node;
  std::string state;
  std::string from;
  std::string to;
  CommandQuery query;
  double wait_s = 10.0;
  bool json = false;
};

int commands(const CommandsArguments& arguments) {
  const Site site = load_site(arguments.site);
  CommandQuery query = arguments.query;
  if (!arguments.from.empty()) query.from = parse_time(arguments.from);
  if (!arguments.to.empty()) query.to = parse_time(arguments.to);
  std::vector<CommandRecord> found;
  if (arguments.node.empty()) {
    found = find_commands(arguments.state.empty() ? site.state_folder : std::filesystem::path(arguments.state), query);
  } else {
    found = messaging::NodeClient(site).history(arguments.node, query, from_seconds(arguments.wait_s));
  }
  List told;
  std::vector<std::vector<std::string>> rows{
      {"ISSUED", "BY", "RANK", "FROM", "DEVICE", "COMMAND", "PARAMETERS", "BECAME", "AT", "SAYING"}};
  for (const CommandRecord& one : found) {
    if (arguments.json) told.push_back(to_value(one));
    rows.push_back({format_time(one.issued), one.issuer.name, to_value(one.issuer).find("rank")->as_text(),
                    one.from_outside ? "outside" : "here", one.device, one.command,
                    one.parameters.is_null() ? "" : to_json(one.parameters),
                    Description<CommandState>::choices.at(static_cast<std::size_t>(one.state)), format_time(one.time),
                    one.message});
  }
  if (arguments.json) print(Value().set("commands", std::move(told)), true);
  else print_table(rows);
  return done;
}

}  // namespace

void add_nodes(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<NodesArguments>();
  CLI::App* command = app.add_subcommand("nodes", "who serves devices of a site; admits those that it does not name");
  command->add_option("site", arguments->site, "the site file")->required();
  command->add_option("action", arguments->action, "admit: it may be commanded; forget: it is as if never heard")
      ->check(CLI::IsMember({"admit", "forget"}));
  command->add_option("node", arguments->node, "the name of a node");
  command->add_option("--by", arguments->by, "who admits it; default: your login");
  command->add_option("--wait", arguments->wait_s, "seconds to wait for answers")->capture_default_str();
  command->add_flag("--json", arguments->json, "one JSON object on standard output");
  command->callback([&action, arguments] { action = [arguments] { return nodes(*arguments); }; });
}

void add_configure(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<ConfigureArguments>();
  CLI::App* command =
      app.add_subcommand("configure", "sends a site file to a node, which takes it or goes back to what it had");
  command->add_option("site", arguments->site, "the site file, by which the node is reached")->required();
  command->add_option("--node", arguments->node, "the name of the node")->required();
  command->add_option("--file", arguments->file, "what is sent; default: the site file itself");
  command->add_option("--by", arguments->by, "who does it; default: your login");
  command->add_option("--wait", arguments->wait_s, "seconds to wait for its end; 0: it is sent, and that is all")
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "one JSON object on standard output");
  command->callback([&action, arguments] { action = [arguments] { return configure(*arguments); }; });
}

void add_commands(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<CommandsArguments>();
  CLI::App* command =
      app.add_subcommand("commands", "the history of commands: who, when, from where, what became of it");
  command->add_option("site", arguments->site, "the site file")->required();
  command->add_option("--node", arguments->node, "asks this node; default: the journal of this machine");
  command->add_option("--state", arguments->state, "folder of the journal; default: as the site file says");
  command->add_option("--device", arguments->query.device, "of this device");
  command->add_option("--command", arguments->query.command, "of this name");
  command->add_option("--issuer", arguments->query.issuer, "by whom, with or without the machine: ada, ada@shed");
  command->add_option("--from", arguments->from, "UTC, ISO 8601; inclusive");
  command->add_option("--to", arguments->to, "UTC, ISO 8601; exclusive");
  command->add_option("--limit", arguments->query.limit, "the newest so many")->capture_default_str();
  command->add_option("--wait", arguments->wait_s, "seconds to wait for the node")->capture_default_str();
  command->add_flag("--json", arguments->json, "one JSON object on standard output");
  command->callback([&action, arguments] { action = [arguments] { return commands(*arguments); }; });
}

}  // namespace astro::cli
