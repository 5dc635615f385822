// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "astro/export.hpp"
#include "astro/observing/request.hpp"

/// \file
/// Every observation is a list of steps, made from a request or by a program. A step states all that
/// has to hold while it integrates (where the beam is, what is in front of the receiver, how it is
/// tuned), so that steps can be left out, put in, and begun in the middle after a power cut.
namespace astro {

/// What was in the beam.
enum class Phase : std::uint8_t { hot, cold, sky, reference, noise_diode };

template <>
struct Description<Phase> {
  static constexpr std::array choices{"hot", "cold", "sky", "reference", "noise_diode"};
};

/// One thing to be done: take up a state, then integrate.
struct Step {
  Phase phase = Phase::sky;
  std::string label{};   ///< for people: "row 3 of 9"
  std::string target{};  ///< empty: wherever the load needs the beam, else where it is
  OffsetFrame frame = OffsetFrame::icrs;
  Angle x{};     ///< offset from the target, along parallels of the frame, on the sky
  Angle y{};     ///< along meridians
  Angle to_x{};  ///< where the beam has moved to at the end, evenly
  Angle to_y{};
  bool drift = false;  ///< stands still where that is in the middle of the step
  Frequency shift{};   ///< from the request's centre frequency
  Duration duration{};
  std::int64_t scan = 0;  ///< steps of one scan belong together: a row, a pair, a point
  std::int64_t pass = 0;  ///< through the mode

  bool operator==(const Step&) const = default;
};

template <>
struct Description<Step> {
  static constexpr std::array fields{
      field<&Step::phase>("phase", {.says = "what is in the beam"}),
      field<&Step::label>("label", {.says = "for people", .required = false}),
      field<&Step::target>("target", {.unit = "target", .says = "empty: where the load needs the beam"}),
      field<&Step::frame>("frame", {.says = "of the offsets"}),
      field<&Step::x>("x", {.says = "offset from the target along parallels, on the sky"}),
      field<&Step::y>("y", {.says = "offset along meridians"}),
      field<&Step::to_x>("to_x", {.says = "where the beam has moved to at the end"}),
      field<&Step::to_y>("to_y", {.says = "where the beam has moved to at the end"}),
      field<&Step::drift>("drift", {.says = "stands still where that is in the middle of the step"}),
      field<&Step::shift>("shift", {.says = "from the request's centre frequency"}),
      field<&Step::duration>("duration", {.min = 0.001, .max = 1e6, .says = "time of integration"}),
      field<&Step::scan>("scan", {.says = "steps of one scan belong together"}),
      field<&Step::pass>("pass", {.says = "through the mode"})};
};

/// What a request comes to: calibration and passes in their order. Throws `invalid_argument` for a
/// request whose parts do not fit its mode (an area without points, a tipping range upside down).
ASTRO_API std::vector<Step> steps_of(const ObservationRequest& request);

}  // namespace astro
