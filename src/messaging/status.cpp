// SPDX-License-Identifier: BSD-3-Clause
#include "astro/messaging/status.hpp"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/messaging/node.hpp"
#include "messaging/host_name.hpp"
#include "messaging/wire.hpp"

namespace astro::messaging {

namespace {

using Steady = std::chrono::steady_clock;

constexpr double most_at_once = 20.0;
constexpr double rate = 0.2;  // a second, for long: what a node keeps while its broker is away stays small

/// Has room for some at once, and for so many a second.
class Bucket {
 public:
  bool takes_one() {
    const auto now = Steady::now();
    room_ = std::min(most_at_once, room_ + rate * std::chrono::duration<double>(now - looked_).count());
    looked_ = now;
    if (room_ < 1.0) return false;
    room_ -= 1.0;
    return true;
  }

 private:
  double room_ = most_at_once;
  Steady::time_point looked_ = Steady::now();
};

StatusReporter::Tell over_transports(const Observatory& site, const std::string& name) {
  std::vector<std::shared_ptr<Transport>> transports;
  for (const std::string& one : site.names(DeviceKind::transport)) transports.push_back(site.transport(one));
  return [transports, topic = node_topics(site.site().slug(), name) + "status"](const TelescopeStatus& status) {
    const std::string body = to_json(status);
    Message message;
    message.topic = topic;
    message.key = status.source_application;
    message.body = bytes_of(body);
    for (const auto& transport : transports) {
      try {
        (void)transport->publish(std::span(&message, 1));
      } catch (const Error&) {  // a warning of that would come here again
      }
    }
  };
}

}  // namespace

struct StatusReporter::State {
  State(Sender sender, Tell tell)
      : sender_(std::move(sender)),
        tell_(std::move(tell)),
        listening_([this](const LogLine& line) { hear(line); }, LogLevel::warning) {}

 private:
  void hear(const LogLine& line) {
    if (!bucket_.takes_one()) {
      ++held_back_;
      return;
    }
    TelescopeStatus status;
    status.status_id = new_id();
    status.timestamp = milliseconds_of(line.time);
    status.source_application = sender_.application;
    if (!sender_.hostname.empty()) status.source_hostname = sender_.hostname;
    status.level = line.level == LogLevel::error ? StatusLevel::error : StatusLevel::warning;
    status.component = line.source;
    status.message = line.message;
    if (const std::size_t held_back = std::exchange(held_back_, 0); held_back != 0) {
      status.additional_info = std::to_string(held_back) + " more before it stand in the log only";
    }
    tell_(status);
  }

  const Sender sender_;
  const Tell tell_;
  Bucket bucket_;
  std::size_t held_back_ = 0;
  const LogListening listening_;  // the last: it calls
};

StatusReporter::StatusReporter(Sender sender, Tell tell)
    : state_(std::make_unique<State>(std::move(sender), std::move(tell))) {}

StatusReporter::StatusReporter(const Observatory& site, const std::string& name)
    : StatusReporter({"telescope-" + name, host_name()}, over_transports(site, name)) {}

StatusReporter::~StatusReporter() = default;

}  // namespace astro::messaging
