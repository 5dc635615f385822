// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>

#include "inner.hpp"

namespace wrong {

/// The transport `local`, but for the fault.
class Transport final : public astro::Transport, private Faulty {
 public:
  using Settings = wrong::Settings;
  explicit Transport(Settings settings)
      : Faulty(std::move(settings)), inner_(made<astro::Transport>(astro::DeviceKind::transport, "local", {})) {}

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  astro::Published publish(std::span<const astro::Message> batch) override;
  astro::Ticket confirmed(astro::Ticket ticket, astro::Duration at_most) override;
  void subscribe(const std::string& pattern, astro::Subscriber& subscriber, const std::string& group) override;
  void unsubscribe(astro::Subscriber& subscriber) noexcept override { inner_->unsubscribe(subscriber); }

 private:
  std::unique_ptr<astro::Transport> inner_;
  std::atomic<astro::Ticket> dropped_ = 0;
  std::atomic<int> retained_ = 0;
};

}  // namespace wrong
