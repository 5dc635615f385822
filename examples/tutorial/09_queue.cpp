// SPDX-License-Identifier: BSD-3-Clause
// Several people want the same dish: a queue, the schedule of a night, and a run that carries out what can be done.
//   tutorial_09 [SITE]      default: examples/sites/spectrometer.yaml
#include <astro/astro.hpp>
#include <cstdio>

using namespace std::chrono_literals;

static astro::QueuedRequest wish(const char* user, const char* name, const char* target, int priority) {
  return {.request =
              {.target = target, .target_name = name, .integration_time = 20s, .calibration_time = 5s, .channels = 256},
          .user = user,
          .priority = priority};
}

/// Its name as it stands in JSON: a choice is described by its names.
template <class Choice>
static const char* name_of(Choice choice) {
  return astro::Description<Choice>::choices.at(static_cast<std::size_t>(choice));
}

int main(int argc, char** argv) try {
  const auto site =
      astro::Observatory::open(argc > 1 ? argv[1] : "examples/sites/spectrometer.yaml",
                               {.clock = astro::Clock::simulated(astro::parse_time("2026-01-15T20:00:00"), 200)});
  const auto store = site.store("archive");
  const auto rules = site.site().section<astro::QueueSection>("queue");
  // The requests are records of the store: any program may add, list and cancel while another one runs them.
  for (const auto& each : {wish("anna", "Perseus", "galactic 120 0", 5), wish("ben", "anticentre", "galactic 180 0", 9),
                           wish("anna", "south pole", "icrs 0 -90", 5)})
    astro::add_request(store, each, site.clock()->now(), rules);

  // What would be done when, and why not the others? Nothing moves for it.
  const astro::Time now = site.clock()->now();
  const auto night = astro::schedule(site.site(), astro::list_requests(store), {.from = now, .to = now + 1h});
  std::printf("in an hour:");
  for (const auto& each : night.entries) std::printf(" %s,", each.target.c_str());
  std::printf(" %.0f s of science\n", astro::seconds(night.science));
  for (const auto& each : night.waiting)
    std::printf("%s waits (%s), %s\n", each.target.c_str(), name_of(each.because),
                each.never ? "for ever" : "for a while");

  // And done. Another process may stop this one: what was begun waits, and is resumed.
  const astro::QueueRun ended = astro::run_queue(site, "", {.until_empty = true});
  std::printf("%d done, %d failed\n", static_cast<int>(ended.done), static_cast<int>(ended.failed));
  for (const auto& each : astro::list_requests(store)) {
    if (each.state != astro::QueueState::done) continue;
    const auto result = astro::reduce(store, each.observation_id, site.location());
    std::printf("%s's %s: %.0f K\n", each.user.c_str(), each.request.target_name.c_str(), result.peak.peak_k);
  }
} catch (const astro::Error& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}

// Output, about:
//   in an hour: anticentre, Perseus, 40 s of science
//   south pole waits (impossible), for ever
//   2 done, 1 failed
//   anna's Perseus: 51 K
//   ben's anticentre: 73 K
