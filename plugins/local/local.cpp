// SPDX-License-Identifier: BSD-3-Clause
// A transport within one process: each open device of it is a bus of its own, or has one with all of its name.
#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/plugin.hpp"
#include "astro/transport.hpp"
#include "bus.hpp"

namespace astro::local {

namespace {

constexpr Duration look_whether_closed = std::chrono::milliseconds(50);

/// The buses that have a name, as long as somebody has them open.
std::shared_ptr<Bus> shared_bus(const std::string& name, const Bounds& bounds, const std::shared_ptr<Clock>& clock) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<Bus>> buses;
  const std::lock_guard lock(mutex);
  std::weak_ptr<Bus>& known = buses[name];
  if (auto bus = known.lock()) return bus;
  // It may outlive the device that was the first, and that device's log.
  auto bus = std::make_shared<Bus>(bounds, clock, [source = "local " + name](const std::string& message) {
    astro::log(LogLevel::warning, source, message);
  });
  known = bus;
  return bus;
}

/// A message with all that it borrowed.
struct Will {
  std::string topic;
  std::string key;
  Bytes body;
  bool retained = false;
  Duration lifetime{};
};

}  // namespace

class LocalTransport final : public Transport {
 public:
  struct Settings {
    std::int64_t queue = 65536;
    std::int64_t memory = 64 << 20;
    std::string shared{};
  };

  explicit LocalTransport(Settings settings) : settings_(std::move(settings)) {}
  ~LocalTransport() override {
    say_will();
    close();
  }

  void open(Emitter& host) override;
  void close() noexcept override;

  void last_will(const Message& message) override;
  Published publish(std::span<const Message> batch) override { return bus()->publish(batch); }
  Ticket confirmed(Ticket ticket, Duration at_most) override;
  void subscribe(const std::string& pattern, Subscriber& subscriber, const std::string& group) override;
  void unsubscribe(Subscriber& subscriber) noexcept override;

 private:
  void say_will() noexcept;
  std::shared_ptr<Bus> bus() const;
  std::shared_ptr<Bus> bus_or_null() const noexcept;

  const Settings settings_;
  std::optional<Will> will_;
  mutable std::mutex mutex_;
  std::shared_ptr<Bus> bus_;              // whoever is in a call keeps it
  std::vector<Subscriber*> subscribers_;  // of ours, where others have the bus too
};

void LocalTransport::open(Emitter& host) {
  const Bounds bounds{static_cast<std::size_t>(settings_.queue), static_cast<std::size_t>(settings_.memory),
                      TransportDescription().largest_body};
  const auto clock = host.surroundings().clock;
  auto bus = settings_.shared.empty()
                 ? std::make_shared<Bus>(bounds, clock,
                                         [&host](const std::string& message) { host.log(LogLevel::warning, message); })
                 : shared_bus(settings_.shared, bounds, clock);
  const std::lock_guard lock(mutex_);
  bus_ = std::move(bus);
}

void LocalTransport::close() noexcept {
  std::shared_ptr<Bus> closing;
  std::vector<Subscriber*> subscribers;
  {
    const std::lock_guard lock(mutex_);
    closing = bus_;
    subscribers.swap(subscribers_);
    if (!settings_.shared.empty()) bus_.reset();
  }
  if (!closing) return;
  if (settings_.shared.empty()) {
    closing->close();  // without the lock: a subscriber may publish until it has returned
    const std::lock_guard lock(mutex_);
    bus_.reset();
    return;
  }
  for (Subscriber* subscriber : subscribers) closing->unsubscribe(*subscriber);  // the others go on
}

void LocalTransport::last_will(const Message& message) {
  if (bus_or_null()) {
    throw Error(ErrorCode::invalid_argument, "setting the last will: the transport is open; set it before");
  }
  will_ = Will{std::string(message.topic), std::string(message.key), Bytes(message.body.begin(), message.body.end()),
               message.retained, message.lifetime};
}

/// Of a transport that goes without being closed: whoever had it ended in a way that nobody foresaw.
void LocalTransport::say_will() noexcept {
  const std::shared_ptr<Bus> open = bus_or_null();
  if (!open || !will_) return;
  Message message;
  message.topic = will_->topic;
  message.key = will_->key;
  message.body = will_->body;
  message.retained = will_->retained;
  message.lifetime = will_->lifetime;
  try {
    (void)open->publish(std::span(&message, 1));
  } catch (const Error& error) {
    astro::log(LogLevel::warning, "local", std::string("saying a last will: ") + error.what());
  }
}

Ticket LocalTransport::confirmed(Ticket ticket, Duration at_most) {
  if (settings_.shared.empty()) return bus()->confirmed(ticket, at_most);
  // A bus of several goes on when we are closed; who waits here does not.
  for (;;) {
    const Duration slice = std::min(at_most, look_whether_closed);
    const Ticket confirmed = bus()->confirmed(ticket, slice);
    at_most -= slice;
    if (confirmed >= ticket || at_most <= Duration::zero()) return confirmed;
  }
}

void LocalTransport::subscribe(const std::string& pattern, Subscriber& subscriber, const std::string& group) {
  bus()->subscribe(pattern, subscriber, group);
  const std::lock_guard lock(mutex_);
  subscribers_.push_back(&subscriber);
}

void LocalTransport::unsubscribe(Subscriber& subscriber) noexcept {
  {
    const std::lock_guard lock(mutex_);
    std::erase(subscribers_, &subscriber);
  }
  if (const std::shared_ptr<Bus> open = bus_or_null()) open->unsubscribe(subscriber);
}

std::shared_ptr<Bus> LocalTransport::bus_or_null() const noexcept {
  const std::lock_guard lock(mutex_);
  return bus_;
}

std::shared_ptr<Bus> LocalTransport::bus() const {
  std::shared_ptr<Bus> open = bus_or_null();
  if (!open) throw Error(ErrorCode::transport, "using the transport: it is not open; open it first");
  return open;
}

}  // namespace astro::local

template <>
struct astro::Description<astro::local::LocalTransport::Settings> {
  using Settings = astro::local::LocalTransport::Settings;
  static constexpr std::array fields{
      field<&Settings::queue>(
          "queue",
          {.min = 1, .max = 1e9, .says = "messages that may wait for the slowest subscriber; then there is no room"}),
      field<&Settings::memory>(
          "memory", {.unit = "B", .min = 4096, .max = 1e12, .says = "bytes of messages that may wait for it"}),
      field<&Settings::shared>(
          "shared", {.says = "all of this name in one process are one, also of nodes; empty: one of its own"})};
};

ASTRO_PLUGIN(local, "1.0.0", registry) {
  registry.add<astro::local::LocalTransport>("local", {}, "Messages between the parts of one process");
}
