// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "astro/device.hpp"
#include "astro/record.hpp"
#include "astro/tcp_connection.hpp"
#include "xml.hpp"

namespace indi {

inline constexpr astro::Duration default_silence = std::chrono::seconds(15);

/// Where the device is.
struct Peer {
  std::string host{};
  std::int64_t port = 0;
  std::string device{};
  bool connect = true;
  astro::Duration silence = default_silence;
};

/// All drivers of this plugin have these among their settings.
template <class Settings>
Peer peer_of(const Settings& settings) {
  return {settings.host, settings.port, settings.device, settings.connect, settings.silence};
}

/// A property of the device, as the server told it last.
struct Property {
  Kind kind = Kind::number;
  State state = State::idle;
  bool is_writable = true;
  bool is_readable = true;
  Rule rule = Rule::any_of_many;
  std::string label{};
  std::vector<Element> elements{};
  std::uint64_t changes = 0;  ///< how often it came
  astro::Time time{};         ///< when it came

  const Element* find(std::string_view element) const;
  /// Of an element that must be there; throws `device_fault`.
  double number(std::string_view element) const;
  /// Whether that switch is on; false when there is none.
  bool is_on(std::string_view element) const;
  /// The first switch that is on, or empty.
  std::string_view chosen() const;
};

using Values = std::vector<std::pair<std::string, double>>;
using Texts = std::vector<std::pair<std::string, std::string>>;

/// A connection of a driver's own to an INDI server, for one device. A thread reads what comes and keeps the device's
/// properties; when the server or the device's driver has gone it waits for it to be back, and connects the device
/// again. All functions may be called from any thread.
class Session {
 public:
  /// What the driver wants to hear, called from the session's thread. What these throw ends the connection, and stands
  /// as its fault.
  struct Hears {
    std::function<void(const std::string& property)> changed{};  ///< it was defined or set
    std::function<void(Element&& blob)> blob{};
    std::function<void()> ready{};         ///< the device is connected: at first, and each time that it is back
    std::function<void()> came_or_went{};  ///< a property was defined or removed
    std::function<void()> tick{};          ///< about every 50 ms
  };

  explicit Session(Peer peer, std::size_t largest_blob = 1 << 20);
  ~Session() { close(); }

  /// Waits until the device is connected, at most 15 s; throws why it is not.
  void open(astro::Emitter& host, Hears hears);
  void close() noexcept;

  /// Throws `device_fault` with the reason while the device is away.
  void check() const;
  /// A copy, or nothing when there is no such property.
  std::optional<Property> find(const std::string& property) const;
  /// Throws `device_fault` when the device is away or has no such property.
  Property get(const std::string& property) const;
  bool has(const std::string& property) const { return find(property).has_value(); }
  std::vector<std::pair<std::string, Property>> all() const;
  /// What the device's driver said last, for people.
  std::string last_words() const;

  /// Whether `condition` came true in time; it is asked again after each message.
  bool wait(astro::Duration at_most, const std::function<bool()>& condition);
  /// Until nothing more is defined, at most 3 s: a driver defines its properties one by one when its device is
  /// connected, and nothing says which is the last.
  void settle();

  void set_numbers(const std::string& property, const Values& values) { send(numbers_xml(property, values)); }
  void set_switch(const std::string& property, const std::string& element) { send(switch_xml(property, element)); }
  void set_texts(const std::string& property, const Texts& values) { send(texts_xml(property, values)); }
  void send(const std::string& xml);
  /// Never throws; false when nobody heard it.
  bool urgent(const std::string& xml) noexcept { return connection_.urgent(xml); }

  std::string numbers_xml(const std::string& property, const Values& values) const;
  std::string switch_xml(const std::string& property, const std::string& element, bool on = true) const;
  std::string texts_xml(const std::string& property, const Texts& values) const;
  const std::string& device() const { return peer_.device; }
  /// "INDI device X at host:port", for messages.
  const std::string& name() const { return name_; }

 private:
  void run(const std::stop_token& stop);
  void serve(const std::stop_token& stop, XmlReader& reader);
  void receive(Message&& message);
  void define(Message&& message);
  bool set(Message& message);
  void remove(const Message& message);
  void keep_connected();
  void fail(const std::string& why);
  void forget();
  void count(std::size_t before, const Property& now);

  const Peer peer_;
  const Bounds bounds_;
  const std::string name_;
  astro::TcpConnection connection_;
  astro::Emitter* host_ = nullptr;
  Hears hears_;
  std::jthread thread_;
  std::atomic<std::uint64_t> heard_ = 0;  ///< whole messages

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Property> properties_;
  std::size_t held_ = 0;  ///< bytes of their texts
  std::string fault_;     ///< why the device is away; empty while it is there
  std::string words_;
  bool is_ready_ = false;  ///< connected
};

}  // namespace indi

/// The fields of a driver's settings that make its `Peer`.
#define INDI_PEER_FIELDS(S)                                                                            \
  field<&S::host>("host", {.says = "where indiserver runs: a name or an address"}),                    \
      field<&S::port>("port", {.min = 1, .max = 65535, .says = "on which it listens"}),                \
      field<&S::device>("device", {.says = "its name, as `indi_getprop` lists it", .required = true}), \
      field<&S::connect>("connect", {.says = "connects the device where its driver has not yet"}),     \
      field<&S::silence>("silence", {.min = 1, .max = 600, .says = "after which a server is taken for dead"})
