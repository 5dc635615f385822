// SPDX-License-Identifier: BSD-3-Clause
#include <astro/plugin.hpp>

#include "settings.hpp"

class Lamp final : public astro::Controller {
 public:
  using Settings = LampSettings;
  explicit Lamp(Settings) {}
  void open(astro::Emitter&) override {}
  void close() noexcept override {}
  void stop() noexcept override {}
  void poll() override {}
  astro::Performed perform(const astro::Call&) override { return {}; }
};

ASTRO_PLUGIN(lamp, "0.1.0", registry) { registry.add<Lamp>("lamp", {}, "a lamp that does nothing"); }
