// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <variant>

#include "astro/error.hpp"
#include "astro/observing/plan.hpp"
#include "astro/observing/program.hpp"
#include "text.hpp"

namespace astro {

namespace {

[[noreturn]] void refuse_steps(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "making steps of the request: " + why);
}

/// Offsets from one edge of a side to the other, `spacing` apart at most; one in the middle of a side of no length.
std::vector<Angle> offsets_over(Angle side, Angle spacing) {
  const auto gaps = static_cast<std::int64_t>(std::ceil(side / spacing - 1e-6));
  std::vector<Angle> offsets;
  for (std::int64_t i = 0; i <= gaps; ++i) {
    offsets.push_back(gaps == 0 ? Angle() : side * (static_cast<double>(i) / static_cast<double>(gaps) - 0.5));
  }
  if (offsets.size() > 10000) refuse_steps("its area has more than 10,000 points along a side");
  return offsets;
}

/// Writes the steps of a request, one pass after the other.
class StepWriter {
 public:
  explicit StepWriter(const ObservationRequest& request) : request_(request) {}

  std::vector<Step> written() {
    for (pass_ = 0; pass_ < request_.repeat; ++pass_) one_pass();
    return std::move(steps_);
  }

 private:
  void one_pass() {
    switch (request_.mode) {
      case Mode::track:
        return add({.label = "on target", .target = request_.target, .duration = request_.integration_time});
      case Mode::drift:
        return add(
            {.label = "drifting", .target = request_.target, .drift = true, .duration = request_.integration_time});
      case Mode::position_switch:
        return switch_position();
      case Mode::frequency_switch:
        return switch_frequency();
      case Mode::raster:
      case Mode::points:
        return points();
      case Mode::cross:
        return cross();
      case Mode::map:
      case Mode::horizon:
        return rows();
      case Mode::tipping:
        return tip();
      case Mode::loads:
        return calibrate();
    }
  }

  /// Calibration before it when one is due, the scan's number and its place in the list.
  void add(Step step, bool new_scan = true) {
    if (steps_.empty() ||
        (request_.calibrate_every > Duration::zero() && since_calibration_ >= request_.calibrate_every)) {
      if (new_scan) calibrate();
    }
    if (new_scan) ++scan_;
    step.scan = scan_;
    since_calibration_ += step.duration;
    put(std::move(step));
  }

  void put(Step step) {
    step.pass = pass_;
    steps_.push_back(std::move(step));
  }

  void calibrate() {
    since_calibration_ = {};
    const Duration time = request_.calibration_time;
    if (request_.calibration == CalibrationKind::loads) {
      put({.phase = Phase::hot, .label = "hot load", .duration = time, .scan = scan_ + 1});
      put({.phase = Phase::cold, .label = "cold load", .duration = time, .scan = scan_ + 1});
    } else if (request_.calibration == CalibrationKind::noise_diode) {
      Step step{.phase = Phase::noise_diode,
                .label = "noise diode",
                .target = request_.target,
                .duration = time,
                .scan = scan_ + 1};
      put(step);
      step.phase = Phase::cold;
      step.label = "noise diode off";
      put(step);
    }
  }

  std::int64_t pairs() const {
    return std::max<std::int64_t>(
        1, static_cast<std::int64_t>(std::llround(request_.integration_time / (2 * request_.switch_every))));
  }

  /// On, off, off, on: what drifts evenly is the same on both sides.
  void switch_position() {
    const std::int64_t count = pairs();
    const Duration half = request_.integration_time / (2 * count);
    const Step on{.label = "on target", .target = request_.target, .duration = half};
    Step off{
        .phase = Phase::reference, .label = "on the reference", .target = request_.reference.target, .duration = half};
    if (off.target.empty()) {
      if (request_.reference.azimuth_offset == Angle())
        refuse_steps("a position switch needs a `reference`: a target or an offset that is not 0 deg");
      off.target = request_.target;
      off.frame = OffsetFrame::altaz;
      off.x = off.to_x = request_.reference.azimuth_offset;
    }
    for (std::int64_t i = 0; i < count; ++i) {
      add(i % 2 == 0 ? on : off);
      add(i % 2 == 0 ? off : on, false);
    }
  }

