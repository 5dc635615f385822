// SPDX-License-Identifier: BSD-3-Clause
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "astro/plugin.hpp"
#include "astro/topic.hpp"
#include "astro/transport.hpp"
#include "broker_kit/deliveries.hpp"
#include "broker_kit/open_client.hpp"
#include "broker_kit/subscriptions.hpp"
#include "consumer.hpp"
#include "producer.hpp"
#include "settings.hpp"
#include "topics.hpp"

namespace astro::kafka {

/// What lives between open and close.
class Client final {
 public:
  Client(const Settings& settings, Emitter& host);
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Producer& producer() noexcept { return producer_; }
  void subscribe(const std::string& pattern, Subscriber& subscriber, const std::string& group);
  void unsubscribe(Subscriber& subscriber) noexcept { deliveries_.remove(subscriber); }
  void close() noexcept;

 private:
  const Settings& settings_;
  const TopicMap map_;
  const std::shared_ptr<Clock> clock_;
  const Log log_;
  Producer producer_;
  broker::Subscriptions<Consumer> subscriptions_;
  std::atomic<std::uint64_t> count_ = 0;
  broker::Deliveries deliveries_;  // the last: its sources use the others until they are gone
};

Client::Client(const Settings& settings, Emitter& host)
    : settings_(settings),
      map_(settings),
      clock_(host.surroundings().clock),
      log_([&host](const std::string& message) { host.log(LogLevel::warning, message); }),
      producer_(settings_, map_, clock_, log_),
      deliveries_(clock_, log_) {}

void Client::subscribe(const std::string& pattern, Subscriber& subscriber, const std::string& group) {
  if (const std::string complaint = complaint_about_pattern(pattern); !complaint.empty()) {
    throw Error(ErrorCode::invalid_argument, "subscribing to the pattern \"" + pattern.substr(0, 80) +
                                                 "\": " + complaint + "; expected levels between slashes, + or #");
  }
  const Selection selection = map_.selection_of(pattern);
  // One that is sure to be used is made; of several some may never be.
  const bool is_one = selection.topics.size() == 1 && selection.globs.empty();
  if (is_one && settings_.create_topics) producer_.ensure(selection.topics.front());
  const std::string name = group.empty() ? std::to_string(++count_) : "group " + group + ":" + pattern;
  const auto consumer = subscriptions_.find_or_begin(name, [&] {
    return std::make_unique<Consumer>(
        settings_, map_, pattern, group, clock_, [this] { deliveries_.wake(); }, log_);
  });
  deliveries_.add(subscriber, consumer, pattern);
}

void Client::close() noexcept {
  subscriptions_.abandon();
  producer_.close();
  deliveries_.close();
  subscriptions_.wait_until_gone();
}

class KafkaTransport final : public Transport {
 public:
  using Settings = kafka::Settings;

  explicit KafkaTransport(Settings settings) : settings_(std::move(settings)) {}
  ~KafkaTransport() override { close(); }

  void open(Emitter& host) override;
  void close() noexcept override { client_.close(); }

  Published publish(std::span<const Message> batch) override { return client_.get()->producer().publish(batch); }
  Ticket confirmed(Ticket ticket, Duration at_most) override {
    return client_.get()->producer().confirmed(ticket, at_most);
  }
  void subscribe(const std::string& pattern, Subscriber& subscriber, const std::string& group) override {
    client_.get()->subscribe(pattern, subscriber, group);
  }
  void unsubscribe(Subscriber& subscriber) noexcept override {
    if (const std::shared_ptr<Client> open = client_.get_or_null()) open->unsubscribe(subscriber);
  }

 private:
  const Settings settings_;
  broker::OpenClient<Client> client_;
};

void KafkaTransport::open(Emitter& host) {
  auto client = std::make_shared<Client>(settings_, host);
  client->producer().start();
  client_.put(std::move(client));
}

}  // namespace astro::kafka

ASTRO_PLUGIN(kafka, "1.0.0", registry) {
  registry.add<astro::kafka::KafkaTransport>("kafka", {}, "Messages over Apache Kafka");
}
