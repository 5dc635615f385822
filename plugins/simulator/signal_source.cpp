// SPDX-License-Identifier: BSD-3-Clause
#include "signal_source.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <random>

#include "convert.hpp"

namespace simulator {
namespace {

constexpr double refresh_s = 0.1;     ///< the sky is looked at so often
constexpr int spectrum_parts = 4;     ///< and so often within one integration
constexpr double finest_hz = 1000.0;  ///< detail of the spectrum that samples are made with

/// Power in units squared per hertz and kelvin, at the gain: 100 K in 2.4 MHz are 0.15 rms at 40 dB.
double unit_power(double gain_db) noexcept {
  return 0.15 * 0.15 / 100.0 / 2.4e6 * std::pow(10.0, (gain_db - 40.0) / 10.0);
}

std::size_t transform_length(double rate_hz) noexcept {
  const double wanted = std::clamp(rate_hz / finest_hz, 512.0, 32768.0);
  return std::bit_ceil(static_cast<std::size_t>(wanted));
}

/// What the electronics make of a flat spectrum: ripples, and a filter that falls off by 30 dB over
/// the outer twentieth of its width.
std::vector<float> bandpass_of(std::size_t channels, double rate_hz, double width_hz, double ripple,
                               std::uint64_t seed) {
  std::vector<float> gain(channels);
  const double phase_one = 2.0 * std::numbers::pi * unit(mix(seed, 1));
  const double phase_two = 2.0 * std::numbers::pi * unit(mix(seed, 2));
  for (std::size_t i = 0; i < channels; ++i) {
    const double x =
        (static_cast<double>(i) - std::floor(static_cast<double>(channels) / 2.0)) / static_cast<double>(channels);
    const double wave = 0.7 * std::sin(2.0 * std::numbers::pi * 1.3 * x + phase_one) +
                        0.3 * std::sin(2.0 * std::numbers::pi * 3.1 * x + phase_two);
    const double edge = std::clamp((std::abs(x) * rate_hz / (0.5 * width_hz) - 0.95) / 0.05, 0.0, 1.0);
    gain[i] =
        static_cast<float>((1.0 + ripple * wave) * std::pow(10.0, -1.5 * (1.0 - std::cos(std::numbers::pi * edge))));
  }
  return gain;
}

}  // namespace

SignalSource::SignalSource(const ReceiverSettings& settings, Scene scene, Witness witness)
    : settings_(settings),
      scene_(std::move(scene)),
      witness_(std::move(witness)),
      drift_(mix(static_cast<std::uint64_t>(settings.seed), "gain"), 97.0) {}

void SignalSource::begin(const astro::Tuning& tuning, astro::Time epoch, std::uint64_t key) {
  tuning_ = tuning;
  epoch_ = epoch;
  key_ = key;
  step_ = witnessed_ = -1;
  hop_ = INT64_MIN;
  const double rate_hz = tuning.sample_rate.hertz();
  const bool iq = settings_.format == Format::iq;
  const std::size_t channels = iq ? transform_length(rate_hz) : static_cast<std::size_t>(settings_.channels);
  density_.assign(channels, 0.0F);
  bandpass_ = bandpass_of(channels, rate_hz, std::min(tuning.bandwidth, tuning.sample_rate).hertz(), settings_.ripple,
                          static_cast<std::uint64_t>(settings_.seed));
  noise_ = iq ? std::make_unique<NoiseSynthesis>(channels, key) : nullptr;
  if (iq) made_.assign(noise_->hop(), {});
}

astro::Time SignalSource::time_at(double seconds) const {
  return epoch_ + std::chrono::round<astro::Duration>(std::chrono::duration<double>(seconds));
}

double SignalSource::scale(astro::Time time) const noexcept {
  return unit_power(*tuning_.gain_db) * (1.0 + settings_.gain_drift * drift_.at(time));
}

/// Kelvin become the receiver's power per hertz.
void SignalSource::shape(std::span<float> density, astro::Time time) const noexcept {
  const auto power = static_cast<float>(scale(time));
  for (std::size_t i = 0; i < density.size(); ++i) density[i] *= power * bandpass_[i];
}

void SignalSource::refresh(std::int64_t step) {
  const double at = static_cast<double>(step) * refresh_s;
  snapshot_ = scene_.look(time_at(at), tuning_.frequency);
  step_ = step;
  if (const auto second = static_cast<std::int64_t>(at); second > witnessed_) {
    witnessed_ = second;
    witness_(snapshot_);
  }
}

void SignalSource::hop(std::int64_t index) {
  const double rate_hz = tuning_.sample_rate.hertz();
  const double at = static_cast<double>(index) * static_cast<double>(noise_->hop()) / rate_hz;
  const auto step = static_cast<std::int64_t>(at / refresh_s);
  const auto frontend = scene_.frontend(time_at(at));
  if (step != step_ || frontend != snapshot_.frontend) {
    refresh(step);
    // The load is switched at once, between two looks at the sky.
    if (frontend != snapshot_.frontend) snapshot_ = scene_.look(time_at(at), tuning_.frequency);
    temperatures(snapshot_, tuning_.frequency, rate_hz / static_cast<double>(density_.size()), density_);
    shape(density_, snapshot_.time);
    noise_->set_density(density_, rate_hz);
  }
  noise_->make(index, made_);
  if (!settings_.rfi.empty()) {
    add_rfi(settings_.rfi, made_, time_at(at), tuning_.frequency, rate_hz, unit_power(*tuning_.gain_db) * 1e8, key_);
  }
  hop_ = index;
}

void SignalSource::samples(std::uint64_t first, std::span<std::complex<float>> out) {
  const std::uint64_t length = noise_->hop();
  for (std::size_t done = 0; done < out.size();) {
    const std::uint64_t at = first + done;
    if (hop_ != static_cast<std::int64_t>(at / length)) hop(static_cast<std::int64_t>(at / length));
    const auto from = static_cast<std::size_t>(at % length);
    const std::size_t count = std::min(out.size() - done, static_cast<std::size_t>(length) - from);
    std::copy_n(made_.begin() + static_cast<std::ptrdiff_t>(from), count,
                out.begin() + static_cast<std::ptrdiff_t>(done));
    done += count;
  }
}

void SignalSource::samples(std::uint64_t first, std::span<std::uint8_t> cu8) {
  scratch_.resize(cu8.size() / 2);
  samples(first, std::span(scratch_));
  to_cu8(scratch_, cu8);
}

void SignalSource::expected(astro::Time time, std::span<float> density) {
  snapshot_ = scene_.look(time, tuning_.frequency);
  temperatures(snapshot_, tuning_.frequency, tuning_.sample_rate.hertz() / static_cast<double>(density.size()),
               density);
  shape(density, time);
}

/// The mean of bandwidth times time independent spectra, each exponentially distributed, is a gamma
/// variate: the radiometer equation with its true shape.
void SignalSource::spectrum(std::uint64_t index, std::span<float> out) {
  const double period_s = astro::seconds(settings_.integration);
  std::fill(out.begin(), out.end(), 0.0F);
  for (int part = 0; part < spectrum_parts; ++part) {
    expected(time_at((static_cast<double>(index) + (part + 0.5) / spectrum_parts) * period_s), density_);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += density_[i] / spectrum_parts;
  }
  if (const auto second = static_cast<std::int64_t>(static_cast<double>(index) * period_s); second > witnessed_) {
    witnessed_ = second;
    witness_(snapshot_);
  }
  add_rfi(settings_.rfi, out, tuning_.frequency, tuning_.sample_rate.hertz(), unit_power(*tuning_.gain_db) * 1e8);
  const double averaged = tuning_.sample_rate.hertz() / static_cast<double>(out.size()) * period_s;
  Random random(mix(key_, index));
  std::gamma_distribution<double> gamma(averaged, 1.0 / averaged);
  for (float& channel : out) channel *= static_cast<float>(gamma(random));
}

}  // namespace simulator
