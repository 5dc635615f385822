// SPDX-License-Identifier: BSD-3-Clause
#include "astro/block.hpp"

#include <cmath>
#include <limits>
#include <utility>

#include "astro/error.hpp"

namespace astro {

namespace {

using Wide = unsigned __int128;

Duration clamped(Wide nanoseconds) noexcept {
  const auto most = static_cast<Wide>(Duration::max().count());
  return Duration(static_cast<std::int64_t>(nanoseconds < most ? nanoseconds : most));
}

/// Rounded to the nearest nanosecond. Rates are whole numbers of hertz nearly always; then no digit
/// is lost however long the stream has run.
Duration time_of_samples(std::uint64_t samples, double sample_rate) noexcept {
  constexpr double largest_whole = 9.0e15;
  constexpr Wide nanoseconds_a_second = 1'000'000'000;
  if (sample_rate >= 1.0 && sample_rate < largest_whole && std::floor(sample_rate) == sample_rate) {
    const auto rate = static_cast<Wide>(sample_rate);
    return clamped((samples * nanoseconds_a_second + rate / 2) / rate);
  }
  const long double time = std::round(static_cast<long double>(samples) * 1e9L / static_cast<long double>(sample_rate));
  constexpr auto most = static_cast<long double>(std::numeric_limits<std::int64_t>::max());
  return time < most ? Duration(static_cast<std::int64_t>(time)) : Duration::max();
}

}  // namespace

std::size_t StreamSettings::item_bytes() const noexcept {
  std::size_t bytes = size_of(dtype);
  for (const std::size_t extent : item_shape) bytes *= extent;
  return bytes;
}

Duration StreamSettings::duration_of(std::uint64_t items) const noexcept {
  if (is_iq() && tuning.sample_rate > Frequency()) return time_of_samples(items, tuning.sample_rate.hertz());
  if (item_period <= Duration::zero()) return Duration::zero();
  return clamped(static_cast<Wide>(items) * static_cast<Wide>(item_period.count()));
}

Block::Block(std::shared_ptr<const void> owner, std::span<const std::byte> bytes,
             std::shared_ptr<const StreamSettings> settings) noexcept
    : owner_(std::move(owner)), bytes_(bytes), settings_(std::move(settings)), items_(0) {
  const std::size_t item = settings_->item_bytes();
  if (item > 0) items_ = bytes_.size() / item;
}

void Block::check_dtype(Dtype asked) const {
  if (asked == settings_->dtype) return;
  const auto name = [](Dtype dtype) { return std::string(to_string(dtype)); };
  throw Error(ErrorCode::invalid_argument, "reading a block of " + settings_->receiver + " as " + name(asked) +
                                               ": its samples are " + name(settings_->dtype));
}

}  // namespace astro
