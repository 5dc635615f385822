// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "astro/command.hpp"
#include "astro/controller.hpp"
#include "astro/device.hpp"
#include "astro/mount.hpp"
#include "astro/receiver.hpp"
#include "astro/registry.hpp"

namespace astro::testing {

/// What a transport or a store needs of a host: surroundings, and somebody who listens to its log.
class PlainHost final : public Emitter {
 public:
  explicit PlainHost(const std::filesystem::path& state_folder = {}) {
    surroundings_.state_folder = state_folder;
    surroundings_.device = "under_test";
    surroundings_.observatory = "test";
    surroundings_.clock = Clock::system();
  }

  const Surroundings& surroundings() const noexcept override { return surroundings_; }
  Cause cause() const override { return {}; }
  void point(std::string_view, Value, Quality, std::optional<Time>) override {}
  void progress(std::string_view, double, std::string_view) override {}
  void finished(std::string_view, Outcome) override {}
  void poll_every(Duration) override {}
  void log(LogLevel, std::string_view message) override {
    const std::lock_guard lock(mutex_);
    log_.emplace_back(message);
  }
  void give(Command) override {}
  void describe(const MountDescription&) override {}
  void describe(const ReceiverDescription&) override {}
  void describe(const ControllerDescription&) override {}

  std::vector<std::string> logged() const {
    const std::lock_guard lock(mutex_);
    return log_;
  }

 private:
  Surroundings surroundings_;
  mutable std::mutex mutex_;
  std::vector<std::string> log_;
};

/// A driver of the real plugin, found by its name as a site file finds it.
template <class Interface>
std::unique_ptr<Interface> make_driver(DeviceKind kind, const std::string& name, const Value& settings) {
  std::unique_ptr<Driver> driver = Registry::shared().make(kind, name, settings);
  auto* wanted = dynamic_cast<Interface*>(driver.get());
  if (wanted == nullptr)
    throw Error(ErrorCode::internal, "the driver " + name + " is no " + std::string(to_string(kind)));
  driver.release();  // NOLINT(bugprone-unused-return-value): it goes on in the next line
  return std::unique_ptr<Interface>(wanted);
}

}  // namespace astro::testing
