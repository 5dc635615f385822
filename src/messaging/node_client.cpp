// SPDX-License-Identifier: BSD-3-Clause
#include "astro/messaging/node_client.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "astro/error.hpp"
#include "astro/messaging/node.hpp"
#include "astro/messaging/telescope.hpp"
#include "astro/observatory.hpp"
#include "astro/trace.hpp"
#include "messaging/node_census.hpp"
#include "messaging/node_register.hpp"
#include "messaging/node_ways.hpp"
#include "messaging/subscribing.hpp"
#include "messaging/wire.hpp"

namespace astro::messaging {

namespace {

constexpr Duration answer_bound = std::chrono::seconds(5);
constexpr Duration look_bound = std::chrono::milliseconds(20);  // at one of several transports
constexpr Duration retained_bound = std::chrono::seconds(1);    // what a broker has kept comes at once
constexpr const char* by_site_file = "site file";

std::set<std::string> admitted_by_site(const Site& site) {
  const auto section = site.section<NodesSection>("nodes");
  std::set<std::string> names(section.admitted.begin(), section.admitted.end());
  for (const DeviceEntry& entry : site.devices) {
    if (!entry.node.empty()) names.insert(entry.node);
  }
  return names;
}

/// Nothing more is to be heard of it.
bool is_settled(const NodeCensus::Heard& heard) { return heard.has_answered || (heard.state && !heard.state->online); }

std::string state_of(const NodeCensus::Heard& heard) {
  if (heard.has_answered) return "online";
  if (!heard.state || heard.state->online) return "silent";
  return heard.state->cause == "bye" ? "closed" : "vanished";
}

void put(KnownNode& node, const NodeCensus::Heard& heard, Time now) {
  node.state = state_of(heard);
  if (!node.since) node.since = now;
  if (heard.has_answered) {
    node.heard = now;
    node.clock_ahead_s = seconds(heard.ahead);
    node.clock_within_s = seconds(heard.within);
  } else if (!node.heard && heard.birth) {
    node.heard = heard.birth->time;
  }
  if (!heard.birth) return;
  node.boot = heard.birth->boot;
  node.version = heard.birth->version;
  node.host = heard.birth->host;
  node.configuration = heard.birth->configuration;
  node.clock = heard.birth->clock;
  node.devices.clear();
  for (const ServedDevice& device : heard.birth->devices) node.devices.push_back(device.name);
}

KnownNode& find_or_add(std::vector<KnownNode>& nodes, const std::string& name) {
  const auto found = std::ranges::find(nodes, name, &KnownNode::name);
  if (found != nodes.end()) return *found;
  nodes.push_back({.name = name});
  return nodes.back();
}

Site transports_of(Site site) {
  std::erase_if(site.devices, [](const DeviceEntry& entry) { return entry.kind != DeviceKind::transport; });
  check_meets(site, "reaching the nodes of " + site.name);
  site.sections.clear();
  site.state_folder.clear();  // one that goes with us
  return site;
}

}  // namespace

struct NodeClient::State {
 public:
  State(const Site& whole, Registry& registry)
      : site(whole), nodes(whole.state_folder), observatory(Observatory::open(transports_of(whole), {}, registry)) {
    for (const std::string& name : observatory.names(DeviceKind::transport)) {
      transports.push_back(observatory.transport(name));
    }
  }

  std::vector<KnownNode> known() const;
  std::string node_of(NodeClient& client, const std::string& device) const;
  void check_admitted(const std::string& node, const std::string& doing) const;
  Duration ahead_of_us(const std::string& node) const;
  std::string why_unanswered(const std::string& node, const Command& command, Duration waited) const;
  bool hand_over(const Message& message);
  Acknowledgment send_to(const std::string& node, Command command, Duration at_most);

  const Site site;
  const NodeRegister nodes;
  Observatory observatory;
  std::vector<std::shared_ptr<Transport>> transports;
  std::vector<std::unique_ptr<Subscriber>> hearers;
  std::vector<std::unique_ptr<Subscribing>> subscriptions;  // the last: they end first
};

namespace {

/// Waits for what becomes of one command.
class Answers final : public Subscriber {
 public:
  explicit Answers(std::string id) : id_(std::move(id)) {}