  void switch_frequency() {
    if (request_.frequency_shift == Frequency())
      refuse_steps("a frequency switch needs a `frequency_shift` that is not 0 Hz");
    const std::int64_t count = pairs();
    const Duration half = request_.integration_time / (2 * count);
    Step one{
        .label = "tuned below", .target = request_.target, .shift = request_.frequency_shift * -0.5, .duration = half};
    Step other{.phase = Phase::reference,
               .label = "tuned above",
               .target = request_.target,
               .shift = request_.frequency_shift * 0.5,
               .duration = half};
    for (std::int64_t i = 0; i < count; ++i) {
      add(i % 2 == 0 ? one : other);
      add(i % 2 == 0 ? other : one, false);
    }
  }

  /// To and fro, so that no way is gone twice.
  void points() {
    const auto across = offsets_over(request_.scan.width, request_.scan.spacing);
    const auto along = offsets_over(request_.scan.height, request_.scan.spacing);
    const std::size_t count = across.size() * along.size();
    for (std::size_t row = 0; row < along.size(); ++row) {
      for (std::size_t i = 0; i < across.size(); ++i) {
        const Angle x = across[row % 2 == 0 ? i : across.size() - 1 - i];
        const std::string label =
            "point " + std::to_string(row * across.size() + i + 1) + " of " + std::to_string(count);
        add({.label = label,
             .target = request_.target,
             .frame = request_.scan.frame,
             .x = x,
             .y = along[row],
             .to_x = x,
             .to_y = along[row],
             .duration = request_.integration_time});
      }
    }
  }

  Step line(std::string label, Angle x, Angle y, Angle to_x, Angle to_y) const {
    const Angle length = std::max((to_x - x).abs(), (to_y - y).abs());
    if (length == Angle()) refuse_steps("a line of its area has no length");
    return {.label = std::move(label),
            .target = request_.target,
            .frame = frame(),
            .x = x,
            .y = y,
            .to_x = to_x,
            .to_y = to_y,
            .duration = from_seconds(length / request_.scan.speed_per_s)};
  }

  OffsetFrame frame() const { return request_.mode == Mode::horizon ? OffsetFrame::altaz : request_.scan.frame; }

  void cross() {
    const Angle x = request_.scan.width * (pass_ % 2 == 0 ? 0.5 : -0.5);
    const Angle y = request_.scan.height * (pass_ % 2 == 0 ? 0.5 : -0.5);
    add(line("across", -x, Angle(), x, Angle()));
    add(line("along", Angle(), -y, Angle(), y));
  }

  void rows() {
    if (request_.mode == Mode::horizon) (void)ground_place("horizon scan");
    const auto along = offsets_over(request_.scan.height, request_.scan.spacing);
    for (std::size_t row = 0; row < along.size(); ++row) {
      const Angle x = request_.scan.width * (row % 2 == 0 ? 0.5 : -0.5);
      add(line("row " + std::to_string(row + 1) + " of " + std::to_string(along.size()), -x, along[row], x,
               along[row]));
    }
  }

  AltAz ground_place(const char* mode) const {
    const Target target = parse_target(request_.target);
    if (const auto* place = std::get_if<AltAz>(&target)) return *place;
    refuse_steps(std::string("the target of a ") + mode +
                 " is an azimuth and an altitude, as in \"altaz 180 20\"; it is \"" + request_.target + '"');
  }

  void tip() {
    const Angle azimuth = ground_place("tipping curve").azimuth;
    const TippingRange& range = request_.tipping;
    if (range.highest <= range.lowest) refuse_steps("a tipping curve goes from a lower to a higher altitude");
    const double most = 1.0 / std::sin(range.lowest.radians());
    const double least = 1.0 / std::sin(range.highest.radians());
    for (std::int64_t i = 0; i < range.count; ++i) {
      const std::int64_t at = pass_ % 2 == 0 ? i : range.count - 1 - i;
      const double air = least + (most - least) * static_cast<double>(at) / static_cast<double>(range.count - 1);
      const Angle altitude = radians(std::asin(std::min(1.0, 1.0 / air)));
      add({.label = "altitude " + text::of(std::round(10.0 * altitude.degrees()) / 10.0) + " deg",
           .target = to_string(Target(AltAz{.azimuth = azimuth, .altitude = altitude})),
           .duration = request_.integration_time});
    }
  }

  const ObservationRequest& request_;
  std::vector<Step> steps_;
  std::int64_t pass_ = 0;
  std::int64_t scan_ = -1;
  Duration since_calibration_{};
};

}  // namespace

std::vector<Step> steps_of(const ObservationRequest& request) { return StepWriter(request).written(); }

Duration integration_time_of(const ObservationRequest& request) {
  Duration sum{};
  for (const Step& step : steps_of(request)) sum += step.duration;
  return sum;
}

}  // namespace astro
