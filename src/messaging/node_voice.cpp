// SPDX-License-Identifier: BSD-3-Clause
#include "messaging/node_voice.hpp"

#include <algorithm>
#include <utility>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/messaging/node.hpp"
#include "messaging/host_name.hpp"
#include "messaging/wire.hpp"

namespace astro::messaging {

namespace {

constexpr std::size_t most_of_a_body = 65536;  // that is put aside with its reason

std::string marked_historical(std::string_view body) {
  auto point = record_in<PointMessage>(bytes_of(body));
  point.historical = true;
  return to_json(point);
}

std::vector<std::shared_ptr<Transport>> transports_of(const Observatory& observatory) {
  std::vector<std::shared_ptr<Transport>> transports;
  for (const std::string& one : observatory.names(DeviceKind::transport)) {
    transports.push_back(observatory.transport(one));
  }
  return transports;
}

}  // namespace

NodeVoice::NodeVoice(const Observatory& observatory, std::string name, std::int64_t boot,
                     const std::filesystem::path& folder)
    : name_(std::move(name)),
      topics_(node_topics(observatory.site().slug(), name_)),
      boot_(boot),
      clock_(observatory.clock()),
      transports_(transports_of(observatory)),
      outbox_(transports_.front(), [&] {
        const auto section = observatory.site().section<NodesSection>("nodes");
        return OutboxOptions{.folder = folder,
                             .largest = section.outbox_size,
                             .backlog_rate = section.backlog_rate,
                             .shed_topic = topics_ + "shed",
                             .source = name_,
                             .historical = marked_historical};
      }()) {}

bool NodeVoice::say(const std::string& what, std::string_view key, std::span<const std::byte> body, bool retained) {
  const std::string topic = topics_ + what;
  Message message;
  message.topic = topic;
  message.key = key;
  message.body = body;
  message.retained = retained;
  bool is_taken = false;
  for (const auto& transport : transports_) {
    try {
      is_taken = transport->publish(std::span(&message, 1)).accepted == 1 || is_taken;
    } catch (const Error& error) {
      log(LogLevel::warning, name_, "telling " + what + ": " + error.what());
    }
  }
  return is_taken;
}

void NodeVoice::measured(std::span<const Point> points) {
  std::vector<std::string> topics;
  std::vector<std::string> bodies;
  std::vector<Outgoing> batch;
  topics.reserve(points.size());
  bodies.reserve(points.size());
  for (const Point& point : points) {
    const bool is_bare = point.id.find('.') == std::string::npos;
    const std::string name = is_bare ? point.id : point.id.substr(point.device.size() + 1);
    topics.push_back(topics_ + "data/" + point.device + "/" + name);
    bodies.push_back(
        to_json(PointMessage{point.value, point.unit, point.time, point.quality, boot_, point.sequence, false}));
    batch.push_back({.topic = topics.back(),
                     .key = point.device,
                     .body = bytes_of(bodies.back()),
                     .keeping = Keeping::telemetry,
                     .time = point.time,
                     .source = point.device,
                     .boot = boot_,
                     .sequence = point.sequence});
  }
  keep(batch, std::to_string(points.size()) + " points are lost");
}

void NodeVoice::acknowledge(const Acknowledgment& acknowledgment) {
  const std::string body = to_json(telescope_acknowledgment(acknowledgment, {"telescope-" + name_, host_name()}));
  const std::string topic = topics_ + "acknowledgment/" + acknowledgment.device;
  const Outgoing outgoing{
      .topic = topic, .key = acknowledgment.command_id, .body = bytes_of(body), .time = acknowledgment.time};
  keep(std::span(&outgoing, 1), "an acknowledgment is lost; the journal has it");
}

void NodeVoice::keep(std::span<const Outgoing> batch, const std::string& lost) {
  std::vector<Message> live;
  for (const Outgoing& one : batch) {
    Message message;
    message.topic = one.topic;
    message.key = one.key;
    message.body = one.body;
    message.time = one.time;
    live.push_back(message);
  }
  for (std::size_t i = 1; i < transports_.size(); ++i) {
    try {
      (void)transports_[i]->publish(live);
    } catch (const Error& error) {
      if (!has_ended_) log(LogLevel::warning, name_, error.what());
    }
  }
  try {
    outbox_.put(batch);
  } catch (const Error& error) {
    log(LogLevel::error, name_, lost + ": " + error.what());
  }
}

void NodeVoice::report(const TelescopeStatus& status) {
  const std::string body = to_json(status);
  const std::string topic = topics_ + "status";
  const Outgoing outgoing{.topic = topic,
                          .key = status.source_application,
                          .body = bytes_of(body),
                          .time = time_of_milliseconds(status.timestamp)};
  outbox_.put(std::span(&outgoing, 1));
}

void NodeVoice::put_aside(const Message& message, const std::string& why) {
  log(LogLevel::warning, name_, "a command is put aside: " + why);
  Value told;
  told.set("topic", message.topic).set("reason", why);
  told.set("body", std::string(text_of(message.body.first(std::min(message.body.size(), most_of_a_body)))));
  const std::string body = to_json(told);
  const std::string topic = topics_ + "dlq";
  const Outgoing outgoing{.topic = topic, .key = name_, .body = bytes_of(body), .time = clock_->now()};
  outbox_.put(std::span(&outgoing, 1));
}

}  // namespace astro::messaging
