// SPDX-License-Identifier: BSD-3-Clause
// Devices that another process serves, as drivers of the ordinary interfaces.
#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <utility>

#include "astro/controller.hpp"
#include "astro/mount.hpp"
#include "astro/receiver.hpp"
#include "astro/registry.hpp"
#include "astro/version.hpp"
#include "description_value.hpp"
#include "hands.hpp"
#include "messaging/remote_link.hpp"
#include "messaging/wire.hpp"

namespace astro::messaging {

namespace {

constexpr Duration remote_answer_bound = std::chrono::seconds(3);  // of a node to a command
constexpr Duration birth_wait = std::chrono::seconds(2);           // for a node that is there; the others come later
constexpr Duration remote_look_bound = std::chrono::milliseconds(100);
constexpr Duration stream_lease = std::chrono::seconds(6);
constexpr Duration renew_every = std::chrono::seconds(2);
constexpr std::size_t most_waiting = std::size_t{64} << 20;  // bytes of blocks

/// The link between open and close of a driver, and who holds the device.
class Reach final : public detail::Hands {
 public:
  std::shared_ptr<RemoteLink> link_or_null() const noexcept {
    const std::lock_guard lock(mutex_);
    return link_;
  }
  std::shared_ptr<RemoteLink> set(std::shared_ptr<RemoteLink> link) noexcept {
    const std::lock_guard lock(mutex_);
    return std::exchange(link_, std::move(link));
  }

  void take(const Issuer& issuer, Duration lease) override { link()->take(issuer, lease, remote_answer_bound); }
  void release(const Issuer& issuer) override {
    if (const auto open = link_or_null()) open->release(issuer);
  }
  std::optional<Holder> holder() const override {
    const auto open = link_or_null();
    return open ? open->holder() : std::nullopt;
  }

 private:
  std::shared_ptr<RemoteLink> link() const {
    if (auto open = link_or_null()) return open;
    throw Error(ErrorCode::device_lost, "the observatory is closed; open the site again");
  }

  mutable std::mutex mutex_;
  std::shared_ptr<RemoteLink> link_;
};

/// What all three have.
template <class Interface>
class Remote : public Interface, public detail::HasHands, private RemoteEars {
 public:
  using Settings = RemoteSettings;
  explicit Remote(RemoteSettings settings) : settings_(std::move(settings)) {}

  void open(Emitter& host) override {
    host_ = &host;
    RemoteEars& ears = *this;
    const auto link = std::make_shared<RemoteLink>(settings_, host, ears);
    reach_->set(link);
    link->tell("rebirth", "{}");
    if (!link->wait_for_birth(birth_wait)) {
      host.log(LogLevel::warning, "node '" + settings_.node + "' has not been heard of yet; it is waited for");
    }
  }
  void close() noexcept override {
    if (const auto link = reach_->set(nullptr)) link->end();
    host_ = nullptr;
  }
  void stop() noexcept override {
    if (const auto open = link_or_null()) open->stop();
  }
  std::shared_ptr<detail::Hands> hands() const override { return reach_; }

 protected:
  RemoteLink& link() { return *link_or_null(); }
  std::shared_ptr<RemoteLink> link_or_null() const noexcept { return reach_->link_or_null(); }
  Emitter& host() { return *host_; }

  void described(const ServedDevice&) override = 0;
  void measured(std::string_view, const PointMessage&) override {}
  void streamed(std::span<const std::byte>) override {}
  void acknowledged(const Acknowledgment&) override {}

 private:
  const RemoteSettings settings_;
  Emitter* host_ = nullptr;
  const std::shared_ptr<Reach> reach_ = std::make_shared<Reach>();
};

class RemoteMount final : public Remote<Mount> {
 public:
  using Remote::Remote;
  ~RemoteMount() override { Remote::close(); }  // while what it hears still has somebody to hear it

  void move_to(Axes target) override { call("move_to", to_value(target)); }
  void move_rate(AxisRates rates, Duration lifetime) override {
    Value parameters;
    parameters.set("first", rates.first.degrees()).set("second", rates.second.degrees());
    parameters.set("lifetime", seconds(lifetime));
    call("move_rate", std::move(parameters));
  }
  void park() override { call("park", {}); }
  void home() override { call("home", {}); }
  void follow(const Target& target) override {
    Value parameters;
    parameters.set("target", to_string(target));
    call("track", std::move(parameters));
  }

  MountStatus status() override {
    link().check_there();
    const std::lock_guard lock(mutex_);
    if (!first_ || !second_) {
      throw Error(ErrorCode::device_fault, "the node has not said yet where the axes are; it is waited for");
    }
    return {{*first_, *second_}, state_, {}, time_};
  }

