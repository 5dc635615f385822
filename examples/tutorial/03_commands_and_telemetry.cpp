// SPDX-License-Identifier: BSD-3-Clause
// Commands with an id, what becomes of them, and the telemetry that devices publish meanwhile.
//   tutorial_03 [SITE]      default: examples/sites/simulated.yaml
#include <astro/astro.hpp>
#include <atomic>
#include <cstdio>

/// Hears every point of the site, from a thread of the observatory.
class Counter final : public astro::Listener {
 public:
  void points(std::span<const astro::Point> points, std::uint64_t) override { heard_ += points.size(); }
  std::size_t heard() const { return heard_; }

 private:
  std::atomic<std::size_t> heard_{0};
};

/// The state's name as it stands in JSON: a choice is described by its names.
static const char* name_of(astro::CommandState state) {
  return astro::Description<astro::CommandState>::choices.at(static_cast<std::size_t>(state));
}

int main(int argc, char** argv) try {
  auto site =
      astro::Observatory::open(argc > 1 ? argv[1] : "examples/sites/simulated.yaml",
                               {.clock = astro::Clock::simulated(astro::parse_time("2026-01-15T20:00:00"), 60)});
  Counter counter;
  const astro::Subscription subscription = site.subscribe(counter);

  // A typed call: parameters are checked against the command's description before it returns.
  const auto frontend = site.controller("frontend");
  frontend.perform("select_load", astro::Map{{"load", "hot"}}).wait_completed();
  std::printf("the receiver is connected to: %s\n", frontend.point("load").value.as_text().c_str());

  // The same through the gate that commands from outside pass: an id, and executed at most once.
  const astro::Command back{
      .id = astro::new_id(), .device = "frontend", .name = "select_load", .parameters = astro::Map{{"load", "sky"}}};
  const astro::Acknowledgment first = site.execute(back).wait();
  const astro::Acknowledgment again = site.execute(back).wait();
  std::printf("first %s, repeated %s\n", name_of(first.state), first.time == again.time ? "is the same" : "ran again");

  // What a description does not allow never reaches the device.
  const astro::Acknowledgment wrong = site.execute({.id = astro::new_id(),
                                                    .device = "frontend",
                                                    .name = "select_load",
                                                    .parameters = astro::Map{{"load", "lava"}}})
                                          .wait();
  std::printf("load: lava is %s: %s\n", name_of(wrong.state), wrong.error_code.c_str());

  site.clock()->sleep_for(std::chrono::seconds(30));
  const auto temperature = site.latest("temperature");  // the weather station is `bare`: no "weather." before it
  std::printf("temperature is %s, points were heard: %s\n",
              temperature && temperature->value.as_number() > 0 ? "known" : "unknown",
              counter.heard() > 0 ? "yes" : "no");
  return 0;
} catch (const astro::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}

// Output:
//   the receiver is connected to: hot
//   first completed, repeated is the same
//   load: lava is rejected: invalid_argument
//   temperature is known, points were heard: yes
