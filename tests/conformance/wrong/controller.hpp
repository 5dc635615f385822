// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <mutex>

#include "fault.hpp"

namespace wrong {

/// A lamp with a level, and a heating that takes a while.
class Controller final : public astro::Controller, private Faulty {
 public:
  using Settings = wrong::Settings;
  static astro::ControllerDescription description();

  explicit Controller(Settings settings) : Faulty(std::move(settings)) {}

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;
  void poll() override;
  astro::Performed perform(const astro::Call& call) override;
  void heard(std::span<const astro::Point> points) override;

 private:
  void halt() noexcept;

  astro::Emitter* host_ = nullptr;
  std::mutex mutex_;
  std::string heating_{};
  astro::Time heated_{};
  double level_ = 1.0;
};

}  // namespace wrong
