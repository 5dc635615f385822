// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/strangers.hpp"

#include <algorithm>
#include <utility>

#include "astro/error.hpp"
#include "astro/log.hpp"

namespace astro::telemetry::detail {

namespace {

constexpr std::size_t most_strangers_told = 100;

}  // namespace

Strangers::Strangers(const Observatory& site, Take take)
    : below_("astro/v1/" + site.site().slug() + "/"),
      take_(std::move(take)),
      reader_({.pattern = "#", .holds = Holds::points}, nullptr, {}) {
  for (const DeviceEntry& device : site.site().devices) {
    if (!device.node.empty()) named_.insert(device.node);  // it is `remote` here, and its points come by themselves
  }
  for (const std::string& name : site.names(DeviceKind::transport)) {
    const std::vector<messaging::Subscribed> wanted{{below_ + "+/data/+/+", {}}};
    hears_.push_back(std::make_unique<messaging::Subscribing>(site.transport(name), wanted, *this, "telemetry"));
  }
}

Strangers::~Strangers() = default;

void Strangers::deliver(std::span<const Message> messages) {
  const std::lock_guard lock(mutex_);
  std::vector<SourcedPoint> points;
  for (const Message& message : messages) {
    const std::string_view rest = message.topic.substr(std::min(below_.size(), message.topic.size()));
    const std::string_view node = rest.substr(0, rest.find('/'));
    if (named_.contains(node)) continue;
    try {
      const HistoryPoint kept = reader_.point(message);
      points.push_back({point_of(kept), kept.source, kept.boot, kept.historical});
    } catch (const Error& error) {
      if (passed_by_.size() < most_strangers_told && passed_by_.emplace(node).second) {
        log(LogLevel::warning, "telemetry",
            "a point of node '" + std::string(node) + "' is passed by: " + error.what() + "; more of it are not told");
      }
    }
  }
  if (!points.empty()) take_(points);
}

}  // namespace astro::telemetry::detail
