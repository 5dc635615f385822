// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

namespace astro::signal {

/// The last few rows of a stream, a row being as many samples as a transform has: what a filterbank
/// of so many taps looks at. A row that lies whole in a block is not copied while the block is there.
class Rows {
 public:
  explicit Rows(std::size_t taps) : rows_(taps), pointers_(taps) {}

  /// Rows of so many bytes from now on; `room` bytes are kept ready for what a row is turned into.
  void expect(std::size_t row_bytes, std::size_t room) {
    row_bytes_ = row_bytes;
    for (Row& row : rows_) {
      row.own.assign(row_bytes, std::byte{});
      row.turned.assign(room, std::byte{});
    }
    drop();
  }

  /// Takes at most what completes a row; returns how many bytes it took.
  std::size_t take(std::span<const std::byte> left) noexcept {
    Row& row = at(complete_);
    const std::size_t count = std::min(left.size(), row_bytes_ - filled_);
    filled_ += count;
    if (count == row_bytes_) {
      row.data = left.data();
    } else {
      std::memcpy(row.own.data() + filled_ - count, left.data(), count);
      row.data = row.own.data();
    }
    if (filled_ < row_bytes_) return count;
    filled_ = 0;
    ++complete_;
    return count;
  }

  /// Whether the last `take` completed a row.
  bool row_is_complete() const noexcept { return filled_ == 0 && complete_ > 0; }
  bool is_complete() const noexcept { return complete_ == rows_.size(); }
  const std::byte* newest() noexcept { return at(complete_ - 1).data; }
  /// Room for what the newest row is turned into, which then stands for it.
  std::byte* turn_newest() noexcept {
    Row& row = at(complete_ - 1);
    row.data = row.turned.data();
    return row.turned.data();
  }

  /// All rows, the oldest first.
  const void* const* pointers() noexcept {
    for (std::size_t i = 0; i < rows_.size(); ++i) pointers_[i] = at(i).data;
    return pointers_.data();
  }

  /// Forgets the oldest row.
  void advance() noexcept {
    oldest_ = (oldest_ + 1) % rows_.size();
    --complete_;
  }

  /// The block goes away: copies what is still needed of it.
  void keep() noexcept {
    for (std::size_t i = 0; i < complete_; ++i) {
      Row& row = at(i);
      if (row.data == row.own.data() || row.data == row.turned.data()) continue;
      std::memcpy(row.own.data(), row.data, row_bytes_);
      row.data = row.own.data();
    }
  }

  void drop() noexcept {
    complete_ = 0;
    filled_ = 0;
  }

 private:
  struct Row {
    const std::byte* data = nullptr;
    std::vector<std::byte> own{};
    std::vector<std::byte> turned{};
  };

  Row& at(std::size_t i) noexcept {
    const std::size_t index = oldest_ + i;
    return rows_[index < rows_.size() ? index : index - rows_.size()];
  }

  std::vector<Row> rows_;  ///< a ring
  std::vector<const void*> pointers_;
  std::size_t row_bytes_ = 0;
  std::size_t oldest_ = 0;
  std::size_t complete_ = 0;  ///< rows that are whole
  std::size_t filled_ = 0;    ///< bytes of the one after them
};

}  // namespace astro::signal
