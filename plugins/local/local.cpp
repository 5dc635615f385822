// SPDX-License-Identifier: BSD-3-Clause
// A transport within one process: each open device of it is a bus of its own.
#include <memory>
#include <mutex>

#include "astro/plugin.hpp"
#include "astro/transport.hpp"
#include "bus.hpp"

namespace astro::local {

class LocalTransport final : public Transport {
 public:
  struct Settings {
    std::int64_t queue = 65536;
    std::int64_t memory = 64 << 20;
  };

  explicit LocalTransport(Settings settings) : settings_(settings) {}
  ~LocalTransport() override { close(); }

  void open(Emitter& host) override;
  void close() noexcept override;

  Published publish(std::span<const Message> batch) override { return bus()->publish(batch); }
  Ticket confirmed(Ticket ticket, Duration at_most) override { return bus()->confirmed(ticket, at_most); }
  void subscribe(const std::string& pattern, Subscriber& subscriber, const std::string& group) override {
    bus()->subscribe(pattern, subscriber, group);
  }
  void unsubscribe(Subscriber& subscriber) noexcept override {
    if (const std::shared_ptr<Bus> open = bus_or_null()) open->unsubscribe(subscriber);
  }

 private:
  std::shared_ptr<Bus> bus() const;
  std::shared_ptr<Bus> bus_or_null() const noexcept;

  const Settings settings_;
  mutable std::mutex mutex_;
  std::shared_ptr<Bus> bus_;  // whoever is in a call keeps it
};

void LocalTransport::open(Emitter& host) {
  const Bounds bounds{static_cast<std::size_t>(settings_.queue), static_cast<std::size_t>(settings_.memory),
                      TransportDescription().largest_body};
  auto bus = std::make_shared<Bus>(bounds, host.surroundings().clock,
                                   [&host](const std::string& message) { host.log(LogLevel::warning, message); });
  const std::lock_guard lock(mutex_);
  bus_ = std::move(bus);
}

void LocalTransport::close() noexcept {
  const std::shared_ptr<Bus> closing = bus_or_null();
  if (!closing) return;
  closing->close();  // without the lock: a subscriber may publish until it has returned
  const std::lock_guard lock(mutex_);
  bus_.reset();
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
          "memory", {.unit = "B", .min = 4096, .max = 1e12, .says = "bytes of messages that may wait for it"})};
};

ASTRO_PLUGIN(local, "1.0.0", registry) {
  registry.add<astro::local::LocalTransport>("local", {}, "Messages between the parts of one process");
}
