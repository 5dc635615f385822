// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "astro/export.hpp"

/// \file
/// Numbers by which one sees how a process does: what it counted, and what it holds now. They are of the whole
/// process, never of one caller; whoever wants them reads all of them at once. Names follow Prometheus
/// (https://prometheus.io/docs/practices/naming): `astro_` first, the unit last, `_total` behind what only rises.
namespace astro {

enum class MetricKind : std::uint8_t {
  counter,  ///< rises, and begins at zero with its process
  gauge,    ///< rises and falls
};

/// What tells one sample of a metric from the others: {{"device", "dish"}}. Few and of few values each: every
/// combination is kept.
using MetricLabels = std::vector<std::pair<std::string, std::string>>;

struct MetricSample {
  MetricLabels labels{};
  double value = 0.0;
};

struct Metric {
  std::string name{};
  std::string says{};
  MetricKind kind = MetricKind::gauge;
  std::vector<MetricSample> samples{};
};

/// One sample of a counter. A copy counts the same; it costs one atomic addition, from any thread.
class ASTRO_API Counter final {
 public:
  void add(std::uint64_t count = 1) const noexcept;

 private:
  friend ASTRO_API Counter counter(std::string_view, std::string_view, const MetricLabels&);
  explicit Counter(std::atomic<std::uint64_t>& cell) noexcept : cell_(&cell) {}
  std::atomic<std::uint64_t>* cell_;  // lives as long as the process
};

/// The counter of that name and labels; it is made when it is asked for first.
ASTRO_API Counter counter(std::string_view name, std::string_view says, const MetricLabels& labels = {});

/// What a source fills in. Samples that several sources tell under the same name and labels are added up.
class ASTRO_API MetricWriter {
 public:
  virtual ~MetricWriter();
  virtual void counter(std::string_view name, std::string_view says, double value, const MetricLabels& labels = {}) = 0;
  virtual void gauge(std::string_view name, std::string_view says, double value, const MetricLabels& labels = {}) = 0;
};

/// Is asked each time when somebody reads the metrics, from that thread; when it is gone, it is not asked any more.
/// What it throws leaves out what it had not told yet.
class ASTRO_API MetricSource final {
 public:
  using Tell = std::function<void(MetricWriter&)>;

  explicit MetricSource(Tell tell);
  ~MetricSource();
  MetricSource(const MetricSource&) = delete;
  MetricSource& operator=(const MetricSource&) = delete;

  struct State;

 private:
  std::shared_ptr<State> state_;
};

/// All that is known now, by name; also of the process itself: `process_cpu_seconds_total` and the like.
ASTRO_API std::vector<Metric> read_metrics();

}  // namespace astro
