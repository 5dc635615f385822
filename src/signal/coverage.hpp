// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "astro/block.hpp"

namespace astro::signal {

/// Items that are missing, and where: their index is that of the first one after them.
struct MissingItems {
  std::uint64_t before = 0;
  std::uint64_t count = 0;
};

/// What of a stream went into an average, in items since its first one. The sample index is the
/// clock: the time of the first block counts, and everything after it comes from the index.
class Coverage {
 public:
  /// Takes note of a block before its items are used; returns whether it follows the last one
  /// without a gap. An index that runs backwards is a stream that began anew: it counts as a gap of
  /// what the block says was lost.
  bool follows(const Block& block) noexcept {
    if (!begun_) {
      begun_ = true;
      start_ = block.time;
      lost_ = block.lost;
      next_first_ = block.first;
      note_gap(block.lost);
      return true;
    }
    const std::uint64_t jump = block.first > next_first_ ? block.first - next_first_ : 0;
    const bool gap = block.lost > 0 || block.first != next_first_;
    const std::uint64_t missing = std::max(jump, block.lost);
    position_ += missing;
    lost_ += missing;
    next_first_ = block.first;
    note_gap(missing);
    return !gap;
  }

  /// Items of the block that were looked at, whether or not they are used in the end.
  void advance(std::uint64_t items) noexcept {
    position_ += items;
    next_first_ += items;
  }

  /// `items` more are part of the average, made from the last `spanned` ones that were looked at.
  void use(std::uint64_t items, std::uint64_t spanned) noexcept {
    used_ += items;
    end_ = position_;
    middle_sum_ += static_cast<double>(items) * (static_cast<double>(position_) - 0.5 * static_cast<double>(spanned));
  }

  Time start() const noexcept { return start_; }
  std::uint64_t used() const noexcept { return used_; }
  std::uint64_t lost() const noexcept { return lost_; }
  std::uint64_t length() const noexcept { return end_; }  ///< from the first item to the end of the last one used
  /// The gaps in their order; of more than there is room for, the longest.
  std::span<const MissingItems> gaps() const noexcept { return {gaps_.data(), gap_count_}; }
  double middle() const noexcept { return used_ == 0 ? 0.0 : middle_sum_ / static_cast<double>(used_); }

 private:
  void note_gap(std::uint64_t missing) noexcept {
    if (missing == 0) return;
    if (gap_count_ == gaps_.size()) {
      const auto shortest =
          std::min_element(gaps_.begin(), gaps_.end(), [](const auto& a, const auto& b) { return a.count < b.count; });
      if (shortest->count >= missing) return;
      std::move(shortest + 1, gaps_.end(), shortest);
      --gap_count_;
    }
    gaps_[gap_count_++] = {position_, missing};
  }

  bool begun_ = false;
  Time start_{};
  std::uint64_t next_first_ = 0;  ///< index that the next block has if nothing is missing
  std::uint64_t position_ = 0;
  std::uint64_t used_ = 0;
  std::uint64_t lost_ = 0;
  std::uint64_t end_ = 0;
  double middle_sum_ = 0.0;
  std::array<MissingItems, 32> gaps_{};
  std::size_t gap_count_ = 0;
};

}  // namespace astro::signal
