// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <map>
#include <string>

#include "astro/controller.hpp"

namespace simulator {

/// Stands for any controller: has its points and commands, emits values within their ranges, and
/// obeys. A command whose parameter is named like a point, or that is `set_POINT` with one
/// parameter, sets that point.
class Twin final : public astro::Controller {
 public:
  struct Settings {
    std::int64_t seed = 1;
  };

  explicit Twin(Settings settings) : settings_(settings) {}

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override { cut_short_ = true; }
  void poll() override;
  astro::Performed perform(const astro::Call& call) override;

 private:
  astro::Value plausible(const astro::Field& point) const;
  void end_commands();

  Settings settings_;
  astro::Emitter* host_ = nullptr;
  std::shared_ptr<astro::Clock> clock_{};
  astro::ControllerDescription description_{};
  std::map<std::string, astro::Value> set_{};
  std::map<std::string, astro::Time> running_{};  ///< id and end
  std::atomic<bool> cut_short_ = false;
};

}  // namespace simulator

template <>
struct astro::Description<simulator::Twin::Settings> {
  static constexpr std::array fields{
      field<&simulator::Twin::Settings::seed>("seed", {.says = "of everything that is random"})};
};
