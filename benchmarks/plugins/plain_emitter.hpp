// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "astro/command.hpp"
#include "astro/controller.hpp"
#include "astro/mount.hpp"
#include "astro/receiver.hpp"
#include "astro/registry.hpp"

/// As much of a host as a transport or a store needs to be measured alone.
class PlainEmitter final : public astro::Emitter {
 public:
  PlainEmitter() { surroundings_.clock = astro::Clock::system(); }
  const astro::Surroundings& surroundings() const noexcept override { return surroundings_; }
  astro::Cause cause() const override { return {}; }
  void point(std::string_view, astro::Value, astro::Quality, std::optional<astro::Time>) override {}
  void progress(std::string_view, double, std::string_view) override {}
  void finished(std::string_view, astro::Outcome) override {}
  void poll_every(astro::Duration) override {}
  void log(astro::LogLevel, std::string_view) override {}
  void give(astro::Command) override {}
  void describe(const astro::MountDescription&) override {}
  void describe(const astro::ReceiverDescription&) override {}
  void describe(const astro::ControllerDescription&) override {}

 private:
  astro::Surroundings surroundings_;
};

/// The real plugin's driver, open.
template <class Interface>
class Opened {
 public:
  Opened(astro::DeviceKind kind, const std::string& name, const astro::Value& settings)
      : driver_(astro::Registry::shared().make(kind, name, settings)), interface_(dynamic_cast<Interface&>(*driver_)) {
    driver_->open(emitter_);
  }
  ~Opened() { driver_->close(); }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  Interface* operator->() const noexcept { return &interface_; }

 private:
  PlainEmitter emitter_;
  std::unique_ptr<astro::Driver> driver_;
  Interface& interface_;
};
