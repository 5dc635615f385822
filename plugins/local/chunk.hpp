// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "astro/transport.hpp"
#include "topics.hpp"

namespace astro::local {

/// A run of messages with their bytes in one piece of memory: copied in once, handed out as they
/// lie. One thread adds while others read what was published before; who may read how far is
/// agreed upon under the bus's lock.
class Chunk final {
 public:
  Chunk(std::size_t messages, std::size_t bytes);

  /// Begins anew; the first message will have this number.
  void start(std::uint64_t first, std::shared_ptr<const Topics> topics) noexcept;

  static std::size_t bytes_of(const Message& message) noexcept;
  bool has_room(std::size_t bytes) const noexcept { return count_ < capacity_ && bytes <= size_ - used_; }
  void add(const Message& message, const Topics::Topic& topic, Time now) noexcept;

  std::uint64_t first() const noexcept { return first_; }
  const std::shared_ptr<const Topics>& topics() const noexcept { return topics_; }
  /// For the thread that adds.
  std::uint64_t end() const noexcept { return first_ + count_; }
  std::size_t used() const noexcept { return used_; }
  std::size_t size() const noexcept { return size_; }

  /// Messages by their numbers, and the numbers of their topics.
  std::span<const Message> messages(std::uint64_t from, std::uint64_t to) const noexcept {
    return {messages_.get() + (from - first_), static_cast<std::size_t>(to - from)};
  }
  std::span<const std::uint32_t> topic_numbers(std::uint64_t from, std::uint64_t to) const noexcept {
    return {numbers_.get() + (from - first_), static_cast<std::size_t>(to - from)};
  }
  bool has_mortal() const noexcept { return has_mortal_.load(std::memory_order_relaxed); }

 private:
  std::byte* take(std::size_t bytes) noexcept;
  std::string_view copy(std::string_view text) noexcept;
  std::span<const Header> copy(std::span<const Header> headers) noexcept;

  std::size_t capacity_;
  std::size_t size_;
  std::unique_ptr<Message[]> messages_;
  std::unique_ptr<std::uint32_t[]> numbers_;
  std::unique_ptr<std::byte[]> bytes_;
  std::shared_ptr<const Topics> topics_;
  std::uint64_t first_ = 0;
  std::size_t count_ = 0;
  std::size_t used_ = 0;
  std::atomic<bool> has_mortal_ = false;  // some message has a lifetime
};

}  // namespace astro::local
