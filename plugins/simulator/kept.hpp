// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <optional>
#include <span>
#include <type_traits>

namespace simulator {

/// A file in memory that several processes see. What it cannot have (a full disk) leaves it empty.
class MappedFile final {
 public:
  MappedFile() = default;
  /// One that is there; with `makes`, or a new one of zeros.
  MappedFile(const std::filesystem::path& path, std::size_t bytes, bool makes) noexcept;
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  std::span<std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<std::byte> bytes_{};
};

/// The state of simulated hardware, which outlives the process of its driver and is seen by others: what one process
/// writes, others read, and whoever is killed in the middle of it leaves what was there before.
template <class Content>
class Kept final {
  static_assert(std::is_trivially_copyable_v<Content>);

 public:
  Kept() = default;
  Kept(const std::filesystem::path& path, bool makes) : file_(path, sizeof(Page), makes) {}

  bool is_there() const noexcept { return !file_.bytes().empty(); }
  /// Counts up with each `put`; 0: nothing was put yet.
  std::uint32_t version() const noexcept { return is_there() ? page().version.load(std::memory_order_acquire) : 0; }

  std::optional<Content> get() const {
    Content copy;
    for (;;) {
      const std::uint32_t before = version();
      if (before == 0) return std::nullopt;
      std::memcpy(&copy, &page().contents[before % 2], sizeof copy);
      std::atomic_thread_fence(std::memory_order_acquire);
      if (version() == before) return copy;  // else it was written over meanwhile
    }
  }
  void put(const Content& content) noexcept {
    if (!is_there()) return;
    const std::uint32_t next = page().version.load(std::memory_order_relaxed) + 1;
    std::memcpy(&page().contents[next % 2], &content, sizeof content);
    page().version.store(next, std::memory_order_release);
  }

 private:
  struct Page {
    std::atomic<std::uint32_t> version;
    std::array<Content, 2> contents;  // the last and the one before
  };
  Page& page() const noexcept { return *reinterpret_cast<Page*>(file_.bytes().data()); }

  MappedFile file_;
};

}  // namespace simulator
