// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <complex>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "astro/coordinates.hpp"
#include "astro/export.hpp"
#include "astro/frequency.hpp"
#include "astro/record.hpp"
#include "astro/value.hpp"

namespace astro {

/// What a receiver is asked for, and what it took. Zero means "as the receiver likes".
struct Tuning {
  Frequency frequency{};            ///< centre of the band, at the sky
  Frequency sample_rate{};          ///< complex samples a second; of a spectrometer the width of its band
  Frequency bandwidth{};            ///< of the analogue filter
  std::optional<double> gain_db{};  ///< null: as the receiver likes, its automatic gain if it has one
  std::string antenna{};
  Value options{};  ///< a map by `ReceiverDescription::options`: gain elements, exposure, binning

  bool operator==(const Tuning&) const = default;
};

template <>
struct Description<Tuning> {
  static constexpr std::array fields{
      field<&Tuning::frequency>("frequency", {.min = 0, .says = "centre of the band, at the sky"}),
      field<&Tuning::sample_rate>("sample_rate", {.min = 0, .says = "complex samples a second"}),
      field<&Tuning::bandwidth>("bandwidth", {.min = 0, .says = "width of the analogue filter"}),
      field<&Tuning::gain_db>("gain", {.unit = "dB", .says = "gain of the receiver"}),
      field<&Tuning::antenna>("antenna", {.says = "input that is used, where there are several"}),
      field<&Tuning::options>("options", {.says = "what this receiver has besides: gain elements, exposure, binning"})};
};

/// How a stream looks and under which settings it was taken. Shared by all blocks between two
/// changes, so that comparing pointers tells whether anything changed.
struct StreamSettings {
  Tuning tuning{};  ///< as the hardware took it
  Dtype dtype = Dtype::cf32;
  std::vector<std::size_t>
      item_shape{};        ///< {} IQ; {channels} spectra, frequency ascending; {rows, columns, planes} frames
  Duration item_period{};  ///< from one item to the next; of IQ 1 / sample_rate, which is exact there
  bool recorded = false;   ///< played from a recording: its times are not those of the observatory's clock
  std::string receiver{};  ///< its name in the site file; the host fills it in
  std::string mount{};     ///< the mount it sits on, or empty; the host fills it in

  bool is_iq() const noexcept { return item_shape.empty(); }
  ASTRO_API std::size_t item_bytes() const noexcept;
  /// Time that `items` take, from the sample rate where it is IQ.
  ASTRO_API Duration duration_of(std::uint64_t items) const noexcept;

  bool operator==(const StreamSettings&) const = default;
};

namespace detail {
/// The kind of sample that a C++ type is; a complex integer is a `std::array` of two.
template <class T>
consteval std::optional<Dtype> sample_dtype_of() {
  if constexpr (std::same_as<T, std::complex<float>>) return Dtype::cf32;
  else if constexpr (std::same_as<T, std::array<std::uint8_t, 2>>) return Dtype::cu8;
  else if constexpr (std::same_as<T, std::array<std::int8_t, 2>>) return Dtype::ci8;
  else if constexpr (std::same_as<T, std::array<std::int16_t, 2>>) return Dtype::ci16;
  else return dtype_of<T>();
}
}  // namespace detail

/// A run of items without a gap: samples of IQ, or spectra, or frames. The memory belongs to the
/// framework and goes back to its pool with the last reference, so that heap, ring and shared
/// memory are one path. Constant once it is published: any thread may read it.
class ASTRO_API Block final {
 public:
  /// A block over memory that `owner` keeps alive.
  Block(std::shared_ptr<const void> owner, std::span<const std::byte> bytes,
        std::shared_ptr<const StreamSettings> settings) noexcept;

  std::uint64_t first = 0;  ///< index of the first item since the stream started; counts lost items too: the clock
  std::uint64_t lost = 0;   ///< items lost just before it
  Time time{};              ///< UTC of the first item: an estimate, unless `time_is_exact`
  bool time_is_exact = false;
  bool settings_changed = false;  ///< other settings than before, or the machine's clock was set: begin afresh
  bool last = false;              ///< a recording is over

  const StreamSettings& settings() const noexcept { return *settings_; }
  const std::shared_ptr<const StreamSettings>& shared_settings() const noexcept { return settings_; }
  std::span<const std::byte> bytes() const noexcept { return bytes_; }
  std::size_t items() const noexcept { return items_; }
  Duration duration() const noexcept { return settings_->duration_of(items_); }

  /// The bytes as what they are; throws `invalid_argument` when T is not of the block's dtype.
  /// T: std::complex<float> (cf32), std::array<uint8_t, 2> (cu8), ..., float, uint16_t.
  template <class T>
  std::span<const T> as() const;

 private:
  void check_dtype(Dtype asked) const;

  std::shared_ptr<const void> owner_;
  std::span<const std::byte> bytes_;
  std::shared_ptr<const StreamSettings> settings_;
  std::size_t items_;
};

using BlockPtr = std::shared_ptr<const Block>;

template <class T>
std::span<const T> Block::as() const {
  constexpr std::optional<Dtype> dtype = detail::sample_dtype_of<T>();
  static_assert(dtype.has_value(),
                "no dtype has this element type: use std::complex<float>, std::array<int16_t, 2>, ...");
  check_dtype(*dtype);
  return {reinterpret_cast<const T*>(bytes_.data()), bytes_.size() / sizeof(T)};
}

}  // namespace astro
