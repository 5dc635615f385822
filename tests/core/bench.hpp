// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <astro/log.hpp>
#include <astro/observatory.hpp>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "testing/testing.hpp"

// Small drivers of our own for the tests of the host: what they do is in the hands of the test.
namespace astro::testing {

using namespace std::chrono_literals;

/// Something that hangs until it is let go.
class Gate {
 public:
  void wait(Duration at_most = 10s) {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait_for(lock, at_most, [this] { return open_; });
    --waiting_;
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void await_somebody() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_ > 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

struct MountKnobs {
  MountDescription description{.first = {degrees(0), degrees(450)},
                               .second = {degrees(0), degrees(180)},
                               .rates = true,
                               .parks = true,
                               .homes = true,
                               .poll_every = 10ms};
  std::function<void()> on_open, on_close, on_move, on_status, on_stop;
  std::atomic<int> opens = 0, closes = 0, stops = 0, moves = 0, rates = 0, alive = 0;
  std::atomic<bool> moving = false, parked = false, rests_at_once = true;
  std::mutex mutex;
  Axes position{degrees(100), degrees(45)};
  std::vector<Axes> targets;

  Axes last_target() {
    const std::lock_guard lock(mutex);
    return targets.back();
  }
  void place(Axes at) {
    const std::lock_guard lock(mutex);
    position = at;
  }
};

/// A mount that is where it is sent at once, unless the knobs say otherwise.
class TestMount final : public Mount {
 public:
  explicit TestMount(std::shared_ptr<MountKnobs> knobs) : knobs_(std::move(knobs)) { ++knobs_->alive; }
  ~TestMount() override { --knobs_->alive; }

  void open(Emitter& host) override {
    host_ = &host;
    if (knobs_->on_open) knobs_->on_open();
    ++knobs_->opens;
  }
  void close() noexcept override {
    if (knobs_->on_close) knobs_->on_close();
    ++knobs_->closes;
  }
  void stop() noexcept override {
    ++knobs_->stops;
    if (knobs_->on_stop) knobs_->on_stop();
    knobs_->moving = false;
  }
  void move_to(Axes target) override {
    if (knobs_->on_move) knobs_->on_move();
    const std::lock_guard lock(knobs_->mutex);
    ++knobs_->moves;
    knobs_->targets.push_back(target);
    knobs_->parked = false;
    knobs_->moving = !knobs_->rests_at_once;
    if (knobs_->rests_at_once) knobs_->position = target;
  }
  void move_rate(AxisRates, Duration) override { ++knobs_->rates, knobs_->moving = true; }
  void park() override { knobs_->parked = true; }
  void home() override {}
  MountStatus status() override {
    if (knobs_->on_status) knobs_->on_status();
    const std::lock_guard lock(knobs_->mutex);
    const auto state = knobs_->parked ? MountState::parked : knobs_->moving ? MountState::moving : MountState::stopped;
    return {.position = knobs_->position, .state = state};
  }

 private:
  std::shared_ptr<MountKnobs> knobs_;
  Emitter* host_ = nullptr;
};

struct ControllerKnobs {
  Emitter* host = nullptr;
  std::atomic<int> performed = 0, polls = 0, stops = 0;
  std::function<Performed(const Call&)> on_perform;
  std::function<void(Emitter&)> on_poll;
};

struct SetLevel {
  double level = 0.0;
};

/// A lamp with one point and two commands.
class TestController final : public Controller {
 public:
  explicit TestController(std::shared_ptr<ControllerKnobs> knobs) : knobs_(std::move(knobs)) {}
  void open(Emitter& host) override { knobs_->host = &host; }
  void close() noexcept override {}
  void stop() noexcept override { ++knobs_->stops; }
  void poll() override {
    ++knobs_->polls;
    if (knobs_->on_poll) knobs_->on_poll(*knobs_->host);
  }
  Performed perform(const Call& call) override {
    ++knobs_->performed;
    return knobs_->on_perform ? knobs_->on_perform(call) : Performed{};
  }

 private:
  std::shared_ptr<ControllerKnobs> knobs_;
};

struct ReceiverKnobs {
  ReceiverDescription description{
      .lowest = hertz(1e6), .highest = hertz(2e9), .slowest = hertz(1e3), .fastest = hertz(2e8)};
  StreamSettings settings{};
  std::function<Filled(std::span<std::byte>, std::uint64_t first)> on_fill;
  std::atomic<int> tunes = 0, starts = 0, stops = 0;
  std::atomic<bool> running = false;
};

/// A receiver whose samples are their own numbers.
class TestReceiver final : public Receiver {
 public:
  explicit TestReceiver(std::shared_ptr<ReceiverKnobs> knobs) : knobs_(std::move(knobs)) {}
  void open(Emitter&) override {}
  void close() noexcept override {}
  void stop() noexcept override {
    ++knobs_->stops;
    knobs_->running = false;
  }
  StreamSettings tune(const Tuning& wanted) override {
    ++knobs_->tunes;
    StreamSettings taken = knobs_->settings;
    taken.tuning = wanted;
    if (wanted.frequency == Frequency()) taken.tuning.frequency = megahertz(1420);
    if (wanted.sample_rate == Frequency()) taken.tuning.sample_rate = hertz(1e6);
    return taken;
  }
  void start() override {
    ++knobs_->starts;
    first_ = 0;
    knobs_->running = true;
  }
  Filled fill(std::span<std::byte> buffer) override {
    const Filled filled = knobs_->on_fill(buffer, first_);
    first_ += filled.items;
    return filled;
  }

 private:
  std::shared_ptr<ReceiverKnobs> knobs_;
  std::uint64_t first_ = 0;
};

}  // namespace astro::testing

template <>
struct astro::Description<astro::testing::SetLevel> {
  static constexpr std::array fields{
      field<&astro::testing::SetLevel::level>("level", {.min = 0, .max = 10, .says = "brightness", .required = true})};
};

namespace astro::testing {

/// A site with a mount `dish`, a receiver `hydrogen` on it and a controller `lamp`.
struct Bench {
  TemporaryFolder folder;
  Registry registry;
  std::shared_ptr<MountKnobs> mount = std::make_shared<MountKnobs>();
  std::shared_ptr<ControllerKnobs> controller = std::make_shared<ControllerKnobs>();
  std::shared_ptr<ReceiverKnobs> receiver = std::make_shared<ReceiverKnobs>();
  OpenOptions options{};

