// SPDX-License-Identifier: BSD-3-Clause
#include "apart_drivers.hpp"

#include <cstring>
#include <optional>

#include "apart_wire.hpp"
#include "astro/error.hpp"

namespace astro::detail {

namespace {

constexpr Duration fill_bound = std::chrono::milliseconds(100);

/// What cannot be read is no answer, and who gives such answers is of no use.
template <class Read>
auto read_answer(ApartLink& link, const Value& answer, Read read) {
  try {
    return read(answer);
  } catch (const Error& error) {
    link.refuse(error.what());
  }
}

class ApartMount final : public Mount {
 public:
  explicit ApartMount(ApartSetup setup) : link_(std::move(setup)) {}
  void open(Emitter& host) override { link_.open(host); }
  void close() noexcept override { link_.close(); }
  void stop() noexcept override { link_.stop(); }
  void move_to(Axes target) override { link_.call("move_to", to_value(target)); }
  void move_rate(AxisRates rates, Duration lifetime) override {
    Value parameters = to_value(Axes{rates.first, rates.second});
    link_.call("move_rate", parameters.set("lifetime", seconds(lifetime)));
  }
  void park() override { link_.call("park"); }
  void home() override { link_.call("home"); }
  void self_track(bool on) override { link_.call("self_track", Value().set("on", on)); }
  void follow(const Target& target) override { link_.call("follow", Value().set("target", to_string(target))); }
  MountStatus status() override {
    MountStatus status = read_answer(link_, link_.call("status"), wire::mount_status);
    // Whatever it did before, it stands still now: nothing goes on that nobody commands anew.
    if (std::string news = link_.take_news(); !news.empty()) {
      status.state = MountState::fault;
      status.detail = std::move(news);
    }
    return status;
  }

 private:
  ApartLink link_;
};

class ApartReceiver final : public Receiver {
 public:
  explicit ApartReceiver(ApartSetup setup) : link_(std::move(setup)) {}
  void open(Emitter& host) override {
    tuned_.reset();
    link_.open(host);
    tuned_in_ = started_in_ = 0;
  }
  void close() noexcept override {
    link_.close();
    memory_ = {};
  }
  void stop() noexcept override { link_.stop(); }

  StreamSettings tune(const Tuning& wanted) override {
    const std::uint64_t process = link_.generation();
    StreamSettings taken = read_answer(link_, link_.call("tune", to_value(wanted)), wire::stream_settings);
    if (taken.item_bytes() == 0) link_.refuse("items without bytes");
    tuned_ = taken.tuning;
    tuned_in_ = process;
    item_bytes_ = taken.item_bytes();
    return taken;
  }
  void start() override {
    const std::uint64_t process = link_.generation();
    if (tuned_ && tuned_in_ != process) tune(*tuned_);
    link_.call("start");
    started_in_ = process;
    (void)link_.take_news();
  }
  Filled fill(std::span<std::byte> buffer) override {
    const std::uint64_t process = link_.generation();
    if (process != started_in_) {
      throw Error(ErrorCode::device_fault, "the stream is over: " + link_.take_news());
    }
    Value room;
    room.set("bytes", static_cast<std::int64_t>(buffer.size()));
    int file = -1;
    if (memory_.bytes().size() < buffer.size() || memory_in_ != process) {
      memory_ = SharedMemory(buffer.size());
      room.set("memory", static_cast<std::int64_t>(buffer.size()));
      file = memory_.file();
    }
    const Filled filled = read_answer(link_, link_.call("fill", room, fill_bound, file), wire::filled);
    memory_in_ = process;
    if (filled.items > buffer.size() / item_bytes_) {
      link_.refuse("it filled " + std::to_string(filled.items) + " items into a buffer of " +
                   std::to_string(buffer.size() / item_bytes_));
    }
    std::memcpy(buffer.data(), memory_.bytes().data(), filled.items * item_bytes_);
    return filled;
  }

 private:
  ApartLink link_;
  SharedMemory memory_{};
  std::optional<Tuning> tuned_{};  ///< what the hardware took last
  std::size_t item_bytes_ = 1;
  std::uint64_t tuned_in_ = 0;  ///< in which of the link's processes
  std::uint64_t started_in_ = 0;
  std::uint64_t memory_in_ = 0;
};

class ApartController final : public Controller {
 public:
  explicit ApartController(ApartSetup setup) : link_(std::move(setup)) {}
  void open(Emitter& host) override { link_.open(host); }
  void close() noexcept override { link_.close(); }
  void stop() noexcept override { link_.stop(); }
  void poll() override { link_.call("poll"); }
  void heard(std::span<const Point> points) override {
    List list;
    for (const Point& point : points) list.push_back(to_value(point));
    link_.call("heard", Value().set("points", std::move(list)));
  }
  void commanded(const Acknowledgment& acknowledgment) override { link_.call("commanded", to_value(acknowledgment)); }
  Performed perform(const Call& call) override {
    Value parameters;
    parameters.set("id", call.id).set("name", call.name).set("parameters", call.parameters);
    link_.expect_end(call.id);  // before: it may come from within the hook, and so may the end of the process
    try {
      Performed performed = read_answer(link_, link_.call("perform", parameters), wire::performed);
      if (!performed.running) link_.ends(call.id);
      return performed;
    } catch (...) {
      link_.ends(call.id);
      throw;
    }
  }

 private:
  ApartLink link_;
};

}  // namespace

std::unique_ptr<Driver> make_apart(ApartSetup setup) {
  switch (setup.description.kind) {
    case DeviceKind::mount:
      return std::make_unique<ApartMount>(std::move(setup));
    case DeviceKind::receiver:
      return std::make_unique<ApartReceiver>(std::move(setup));
    case DeviceKind::controller:
      return std::make_unique<ApartController>(std::move(setup));
    default:
      throw Error(ErrorCode::unsupported, "a " + std::string(to_string(setup.description.kind)) +
                                              " cannot run apart: only mounts, receivers and controllers can");
  }
}

}  // namespace astro::detail
