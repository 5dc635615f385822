// SPDX-License-Identifier: BSD-3-Clause
#include "astro/metrics.hpp"

#include <algorithm>
#include <map>
#include <mutex>

#include "process_metrics.hpp"

namespace astro {

namespace {

struct Counted {
  std::string says;
  std::map<MetricLabels, std::atomic<std::uint64_t>> cells;
};

}  // namespace

struct MetricSource::State {
  std::mutex mutex;
  Tell tell;
};

namespace {

struct Registered {
  std::mutex mutex;
  std::map<std::string, Counted, std::less<>> counters;
  std::vector<std::shared_ptr<MetricSource::State>> sources;
};

// Never destroyed: threads that were left behind may count until the process is gone.
Registered& registered() {
  static Registered& all = *new Registered;
  return all;
}

class Collected final : public MetricWriter {
 public:
  void counter(std::string_view name, std::string_view says, double value, const MetricLabels& labels) override {
    add(MetricKind::counter, name, says, value, labels);
  }
  void gauge(std::string_view name, std::string_view says, double value, const MetricLabels& labels) override {
    add(MetricKind::gauge, name, says, value, labels);
  }
  std::vector<Metric> all() && {
    std::vector<Metric> all;
    for (auto& [name, metric] : metrics_) all.push_back(std::move(metric));
    return all;
  }

 private:
  void add(MetricKind kind, std::string_view name, std::string_view says, double value, const MetricLabels& labels) {
    Metric& metric = metrics_[std::string(name)];
    metric.name = name;
    metric.says = says;
    metric.kind = kind;
    const auto same = std::ranges::find(metric.samples, labels, &MetricSample::labels);
    if (same == metric.samples.end()) metric.samples.push_back({labels, value});
    else same->value += value;
  }

  std::map<std::string, Metric> metrics_;
};

}  // namespace

void Counter::add(std::uint64_t count) const noexcept { cell_->fetch_add(count, std::memory_order_relaxed); }

Counter counter(std::string_view name, std::string_view says, const MetricLabels& labels) {
  Registered& all = registered();
  const std::lock_guard lock(all.mutex);
  auto found = all.counters.find(name);
  if (found == all.counters.end()) {
    found = all.counters.emplace(std::string(name), Counted{}).first;
    found->second.says = says;
  }
  return Counter(found->second.cells[labels]);
}

MetricWriter::~MetricWriter() = default;

MetricSource::MetricSource(Tell tell) : state_(std::make_shared<State>()) {
  state_->tell = std::move(tell);
  Registered& all = registered();
  const std::lock_guard lock(all.mutex);
  all.sources.push_back(state_);
}

MetricSource::~MetricSource() {
  {
    Registered& all = registered();
    const std::lock_guard lock(all.mutex);
    std::erase(all.sources, state_);
  }
  const std::lock_guard lock(state_->mutex);  // waits for a call that is under way
  state_->tell = nullptr;
}

std::vector<Metric> read_metrics() {
  Collected collected;
  std::vector<std::shared_ptr<MetricSource::State>> sources;
  {
    Registered& all = registered();
    const std::lock_guard lock(all.mutex);
    sources = all.sources;
    for (const auto& [name, counted] : all.counters) {
      for (const auto& [labels, cell] : counted.cells) {
        collected.counter(name, counted.says, static_cast<double>(cell.load(std::memory_order_relaxed)), labels);
      }
    }
  }
  detail::tell_of_process(collected);
  for (const auto& source : sources) {  // without the lock of all: one that waits for its store keeps nobody else
    const std::lock_guard lock(source->mutex);
    try {
      if (source->tell) source->tell(collected);
    } catch (const std::exception&) {  // the others are told all the same
    }
  }
  return std::move(collected).all();
}

}  // namespace astro
