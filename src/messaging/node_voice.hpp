// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "astro/command.hpp"
#include "astro/messaging/outbox.hpp"
#include "astro/messaging/telescope.hpp"
#include "astro/observatory.hpp"
#include "astro/telemetry.hpp"
#include "astro/transport.hpp"

namespace astro::messaging {

/// What a node says, below its topics, over every transport of its site. What must not be lost is on its disk until the
/// first of them has it; the others carry what is live, and no more.
class NodeVoice final {
 public:
  NodeVoice(const Observatory& observatory, std::string name, std::int64_t boot, const std::filesystem::path& folder);

  const std::vector<std::shared_ptr<Transport>>& transports() const noexcept { return transports_; }

  /// Now or never; whether a transport took it.
  bool say(const std::string& what, std::string_view key, std::span<const std::byte> body, bool retained = false);

  void measured(std::span<const Point> points);
  void acknowledge(const Acknowledgment& acknowledgment);
  void report(const TelescopeStatus& status);
  /// A command that could not be read.
  void put_aside(const Message& message, const std::string& why);

  void wait_empty(Duration at_most) { outbox_.wait_empty(at_most); }
  /// Before the transports are closed: what comes from now on waits on the disk.
  void end_sending() {
    has_ended_ = true;
    outbox_.end_sending();
  }

 private:
  /// `lost`: what is to be said when the disk does not take them.
  void keep(std::span<const Outgoing> batch, const std::string& lost);

  const std::string name_;
  const std::string topics_;
  const std::int64_t boot_;
  const std::shared_ptr<Clock> clock_;
  const std::vector<std::shared_ptr<Transport>> transports_;
  std::atomic<bool> has_ended_ = false;
  Outbox outbox_;
};

}  // namespace astro::messaging
