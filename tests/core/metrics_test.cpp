// SPDX-License-Identifier: BSD-3-Clause
#include "astro/metrics.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <thread>

namespace astro::testing {
namespace {

std::optional<double> value_of(std::string_view name, const MetricLabels& labels = {}) {
  const std::vector<Metric> all = read_metrics();
  const auto metric = std::ranges::find(all, name, &Metric::name);
  if (metric == all.end()) return std::nullopt;
  const auto sample = std::ranges::find(metric->samples, labels, &MetricSample::labels);
  return sample == metric->samples.end() ? std::nullopt : std::optional(sample->value);
}

TEST(Metrics, ACounterIsTheSameForWhoeverAsksAndFromAnyThread) {
  const Counter one = counter("test_events_total", "What happened", {{"device", "dish"}});
  EXPECT_EQ(value_of("test_events_total", {{"device", "dish"}}), 0.0) << "it is told before anything happened";
  constexpr int times = 10000;
  const auto count = [&] {
    const Counter same = counter("test_events_total", "What happened", {{"device", "dish"}});
    for (int i = 0; i < times; ++i) same.add();
  };
  std::thread other(count);
  count();
  other.join();
  one.add(5);
  counter("test_events_total", "What happened", {{"device", "roof"}}).add();
  EXPECT_EQ(value_of("test_events_total", {{"device", "dish"}}), 2 * times + 5);
  EXPECT_EQ(value_of("test_events_total", {{"device", "roof"}}), 1.0);
}

TEST(Metrics, SourcesAreAskedAsLongAsTheyLiveAndAddUp) {
  {
    const MetricSource three([](MetricWriter& writer) { writer.gauge("test_waiting", "What waits", 3); });
    const MetricSource failing([](MetricWriter& writer) {
      writer.gauge("test_waiting", "What waits", 4);
      throw std::runtime_error("the disk is gone");
    });
    EXPECT_EQ(value_of("test_waiting"), 7.0);
  }
  EXPECT_EQ(value_of("test_waiting"), std::nullopt);
}

TEST(Metrics, TellOfTheProcess) {
  EXPECT_GT(value_of("process_resident_memory_bytes").value_or(0), 1e6);
  EXPECT_GE(value_of("process_threads").value_or(0), 1.0);
  EXPECT_GE(value_of("process_max_fds").value_or(0), value_of("process_open_fds").value_or(1e9));
  EXPECT_GT(value_of("process_start_time_seconds").value_or(0), 1.6e9);
}

}  // namespace
}  // namespace astro::testing