  Bench() {
    options.state_folder = folder.path() / "state";
    configure_log({.level = LogLevel::error, .file = (folder.path() / "log").string()});
    receiver->on_fill = [](std::span<std::byte> buffer, std::uint64_t) {
      std::this_thread::sleep_for(1ms);
      return Filled{.items = buffer.size() / 8};
    };
  }
  ~Bench() { configure_log({}); }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  void enrol() {
    registry.add({.name = "test", .kind = DeviceKind::mount, .mount = mount->description},
                 [knobs = mount](const Value&) { return std::make_unique<TestMount>(knobs); });
    registry.add({.name = "test", .kind = DeviceKind::receiver, .receiver = receiver->description},
                 [knobs = receiver](const Value&) { return std::make_unique<TestReceiver>(knobs); });
    ControllerDescription lamp;
    Field brightness;
    brightness.name = "brightness";
    brightness.type = FieldType::number;
    brightness.unit = "cd";
    brightness.max = 10;
    lamp.points = {brightness};
    lamp.commands = {command<SetLevel>("set_level", "sets the brightness"), {"blink", "blinks", {}, {}}};
    lamp.poll_every = 10ms;
    registry.add({.name = "test", .kind = DeviceKind::controller, .controller = lamp},
                 [knobs = controller](const Value&) { return std::make_unique<TestController>(knobs); });
  }

  Site site(std::optional<MountLimits> limits = {}, std::vector<sky::PointingTerm> pointing = {}) const {
    Site made;
    made.name = "bench";
    made.location = {degrees(28.3009), degrees(-16.5098), 2390.0};
    made.devices = {
        {.kind = DeviceKind::mount,
         .name = "dish",
         .driver = "test",
         .settings = Map{},
         .limits = limits,
         .pointing = std::move(pointing)},
        {.kind = DeviceKind::receiver, .name = "hydrogen", .driver = "test", .settings = Map{}, .mount = "dish"},
        {.kind = DeviceKind::controller, .name = "lamp", .driver = "test", .settings = Map{}}};
    return made;
  }

  Observatory open(std::optional<MountLimits> limits = {}, std::vector<sky::PointingTerm> pointing = {}) {
    if (!std::exchange(enrolled_, true)) enrol();
    return Observatory::open(site(limits, std::move(pointing)), options, registry);
  }

 private:
  bool enrolled_ = false;
};

/// The code of what the call throws; fails the test when it throws nothing.
template <class Call>
std::optional<ErrorCode> code_of(Call call, std::string* message = nullptr) {
  try {
    call();
  } catch (const Error& error) {
    if (message != nullptr) *message = error.what();
    return error.code();
  }
  return std::nullopt;
}

template <class Condition>
bool eventually(Condition condition, Duration at_most = 20s) {
  const auto end = std::chrono::steady_clock::now() + at_most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

inline double elapsed_ms(const std::function<void()>& call) {
  const auto begin = std::chrono::steady_clock::now();
  call();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace astro::testing
