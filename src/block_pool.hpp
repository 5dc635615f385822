// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

namespace astro::detail {

/// A fixed number of equal buffers. What was given back last is taken first: while consumers keep
/// up, the same few stay in the processor's cache. The pool lives as long as any of its buffers. Those of one receiver,
/// one after the other, share a limit: consumers may still have buffers of the ones before.
class BlockPool : public std::enable_shared_from_this<BlockPool> {
 public:
  using Buffer = std::shared_ptr<std::span<std::byte>>;

  using Held = std::shared_ptr<std::atomic<std::size_t>>;

  /// `held`: bytes of all the pools that share it.
  BlockPool(std::size_t bytes, std::size_t count, std::size_t most_held, Held held)
      : bytes_(bytes), most_held_(std::max(most_held, count * bytes)), held_(std::move(held)), left_(count) {
    free_.reserve(count);
  }
  ~BlockPool() { retire(); }
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  std::size_t buffer_bytes() const noexcept { return bytes_; }

  /// A buffer, or null when all are taken. From one thread at a time, also of pools that share a limit.
  Buffer take() {
    std::unique_ptr<std::byte[]> memory;
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        memory = std::move(free_.back());
        free_.pop_back();
      } else if (left_ == 0 || *held_ + bytes_ > most_held_) {
        return nullptr;
      } else {
        --left_;
        *held_ += bytes_;
      }
    }
    if (!memory) memory = std::make_unique_for_overwrite<std::byte[]>(bytes_);
    struct Lent {
      std::shared_ptr<BlockPool> pool;
      std::unique_ptr<std::byte[]> memory;
      std::span<std::byte> span;
      Lent(std::shared_ptr<BlockPool> of, std::unique_ptr<std::byte[]> taken)
          : pool(std::move(of)), memory(std::move(taken)), span(memory.get(), pool->bytes_) {}
      Lent(const Lent&) = delete;
      Lent& operator=(const Lent&) = delete;
      ~Lent() { pool->give_back(std::move(memory)); }
    };
    auto lent = std::make_shared<Lent>(shared_from_this(), std::move(memory));
    return {lent, &lent->span};
  }

  /// Nothing more is taken from it: what comes back is freed.
  void retire() noexcept {
    const std::lock_guard lock(mutex_);
    is_retired_ = true;
    *held_ -= free_.size() * bytes_;
    free_.clear();
  }

 private:
  void give_back(std::unique_ptr<std::byte[]> memory) {
    const std::lock_guard lock(mutex_);
    if (is_retired_) *held_ -= bytes_;
    else free_.push_back(std::move(memory));
  }

  const std::size_t bytes_;
  const std::size_t most_held_;
  const Held held_;
  std::mutex mutex_;
  bool is_retired_ = false;
  std::size_t left_;
  std::vector<std::unique_ptr<std::byte[]>> free_;
};

}  // namespace astro::detail
