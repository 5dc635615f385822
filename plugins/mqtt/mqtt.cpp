// SPDX-License-Identifier: BSD-3-Clause
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <utility>

#include "astro/plugin.hpp"
#include "astro/topic.hpp"
#include "astro/transport.hpp"
#include "broker_kit/deliveries.hpp"
#include "broker_kit/open_client.hpp"
#include "broker_kit/subscriptions.hpp"
#include "properties.hpp"
#include "publisher.hpp"
#include "settings.hpp"
#include "subscription.hpp"

namespace astro::mqtt {

namespace {

std::string hexadecimal(std::uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

std::string random_name() {
  std::random_device random;
  return hexadecimal(static_cast<std::uint64_t>(random()) << 32 | random());
}

/// The same on every machine and in every release: a session is found again by it (FNV-1a).
std::string hash(std::string_view text) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return hexadecimal(hash);
}

/// What would do something else than it says, or nothing at all.
void check(const Settings& settings) {
  const auto refuse = [&](const std::string& complaint) {
    throw Error(ErrorCode::invalid_argument, "preparing a connection to " + settings.url + ": " + complaint +
                                                 "; expected a url like mqtt://host:1883 or mqtts://host:8883");
  };
  const std::size_t end = settings.url.find("://");
  const std::string scheme = end == std::string::npos ? "" : settings.url.substr(0, end);
  const bool is_known = scheme == "mqtt" || scheme == "mqtts" || scheme == "ws" || scheme == "wss";
  if (!is_known) refuse(scheme.empty() ? "it says not how to connect" : "\"" + scheme + "\" is no way to connect");
  if (end + 3 == settings.url.size() || settings.url[end + 3] == ':') refuse("it names no host");
  const bool has_tls = !(settings.ca + settings.certificate + settings.key + settings.key_password).empty();
  if (has_tls && scheme != "mqtts" && scheme != "wss")
    refuse("`ca`, `certificate` and `key` are for TLS, and without it nothing is encrypted");
}

/// Made up once and kept.
std::string client_id_of(const std::filesystem::path& state_folder) {
  if (state_folder.empty()) return "astro-" + random_name();
  const std::filesystem::path path = state_folder / "mqtt-client-id";
  std::string id;
  if (std::getline(std::ifstream(path), id) && !id.empty()) return id;
  id = "astro-" + random_name();
  std::ofstream(path) << id << '\n';
  return id;
}

}  // namespace

/// What lives between open and close.
class Client final {
 public:
  Client(const Settings& settings, Emitter& host, std::unique_ptr<broker::Parcel> will);
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Publisher& publisher() noexcept { return publisher_; }
  void subscribe(const std::string& pattern, Subscriber& subscriber, const std::string& group);
  void unsubscribe(Subscriber& subscriber) noexcept { deliveries_.remove(subscriber); }
  void close() noexcept;

 private:
  std::shared_ptr<Subscription> subscription(const std::string& pattern, const std::string& group);

