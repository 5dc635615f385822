// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "astro/time.hpp"
#include "astro/value.hpp"

namespace astro::detail {

/// A file descriptor with an owner.
class File final {
 public:
  File() noexcept = default;
  explicit File(int number) noexcept : number_(number) {}
  File(File&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  File& operator=(File&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~File();
  int number() const noexcept { return number_; }
  bool is_open() const noexcept { return number_ >= 0; }
  int release() noexcept { return std::exchange(number_, -1); }

 private:
  int number_ = -1;
};

/// The other side is gone, or speaks something else: the process is of no use any more.
class Broken final : public std::exception {
 public:
  explicit Broken(std::string why) : why_(std::move(why)) {}
  const char* what() const noexcept override { return why_.c_str(); }

 private:
  std::string why_;
};

struct Packet {
  Value value{};
  File file{};  ///< that came with it
};

/// One end of a local socket that keeps packets whole; each is one JSON object.
class PacketSocket final {
 public:
  static constexpr std::size_t largest = std::size_t{128} << 10;

  PacketSocket() noexcept = default;
  explicit PacketSocket(File file) : file_(std::move(file)) {}
  static std::pair<PacketSocket, PacketSocket> pair();

  /// Throws `invalid_argument` for what is larger than a packet, and `Broken` when the other side is gone or, without
  /// `waits`, has no room. Packets of several threads do not mix.
  void send(const Value& value, int file = -1, bool waits = true) const;
  /// What has come, or nothing. Throws `Broken`. One thread at a time.
  std::optional<Packet> receive();
  /// The same, and waits for it.
  std::optional<Packet> receive(Duration at_most);
  /// Wakes whoever reads, here and on the other side: nothing will come.
  void hang_up() const noexcept;
  int number() const noexcept { return file_.number(); }
  File& file() noexcept { return file_; }

 private:
  File file_{};
  std::vector<char> buffer_{};
};

/// A memory that two processes share, of a size that neither can change.
class SharedMemory final {
 public:
  SharedMemory() noexcept = default;
  explicit SharedMemory(std::size_t bytes);           ///< throws `storage`
  SharedMemory(const File& file, std::size_t bytes);  ///< of the other side; throws `Broken` when it is smaller
  SharedMemory(SharedMemory&& other) noexcept
      : file_(std::move(other.file_)), bytes_(std::exchange(other.bytes_, {})) {}
  SharedMemory& operator=(SharedMemory&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~SharedMemory();
  std::span<std::byte> bytes() const noexcept { return bytes_; }
  int file() const noexcept { return file_.number(); }

 private:
  File file_{};
  std::span<std::byte> bytes_{};
};

}  // namespace astro::detail
