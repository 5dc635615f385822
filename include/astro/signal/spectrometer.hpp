// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "astro/block.hpp"
#include "astro/export.hpp"
#include "astro/signal/spectrum.hpp"

namespace astro {

/// Tapers of a transform, periodic: `hann` as in Harris 1978, Proc. IEEE 66, 51.
enum class Window : std::uint8_t { rectangular, hann, hamming, blackman };

template <>
struct Description<Window> {
  static constexpr std::array choices{"rectangular", "hann", "hamming", "blackman"};
};

/// How to turn samples into spectra.
struct SpectrometerOptions {
  std::uint32_t channels = 1024;  ///< of IQ, and of its transform; a spectrometer's own channels are kept
  Window window = Window::hann;
  bool remove_dc = true;  ///< of IQ: the centre channel becomes the mean of its neighbours, with weight 0
};

/// Averages the power of windowed transforms without overlap. Blocks in, one spectrum out; blocks
/// that are spectra already are averaged as they are; their channel `channels / 2` lies at the
/// tuning's frequency, as with a transform. Lost samples are counted, and a transform never spans a
/// gap: the samples of a transform that a gap or the end cuts short are dropped, being neither lost
/// nor in `samples` and exposure. Density scaling: power is |X|^2 / (rate * sum(window^2)), as
/// scipy.signal.welch with `detrend=False`; integers are scaled to [-1, 1] (cu8: (x - 127.5) / 127.5,
/// ci8: x / 128, ci16: x / 32768).
/// Not safe for two threads at once; memory is constant.
class ASTRO_API Spectrometer {
 public:
  /// Plans its transform. Throws `invalid_argument` unless 2 <= channels <= 2^20.
  explicit Spectrometer(const SpectrometerOptions& options = {});
  Spectrometer(const Spectrometer& other);  ///< same options, nothing integrated
  Spectrometer(Spectrometer&&) noexcept;
  Spectrometer& operator=(Spectrometer&&) noexcept;
  ~Spectrometer();

  const SpectrometerOptions& options() const noexcept;

  /// Adds a block. A change of tuning or shape since the last one throws `invalid_argument`: take
  /// the spectrum first, and `reset`.
  void add(const Block& block);

  /// Time integrated so far, without what was lost.
  Duration exposure() const noexcept;

  /// What was integrated since the last reset; throws `invalid_argument` when that is nothing.
  Spectrum spectrum() const;
  void reset() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Averages spectra of one axis by exposure and weight; pointing is that of the middle one. Throws
/// `invalid_argument` when there are none or the axes differ.
ASTRO_API Spectrum average(std::span<const Spectrum> spectra);

}  // namespace astro
