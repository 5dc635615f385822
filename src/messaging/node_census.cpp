// SPDX-License-Identifier: BSD-3-Clause
#include "messaging/node_census.hpp"

#include <algorithm>
#include <utility>

#include "astro/error.hpp"
#include "messaging/wire.hpp"

namespace astro::messaging {

NodeCensus::NodeCensus(const std::vector<std::shared_ptr<Transport>>& transports, std::string site_slug,
                       const std::string& node, std::shared_ptr<Clock> clock)
    : transports_(transports), site_slug_(std::move(site_slug)), node_(node), clock_(std::move(clock)) {
  const std::string topics = node_topics(site_slug_, node);
  for (const auto& transport : transports_) {
    const std::vector<Subscribed> wanted{{topics + "state", {}}, {topics + "birth", {}}};
    subscriptions_.push_back(std::make_unique<Subscribing>(transport, wanted, *this, "nodes"));
  }
}

NodeCensus::~NodeCensus() { subscriptions_.clear(); }

void NodeCensus::ask_one(const std::string& node) {
  const std::string topic = node_topics(site_slug_, node) + "rebirth";
  const std::string body = to_json(Value().set("id", id_));
  Message message;
  message.topic = topic;
  message.key = node;
  message.body = bytes_of(body);
  for (const auto& transport : transports_) (void)transport->publish(std::span(&message, 1));
}

std::map<std::string, NodeCensus::Heard> NodeCensus::ask(
    Duration at_most, const std::function<bool(const std::map<std::string, Heard>&)>& enough) {
  const auto until = std::chrono::steady_clock::now() + at_most;
  if (!wait_any(subscriptions_, std::chrono::seconds(10))) {
    throw Error(ErrorCode::transport, "asking who is there of site '" + site_slug_ +
                                          "': no transport of the site answers; see that the broker runs");
  }
  std::unique_lock lock(mutex_);
  if (node_ != "+") heard_.try_emplace(node_);
  while (!enough(heard_) && std::chrono::steady_clock::now() < until) {
    std::vector<std::string> unasked;
    for (auto& [node, heard] : heard_) {
      if (!heard.asked) unasked.push_back(node), heard.asked = clock_->now();
    }
    has_news_ = false;
    lock.unlock();
    for (const std::string& node : unasked) ask_one(node);
    lock.lock();
    changed_.wait_until(lock, until, [this] { return has_news_; });
  }
  return heard_;
}

void NodeCensus::deliver(std::span<const Message> messages) {
  const std::lock_guard lock(mutex_);
  for (const Message& message : messages) {
    const bool is_birth = last_level(message.topic) == "birth";
    Heard& heard = heard_[std::string(level_before_last(message.topic))];
    try {
      if (!is_birth) {
        const auto state = record_in<NodeState>(message.body);
        if (!heard.state || heard.state->boot <= state.boot) heard.state = state;
        continue;
      }
      const auto birth = record_in<NodeBirth>(message.body);
      if (heard.birth && birth.boot < heard.birth->boot) continue;
      heard.birth = birth;
      const bool is_answer = std::ranges::find(birth.answers, id_) != birth.answers.end();
      if (!is_answer || heard.has_answered) continue;  // retained, or another transport brought it first
      const Duration took = clock_->now() - *heard.asked;
      heard.within = took / 2;
      heard.ahead = birth.time - (*heard.asked + heard.within);
      heard.has_answered = true;
    } catch (const Error&) {  // not of ours
    }
  }
  has_news_ = true;
  changed_.notify_all();
}

}  // namespace astro::messaging