  void deliver(std::span<const Message> messages) override {
    for (const Message& message : messages) {
      try {
        const Acknowledgment told = acknowledgment_of(record_in<CommandAcknowledgment>(message.body));
        const std::lock_guard lock(mutex_);
        if (told.command_id != id_ || (latest_ && latest_->state > told.state)) continue;
        latest_ = told;
        changed_.notify_all();
      } catch (const Error&) {  // not of ours
      }
    }
  }
  std::optional<Acknowledgment> wait(Duration at_most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [this] { return latest_ && is_final(latest_->state); });
    return latest_;
  }

 private:
  const std::string id_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Acknowledgment> latest_;
};

class Watcher final : public Subscriber {
 public:
  Watcher(NodeClient::Hear hear, std::shared_ptr<std::mutex> one_at_a_time)
      : hear_(std::move(hear)), one_at_a_time_(std::move(one_at_a_time)) {}
  void deliver(std::span<const Message> messages) override {
    const std::lock_guard lock(*one_at_a_time_);
    for (const Message& message : messages) hear_(message.topic, message.body);
  }

 private:
  const NodeClient::Hear hear_;
  const std::shared_ptr<std::mutex> one_at_a_time_;
};

}  // namespace

NodeClient::NodeClient(const Site& site, Registry& registry) : state_(std::make_unique<State>(site, registry)) {}
NodeClient::~NodeClient() = default;

/// The register, with what the site file says of admission.
std::vector<KnownNode> NodeClient::State::known() const {
  std::vector<KnownNode> all = nodes.read();
  const std::set<std::string> admitted = admitted_by_site(site);
  for (const std::string& name : admitted) find_or_add(all, name).admitted_by = by_site_file;
  for (KnownNode& node : all) {
    if (node.admitted_by == by_site_file && !admitted.contains(node.name)) node.admitted_by.clear();
    node.admitted = !node.admitted_by.empty();
  }
  return all;
}

/// Who serves a device: as the site file says, or as an admitted node says of itself.
std::string NodeClient::State::node_of(NodeClient& client, const std::string& device) const {
  const auto entry = std::ranges::find(site.devices, device, &DeviceEntry::name);
  if (entry != site.devices.end() && !entry->node.empty()) return entry->node;
  if (entry != site.devices.end()) {
    throw Error(ErrorCode::not_found, "device '" + device +
                                          "' is on no node, and only nodes hear commands of others; write at it: runs: "
                                          "{node: NAME}, and start `astro node`");
  }
  const auto serves = [&](const KnownNode& node) {
    return std::ranges::find(node.devices, device) != node.devices.end();
  };
  std::vector<KnownNode> all = known();
  auto found = std::ranges::find_if(all, serves);
  if (found == all.end()) {
    all = client.nodes();
    found = std::ranges::find_if(all, serves);
  }
  if (found != all.end()) return found->name;
  std::vector<std::string> names;
  for (const DeviceEntry& one : site.devices) names.push_back(one.name);
  const std::string near = nearest(device, names);
  throw Error(ErrorCode::not_found,
              "the site has no device '" + device + "'" + (near.empty() ? "" : "; did you mean " + near + "?"));
}

void NodeClient::State::check_admitted(const std::string& node, const std::string& doing) const {
  const std::vector<KnownNode> all = known();
  const auto found = std::ranges::find(all, node, &KnownNode::name);
  if (found != all.end() && found->admitted) return;
  throw Error(ErrorCode::unsafe, doing + ": node '" + node +
                                     "' is pending, since the site file does not name it and nobody has admitted it; "
                                     "`astro nodes SITE admit " +
                                     node + "` does, or in the site file nodes: {admitted: [" + node + "]}");
}

/// Measured now, or when it was heard last.
Duration NodeClient::State::ahead_of_us(const std::string& node) const {
  NodeCensus census(transports, site.slug(), node, observatory.clock());
  const auto heard = census.ask(answer_bound, [&](const auto& all) { return is_settled(all.at(node)); });
  const NodeCensus::Heard& one = heard.at(node);
  if (one.has_answered) {
    nodes.change([&](std::vector<KnownNode>& all) { put(find_or_add(all, node), one, observatory.clock()->now()); });
    return one.ahead;
  }
  const std::vector<KnownNode> all = nodes.read();
  const auto found = std::ranges::find(all, node, &KnownNode::name);
  return found != all.end() && found->clock_ahead_s ? from_seconds(*found->clock_ahead_s) : Duration::zero();
}

