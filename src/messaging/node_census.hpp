// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "astro/clock.hpp"
#include "astro/command.hpp"
#include "astro/messaging/node.hpp"
#include "messaging/subscribing.hpp"

namespace astro::messaging {

/// Asks nodes who they are, and hears what time they have: a birth that a question brought was said between the
/// question and its arrival.
class NodeCensus final : public Subscriber {
 public:
  struct Heard {
    std::optional<NodeBirth> birth{};
    std::optional<NodeState> state{};
    std::optional<Time> asked{};
    bool has_answered = false;
    Duration ahead{};   ///< of our clock
    Duration within{};  ///< it is known as well as this
  };

  /// Of one node, or of all of the site: "+".
  NodeCensus(const std::vector<std::shared_ptr<Transport>>& transports, std::string site_slug, const std::string& node,
             std::shared_ptr<Clock> clock);
  ~NodeCensus() override;

  /// Until it is enough, or so long. Throws `transport` when no transport answers.
  std::map<std::string, Heard> ask(Duration at_most,
                                   const std::function<bool(const std::map<std::string, Heard>&)>& enough);

  void deliver(std::span<const Message> messages) override;

 private:
  void ask_one(const std::string& node);

  const std::vector<std::shared_ptr<Transport>> transports_;
  const std::string site_slug_;
  const std::string node_;
  const std::string id_ = new_id();  // of our question
  const std::shared_ptr<Clock> clock_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool has_news_ = false;
  std::map<std::string, Heard> heard_;
  std::vector<std::unique_ptr<Subscribing>> subscriptions_;  // the last: they end first
};

}  // namespace astro::messaging
