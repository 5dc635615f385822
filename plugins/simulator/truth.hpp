// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <fstream>

#include "scene.hpp"

namespace simulator {

/// The file in which the simulator says what was really there: one JSON object a line. Keys:
/// `time`, `azimuth_deg`, `altitude_deg` (of the beam, refraction in it), `ra_deg`, `dec_deg`, `l_deg`,
/// `b_deg`, `load`, `peak_k` and `peak_velocity_km_s` (of hydrogen in the antenna temperature, LSRK),
/// `velocity_correction_km_s` (to be added to a topocentric velocity), `tsys_k` (all but hydrogen),
/// `receiver_k`; with profile also `first_velocity_km_s`, `velocity_step_km_s`, `hydrogen_k`.
class Truth {
 public:
  /// An empty path writes nothing. Throws `storage`.
  Truth(const std::filesystem::path& path, bool with_profile);

  void write(const Snapshot& snapshot);

 private:
  std::ofstream stream_{};
  bool with_profile_;
};

}  // namespace simulator
