// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "astro/signal/spectrometer.hpp"
#include "signal/kernels/kernels.hpp"
#include "signal/power_mean.hpp"
#include "signal/rows.hpp"
#include "signal/transform.hpp"

namespace astro::signal {

/// Averages |X|^2 of windowed transforms, or of a filterbank's: rows of samples are converted,
/// weighted and added straight into the transform's input.
class Periodogram {
 public:
  explicit Periodogram(const SpectrometerOptions& options);

  std::size_t channels() const noexcept { return channels_; }
  std::size_t taps() const noexcept { return taps_; }
  std::size_t row_items() const noexcept { return input_ == Input::real ? 2 * channels_ : channels_; }

  /// Sets the kind of the samples to come; what waits is dropped. Real samples are planned for here,
  /// when they come for the first time.
  void expect(Dtype dtype);
  /// Takes at most what completes a row; returns how many items it took.
  std::size_t take(std::span<const std::byte> samples) noexcept;
  /// Whether there are as many rows as the next transform takes.
  bool is_complete() const noexcept { return rows_.is_complete(); }
  /// Transforms them, adds the power and forgets the oldest row.
  void transform() noexcept;
  /// The block goes away.
  void keep() noexcept { rows_.keep(); }
  void drop_unfinished() noexcept { rows_.drop(); }
  void reset() noexcept;

  struct Density {
    std::vector<double> power;  ///< frequency ascending
    std::vector<float> weight;
  };
  /// Mean density for a sample rate in hertz; of real samples one-sided.
  Density density(double rate_hz) const;
  /// Transforms over independent spectra: what the radiometer equation counts (see `correlation_of`).
  double correlation() const noexcept { return correlation_; }

 private:
  std::size_t numbers() const noexcept { return 2 * channels_; }  ///< real numbers in a row
  void correct_newest() noexcept;
  void scale_taps(double scale);

  std::size_t channels_;
  std::size_t taps_;
  Window window_;
  std::optional<IqCorrection> correction_;
  std::vector<double> complex_taps_;
  std::vector<double> real_taps_{};  ///< made when they are needed
  double correlation_;
  Rows rows_;
  PowerMean mean_;
  std::unique_ptr<Transform> transform_;  ///< of IQ
  std::unique_ptr<Transform> real_{};     ///< of real samples
  Input input_ = Input::complex;
  Dtype dtype_ = Dtype::cf32;
  Fold fold_ = nullptr;
  Fold convert_ = nullptr;       ///< where samples are corrected before they are weighted
  std::vector<float> scale_{};   ///< then: the samples' scale, for each number of a row
  std::vector<float> scaled_{};  ///< taps as the kernels want them, times the scale of the samples
};

}  // namespace astro::signal
