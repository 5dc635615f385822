// SPDX-License-Identifier: BSD-3-Clause
// A driver's own process: takes the calls of the process that started it.
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <thread>

#include "apart_socket.hpp"
#include "apart_wire.hpp"
#include "astro/detail/apart.hpp"
#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/version.hpp"
#include "clock_sharing.hpp"
#include "description_value.hpp"
#include "text.hpp"

namespace astro::detail {

namespace {

constexpr Duration child_end_wait = std::chrono::seconds(2);

/// What the driver tells, as packets.
class ApartEmitter final : public Emitter {
 public:
  explicit ApartEmitter(const PacketSocket& calls) : calls_(calls) {}

  void settle(const DriverDescription& description, Surroundings surroundings) {
    kind_ = description.kind;
    commands_ = description.controller.commands;
    surroundings_ = std::move(surroundings);
  }
  std::vector<CommandDescription> commands() const {
    const std::lock_guard lock(mutex_);
    return commands_;
  }
  void set_cause(Cause cause) {
    const std::lock_guard lock(mutex_);
    cause_ = std::move(cause);
  }

  const Surroundings& surroundings() const noexcept override { return surroundings_; }
  Cause cause() const override {
    const std::lock_guard lock(mutex_);
    return cause_;
  }
  void point(std::string_view name, Value value, Quality quality, std::optional<Time> time) override {
    Value event = named("point");
    event.set("name", name).set("value", std::move(value)).set("quality", wire::name_of(quality));
    if (time) event.set("time", wire::of(*time));
    tell(event);
  }
  void progress(std::string_view command_id, double percent, std::string_view message) override {
    tell(named("progress").set("command", command_id).set("percent", percent).set("message", message));
  }
  void finished(std::string_view command_id, Outcome outcome) override {
    Value event = wire::of(outcome);
    tell(event.set("event", "finished").set("command", command_id));
  }
  void poll_every(Duration interval) override { tell(named("poll_every").set("interval", seconds(interval))); }
  void log(LogLevel level, std::string_view message) override {
    tell(named("log").set("level", wire::name_of(level)).set("message", message));
  }
  void give(Command command) override { tell(named("command").set("command", to_value(command))); }
  void describe(const MountDescription& description) override {
    tell_description(DeviceKind::mount, value_of(description));
  }
  void describe(const ReceiverDescription& description) override {
    tell_description(DeviceKind::receiver, value_of(description));
  }
  void describe(const ControllerDescription& description) override {
    tell_description(DeviceKind::controller, value_of(description));
    const std::lock_guard lock(mutex_);
    commands_ = description.commands;
  }

 private:
  static Value named(const char* event) { return Value().set("event", event); }

  /// Never fails: when the other side is gone, so is this process in a moment.
  void tell(const Value& event) noexcept {
    try {
      calls_.send(event);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s: %s\n", to_json(*event.find("event")).c_str(), error.what());
    }
  }
  void tell_description(DeviceKind kind, Value description) {
    if (kind != kind_) {
      throw Error(ErrorCode::invalid_argument,
                  "a " + std::string(to_string(kind_)) + " was described as a " + std::string(to_string(kind)));
    }
    tell(named("describe").set("description", std::move(description)));
  }

  const PacketSocket& calls_;
  DeviceKind kind_ = DeviceKind::mount;
  Surroundings surroundings_{};
  mutable std::mutex mutex_;
  Cause cause_{};
  std::vector<CommandDescription> commands_{};
};

int number_in(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? -1 : std::atoi(text);
}

class Child final {
 public:
  Child(Registry& registry, File calls, File stops)
      : registry_(registry), calls_(std::move(calls)), stops_(std::move(stops)) {}

  int run() {
    std::thread stopper([this] { attend_stops(); });
    serve();
    over_ = true;
    stops_.hang_up();
    stopper.join();
    return 0;
  }

 private:
  void serve() {
    try {
      for (;;) {
        auto packet = calls_.receive(std::chrono::hours(1));
        if (packet) answer(*packet);
      }
    } catch (const Broken&) {  // whoever started us is gone, or has enough of us
    } catch (const std::exception& error) {
      std::fprintf(stderr, "%s\n", error.what());
    }
    if (!driver_ || !end_stops()) return;
    if (device_ != nullptr) device_->stop();
    driver_->close();
  }

