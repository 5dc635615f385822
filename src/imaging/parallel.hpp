// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <thread>
#include <vector>

namespace astro::imaging {

/// Calls work(0) to work(count - 1), on up to so many threads, and returns when all is done. The first exception is
/// thrown again.
template <class Work>
void in_parallel(int threads, std::size_t count, const Work& work) {
  if (threads < 2 || count < 2) {
    for (std::size_t i = 0; i < count; ++i) work(i);
    return;
  }
  std::atomic<std::size_t> next{0};
  std::atomic<bool> has_failed{false};
  std::exception_ptr failure;
  const auto some = [&] {
    try {
      for (std::size_t i = next++; i < count; i = next++) work(i);
    } catch (...) {
      if (!has_failed.exchange(true)) failure = std::current_exception();
      next = count;
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t i = 1; i < std::min(static_cast<std::size_t>(threads), count); ++i) others.emplace_back(some);
    some();
  }
  if (failure) std::rethrow_exception(failure);
}

/// The same in bands of rows: work(first, last).
template <class Work>
void in_bands(int threads, std::size_t rows, const Work& work) {
  const std::size_t bands = threads < 2 ? 1 : std::min(rows, static_cast<std::size_t>(threads) * 4);
  in_parallel(threads, bands, [&](std::size_t i) { work(i * rows / bands, (i + 1) * rows / bands); });
}

}  // namespace astro::imaging