  const Settings& settings_;
  const std::shared_ptr<Clock> clock_;
  const std::filesystem::path state_folder_;
  const std::string client_id_;
  const Log log_;
  Publisher publisher_;
  broker::Subscriptions<Subscription> subscriptions_;
  broker::Deliveries deliveries_;  // the last: its sources use the others until they are gone
};

Client::Client(const Settings& settings, Emitter& host, std::unique_ptr<broker::Parcel> will)
    : settings_(settings),
      clock_(host.surroundings().clock),
      state_folder_(host.surroundings().state_folder),
      client_id_(settings.client_id.empty() ? client_id_of(state_folder_) : settings.client_id),
      log_([&host](const std::string& message) { host.log(LogLevel::warning, message); }),
      publisher_(settings_, client_id_, std::move(will), clock_, log_),
      deliveries_(clock_, log_) {}

void Client::subscribe(const std::string& pattern, Subscriber& subscriber, const std::string& group) {
  const auto refuse = [&](const std::string& complaint) {
    throw Error(ErrorCode::invalid_argument,
                "subscribing to the pattern \"" + pattern.substr(0, 80) + "\": " + complaint);
  };
  if (const std::string complaint = complaint_about_pattern(pattern); !complaint.empty())
    refuse(complaint + "; expected levels between slashes, + or #");
  if (const std::string complaint = complaint_about_text(pattern); !complaint.empty()) refuse(complaint);
  if (group.find_first_of("/+#") != std::string::npos || !complaint_about_text(group).empty())
    refuse("the group \"" + group + "\" has a character that MQTT does not take; expected none of / + #");
  deliveries_.add(subscriber, subscription(pattern, group), pattern);
}

std::shared_ptr<Subscription> Client::subscription(const std::string& pattern, const std::string& group) {
  const bool is_group = !group.empty();
  const std::string id = client_id_ + "-" + (is_group ? hash(group + '\n' + pattern) : random_name());
  return subscriptions_.find_or_begin(id, [&] {
    const bool has_inbox = is_group && !state_folder_.empty();
    Subscription::Purpose purpose{.filter = is_group ? "$share/" + group + "/" + pattern : pattern,
                                  .client_id = id,
                                  .is_group = is_group,
                                  .inbox = has_inbox ? state_folder_ / "mqtt-inbox" / id : std::filesystem::path()};
    return std::make_unique<Subscription>(
        settings_, std::move(purpose), clock_, [this] { deliveries_.wake(); }, log_);
  });
}

void Client::close() noexcept {
  subscriptions_.abandon();
  publisher_.close();
  deliveries_.close();
  subscriptions_.wait_until_gone();
}

class MqttTransport final : public Transport {
 public:
  using Settings = mqtt::Settings;

  explicit MqttTransport(Settings settings) : settings_(std::move(settings)) {}
  ~MqttTransport() override { close(); }

  void open(Emitter& host) override;
  void close() noexcept override { client_.close(); }

  void last_will(const Message& message) override;
  Published publish(std::span<const Message> batch) override { return client_.get()->publisher().publish(batch); }
  Ticket confirmed(Ticket ticket, Duration at_most) override {
    return client_.get()->publisher().confirmed(ticket, at_most);
  }
  void subscribe(const std::string& pattern, Subscriber& subscriber, const std::string& group) override {
    client_.get()->subscribe(pattern, subscriber, group);
  }
  void unsubscribe(Subscriber& subscriber) noexcept override {
    if (const std::shared_ptr<Client> open = client_.get_or_null()) open->unsubscribe(subscriber);
  }

 private:
  const Settings settings_;
  std::unique_ptr<broker::Parcel> will_;
  broker::OpenClient<Client> client_;
};

void MqttTransport::last_will(const Message& message) {
  if (client_.get_or_null()) {
    throw Error(ErrorCode::invalid_argument,
                "setting the last will: the broker gets it when the transport opens; set it before");
  }
  if (const std::string complaint = complaint_about_topic(message.topic); !complaint.empty())
    throw Error(ErrorCode::invalid_argument, "setting the last will: of its topic: " + complaint);
  will_ = std::make_unique<broker::Parcel>(message);
}

void MqttTransport::open(Emitter& host) {
  check(settings_);
  std::unique_ptr<broker::Parcel> will;
  if (will_) {
    Message message = will_->message();
    if (message.time == Time{}) message.time = host.surroundings().clock->now();
    will = std::make_unique<broker::Parcel>(message);
  }
  auto client = std::make_shared<Client>(settings_, host, std::move(will));
  const Answer answer = client->publisher().start();
  if (answer.is_final) throw Error(ErrorCode::transport, answer.problem);
  client_.put(std::move(client));
}

}  // namespace astro::mqtt

ASTRO_PLUGIN(mqtt, "1.0.0", registry) {
  registry.add<astro::mqtt::MqttTransport>("mqtt", {}, "Messages over an MQTT broker, versions 5 and 3.1.1");
}
