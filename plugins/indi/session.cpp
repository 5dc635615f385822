// SPDX-License-Identifier: BSD-3-Clause
#include "session.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "astro/error.hpp"

namespace indi {

namespace {

using Steady = std::chrono::steady_clock;

constexpr astro::Duration connect_bound = std::chrono::seconds(3);
constexpr astro::Duration known_bound = std::chrono::seconds(5);   // until the server tells of the device
constexpr astro::Duration ready_bound = std::chrono::seconds(15);  // until it is connected
constexpr astro::Duration settle_bound = std::chrono::seconds(3);
constexpr astro::Duration settled_after = std::chrono::milliseconds(400);
constexpr astro::Duration look_every = std::chrono::milliseconds(50);
constexpr astro::Duration between_tries = std::chrono::milliseconds(500);
constexpr const char* unknown_device =
    "the server says nothing of such a device; `indi_getprop` lists those that it knows";
constexpr std::size_t most_properties = 2000;
constexpr std::size_t most_held = std::size_t{64} << 20;    // bytes of all their texts
constexpr std::size_t least_flow = std::size_t{64} * 1024;  // bytes in a spell of silence: a large frame is on its way

std::string vector_xml(const char* kind, const std::string& device, const std::string& property,
                       const std::string& members) {
  const std::string tag = std::string("new") + kind + "Vector";
  return "<" + tag + " device=\"" + escaped(device) + "\" name=\"" + escaped(property) + "\">" + members + "</" + tag +
         ">\n";
}

std::string member_xml(const char* kind, const std::string& name, const std::string& text) {
  const std::string tag = std::string("one") + kind;
  return "<" + tag + " name=\"" + escaped(name) + "\">" + escaped(text) + "</" + tag + ">";
}

std::string text_of(double number) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

[[noreturn]] void fail_device(const std::string& message) {
  throw astro::Error(astro::ErrorCode::device_fault, message);
}

std::size_t bytes_of(const Property& property) {
  std::size_t bytes = property.label.size();
  for (const Element& each : property.elements) {
    bytes += sizeof each + each.name.size() + each.label.size() + each.text.size();
  }
  return bytes;
}

}  // namespace

const Element* Property::find(std::string_view element) const {
  const auto found = std::ranges::find(elements, element, &Element::name);
  return found == elements.end() ? nullptr : &*found;
}

double Property::number(std::string_view element) const {
  if (const Element* found = find(element)) return found->number;
  fail_device("an INDI property has no element " + std::string(element) + "; the device's driver is not a usual one");
}

bool Property::is_on(std::string_view element) const {
  const Element* found = find(element);
  return found != nullptr && found->on;
}

std::string_view Property::chosen() const {
  const auto found = std::ranges::find(elements, true, &Element::on);
  return found == elements.end() ? std::string_view() : std::string_view(found->name);
}

Session::Session(Peer peer, std::size_t largest_blob)
    : peer_(std::move(peer)),
      bounds_{largest_blob},
      name_("INDI device \"" + peer_.device + "\" at " + peer_.host + ":" + std::to_string(peer_.port)) {}

void Session::open(astro::Emitter& host, Hears hears) {
  host_ = &host;
  hears_ = std::move(hears);
  {
    const std::lock_guard lock(mutex_);
    fault_ = unknown_device;
    is_ready_ = false;
    forget();
  }
  connection_.open(peer_.host, static_cast<std::uint16_t>(peer_.port), connect_bound);
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  std::unique_lock lock(mutex_);
  const bool is_known = changed_.wait_for(lock, known_bound, [this] { return !properties_.empty(); });
  if (is_known && changed_.wait_for(lock, ready_bound, [this] { return is_ready_; })) return;
  const std::string why = fault_;
  lock.unlock();
  close();
  fail_device("opening the " + name_ + ": " + why);
}

void Session::close() noexcept {
  thread_.request_stop();
  connection_.close();
  if (thread_.joinable()) thread_.join();
}

void Session::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    try {
      if (!connection_.is_open()) {
        connection_.open(peer_.host, static_cast<std::uint16_t>(peer_.port), connect_bound);
      }
      XmlReader reader(bounds_, [this](Message&& message) { receive(std::move(message)); });
      serve(stop, reader);
    } catch (const std::exception& error) {
      connection_.close();
      if (stop.stop_requested()) return;
      fail(error.what());
    }
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, between_tries, [&] { return stop.stop_requested(); });
  }
}

