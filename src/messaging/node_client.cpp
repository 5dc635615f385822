// SPDX-License-Identifier: BSD-3-Clause
#include "astro/messaging/node_client.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "astro/error.hpp"
#include "astro/messaging/node.hpp"
#include "astro/messaging/telescope.hpp"
#include "astro/observatory.hpp"
#include "astro/trace.hpp"
#include "messaging/subscribing.hpp"
#include "messaging/wire.hpp"

namespace astro::messaging {

namespace {

Site transports_of(Site site) {
  std::erase_if(site.devices, [](const DeviceEntry& entry) { return entry.kind != DeviceKind::transport; });
  if (site.devices.empty()) {
    throw Error(ErrorCode::invalid_site, "reaching the nodes of " + site.name +
                                             ": the site has no transport; add one, such as transports: {broker: "
                                             "{driver: mqtt, url: mqtt://localhost}}");
  }
  site.sections.clear();
  site.state_folder.clear();  // one that goes with us
  return site;
}

}  // namespace

struct NodeClient::State {
 public:
  State(const Site& whole, Registry& registry)
      : site(whole), observatory(Observatory::open(transports_of(whole), {}, registry)) {
    for (const std::string& name : observatory.names(DeviceKind::transport)) {
      transports.push_back(observatory.transport(name));
    }
  }

  const Site site;
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

Acknowledgment NodeClient::send(Command command, Duration at_most) {
  const auto found = std::ranges::find(state_->site.devices, command.device, &DeviceEntry::name);
  if (found == state_->site.devices.end()) {
    std::vector<std::string> known;
    for (const DeviceEntry& entry : state_->site.devices) known.push_back(entry.name);
    const std::string near = nearest(command.device, known);
    throw Error(ErrorCode::not_found, "the site has no device '" + command.device + "'" +
                                          (near.empty() ? "" : "; did you mean " + near + "?"));
  }
  if (found->node.empty()) {
    throw Error(ErrorCode::not_found, "device '" + command.device +
                                          "' is on no node, and only nodes hear commands of others; write at it: runs: "
                                          "{node: NAME}, and start `astro node`");
  }
  if (command.id.empty()) command.id = new_id();
  Span span("send");
  span.set("astro.device", command.device);
  span.set("astro.command", command.name);
  span.set("astro.command_id", command.id);
  const TraceScope scope(span.context());
  if (command.issued == Time{}) command.issued = state_->observatory.clock()->now();
  const std::string topics = node_topics(state_->site.slug(), found->node);
  Answers answers(command.id);
  std::vector<std::unique_ptr<Subscribing>> subscriptions;
  for (const auto& transport : state_->transports) {
    const std::vector<Subscribed> wanted{{topics + "acknowledgment/" + command.device, {}}};
    subscriptions.push_back(std::make_unique<Subscribing>(transport, wanted, answers, "send"));
  }
  bool hears = false;
  for (const auto& subscription : subscriptions) hears = subscription->wait(std::chrono::seconds(5)) || hears;
  if (!hears) {
    throw Error(ErrorCode::transport, "sending to device '" + command.device +
                                          "': no transport of the site answers; see that the broker runs");
  }
  const std::string topic = topics + "command/" + command.device;
  const std::string body = to_json(telescope_command(command));
  Message message;
  message.topic = topic;
  message.key = command.device;
  message.body = bytes_of(body);
  if (command.expires != Time{}) message.lifetime = std::max(command.expires - command.issued, Duration(1));
  bool is_handed_over = false;
  for (const auto& transport : state_->transports) {
    const Published published = transport->publish(std::span(&message, 1));
    if (published.accepted == 0) continue;
    is_handed_over =
        transport->confirmed(published.ticket, std::chrono::seconds(5)) >= published.ticket || is_handed_over;
  }
  if (!is_handed_over) {
    throw Error(ErrorCode::transport, "sending to device '" + command.device +
                                          "': no transport of the site confirmed it; see that the broker runs");
  }
  if (auto told = answers.wait(at_most)) {
    span.end(is_final(told->state) && told->state != CommandState::completed ? told->message : "");
    return *std::move(told);
  }
  Acknowledgment nothing;
  nothing.command_id = command.id;
  nothing.device = command.device;
  nothing.command = command.name;
  nothing.time = command.issued;
  nothing.issuer = command.issuer;
  nothing.message = "node '" + found->node + "' has not answered yet; the command waits for it";
  return nothing;
}

void NodeClient::watch(Hear hear, Duration at_most) {
  const auto one_at_a_time = std::make_shared<std::mutex>();
  bool hears = false;
  for (const auto& transport : state_->transports) {
    state_->hearers.push_back(std::make_unique<Watcher>(hear, one_at_a_time));
    const std::vector<Subscribed> wanted{{"astro/v1/" + state_->site.slug() + "/#", {}}};
    state_->subscriptions.push_back(std::make_unique<Subscribing>(transport, wanted, *state_->hearers.back(), "watch"));
  }
  for (const auto& subscription : state_->subscriptions) hears = subscription->wait(at_most) || hears;
  if (!hears) {
    throw Error(ErrorCode::transport, "watching the nodes of " + state_->site.name +
                                          ": no transport of the site answers; see that the broker runs");
  }
}

}  // namespace astro::messaging
