// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <complex>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "astro/block.hpp"
#include "drift.hpp"
#include "noise.hpp"
#include "receiver_settings.hpp"
#include "scene.hpp"

namespace simulator {

/// Turns what the scene has into the receiver's numbers: bandpass, gain and its drift, noise with
/// the statistics of the radiometer, interference. Items count from the epoch.
class SignalSource {
 public:
  /// Called with each second's snapshot.
  using Witness = std::function<void(const Snapshot&)>;

  SignalSource(const ReceiverSettings& settings, Scene scene, Witness witness);

  /// A new tuning or a new start: item 0 is at `epoch`.
  void begin(const astro::Tuning& tuning, astro::Time epoch, std::uint64_t key);

  void samples(std::uint64_t first, std::span<std::complex<float>> out);
  void samples(std::uint64_t first, std::span<std::uint8_t> cu8);
  void spectrum(std::uint64_t index, std::span<float> out);

 private:
  astro::Time time_at(double seconds) const;
  double scale(astro::Time time) const noexcept;
  void hop(std::int64_t index);
  void refresh(std::int64_t step);
  void shape(std::span<float> density, astro::Time time) const noexcept;
  void expected(astro::Time time, std::span<float> density);

  ReceiverSettings settings_;
  Scene scene_;
  Witness witness_;
  Drift drift_;
  astro::Tuning tuning_{};
  astro::Time epoch_{};
  std::uint64_t key_ = 0;

  std::unique_ptr<NoiseSynthesis> noise_{};
  Snapshot snapshot_{};
  std::int64_t step_ = -1;       ///< which tenth of a second the snapshot is of
  std::int64_t witnessed_ = -1;  ///< last second that was told
  std::int64_t hop_ = INT64_MIN;
  std::vector<std::complex<float>> made_{};  ///< samples of that hop
  std::vector<float> density_{};
  std::vector<float> bandpass_{};
  std::vector<std::complex<float>> scratch_{};
};

}  // namespace simulator