void Session::serve(const std::stop_token& stop, XmlReader& reader) {
  const std::string ask = "<getProperties version=\"1.7\" device=\"" + escaped(peer_.device) + "\"";
  send(ask + "/>\n");
  std::vector<std::byte> bytes(std::size_t{64} * 1024);
  const std::uint64_t heard_before = heard_;
  std::uint64_t heard = heard_before;
  std::size_t flow = 0;
  bool is_asked = false;
  auto since = Steady::now();
  while (!stop.stop_requested()) {
    const std::size_t count = connection_.read_some(bytes, look_every);
    flow += count;
    reader.feed(std::span(bytes).first(count));
    if (hears_.tick) hears_.tick();
    const auto now = Steady::now();
    if (heard != heard_ || flow > least_flow) {
      heard = heard_;
      flow = 0;
      since = now;
      is_asked = false;
    } else if (now - since > peer_.silence && heard == heard_before) {
      fail_device(unknown_device);
    } else if (now - since > peer_.silence) {
      fail_device("the server has said nothing whole for " +
                  std::to_string(std::chrono::duration_cast<std::chrono::seconds>(peer_.silence).count()) +
                  " s; look at it, and at the network");
    } else if (!is_asked && now - since > peer_.silence / 2) {
      // Many devices have nothing to say for long: whether somebody is there, asking shows.
      send(ask + " name=\"CONNECTION\"/>\n");
      is_asked = true;
    }
  }
}

void Session::fail(const std::string& why) {
  bool is_news = false;
  {
    const std::lock_guard lock(mutex_);
    is_news = fault_.empty();
    fault_ = why;
    is_ready_ = false;
    forget();
  }
  changed_.notify_all();
  if (is_news) {
    if (hears_.came_or_went) hears_.came_or_went();
    host_->log(astro::LogLevel::warning, name_ + " is gone: " + why + "; it is looked for until it is back");
  }
}

/// Under the lock, as `count`.
void Session::forget() {
  properties_.clear();
  held_ = 0;
}

/// `before`: bytes that it had.
void Session::count(std::size_t before, const Property& now) {
  held_ = held_ - before + bytes_of(now);
  if (held_ > most_held) fail_device("its properties hold more text than makes sense");
}

void Session::receive(Message&& message) {
  ++heard_;
  if (message.device != peer_.device) return;
  switch (message.does) {
    case Message::Does::remove:
      remove(message);
      break;
    case Message::Does::tell:
    case Message::Does::nothing: {
      const std::lock_guard lock(mutex_);
      words_ = message.text;
      break;
    }
    case Message::Does::define:
    case Message::Does::set: {
      const std::string name = message.name;
      const bool is_blob = message.kind == Kind::blob && message.does == Message::Does::set;
      if (is_blob && hears_.blob) {
        for (Element& element : message.elements) hears_.blob(std::move(element));
      }
      if (message.does == Message::Does::define) define(std::move(message));
      else if (!set(message)) break;
      if (name == "CONNECTION") keep_connected();
      if (hears_.changed) hears_.changed(name);
      break;
    }
  }
  changed_.notify_all();
}

void Session::define(Message&& message) {
  bool is_new = false;
  {
    const std::lock_guard lock(mutex_);
    is_new = !properties_.contains(message.name);
    if (is_new && properties_.size() == most_properties) fail_device("it has more properties than make sense");
    Property& property = properties_[message.name];
    const std::uint64_t changes = property.changes + 1;
    const std::size_t before = is_new ? 0 : bytes_of(property);
    property = {message.kind,
                message.state,
                message.is_writable,
                message.is_readable,
                message.rule,
                message.label,
                {},
                changes,
                host_->surroundings().clock->now()};
    property.elements = std::move(message.elements);
    count(before, property);
    if (!message.text.empty()) words_ = message.text;
  }
  if (is_new && hears_.came_or_went) hears_.came_or_went();
}