Acknowledgment NodeClient::send(Command command, Duration at_most) {
  const std::string node = state_->node_of(*this, command.device);
  state_->check_admitted(node, "sending to device '" + command.device + "'");
  return state_->send_to(node, std::move(command), at_most);
}

std::vector<KnownNode> NodeClient::nodes(Duration at_most) {
  NodeCensus census(state_->transports, state_->site.slug(), "+", state_->observatory.clock());
  // What is retained comes before any answer: once all that were heard are settled, nobody is missing.
  const auto heard = census.ask(at_most, [](const auto& all) {
    return std::ranges::any_of(all, [](const auto& one) { return one.second.has_answered; }) &&
           std::ranges::all_of(all, [](const auto& one) { return is_settled(one.second); });
  });
  const Time now = state_->observatory.clock()->now();
  state_->nodes.change([&](std::vector<KnownNode>& all) {
    for (const auto& [name, one] : heard) {
      if (one.birth || one.state) put(find_or_add(all, name), one, now);
    }
  });
  std::vector<KnownNode> all = state_->known();
  for (KnownNode& node : all) {
    const auto found = heard.find(node.name);
    const bool is_heard = found != heard.end() && (found->second.birth || found->second.state);
    if (!is_heard) node.state = node.since ? "silent" : "unheard";
  }
  return all;
}

void NodeClient::admit(const std::string& node, const std::string& by) {
  std::vector<KnownNode> heard = state_->nodes.read();
  if (std::ranges::find(heard, node, &KnownNode::name) == heard.end()) heard = nodes();
  if (std::ranges::find(heard, node, &KnownNode::name) == heard.end()) {
    throw Error(ErrorCode::not_found, "admitting node '" + node +
                                          "': it was never heard; start `astro node` there, and see that it reaches "
                                          "the same broker");
  }
  state_->nodes.change([&](std::vector<KnownNode>& all) { find_or_add(all, node).admitted_by = by; });
}

void NodeClient::forget(const std::string& node) {
  if (admitted_by_site(state_->site).contains(node)) {
    throw Error(ErrorCode::invalid_argument,
                "forgetting node '" + node + "': the site file admits it; take its name out of there");
  }
  bool was_there = false;
  state_->nodes.change([&](std::vector<KnownNode>& all) {
    was_there = std::erase_if(all, [&](const KnownNode& one) { return one.name == node; }) != 0;
  });
  if (!was_there) {
    throw Error(ErrorCode::not_found, "forgetting node '" + node + "': it is not known; `astro nodes` lists them");
  }
}

Acknowledgment NodeClient::configure(const std::string& node, const std::string& site_file, const Issuer& issuer,
                                     Duration at_most) {
  state_->check_admitted(node, "configuring node '" + node + "'");
  Command command;
  command.device = node_device;
  command.name = "configure";
  command.parameters.set("site", site_file);
  command.issuer = issuer;
  return state_->send_to(node, std::move(command), at_most);
}

std::vector<CommandRecord> NodeClient::history(const std::string& node, const CommandQuery& query, Duration at_most) {
  state_->check_admitted(node, "asking node '" + node + "'");
  Command command;
  command.device = node_device;
  command.name = "history";
  command.parameters = to_value(query);
  const Acknowledgment told = state_->send_to(node, std::move(command), at_most);
  if (!is_final(told.state)) {
    throw Error(ErrorCode::timeout, "node '" + node + "' did not tell its history within " +
                                        std::to_string(seconds(at_most)) + " s; see with `astro nodes` if it is there");
  }
  if (told.state != CommandState::completed) throw Error(error_code_of(told.error_code), told.message);
  std::vector<CommandRecord> found;
  for (const Value& one : told.details.as_list()) {
    found.push_back(from_value<CommandRecord>(canonical(schema_of<CommandRecord>(), one)));
  }
  return found;
}

/// Over every transport; whether one of them confirmed it. One that is away does not hold up the others.
bool NodeClient::State::hand_over(const Message& message) {
  std::vector<Ticket> tickets;
  for (const auto& transport : transports) {
    const Published published = transport->publish(std::span(&message, 1));
    tickets.push_back(published.accepted == 0 ? 0 : published.ticket);
  }
  const auto until = std::chrono::steady_clock::now() + answer_bound;
  do {
    for (std::size_t i = 0; i < tickets.size(); ++i) {
      if (tickets[i] != 0 && transports[i]->confirmed(tickets[i], look_bound) >= tickets[i]) return true;
    }
  } while (std::chrono::steady_clock::now() < until);
  return false;
}

