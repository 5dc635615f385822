// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace astro::detail {

/// A fixed number of equal buffers. What was given back last is taken first: while consumers keep
/// up, the same few stay in the processor's cache. The pool lives as long as any of its buffers.
class BlockPool : public std::enable_shared_from_this<BlockPool> {
 public:
  using Buffer = std::shared_ptr<std::span<std::byte>>;

  BlockPool(std::size_t bytes, std::size_t count) : bytes_(bytes), left_(count) { free_.reserve(count); }

  std::size_t buffer_bytes() const noexcept { return bytes_; }

  /// A buffer, or null when all are taken.
  Buffer take() {
    std::unique_ptr<std::byte[]> memory;
    {
      const std::lock_guard lock(mutex_);
      if (!free_.empty()) {
        memory = std::move(free_.back());
        free_.pop_back();
      } else if (left_ == 0) {
        return nullptr;
      } else {
        --left_;
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

 private:
  void give_back(std::unique_ptr<std::byte[]> memory) {
    const std::lock_guard lock(mutex_);
    free_.push_back(std::move(memory));
  }

  const std::size_t bytes_;
  std::mutex mutex_;
  std::size_t left_;
  std::vector<std::unique_ptr<std::byte[]>> free_;
};

}  // namespace astro::detail