bool Session::set(Message& message) {
  const std::lock_guard lock(mutex_);
  const auto found = properties_.find(message.name);
  if (!message.text.empty()) words_ = message.text;
  if (found == properties_.end()) return false;  // it was not defined: nobody knows what it is
  Property& property = found->second;
  if (property.kind != message.kind) {
    fail_device("the property " + message.name + " was defined as one kind and is set as another");
  }
  const std::size_t before = bytes_of(property);
  if (message.has_state) property.state = message.state;
  for (const Element& element : message.elements) {
    const auto known = std::ranges::find(property.elements, element.name, &Element::name);
    if (known == property.elements.end() || message.kind == Kind::blob) continue;
    known->text = element.text;
    known->number = element.number;
    known->on = element.on;
    known->light = element.light;
  }
  count(before, property);
  ++property.changes;
  property.time = host_->surroundings().clock->now();
  return true;
}

void Session::remove(const Message& message) {
  bool is_gone = false;
  {
    const std::lock_guard lock(mutex_);
    const auto found = properties_.find(message.name);
    if (message.name.empty()) {
      forget();
    } else if (found != properties_.end()) {
      held_ -= bytes_of(found->second);
      properties_.erase(found);
    }
    is_gone = !properties_.contains("CONNECTION");
  }
  if (is_gone) return fail("its driver has ended, and the server has not started it again yet");
  if (hears_.came_or_went) hears_.came_or_went();
}

/// Connects the device when its driver has just come, and says so when it is connected.
void Session::keep_connected() {
  bool is_on = false;
  bool is_first = false;
  bool was_ready = false;
  std::string why;
  {
    const std::lock_guard lock(mutex_);
    const Property& property = properties_["CONNECTION"];
    is_on = property.is_on("CONNECT") && property.state != State::busy;
    is_first = property.changes == 1;
    was_ready = std::exchange(is_ready_, is_on);
    if (is_on) fault_.clear();
    else if (property.state == State::alert) fault_ = "it cannot be connected: " + words_;
    else fault_ = "it is not connected";
    why = fault_;
  }
  if (is_on && !was_ready) {
    if (hears_.ready) hears_.ready();
  } else if (!is_on && was_ready) {
    host_->log(astro::LogLevel::warning, name_ + ": " + why);
  }
  if (!is_on && is_first && peer_.connect) set_switch("CONNECTION", "CONNECT");
}

void Session::check() const {
  const std::lock_guard lock(mutex_);
  if (!is_ready_) fail_device(name_ + ": " + fault_);
}

std::optional<Property> Session::find(const std::string& property) const {
  const std::lock_guard lock(mutex_);
  const auto found = properties_.find(property);
  return found == properties_.end() ? std::nullopt : std::optional(found->second);
}

Property Session::get(const std::string& property) const {
  check();
  if (auto found = find(property)) return *std::move(found);
  fail_device(name_ + ": it has no property " + property + "; `indi_getprop` shows what it has");
}

std::vector<std::pair<std::string, Property>> Session::all() const {
  const std::lock_guard lock(mutex_);
  return {properties_.begin(), properties_.end()};
}

std::string Session::last_words() const {
  const std::lock_guard lock(mutex_);
  return words_;
}

bool Session::wait(astro::Duration at_most, const std::function<bool()>& condition) {
  const auto end = Steady::now() + at_most;
  while (!condition()) {
    std::unique_lock lock(mutex_);
    if (Steady::now() >= end) return false;
    changed_.wait_for(lock, std::min<astro::Duration>(look_every, end - Steady::now()));
  }
  return true;
}

void Session::settle() {
  std::size_t count = 0;
  auto grown = Steady::now();
  (void)wait(settle_bound, [&] {
    const std::size_t now = all().size();
    if (now != count) grown = Steady::now();
    count = now;
    return Steady::now() - grown > settled_after;
  });
}

void Session::send(const std::string& xml) {
  if (!connection_.urgent(xml)) fail_device(name_ + ": the server takes no commands; look at it, and at the network");
}

std::string Session::switch_xml(const std::string& property, const std::string& element, bool on) const {
  return vector_xml("Switch", peer_.device, property, member_xml("Switch", element, on ? "On" : "Off"));
}

std::string Session::numbers_xml(const std::string& property, const Values& values) const {
  std::string members;
  for (const auto& [element, value] : values) members += member_xml("Number", element, text_of(value));
  return vector_xml("Number", peer_.device, property, members);
}

std::string Session::texts_xml(const std::string& property, const Texts& values) const {
  std::string members;
  for (const auto& [element, value] : values) members += member_xml("Text", element, value);
  return vector_xml("Text", peer_.device, property, members);
}

}  // namespace indi