  void answer(Packet& packet) {
    Value made;
    made.set("id", wire::member(packet.value, "id"));
    try {
      made.set("return", carry_out(packet));
    } catch (const Error& error) {
      made.set("throw", wire::of(error));
    } catch (const Broken&) {
      throw;
    } catch (const std::exception& error) {
      made.set("throw", wire::of(Error(ErrorCode::device_fault, error.what())));
    } catch (...) {
      made.set("throw",
               wire::of(Error(ErrorCode::device_fault, "the driver threw something that is no std::exception")));
    }
    emitter_.set_cause({});
    try {
      calls_.send(made);
    } catch (const Error& error) {  // an answer that is too large
      Value refused;
      calls_.send(refused.set("id", *made.find("id")).set("throw", wire::of(error)));
    }
  }

  Value carry_out(Packet& packet) {
    const std::string& hook = wire::member(packet.value, "hook").as_text();
    if (hook == "hello") return hello(packet);
    if (!driver_) throw Error(ErrorCode::invalid_argument, "the first hook is hello, with settings");
    if (hook == "open") return open();
    if (hook == "close") {
      driver_->close();
      may_stop_ = false;
      return {};
    }
    if (const Value* cause = packet.value.find("cause")) emitter_.set_cause(wire::cause(*cause));
    const Value* given = packet.value.find("parameters");
    const Value parameters = given == nullptr ? Value() : *given;
    if (auto* mount = dynamic_cast<Mount*>(driver_.get())) return call(*mount, hook, parameters);
    if (auto* receiver = dynamic_cast<Receiver*>(driver_.get())) return call(*receiver, hook, parameters, packet.file);
    return call(dynamic_cast<Controller&>(*driver_), hook, parameters);
  }

  Value hello(Packet& packet) {
    const Value& said = packet.value;
    const std::int64_t spoken = wire::member(said, "protocol").as_integer();
    if (spoken != wire::protocol) {
      throw Error(ErrorCode::unsupported, "this program speaks protocol " + std::to_string(wire::protocol) +
                                              " of a driver that runs apart; it was asked for " +
                                              std::to_string(spoken));
    }
    if (const Value* folders = said.find("plugin_folders")) {
      for (const Value& folder : folders->as_list()) registry_.add_plugin_folder(folder.as_text());
    }
    const DeviceKind kind = wire::kind(wire::member(said, "kind").as_text());
    description_ = registry_.find(kind, name_of_driver(kind, wire::text(said, "driver")));
    if (const Value* settings = said.find("settings")) {
      Surroundings here = wire::surroundings(wire::member(said, "surroundings"));
      here.clock = packet.file.is_open() ? clock_sharing.over(packet.file.release()) : Clock::system();
      emitter_.settle(description_, std::move(here));
      driver_ = registry_.make(kind, description_.name, canonical(description_.settings, *settings));
      device_ = dynamic_cast<Device*>(driver_.get());
    }
    Value answer;
    answer.set("protocol", wire::protocol).set("program", std::string("astro ") + version);
    return answer.set("driver", wire::of(description_));
  }

  std::string name_of_driver(DeviceKind kind, const std::string& wanted) const {
    if (!wanted.empty()) return wanted;
    std::string only;
    for (const DriverDescription& known : registry_.drivers()) {
      if (known.kind != kind || known.plugin == "remote") continue;  // who serves is no other's client
      if (!only.empty()) {
        throw Error(ErrorCode::invalid_argument, "this program has several " + std::string(to_string(kind)) +
                                                     " drivers, " + only + " and " + known.name + ": name one");
      }
      only = known.name;
    }
    if (only.empty()) {
      throw Error(ErrorCode::not_found, "this program has no " + std::string(to_string(kind)) + " driver");
    }
    return only;
  }

  Value open() {
    may_stop_ = true;
    try {
      driver_->open(emitter_);
    } catch (...) {
      may_stop_ = false;
      throw;
    }
    return {};
  }

  static Value call(Mount& mount, const std::string& hook, const Value& parameters) {
    if (hook == "status") return wire::of(mount.status());
    if (hook == "move_to") mount.move_to(from_value<Axes>(parameters));
    else if (hook == "move_rate") {
      mount.move_rate({degrees(wire::member(parameters, "first").as_number()),
                       degrees(wire::member(parameters, "second").as_number())},
                      from_seconds(wire::member(parameters, "lifetime").as_number()));
    } else if (hook == "park") mount.park();
    else if (hook == "home") mount.home();
    else if (hook == "self_track") mount.self_track(wire::member(parameters, "on").as_bool());
    else if (hook == "follow") mount.follow(parse_target(wire::member(parameters, "target").as_text()));
    else refuse_hook("mount", hook);
    return {};
  }

