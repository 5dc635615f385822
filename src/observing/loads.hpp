// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>
#include <string>

#include "astro/observatory.hpp"
#include "astro/observing/program.hpp"

namespace astro::detail {

/// Switches what is in front of one receiver, as the site's `calibration:` describes it.
class Loads {
 public:
  /// Throws `unsupported` when the site does not describe that kind of calibration for the receiver.
  Loads(const Observatory& site, const std::string& receiver, CalibrationKind kind, Issuer issuer);

  double hot_k() const noexcept { return section_.hot.temperature_k.value_or(0.0); }
  /// Of the cold load, or of the sky that a noise diode is added to.
  double cold_k() const noexcept;
  double noise_diode_k() const noexcept { return section_.noise_diode.temperature_k.value_or(0.0); }

  /// Where the beam has to point for a phase; empty: wherever its step says.
  const std::string& target_of(Phase phase) const noexcept;
  bool moves_mount() const noexcept { return !section_.hot.target.empty() || !section_.cold.target.empty(); }

  /// Returns when it is switched; a state that holds already is not switched again.
  void apply(Phase phase, const std::stop_token& stop);

 private:
  const Load& load_of(Phase phase) const noexcept;

  const Observatory& site_;
  std::string receiver_;
  CalibrationKind kind_;
  Issuer issuer_;
  CalibrationSection section_;
  const Load* applied_ = nullptr;
};

}  // namespace astro::detail
