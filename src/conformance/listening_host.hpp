// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "astro/command.hpp"
#include "astro/device.hpp"
#include "astro/registry.hpp"

namespace astro::conformance {

/// A host that remembers all that a driver tells it.
class ListeningHost final : public Emitter {
 public:
  struct Told {
    std::string name;
    Value value;
  };
  struct Ended {
    std::string command;
    Outcome outcome;
  };
  struct Progressed {
    std::string command;
    double percent;
  };

  ListeningHost(Surroundings surroundings, DriverDescription description);

  /// As it was registered, and refined since.
  DriverDescription description() const;
  std::vector<Told> points() const;
  std::vector<Ended> ends() const;
  std::vector<Progressed> progresses() const;
  std::vector<std::string> logged() const;
  /// Calls that came while no driver was open with it.
  std::size_t strays() const { return strays_; }
  void forget();
  void set_cause(Cause cause);
  void set_open(bool is_open) { is_open_ = is_open; }

  const Surroundings& surroundings() const noexcept override { return surroundings_; }
  Cause cause() const override;
  void point(std::string_view name, Value value, Quality quality, std::optional<Time> time) override;
  void progress(std::string_view command_id, double percent, std::string_view message) override;
  void finished(std::string_view command_id, Outcome outcome) override;
  void poll_every(Duration interval) override;
  void log(LogLevel level, std::string_view message) override;
  void give(Command command) override;
  void describe(const MountDescription& description) override;
  void describe(const ReceiverDescription& description) override;
  void describe(const ControllerDescription& description) override;

 private:
  std::unique_lock<std::mutex> heard();
  void check_kind(DeviceKind kind) const;

  const Surroundings surroundings_;
  mutable std::mutex mutex_;
  DriverDescription description_;
  std::vector<Told> points_;
  std::vector<Ended> ends_;
  std::vector<Progressed> progresses_;
  std::vector<std::string> log_;
  Cause cause_;
  std::atomic<bool> is_open_ = false;
  std::atomic<std::size_t> strays_ = 0;
};

}  // namespace astro::conformance