  Value call(Receiver& receiver, const std::string& hook, const Value& parameters, const File& file) {
    if (hook == "tune") return value_of(receiver.tune(from_value<Tuning>(parameters)));
    if (hook == "start") {
      receiver.start();
      return {};
    }
    if (hook != "fill") refuse_hook("receiver", hook);
    if (const Value* memory = parameters.find("memory")) {
      memory_ = SharedMemory(file, static_cast<std::size_t>(memory->as_integer()));
    }
    const auto room = static_cast<std::size_t>(wire::member(parameters, "bytes").as_integer());
    if (room > memory_.bytes().size()) throw Broken("asked for more than the shared memory holds");
    return wire::of(receiver.fill(memory_.bytes().first(room)));
  }

  Value call(Controller& controller, const std::string& hook, const Value& parameters) const {
    if (hook == "poll") {
      controller.poll();
      return {};
    }
    if (hook == "heard") {
      std::vector<Point> points;
      for (const Value& point : wire::member(parameters, "points").as_list())
        points.push_back(from_value<Point>(point));
      controller.heard(points);
      return {};
    }
    if (hook == "commanded") {
      controller.commanded(from_value<Acknowledgment>(parameters));
      return {};
    }
    if (hook != "perform") refuse_hook("controller", hook);
    Call made{wire::member(parameters, "id").as_text(), wire::member(parameters, "name").as_text(),
              wire::member(parameters, "parameters")};
    // JSON has fewer types than fields.
    for (const CommandDescription& command : emitter_.commands()) {
      if (command.name != made.name || made.parameters.is_null()) continue;
      made.parameters = canonical(Schema{command.name, command.parameters}, made.parameters);
    }
    return wire::of(controller.perform(made));
  }

  [[noreturn]] static void refuse_hook(const char* kind, const std::string& hook) {
    throw Error(ErrorCode::unsupported, std::string("a ") + kind + " has no hook " + text::quoted(hook));
  }

  void stop() noexcept {
    const std::lock_guard lock(stop_mutex_);
    if (may_stop_ && device_ != nullptr) device_->stop();
  }
  /// From now on nobody stops it beside us, also no one who had begun to. Whether one could.
  bool end_stops() {
    const std::lock_guard lock(stop_mutex_);
    return may_stop_.exchange(false);
  }

  /// Beside whatever the driver does. When nothing is heard any more, nobody watches the device: it is stopped, and
  /// this process ends.
  void attend_stops() noexcept {
    try {
      while (const auto packet = stops_.receive(wire::dead_after)) {
        const Value* asked = packet->value.find("stop");
        if (asked == nullptr) continue;
        stop();
        stops_.send(Value().set("stopped", *asked));
      }
      std::fprintf(stderr, "nothing was heard for %g s: the device is stopped\n", seconds(wire::dead_after));
    } catch (const std::exception&) {  // it hung up
    }
    if (over_) return;
    // Also when the stop hangs, as beside a hook that holds Python's interpreter.
    std::thread([] {
      std::this_thread::sleep_for(child_end_wait);
      ::_exit(1);
    }).detach();
    calls_.hang_up();
    stop();
  }

  Registry& registry_;
  PacketSocket calls_;
  PacketSocket stops_;
  ApartEmitter emitter_{calls_};
  DriverDescription description_;
  std::unique_ptr<Driver> driver_;
  Device* device_ = nullptr;
  SharedMemory memory_;
  std::mutex stop_mutex_;
  std::atomic<bool> may_stop_ = false;
  std::atomic<bool> over_ = false;
};

}  // namespace

int serve_apart(Registry& registry) {
  const int calls = number_in(wire::calls_variable);
  const int stops = number_in(wire::stops_variable);
  if (calls < 0 || stops < 0 || ::fcntl(calls, F_SETFD, FD_CLOEXEC) != 0 || ::fcntl(stops, F_SETFD, FD_CLOEXEC) != 0) {
    std::fputs("This program runs a driver for a process that started it (runs: apart in a site file).\n", stderr);
    return 2;
  }
  ::unsetenv(wire::calls_variable);
  ::unsetenv(wire::stops_variable);
  return Child(registry, File(calls), File(stops)).run();
}

}  // namespace astro::detail
