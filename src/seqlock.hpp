// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace astro::detail {

/// One value that many read without waiting and one writes at a time: a reader that met a writer
/// reads again. The words are atomics with acquire and release, so that no fence is needed (and the
/// thread sanitizer follows it); on x86 they are plain moves.
template <class T>
class Seqlock {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  Seqlock() { store(T{}); }

  T load() const noexcept {
    Words words;
    for (;;) {
      const std::uint64_t before = version_.load(std::memory_order_acquire);
      for (std::size_t i = 0; i < count; ++i) words[i] = words_[i].load(std::memory_order_acquire);
      if ((before & 1) == 0 && version_.load(std::memory_order_relaxed) == before) break;
    }
    T value;
    std::memcpy(static_cast<void*>(&value), words.data(), sizeof(T));
    return value;
  }

  /// By one thread at a time.
  void store(const T& value) noexcept {
    Words words{};
    std::memcpy(words.data(), &value, sizeof(T));
    const std::uint64_t version = version_.load(std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_relaxed);
    for (std::size_t i = 0; i < count; ++i) words_[i].store(words[i], std::memory_order_release);
    version_.store(version + 2, std::memory_order_release);
  }

 private:
  static constexpr std::size_t count = (sizeof(T) + 7) / 8;
  using Words = std::array<std::uint64_t, count>;
  std::atomic<std::uint64_t> version_ = 0;
  std::array<std::atomic<std::uint64_t>, count> words_{};
};

}  // namespace astro::detail
