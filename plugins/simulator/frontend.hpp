// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "astro/controller.hpp"
#include "world.hpp"

namespace simulator {

struct SelectLoad {
  Load load = Load::sky;
};

/// A frontend of another process by the file that it keeps, or nullptr when there is none.
std::shared_ptr<const Frontend> distant_frontend(const std::filesystem::path& file);

/// The switch before a receiver: sky, a hot load, or the sky with a noise diode on top.
class FrontendController final : public astro::Controller {
 public:
  struct Settings {
    double hot_load_k = 295.0;
    double noise_diode_k = 100.0;
    Load start = Load::sky;
  };

  static astro::ControllerDescription description();

  explicit FrontendController(Settings settings) : settings_(settings) {}

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override {}  // nothing moves
  void poll() override;
  astro::Performed perform(const astro::Call& call) override;

 private:
  class Switch;

  Settings settings_;
  astro::Emitter* host_ = nullptr;
  std::shared_ptr<astro::Clock> clock_{};
  std::shared_ptr<World> world_{};
  std::string device_{};
  std::shared_ptr<Switch> switch_{};
};

}  // namespace simulator

template <>
struct astro::Description<simulator::Load> {
  static constexpr std::array choices{"sky", "hot", "noise_diode"};
};

template <>
struct astro::Description<simulator::SelectLoad> {
  static constexpr std::array fields{
      field<&simulator::SelectLoad::load>("load", {.says = "what the receiver is connected to", .required = true})};
};

template <>
struct astro::Description<simulator::FrontendController::Settings> {
  using S = simulator::FrontendController::Settings;
  static constexpr std::array fields{
      field<&S::hot_load_k>("hot_load_temperature", {.unit = "K", .min = 0, .max = 1000, .says = "of the hot load"}),
      field<&S::noise_diode_k>("noise_diode_temperature",
                               {.unit = "K", .min = 0, .max = 1e5, .says = "that the noise diode adds"}),
      field<&S::start>("start", {.says = "what is connected when it is opened"})};
};
