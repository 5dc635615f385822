// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

#include "astro/export.hpp"

namespace astro::imaging::detail {

/// Memory that nobody has touched. From some megabytes on it is asked for in large pages of its own: the first touch
/// of small ones would take a sixth of a subtraction, and threads would wait for each other meanwhile. Throws
/// `std::bad_alloc`.
ASTRO_API void* allocate_large(std::size_t bytes);
ASTRO_API void free_large(void* memory, std::size_t bytes) noexcept;

/// The same for a container.
template <class T>
struct LargeAllocator {
  using value_type = T;

  LargeAllocator() = default;
  template <class U>
  LargeAllocator(const LargeAllocator<U>&) noexcept {}

  T* allocate(std::size_t count) { return static_cast<T*>(allocate_large(count * sizeof(T))); }
  void deallocate(T* memory, std::size_t count) noexcept { free_large(memory, count * sizeof(T)); }
  bool operator==(const LargeAllocator&) const = default;
};

}  // namespace astro::imaging::detail
