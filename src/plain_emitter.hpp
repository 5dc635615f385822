// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>

#include "host_context.hpp"

namespace astro::detail {

/// What a store or transport tells: it has no points and no commands.
class PlainEmitter final : public Emitter {
 public:
  explicit PlainEmitter(const HostSetup& setup);

  const Surroundings& surroundings() const noexcept override { return surroundings_; }
  Cause cause() const override { return {}; }
  void point(std::string_view name, Value value, Quality quality, std::optional<Time> time) override;
  void progress(std::string_view, double, std::string_view) override {}
  void finished(std::string_view, Outcome) override {}
  void poll_every(Duration) override {}
  void log(LogLevel level, std::string_view message) override;
  void give(Command command) override;
  void describe(const MountDescription&) override { refuse(); }
  void describe(const ReceiverDescription&) override { refuse(); }
  void describe(const ControllerDescription&) override { refuse(); }

 private:
  [[noreturn]] void refuse() const;

  std::string place_;
  Surroundings surroundings_;
  std::shared_ptr<const HostContext> context_;
};

}  // namespace astro::detail