 private:
  void call(const std::string& command, Value parameters) {
    link().call(command, std::move(parameters), remote_answer_bound);
  }

  void described(const ServedDevice& device) override {
    MountDescription made = detail::mount_of(device.description);
    made.follows = true;  // the sky turns where the mount is, not on the way there
    made.self_tracking = false;
    made.hook_bound = remote_answer_bound + std::chrono::seconds(1);
    {
      const std::lock_guard lock(mutex_);
      const Value* points = &device.points;
      names_.clear();
      for (const Field& point : detail::fields_of(*points)) names_.push_back(point.name);
    }
    host().describe(made);
  }

  // The first two points of a mount are its axes.
  void measured(std::string_view point, const PointMessage& message) override {
    const std::lock_guard lock(mutex_);
    if (message.quality == Quality::bad) {
      state_ = MountState::fault;
      return;
    }
    if (point == "state") {
      const std::string name = message.value.as_text();
      for (std::size_t i = 0; i < state_names.size(); ++i) {
        if (name == state_names[i]) state_ = static_cast<MountState>(i);
      }
    } else if (names_.size() > 1 && point == names_[0]) {
      first_ = degrees(message.value.as_number());
    } else if (names_.size() > 1 && point == names_[1]) {
      second_ = degrees(message.value.as_number());
    } else {
      return;
    }
    time_ = message.timestamp;
  }

  static constexpr std::array<std::string_view, 5> state_names{"stopped", "moving", "tracking", "parked", "fault"};

  std::mutex mutex_;
  std::vector<std::string> names_;
  std::optional<Angle> first_;
  std::optional<Angle> second_;
  MountState state_ = MountState::stopped;
  std::optional<Time> time_;
};

class RemoteController final : public Remote<Controller> {
 public:
  using Remote::Remote;
  ~RemoteController() override { Remote::close(); }  // while what it hears still has somebody to hear it

  void poll() override { link().check_there(); }

  Performed perform(const Call& call) override {
    link().send(call.id, call.name, call.parameters);
    return {.running = true, .message = {}, .details = {}};
  }

 private:
  void described(const ServedDevice& device) override {
    ControllerDescription made = detail::controller_of(device.description);
    made.poll_every = std::chrono::seconds(1);  // its points come by themselves; this looks whether the node is there
    host().describe(made);
  }
  void measured(std::string_view point, const PointMessage& message) override {
    host().point(point, message.value, message.quality, message.timestamp);
  }
  void acknowledged(const Acknowledgment& told) override {
    if (!is_final(told.state)) {
      if (told.progress_percent) host().progress(told.command_id, *told.progress_percent, told.message);
      return;
    }
    Outcome outcome;
    outcome.succeeded = told.state == CommandState::completed;
    if (!outcome.succeeded) {
      outcome.code = told.error_code.empty() ? ErrorCode::device_fault : error_code_of(told.error_code);
    }
    outcome.message = told.message;
    outcome.details = told.details;
    host().finished(told.command_id, std::move(outcome));
  }
};

class RemoteReceiver final : public Remote<Receiver> {
 public:
  using Remote::Remote;
  ~RemoteReceiver() override { Remote::close(); }  // while what it hears still has somebody to hear it

  StreamSettings tune(const Tuning& wanted) override {
    // Who opens a site does not wait for a node that is away; who wants something does.
    if (wanted == Tuning{} && !link().is_there()) return settings_.value_or(StreamSettings{});
    Acknowledgment done;
    try {
      done = link().complete("tune", to_value(wanted), remote_answer_bound);
    } catch (const Error& error) {
      if (wanted != Tuning{} || error.code() != ErrorCode::timeout) throw;
      host().log(LogLevel::warning, error.what());  // nor for one that is slow
      return settings_.value_or(StreamSettings{});
    }
    const Value* stream = done.details.find("stream");
    if (stream == nullptr) {
      throw Error(ErrorCode::device_fault, "the node does not say what its stream looks like; is its libastro older?");
    }
    const std::lock_guard lock(mutex_);
    settings_ = detail::settings_of(*stream);
    return *settings_;
  }

  void start() override {
    link().check_there();
    {
      const std::lock_guard lock(mutex_);
      blocks_.clear();
      waiting_ = 0;
      next_ = 0;
      streaming_ = true;
      is_fresh_ = true;
      error_.reset();
    }
    listener_ = host().cause().issuer;
    if (!hears_) link().hear_blocks(remote_answer_bound);  // before the first block is sent
    hears_ = true;
    ask();
  }

  void stop() noexcept override {
    {
      const std::lock_guard lock(mutex_);
      if (!std::exchange(streaming_, false)) return;
      arrived_.notify_all();
    }
    if (const auto open = link_or_null()) open->tell("stream/" + host().surroundings().device, R"({"seconds":0})");
  }

