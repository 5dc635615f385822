// SPDX-License-Identifier: BSD-3-Clause
// A plugin's mount, built in every way that is right or wrong. PLUGIN is the plugin's name.
#include <astro/plugin.hpp>
#include <stdexcept>
#include <string>
#include <utility>

#include "ends_the_process.hpp"

#define AS_TEXT_(name) #name
#define AS_TEXT(name) AS_TEXT_(name)
#define PLUGIN_BLOCK(name) ASTRO_PLUGIN(name, "3.1.4", registry)

namespace {

class Rail final : public astro::Mount {
 public:
  struct Settings {
    std::string port{};
    astro::Angle tilt = astro::degrees(1);
  };

  explicit Rail(Settings settings) : settings_(std::move(settings)) {}

  void open(astro::Emitter&) override {}
  void close() noexcept override {}
  void stop() noexcept override {}
  void move_to(astro::Axes target) override {
    if (target.second < astro::degrees(0)) {
      throw astro::Error(astro::ErrorCode::out_of_limits, settings_.port + " does not look down");
    }
    if (target.first < astro::degrees(0)) throw std::runtime_error("stuck at " + settings_.port);
    position_ = target;
  }
  astro::MountStatus status() override {
    return {.position = {position_.first + settings_.tilt, position_.second}, .detail = settings_.port};
  }

 private:
  Settings settings_;
  astro::Axes position_{};
};

}  // namespace

template <>
struct astro::Description<Rail::Settings> {
  static constexpr std::array fields{field<&Rail::Settings::port>("port", {.says = "where it is", .required = true}),
                                     field<&Rail::Settings::tilt>("tilt", {.says = "of the rail"})};
};

PLUGIN_BLOCK(PLUGIN) {
  registry.add<Rail>(AS_TEXT(PLUGIN), {.parks = true}, "a mount on a rail");
#ifdef FAILS_TO_ENROL
  throw std::runtime_error("no licence for this rail");
#endif
}
