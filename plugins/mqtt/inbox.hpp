// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>
#include <vector>

#include "broker_kit/parcel.hpp"

namespace astro::mqtt {

/// What a group has got from the broker and not yet delivered, one file a message. Paho confirms a
/// message to the broker when it was taken from it, not when it was delivered: this bridges a crash in
/// between.
class Inbox final {
 public:
  explicit Inbox(std::filesystem::path folder);

  /// Those that an earlier process has left, in their order, with the numbers of their files.
  std::vector<std::pair<std::uint64_t, broker::Parcel>> left() const;
  /// Throws `storage`.
  std::uint64_t put(const Message& message);
  void remove(std::uint64_t number) noexcept;

 private:
  std::filesystem::path file(std::uint64_t number) const;
  std::vector<std::uint64_t> numbers() const;

  const std::filesystem::path folder_;
  std::uint64_t next_ = 1;
};

}  // namespace astro::mqtt