  Filled fill(std::span<std::byte> buffer) override {
    if (std::chrono::steady_clock::now() - asked_ > renew_every) ask();
    link().check_there();
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, remote_look_bound, [this] { return !blocks_.empty() || !streaming_ || error_; });
    Filled filled;
    if (blocks_.empty()) {
      if (error_) throw Error(*error_);
      return filled;
    }
    const std::size_t item = settings_->item_bytes();
    Waiting& block = blocks_.front();
    if (block.first + block.done > next_) {  // before the first of this buffer
      filled.lost = block.first + block.done - next_;
      next_ = block.first + block.done;
    }
    filled.time = block.time + settings_->duration_of(block.done);
    filled.items = std::min(buffer.size() / item, block.items - block.done);
    std::memcpy(buffer.data(), block.bytes.data() + block.offset + block.done * item, filled.items * item);
    block.done += filled.items;
    next_ += filled.items;
    if (block.done == block.items) {
      filled.ended = block.last;
      waiting_ -= block.bytes.size();
      blocks_.pop_front();
    }
    return filled;
  }

 private:
  struct Waiting {
    Bytes bytes{};
    std::size_t offset = 0;
    std::size_t items = 0;
    std::size_t done = 0;
    std::uint64_t first = 0;
    Time time{};
    bool last = false;
  };

  void ask() {
    asked_ = std::chrono::steady_clock::now();
    link().tell("stream/" + host().surroundings().device,
                to_json(StreamWish{.lasting_s = seconds(stream_lease), .issuer = listener_}));
  }

  void described(const ServedDevice& device) override {
    ReceiverDescription made = detail::receiver_of(device.description);
    made.hook_bound = remote_answer_bound + std::chrono::seconds(1);
    host().describe(made);
  }

  void streamed(std::span<const std::byte> body) override {
    const UnpackedBlock block = unpacked(body);
    const std::lock_guard lock(mutex_);
    if (!streaming_ || !settings_) return;
    if (!block.message.error.empty()) {
      error_.emplace(error_code_of(block.message.error_code), block.message.error);
      arrived_.notify_all();
      return;
    }
    if (detail::settings_of(block.message.settings) != *settings_) {
      if (is_fresh_) return;  // of the stream before
      error_.emplace(ErrorCode::device_fault, "somebody else tuned the receiver; tune it again");
      arrived_.notify_all();
      return;
    }
    const std::size_t items = block.items.size() / settings_->item_bytes();
    const std::uint64_t first = block.message.first;
    if (std::exchange(is_fresh_, false)) next_ = first;  // others may have been listening before
    const std::uint64_t newest = blocks_.empty() ? next_ : blocks_.back().first + blocks_.back().items;
    if (first < newest || waiting_ + body.size() > most_waiting) return;  // it came before, or there is no room
    blocks_.push_back({Bytes(body.begin(), body.end()), body.size() - block.items.size(), items, 0, first,
                       block.message.time, block.message.last});
    waiting_ += body.size();
    arrived_.notify_all();
  }

  std::optional<StreamSettings> settings_;
  bool hears_ = false;
  Issuer listener_;
  std::chrono::steady_clock::time_point asked_{};

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Waiting> blocks_;
  std::size_t waiting_ = 0;
  std::uint64_t next_ = 0;
  bool streaming_ = false;
  bool is_fresh_ = false;
  std::optional<Error> error_;
};

template <class T, class Can>
void enrol(DriverDescription driver, Can DriverDescription::*can, Can description) {
  driver.name = driver.plugin = "remote";
  driver.version = version;
  driver.says = "A device that another node serves: what `runs: {node: NAME}` becomes";
  driver.settings = schema_of<RemoteSettings>();
  driver.*can = std::move(description);
  Registry::shared().add(std::move(driver), [](const Value& settings) -> std::unique_ptr<Driver> {
    return std::make_unique<T>(from_value<RemoteSettings>(settings));
  });
}

// A plugin that is linked statically, and known before anything else is.
[[maybe_unused]] const bool enrolled = [] {
  const MountDescription mount{.rates = true, .parks = true, .homes = true, .follows = true};
  enrol<RemoteMount>({.kind = DeviceKind::mount}, &DriverDescription::mount, mount);
  enrol<RemoteReceiver>({.kind = DeviceKind::receiver}, &DriverDescription::receiver, ReceiverDescription{});
  enrol<RemoteController>({.kind = DeviceKind::controller}, &DriverDescription::controller, ControllerDescription{});
  return true;
}();

}  // namespace
}  // namespace astro::messaging
