// SPDX-License-Identifier: BSD-3-Clause
#include "cli/templates.hpp"

namespace astro::cli {

const std::string_view mount_template =
    R"(// A mount that turns at a constant speed without any hardware: put yours in its place, hook by hook.
#include <algorithm>
#include <astro/plugin.hpp>
#include <mutex>

using namespace astro::literals;

class @Class@ final : public astro::Mount {
 public:
  struct Settings {
    double speed_deg_s = 5.0;
  };

  explicit @Class@(Settings settings) : settings_(settings) {}

  void open(astro::Emitter& host) override {
    {
      const std::lock_guard lock(mutex_);
      clock_ = host.surroundings().clock;
    }
    stop();  // it may still turn from before
  }
  void close() noexcept override { stop(); }

  void stop() noexcept override {
    const std::lock_guard lock(mutex_);
    start_ = target_ = position();
  }

  void move_to(astro::Axes target) override {
    const std::lock_guard lock(mutex_);
    start_ = position();
    target_ = target;
    started_ = clock_->now();
  }

  astro::MountStatus status() override {
    const std::lock_guard lock(mutex_);
    const astro::Axes now = position();
    return {.position = now, .state = now == target_ ? astro::MountState::stopped : astro::MountState::moving};
  }

 private:
  astro::Axes position() const {
    if (!clock_) return start_;  // a stop came before `open` was done
    const astro::Angle reach = astro::degrees(settings_.speed_deg_s * astro::seconds(clock_->now() - started_));
    const auto turned = [reach](astro::Angle from, astro::Angle to) {
      return to > from ? std::min(to, from + reach) : std::max(to, from - reach);
    };
    return {turned(start_.first, target_.first), turned(start_.second, target_.second)};
  }

  Settings settings_;
  std::mutex mutex_;  // stop may come beside another hook; nobody waits while holding it
  std::shared_ptr<astro::Clock> clock_;
  astro::Axes start_{0_deg, 45_deg};
  astro::Axes target_{0_deg, 45_deg};
  astro::Time started_{};
};

template <>
struct astro::Description<@Class@::Settings> {
  static constexpr std::array fields{field<&@Class@::Settings::speed_deg_s>(
      "speed", {.unit = "deg/s", .min = 0.01, .max = 100, .says = "how fast both axes turn"})};
};

ASTRO_PLUGIN(@name@, "0.1.0", registry) {
  registry.add<@Class@>("@name@", {.geometry = astro::Geometry::alt_az, .first = {0_deg, 360_deg}, .second = {0_deg, 90_deg}},
                       "a mount that turns at a constant speed");
}
)";

const std::string_view receiver_template =
    R"(// A receiver that yields a constant carrier: put your hardware in its place, hook by hook.
#include <algorithm>
#include <astro/plugin.hpp>
#include <complex>
#include <condition_variable>
#include <mutex>

using namespace astro::literals;
using Sample = std::complex<float>;

class @Class@ final : public astro::Receiver {
 public:
  struct Settings {
    astro::Frequency frequency = 1420.4_MHz;
    astro::Frequency sample_rate = 1_MHz;
  };
  static astro::ReceiverDescription description() {
    return {.lowest = 1_MHz, .highest = 2_GHz, .slowest = 1_kHz, .fastest = 10_MHz, .max_gain_db = 50};
  }

  explicit @Class@(Settings settings) : settings_(settings) {}

  void open(astro::Emitter& host) override { clock_ = host.surroundings().clock; }
  void close() noexcept override { stop(); }

  void stop() noexcept override {
    {
      const std::lock_guard lock(mutex_);
      streaming_ = false;
    }
    stopped_.notify_all();
  }

