// SPDX-License-Identifier: BSD-3-Clause
// Devices that do what a test asks them for, in whatever process they are: they are asked by files in a folder, and
// tell there what was called.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <astro/plugin.hpp>
#include <atomic>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

namespace {

using namespace astro::literals;
using namespace std::chrono_literals;

struct Settings {
  std::string folder;
  astro::Time day{};
};

struct SetLevel {
  double level = 0.0;
  astro::Time since{};
  astro::Bytes key{};
};

struct Points {
  double level = 0.0;
  bool pressed = false;
};

}  // namespace

template <>
struct astro::Description<Settings> {
  static constexpr std::array fields{
      field<&Settings::folder>("folder", {.says = "where it is asked and tells", .required = true}),
      field<&Settings::day>("day", {.says = "an instant, to see it come through"})};
};

template <>
struct astro::Description<SetLevel> {
  static constexpr std::array fields{field<&SetLevel::level>("level", {.min = 0, .max = 10, .required = true}),
                                     field<&SetLevel::since>("since"), field<&SetLevel::key>("key")};
};

template <>
struct astro::Description<Points> {
  static constexpr std::array fields{field<&Points::level>("level", {.unit = "cd"}),
                                     field<&Points::pressed>("pressed")};
};

namespace {

/// The folder: FILE.HOOK makes the hook of that name do something.
class Desk {
 public:
  explicit Desk(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// One line, whole, also beside other processes.
  void tell(const std::string& line) const {
    const int file = ::open((folder_ / "told").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    const std::string text = line + '\n';
    (void)!::write(file, text.data(), text.size());
    ::close(file);
  }
  bool is_asked(const std::string& what) const { return std::filesystem::exists(folder_ / what); }
  std::string text_of(const std::string& what) const {
    std::ifstream stream(folder_ / what);
    std::stringstream text;
    text << stream.rdbuf();
    return text.str();
  }
  /// What every hook begins with.
  void begin(const std::string& hook, const std::string& with = {}) const {
    tell(hook + (with.empty() ? "" : " " + with));
    if (is_asked("throw." + hook)) throw astro::Error(astro::ErrorCode::unsafe, text_of("throw." + hook));
    if (is_asked("throw_other." + hook)) throw std::runtime_error(text_of("throw_other." + hook));
    if (is_asked("exit." + hook)) ::_exit(7);
    if (is_asked("crash." + hook)) ::raise(SIGSEGV);
    hang(hook);
  }
  void hang(const std::string& hook) const {
    while (is_asked("hang." + hook)) std::this_thread::sleep_for(1ms);
  }

 private:
  std::filesystem::path folder_;
};

std::string shown(double value) { return astro::to_json(astro::Value(value)); }

class Mount final : public astro::Mount {
 public:
  using Settings = ::Settings;
  explicit Mount(Settings settings) : desk_(settings.folder) { desk_.tell("day " + astro::format_time(settings.day)); }
  void open(astro::Emitter& host) override {
    const astro::Surroundings& here = host.surroundings();
    desk_.begin("open", std::to_string(::getpid()));
    desk_.tell("in " + here.device + " of " + here.observatory + " at " + shown(here.location.latitude.degrees()) +
               " " + shown(here.location.height_m) + " until " + astro::format_time(here.clock->now()));
    astro::MountDescription refined{.rates = true, .poll_every = 5ms, .hook_bound = 1s, .open_bound = 8s};
    refined.first = {0_deg, 450_deg};
    refined.second = {-5_deg, 95_deg};
    refined.parks_at = astro::Axes{10_deg, 90_deg};
    host.describe(refined);
    moving_ = false;
  }
  void close() noexcept override { desk_.tell("close"); }
  void stop() noexcept override {
    moving_ = false;
    desk_.tell("stop");
    desk_.hang("stop");
  }
  void move_to(astro::Axes target) override {
    desk_.begin("move_to", shown(target.first.degrees()) + " " + shown(target.second.degrees()));
    position_ = target;
    moving_ = desk_.is_asked("goes_on");
  }
  void move_rate(astro::AxisRates rates, astro::Duration lifetime) override {
    desk_.begin("move_rate", shown(rates.first.degrees()) + " " + shown(rates.second.degrees()) + " " +
                                 shown(astro::seconds(lifetime)));
  }
  astro::MountStatus status() override {
    if (desk_.is_asked("throw.status")) desk_.begin("status");
    desk_.hang("status");
    return {.position = position_, .state = moving_ ? astro::MountState::moving : astro::MountState::stopped};
  }

 private:
  Desk desk_;
  astro::Axes position_{100_deg, 45_deg};
  std::atomic<bool> moving_ = false;
};

/// Its samples are their own numbers.
class Receiver final : public astro::Receiver {
 public:
  using Settings = ::Settings;
  explicit Receiver(Settings settings) : desk_(settings.folder) {}
  void open(astro::Emitter&) override { desk_.begin("open", std::to_string(::getpid())); }
  void close() noexcept override { desk_.tell("close"); }
  void stop() noexcept override { desk_.tell("stop"); }
  astro::StreamSettings tune(const astro::Tuning& wanted) override {
    desk_.begin("tune", shown(wanted.frequency.hertz()));
    taken_ = wanted;
    if (taken_.frequency == astro::Frequency()) taken_.frequency = 1420_MHz;
    if (taken_.sample_rate == astro::Frequency()) taken_.sample_rate = 1_MHz;
    taken_.gain_db = 12.5;
    astro::StreamSettings made{.tuning = taken_};
    made.item_period = astro::from_seconds(1.0 / taken_.sample_rate.hertz());
    return made;
  }
  void start() override {
    desk_.begin("start");
    next_ = 0;
  }
  astro::Filled fill(std::span<std::byte> buffer) override {
    if (desk_.is_asked("throw.fill") || desk_.is_asked("exit.fill") || desk_.is_asked("crash.fill"))
      desk_.begin("fill");
    desk_.hang("fill");
    std::this_thread::sleep_for(1ms);
    if (desk_.is_asked("end")) return {.items = 0, .ended = true};
    const std::uint64_t lost = std::exchange(was_asked_, desk_.is_asked("lose")) || !was_asked_ ? 0 : 1000;
    next_ += lost;
    const std::size_t items = std::min<std::size_t>(buffer.size() / sizeof(std::complex<float>), 500);
    for (std::size_t i = 0; i < items; ++i) {
      const std::complex<float> sample(static_cast<float>(next_ % 65536), static_cast<float>(next_ / 65536));
      std::memcpy(buffer.data() + i * sizeof sample, &sample, sizeof sample);
      ++next_;
    }
    return {.items = items, .lost = lost};
  }

 private:
  Desk desk_;
  astro::Tuning taken_{};
  std::uint64_t next_ = 0;
  bool was_asked_ = false;
};

class Controller final : public astro::Controller {
 public:
  using Settings = ::Settings;
  explicit Controller(Settings settings) : desk_(settings.folder) {}
  static astro::ControllerDescription description();
  void open(astro::Emitter& host) override {
    desk_.begin("open", std::to_string(::getpid()));
    host_ = &host;
    ending_ = false;
    thread_ = std::thread([this] {
      while (!ending_) {
        std::this_thread::sleep_for(1ms);
        if (desk_.is_asked("press") && !pressed_.exchange(true))
          host_->point("pressed", true, astro::Quality::doubtful);
      }
    });
  }
  void close() noexcept override {
    ending_ = true;
    thread_.join();
    desk_.tell("close");
  }
  void stop() noexcept override {
    desk_.tell("stop");
    const std::lock_guard lock(mutex_);
    if (!running_.empty()) host_->finished(running_, {.succeeded = false, .message = "it was stopped"});
    running_.clear();
  }
  void heard(std::span<const astro::Point> points) override {
    for (const astro::Point& point : points) {
      if (point.id == "dish.azimuth") desk_.tell("heard " + point.id + " " + std::to_string(point.value.as_number()));
      else desk_.tell("heard unasked " + point.id);
    }
  }
  void commanded(const astro::Acknowledgment& acknowledgment) override {
    desk_.tell("commanded " + acknowledgment.device + " " + acknowledgment.command + " " +
               std::string(astro::Description<astro::CommandState>::choices.at(
                   static_cast<std::size_t>(acknowledgment.state))) +
               " " + acknowledgment.error_code + " of " + acknowledgment.issuer.name);
  }
  void poll() override {
    desk_.hang("poll");
    if (desk_.is_asked("throw.poll")) desk_.begin("poll");
    host_->point("level", level_, astro::Quality::good, astro::parse_time("2026-01-15T20:00:00.123456789Z"));
  }
  astro::Performed perform(const astro::Call& call) override {
    const astro::Cause cause = host_->cause();
    desk_.begin("perform",
                call.name + " for " + cause.issuer.name + " as " + (cause.command_id == call.id ? "told" : "?"));
    if (call.name == "set_level") {
      const auto wanted = call.as<SetLevel>();
      level_ = wanted.level;
      return {.message = "set",
              .details = astro::Map{{"level", level_},
                                    {"since", astro::format_time(wanted.since)},
                                    {"bytes", static_cast<std::int64_t>(wanted.key.size())}}};
    }
    if (call.name == "set_interval") {
      host_->poll_every(3ms);
      return {};
    }
    if (call.name == "steer") {
      host_->give({.device = "dish",
                   .name = "move_to",
                   .parameters = astro::Map{{"first", 33.5}, {"second", 22.5}},
                   .issuer = {.rank = astro::Rank::handset}});
      host_->give({.device = "none", .name = "move_to"});
      return {};
    }
    if (call.name == "shout") {
      host_->log(astro::LogLevel::warning, "I am here");
      return {.message = std::string(300'000, 'x')};
    }
    const std::lock_guard lock(mutex_);
    running_ = call.id;
    host_->progress(call.id, 40.0, "warming");
    if (!desk_.is_asked("goes_on")) {
      host_->finished(call.id, {.message = "warm", .details = astro::Map{{"level", 7.5}}});
      running_.clear();
    }
    return {.running = true};
  }

 private:
  Desk desk_;
  astro::Emitter* host_ = nullptr;
  double level_ = 1.25;
  std::mutex mutex_;
  std::string running_{};
  std::atomic<bool> ending_ = false;
  std::atomic<bool> pressed_ = false;
  std::thread thread_{};
};

}  // namespace

astro::ControllerDescription Controller::description() {
  return {.points = astro::schema_of<Points>().fields,
          .commands = {astro::command<SetLevel>("set_level", "sets the brightness"),
                       {"warm_up", "takes a while", {}, {}},
                       {"set_interval", "polls more often", {}, {}},
                       {"steer", "moves the dish", {}, {}},
                       {"shout", "answers more than a packet holds", {}, {}}},
          .hears = {"dish.azimuth"},
          .poll_every = 10ms,
          .hook_bound = 1s,
          .open_bound = 8s};
}

ASTRO_PLUGIN(obliging, "1.2.3", registry) {
  registry.add<Mount>("obliging", {.hook_bound = 1s, .open_bound = 8s}, "A mount for tests");
  registry.add<Receiver>("obliging", {.hook_bound = 1s, .open_bound = 8s}, "A receiver for tests");
  registry.add<Controller>("obliging", Controller::description(), "A controller for tests");
}