Acknowledgment NodeClient::State::send_to(const std::string& node, Command command, Duration at_most) {
  if (command.id.empty()) command.id = new_id();
  Span span("send");
  span.set("astro.device", command.device);
  span.set("astro.command", command.name);
  span.set("astro.command_id", command.id);
  const TraceScope scope(span.context());
  if (command.issued == Time{}) command.issued = observatory.clock()->now();
  const std::string topics = node_topics(site.slug(), node);
  Answers answers(command.id);
  std::vector<std::unique_ptr<Subscribing>> hears_answers;
  for (const auto& transport : transports) {
    const std::vector<Subscribed> wanted{{topics + "acknowledgment/" + command.device, {}}};
    hears_answers.push_back(std::make_unique<Subscribing>(transport, wanted, answers, "send"));
  }
  if (!wait_any(hears_answers, answer_bound)) {
    throw Error(ErrorCode::transport, "sending to device '" + command.device +
                                          "': no transport of the site answers; see that the broker runs");
  }
  Duration lifetime{};
  if (command.expires != Time{}) {
    const Duration ahead = ahead_of_us(node);
    // A receiver counts the age of a message by its own clock, and so the node does with the command.
    lifetime = std::max(command.expires - command.issued, Duration(1)) + std::max(ahead, Duration::zero());
    command.expires += ahead;
  }
  const std::string topic = topics + "command/" + command.device;
  const std::string body = to_json(telescope_command(command));
  Message message;
  message.topic = topic;
  message.key = command.device;
  message.body = bytes_of(body);
  message.lifetime = lifetime;
  if (!hand_over(message)) {
    throw Error(ErrorCode::transport, "sending to device '" + command.device +
                                          "': no transport of the site confirmed it; see that the broker runs");
  }
  if (auto told = answers.wait(at_most)) {
    span.end(is_final(told->state) && told->state != CommandState::completed ? told->message : "");
    if (told->issuer.name.empty()) told->issuer = command.issuer;  // who commanded does not travel back
    return *std::move(told);
  }
  Acknowledgment nothing;
  nothing.command_id = command.id;
  nothing.device = command.device;
  nothing.command = command.name;
  nothing.state = CommandState::unanswered;
  nothing.time = command.issued;
  nothing.issuer = command.issuer;
  nothing.message = why_unanswered(node, command, at_most);
  return nothing;
}

/// What a broker keeps of a node says whether it has been there: for one that never was, brokers keep no command.
std::string NodeClient::State::why_unanswered(const std::string& node, const Command& command, Duration waited) const {
  if (waited <= Duration::zero()) return "it was sent, and nobody waited for an answer";
  const std::string told = "node '" + node + "' has not answered";
  try {
    NodeCensus census(transports, site.slug(), node, observatory.clock());
    const auto heard = census.ask(retained_bound, [&](const auto& all) { return is_settled(all.at(node)); });
    const NodeCensus::Heard& one = heard.at(node);
    if (!one.birth && !one.state) {
      return told +
             ", and has never been heard of, so that the command may be lost; start `astro node` there, and send it "
             "again";
    }
  } catch (const Error& error) {
    return told + ", and whether the broker keeps the command for it is not known: " + error.what();
  }
  return told + "; the command waits at the broker until the node takes it" +
         (command.expires == Time{} ? ", and never expires"
                                    : ", or until it expires at " + format_time(command.expires) + " by its clock");
}

void NodeClient::watch(const Hear& hear, Duration at_most) {
  const auto one_at_a_time = std::make_shared<std::mutex>();
  for (const auto& transport : state_->transports) {
    state_->hearers.push_back(std::make_unique<Watcher>(hear, one_at_a_time));
    const std::vector<Subscribed> wanted{{"astro/v1/" + state_->site.slug() + "/#", {}}};
    state_->subscriptions.push_back(std::make_unique<Subscribing>(transport, wanted, *state_->hearers.back(), "watch"));
  }
  if (!wait_any(state_->subscriptions, at_most)) {
    throw Error(ErrorCode::transport, "watching the nodes of " + state_->site.name +
                                          ": no transport of the site answers; see that the broker runs");
  }
}

}  // namespace astro::messaging