  astro::StreamSettings tune(const astro::Tuning& wanted) override {
    const auto has = description();
    astro::Tuning taken = wanted;
    if (taken.frequency == astro::Frequency{}) taken.frequency = settings_.frequency;
    if (taken.sample_rate == astro::Frequency{}) taken.sample_rate = settings_.sample_rate;
    taken.gain_db = std::clamp(wanted.gain_db.value_or(30), has.min_gain_db, has.max_gain_db);
    if (taken.frequency < has.lowest || taken.frequency > has.highest) {
      throw astro::Error(astro::ErrorCode::out_of_limits, "tuning: expected a frequency of 1 MHz to 2 GHz");
    }
    taken.sample_rate = std::clamp(taken.sample_rate, has.slowest, has.fastest);  // and say so
    taken_ = {.tuning = taken, .dtype = astro::Dtype::cf32};
    taken_.item_period = astro::from_seconds(1 / taken.sample_rate.hertz());
    return taken_;
  }

  void start() override {
    const std::lock_guard lock(mutex_);
    next_ = clock_->now();
    streaming_ = true;
  }

  astro::Filled fill(std::span<std::byte> buffer) override {
    const auto some = std::min(buffer.size() / sizeof(Sample), static_cast<std::size_t>(taken_.tuning.sample_rate.hertz() / 50));
    std::unique_lock lock(mutex_);
    // A fiftieth of a second is waited for at most, and a stop ends it.
    const astro::Duration wait = next_ + taken_.duration_of(some) - clock_->now();
    const auto real = std::chrono::duration<double>(astro::seconds(wait) / clock_->speed());
    if (!streaming_ || stopped_.wait_for(lock, real, [this] { return !streaming_; })) return {};
    std::fill_n(reinterpret_cast<Sample*>(buffer.data()), some, Sample(0.5F, 0.0F));
    const astro::Time first = next_;
    next_ += taken_.duration_of(some);
    return {.items = some, .time = first};  // hardware that has lost samples says how many, in `lost`
  }

 private:
  Settings settings_;
  std::shared_ptr<astro::Clock> clock_;
  astro::StreamSettings taken_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  astro::Time next_{};
  bool streaming_ = false;
};

template <>
struct astro::Description<@Class@::Settings> {
  using S = @Class@::Settings;
  static constexpr std::array fields{
      field<&S::frequency>("frequency", {.min = 1e6, .max = 2e9, .says = "centre of the band"}),
      field<&S::sample_rate>("sample_rate", {.min = 1000, .max = 1e7, .says = "complex samples a second"})};
};

ASTRO_PLUGIN(@name@, "0.1.0", registry) {
  registry.add<@Class@>("@name@", @Class@::description(), "a receiver that yields a constant carrier");
}
)";

const std::string_view controller_template =
    R"(// A controller with one point and one command, kept in memory: put your hardware in its place.
#include <astro/plugin.hpp>

struct Settings {
  bool initially_on = false;
};

struct Switch {
  bool on = false;
};

template <>
struct astro::Description<Settings> {
  static constexpr std::array fields{field<&Settings::initially_on>("initially_on", {.says = "how it is after opening"})};
};

template <>
struct astro::Description<Switch> {
  static constexpr std::array fields{field<&Switch::on>("on", {.says = "on or off", .required = true})};
};

class @Class@ final : public astro::Controller {
 public:
  using Settings = ::Settings;

  explicit @Class@(Settings settings) : settings_(settings) {}

  void open(astro::Emitter& host) override {
    host_ = &host;
    on_ = settings_.initially_on;
  }
  void close() noexcept override {}
  void stop() noexcept override {}  // nothing goes on by itself
  void poll() override { host_->point("on", on_); }

  astro::Performed perform(const astro::Call& call) override {
    on_ = call.as<Switch>().on;  // there is but one command
    poll();
    return {.message = on_ ? "switched on" : "switched off"};
  }

 private:
  Settings settings_;
  astro::Emitter* host_ = nullptr;
  bool on_ = false;
};

ASTRO_PLUGIN(@name@, "0.1.0", registry) {
  registry.add<@Class@>("@name@",
                       {.points = {{.name = "on", .type = astro::FieldType::boolean, .says = "whether it is on"}},
                        .commands = {astro::command<Switch>("switch", "switches it on or off")}},
                       "a switch that is kept in memory");
}
)";

}  // namespace astro::cli
