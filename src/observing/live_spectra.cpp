// SPDX-License-Identifier: BSD-3-Clause
#include "observing/live_spectra.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/signal/lines.hpp"

namespace astro {

namespace detail {

using namespace std::chrono_literals;

namespace {

constexpr Duration oftenest = 100ms;

bool is_load(Phase phase) noexcept {
  return phase == Phase::hot || phase == Phase::cold || phase == Phase::noise_diode;
}

}  // namespace

LiveSpectra::LiveSpectra(const Observation& observation, const Location& site, Duration every, Tell tell)
    : observation_(observation),
      site_(site),
      every_(every > Duration::zero() ? std::max(every, oftenest) : Duration::zero()),
      tell_(std::move(tell)) {}

template <class Work>
void LiveSpectra::quietly(Work work) noexcept {
  try {
    work();
  } catch (const std::exception& error) {
    log(LogLevel::warning, "observing",
        "observation " + observation_.id + ": what is seen now cannot be shown: " + error.what());
  }
}

void LiveSpectra::remember(const Integration& load) {
  if (!are_wanted() || !is_load(load.phase)) return;
  loads_.push_back(load);
  is_calibration_known_ = false;
}

void LiveSpectra::begin(std::size_t step) {
  if (step_ != step) sum_.reset();
  step_ = step;
  before_.reset();
}

bool LiveSpectra::is_due() const noexcept { return !told_ || std::chrono::steady_clock::now() - *told_ >= every_; }

void LiveSpectra::see(const Spectrum& so_far) noexcept {
  if (!are_wanted() || !is_due()) return;
  quietly([&] { tell(so_far); });
}

void LiveSpectra::keep(const Spectrum& whole, std::int64_t sequence) noexcept {
  if (!are_wanted()) return;
  quietly([&] {
    const Step& step = observation_.steps.at(*step_);
    sequence_ = sequence;
    if (is_due()) tell(whole);
    before_.reset();
    sum_ = sum_ ? average(std::array{*sum_, whole}) : whole;
    if (step.phase == Phase::reference) reference_ = *sum_;
    if (is_load(step.phase)) {
      remember(to_integration(whole, observation_.id, sequence, step, static_cast<std::int64_t>(*step_)));
    }
  });
}

/// What came between two states of one integration.
Spectrum LiveSpectra::difference(const Spectrum& now, const Spectrum& before) {
  Spectrum made = now;
  made.start = before.start + before.duration;
  made.duration = now.duration - before.duration;
  made.mid = made.start + made.duration / 2;
  made.exposure = now.exposure - before.exposure;
  made.effective_averages = now.effective_averages - before.effective_averages;
  for (std::size_t i = 0; i < made.power.size(); ++i) {
    const double held_now = static_cast<double>(now.weight[i]) * seconds(now.exposure);
    const double held_before = static_cast<double>(before.weight[i]) * seconds(before.exposure);
    const double held = held_now - held_before;
    const bool has_some = held > 0.0 && made.exposure > Duration::zero();
    made.weight[i] = has_some ? static_cast<float>(std::min(1.0, held / seconds(made.exposure))) : 0.0F;
    made.power[i] =
        has_some ? static_cast<float>((now.power[i] * held_now - before.power[i] * held_before) / held) : now.power[i];
  }
  return made;
}

/// In kelvin, as soon as there is what that needs.
std::optional<CalibratedSpectrum> LiveSpectra::calibrated(const Spectrum& spectrum) {
  const Phase phase = observation_.steps.at(*step_).phase;
  if (is_load(phase) || spectrum.axis.channels < 2) return std::nullopt;
  try {
    if (!std::exchange(is_calibration_known_, true)) calibrations_.emplace(observation_, loads_, site_);
    const bool has_kelvin = calibrations_ && !calibrations_->are_none();
    const Mode mode = observation_.request.mode;
    const bool is_switched = mode == Mode::position_switch || mode == Mode::frequency_switch;
    if (is_switched && phase == Phase::sky && reference_) {
      const double tsys_k = has_kelvin ? calibrations_->tsys_k(sequence_, *reference_) : 1.0;
      return mode == Mode::frequency_switch ? frequency_switched(spectrum, *reference_, tsys_k)
                                            : switched(spectrum, *reference_, tsys_k);
    }
    if (has_kelvin) return calibrations_->apply(calibrations_->epoch_of(sequence_), spectrum);
  } catch (const Error&) {
    // It is not calibrated yet, or has another axis: then it is shown as it came.
  }
  return std::nullopt;
}

LiveSpectra::Shown LiveSpectra::shown(const Spectrum& spectrum) {
  Shown made;
  if (auto kelvin = calibrated(spectrum)) {
    const bool has_kelvin = calibrations_ && !calibrations_->are_none();
    kelvin->velocity_frame = observation_.request.velocity_frame;
    kelvin->rest = observation_.request.rest_frequency;
    made = {.unit = has_kelvin ? "K" : "Tsys",
            .axis = kelvin->axis,
            .value = kelvin->temperature_k,
            .sigma = kelvin->sigma_k,
            .weight = kelvin->weight};
    made.calibrated = std::move(kelvin);
    return made;
  }
  made = {.unit = "counts", .axis = spectrum.axis, .value = spectrum.power, .weight = spectrum.weight};
  for (std::size_t i = 0; i < spectrum.power.size(); ++i) {
    const double averages = spectrum.effective_averages * static_cast<double>(spectrum.weight[i]);
    made.sigma.push_back(averages > 0.0 ? static_cast<float>(spectrum.power[i] / std::sqrt(averages)) : 0.0F);
  }
  // Its velocities need no calibration.
  made.calibrated = CalibratedSpectrum{.axis = spectrum.axis,
                                       .mid = spectrum.mid,
                                       .pointing = spectrum.pointing,
                                       .velocity_frame = observation_.request.velocity_frame,
                                       .rest = observation_.request.rest_frequency};
  return made;
}

void LiveSpectra::tell(const Spectrum& so_far) {
  const Step& step = observation_.steps.at(*step_);
  const Spectrum all = sum_ ? average(std::array{*sum_, so_far}) : so_far;
  Shown spectrum = shown(all);
  const Shown row = shown(before_ ? difference(so_far, *before_) : so_far);
  before_ = so_far;
  LiveSpectrum live{.observation_id = observation_.id,
                    .number = number_++,
                    .phase = step.phase,
                    .stage = step.label,
                    .time = so_far.start + so_far.duration,
                    .exposure = all.exposure,
                    .axis = spectrum.axis,
                    .unit = std::move(spectrum.unit),
                    .value = std::move(spectrum.value),
                    .sigma = std::move(spectrum.sigma)};
  if (row.axis == live.axis && row.unit == live.unit) live.row = row.value;
  double sum = 0.0;
  double held = 0.0;
  for (std::size_t i = 0; i < row.value.size(); ++i) {
    sum += static_cast<double>(row.value[i]) * static_cast<double>(row.weight[i]);
    held += static_cast<double>(row.weight[i]);
  }
  live.total_power = held > 0.0 ? sum / held : 0.0;
  const CalibratedSpectrum& placed = *spectrum.calibrated;
  if (placed.axis.channels > 1 && (placed.pointing.known || placed.velocity_frame == sky::VelocityFrame::topo)) {
    live.velocity_frame = placed.velocity_frame;
    live.first_velocity_km_s = placed.velocity_km_s(0.0);
    live.velocity_step_km_s = placed.velocity_km_s(1.0) - *live.first_velocity_km_s;
  }
  // By a beat, since samples come in blocks: counted from the last one, each would be late by a part of a block.
  const auto now = std::chrono::steady_clock::now();
  told_ = told_ && now - *told_ < 2 * every_ ? *told_ + every_ : now;
  tell_(live);
}

}  // namespace detail

std::string live_frame(const LiveSpectrum& live) {
  Value header;
  header.set("type", "spectrum").set("observation_id", live.observation_id).set("number", live.number);
  header.set("phase", Description<Phase>::choices.at(static_cast<std::size_t>(live.phase))).set("stage", live.stage);
  header.set("time", live.time).set("exposure_s", seconds(live.exposure)).set("unit", live.unit);
  header.set("channels", static_cast<std::int64_t>(live.axis.channels));
  header.set("first_hz", live.axis.first.hertz()).set("step_hz", live.axis.step.hertz());
  if (live.first_velocity_km_s) {
    header.set("velocity_frame",
               Description<sky::VelocityFrame>::choices.at(static_cast<std::size_t>(live.velocity_frame)));
    header.set("first_velocity_km_s", *live.first_velocity_km_s).set("velocity_step_km_s", live.velocity_step_km_s);
  }
  header.set("total_power", live.total_power).set("has_row", !live.row.empty());
  header.set("fraction", live.fraction).set("left_s", seconds(live.left));
  header.set("samples_lost", static_cast<std::int64_t>(live.samples_lost));
  std::string text = to_json(header);
  text.append((4 - text.size() % 4) % 4, ' ');  // so that the numbers can be read where they lie
  std::string frame;
  for (int shift = 0; shift < 32; shift += 8) frame += static_cast<char>(text.size() >> shift & 0xffU);
  frame += text;
  for (const auto* numbers : {&live.value, &live.sigma, &live.row}) {
    frame.append(reinterpret_cast<const char*>(numbers->data()), numbers->size() * sizeof(float));
  }
  return frame;
}

}  // namespace astro
