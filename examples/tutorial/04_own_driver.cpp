// SPDX-License-Identifier: BSD-3-Clause
// A driver of one's own, in one's own program: a roof that takes ten seconds to open.
//   tutorial_04
#include <algorithm>
#include <astro/astro.hpp>
#include <atomic>
#include <cmath>
#include <cstdio>

/// What the command `move` takes.
struct Move {
  double position_percent = 0.0;
};

template <>
struct astro::Description<Move> {
  static constexpr std::array fields{field<&Move::position_percent>(
      "position", {.unit = "%", .min = 0, .max = 100, .says = "0 closed, 100 open", .required = true})};
};

/// A roof that slides. The hooks are called one at a time; only `stop` may come beside another.
class Roof final : public astro::Controller {
 public:
  struct Settings {
    double speed_percent_s = 10.0;
  };

  explicit Roof(Settings settings) : settings_(settings) {}

  void open(astro::Emitter& host) override {
    host_ = &host;
    read_ = host.surroundings().clock->now();
  }
  void close() noexcept override {}
  void stop() noexcept override { stopped_ = true; }

  /// Starts and returns; the end is told later, from `poll`.
  astro::Performed perform(const astro::Call& call) override {
    target_ = call.as<Move>().position_percent;
    command_ = call.id;
    stopped_ = false;
    return {.running = true, .message = "the roof moves"};
  }

  void poll() override {
    advance();
    host_->point("position", position_);
    if (stopped_ || command_.empty()) return;  // of a stop the host has told already
    if (position_ != target_) return host_->progress(command_, 100.0 - std::abs(target_ - position_));
    host_->finished(command_, {.message = "the roof is there"});
    command_.clear();
  }

 private:
  void advance() {
    const astro::Time now = host_->surroundings().clock->now();
    const double reach = settings_.speed_percent_s * astro::seconds(now - read_);
    read_ = now;
    if (!stopped_) position_ += std::clamp(target_ - position_, -reach, reach);
  }

  Settings settings_;
  astro::Emitter* host_ = nullptr;
  astro::Time read_{};
  double position_ = 0.0;
  double target_ = 0.0;
  std::string command_{};
  std::atomic<bool> stopped_{true};
};

template <>
struct astro::Description<Roof::Settings> {
  static constexpr std::array fields{field<&Roof::Settings::speed_percent_s>(
      "speed", {.unit = "%/s", .min = 0.1, .max = 100, .says = "how fast the roof slides"})};
};

constexpr const char* site_text = R"(
site: {name: Garden, latitude: 50 deg, longitude: 10 deg, height: 100 m}
controllers:
  roof: {driver: roof, speed: 20 %/s}
)";

int main() try {
  astro::Registry::shared().add<Roof>(
      "roof",
      {.points = {{.name = "position", .type = astro::FieldType::number, .unit = "%", .says = "0 closed, 100 open"}},
       .commands = {astro::command<Move>("move", "slides the roof", std::chrono::seconds(10))},
       .poll_every = std::chrono::milliseconds(100)},
      "a roof that slides");

  auto site = astro::Observatory::open(
      astro::parse_site(site_text), {.clock = astro::Clock::simulated(astro::parse_time("2026-01-15T20:00:00"), 10)});
  const auto roof = site.controller("roof");
  const astro::Acknowledgment opened = roof.perform("move", astro::Map{{"position", 100.0}}).wait_completed();
  std::printf("%s: position %.0f %%\n", opened.message.c_str(), roof.point("position").value.as_number());

  const astro::Execution closing = roof.perform("move", astro::Map{{"position", 0.0}});
  site.clock()->sleep_for(std::chrono::seconds(1));
  roof.stop();
  std::printf("stopped on the way: %s\n", closing.wait().error_code.c_str());

  try {
    roof.perform("move", astro::Map{{"position", 120.0}});
  } catch (const astro::Error& error) {
    std::printf("position 120 %%: %s\n", std::string(to_string(error.code())).c_str());
  }
  return 0;
} catch (const astro::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}

// Output:
//   the roof is there: position 100 %
//   stopped on the way: interrupted
//   position 120 %: invalid_argument
