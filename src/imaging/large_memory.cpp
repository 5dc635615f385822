// SPDX-License-Identifier: BSD-3-Clause
#include "astro/imaging/detail/large_memory.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <new>

namespace astro::imaging::detail {
namespace {

constexpr std::size_t page = std::size_t{2} << 20U;  // of the usual processors; elsewhere the advice does nothing
constexpr std::size_t large = 2 * page;

std::size_t in_pages(std::size_t bytes) noexcept { return (bytes + page - 1) / page * page; }

}  // namespace

void* allocate_large(std::size_t bytes) {
  if (bytes < large) return ::operator new(bytes);
  const std::size_t size = in_pages(bytes);
  if (size < bytes) throw std::bad_alloc();
  void* const mapped = ::mmap(nullptr, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  auto* const begin = static_cast<std::byte*>(mapped);
  const std::size_t before = (page - reinterpret_cast<std::uintptr_t>(begin) % page) % page;
  if (before > 0) ::munmap(begin, before);
  ::munmap(begin + before + size, page - before);
  ::madvise(begin + before, size, MADV_HUGEPAGE);  // where there are none it stays as it is
  return begin + before;
}

void free_large(void* memory, std::size_t bytes) noexcept {
  if (bytes < large) ::operator delete(memory);
  else ::munmap(memory, in_pages(bytes));
}

}  // namespace astro::imaging::detail
