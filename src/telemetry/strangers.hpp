// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "astro/observatory.hpp"
#include "astro/telemetry/history.hpp"
#include "messaging/subscribing.hpp"
#include "telemetry/recorded.hpp"

namespace astro::telemetry::detail {

/// What nodes measure that the site file does not name, over every transport of the site. Such a node is known from its
/// first birth on, and its points are kept like any others; only its commands wait until somebody admits it.
class Strangers final : public Subscriber {
 public:
  using Take = std::function<void(std::span<const SourcedPoint>)>;
  Strangers(const Observatory& site, Take take);
  ~Strangers() override;

  void deliver(std::span<const Message> messages) override;

 private:
  const std::string below_;  ///< "astro/v1/hill/"
  std::set<std::string, std::less<>> named_;
  const Take take_;
  std::mutex mutex_;  // several transports deliver
  MessageReader reader_;
  std::set<std::string, std::less<>> passed_by_;                // told once
  std::vector<std::unique_ptr<messaging::Subscribing>> hears_;  // the last: they end first
};

}  // namespace astro::telemetry::detail
