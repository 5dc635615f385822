// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "astro/block.hpp"
#include "astro/export.hpp"
#include "astro/signal/correction.hpp"
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
  std::uint32_t channels = 1024;  ///< of samples, and of their transform; a spectrometer's own channels are kept
  Window window = Window::hann;
  bool remove_dc = true;   ///< of samples: the channel of frequency zero becomes the mean of its neighbours, weight 0
  std::uint32_t taps = 1;  ///< 1: windowed transform; 2 to 32: a polyphase filterbank, whose channels hardly overlap
  /// Transforms that spectral kurtosis judges together: channels of them that are not noise are left
  /// out, which their weight tells. 0: none; else 24 to 16384.
  std::uint32_t kurtosis = 0;
  double kurtosis_sigma = 3.0;               ///< what noise exceeds as rarely as a normal distribution this
  std::optional<IqCorrection> correction{};  ///< of IQ: taken off each sample (`IqEstimator` finds it)
};

/// Averages the power of windowed transforms without overlap, or of a polyphase filterbank. Blocks
/// in, one spectrum out; blocks that are spectra already are averaged as they are; their channel
/// `channels / 2` lies at the tuning's frequency, as with a transform.
///
/// Lost samples are counted and timed, and a transform never spans a gap: the samples of a transform that a
/// gap or the end cuts short are dropped, being neither lost nor in `samples` and exposure; a
/// filterbank begins anew after a gap, which costs it `taps - 1` transforms.
///
/// Density scaling: power is |X|^2 / (rate * sum(taps^2)), as scipy.signal.welch with `detrend=False`;
/// integers are scaled to [-1, 1] (cu8: (x - 127.5) / 127.5, ci8: x / 128, ci16: x / 32768). Samples
/// of u8, i8, i16 and f32 without a shape are real: `sample_rate` of them a second fill half as wide a
/// band around the tuning's frequency, one-sided (twice the power, but in channel 0); its highest edge
/// is left out.
///
/// A channel's response with Hann's window: 1 tap: highest side lobe -31 dB, 1.4 dB lower half-way to
/// the next channel; 4 taps: -44 dB and 6.1 dB (see `channel_response`). Spectra of a filterbank share
/// rows, so that they are not quite independent: `effective_averages` says how many they are worth.
///
/// With kurtosis, transforms at the end that are too few to be judged (under 24) carry no weight.
/// Not safe for two threads at once; memory is constant.
class ASTRO_API Spectrometer {
 public:
  /// Plans its transform of IQ (that of real samples with the first of them), which takes up to
  /// three seconds for one that this machine has not met; what FFTW learnt is kept in $XDG_CACHE_HOME/astro
  /// or ~/.cache/astro. Throws `invalid_argument` unless 2 <= channels <= 2^20 and the others are as
  /// `SpectrometerOptions` says.
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

/// Power with which a channel shows a tone that lies `channels_off` of its centre, 1 at the centre:
/// the shape of window and taps.
ASTRO_API std::vector<double> channel_response(const SpectrometerOptions& options,
                                               std::span<const double> channels_off);

/// Averages spectra of one axis by exposure and weight; pointing is that of the middle one. Throws
/// `invalid_argument` when there are none or the axes differ.
ASTRO_API Spectrum average(std::span<const Spectrum> spectra);

}  // namespace astro
