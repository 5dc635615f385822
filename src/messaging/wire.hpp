// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include "astro/authority.hpp"
#include "astro/block.hpp"
#include "astro/json.hpp"
#include "astro/transport.hpp"

/// What nodes say to each other, as bytes.
namespace astro::messaging {

inline std::span<const std::byte> bytes_of(std::string_view text) noexcept {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view text_of(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Since 1970, as the topics `telescope.*` say times.
inline std::int64_t milliseconds_of(Time time) noexcept {
  return std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count();
}
/// Others write the year 9999 for "never": what is beyond our times (1677 to 2262) is the last of them.
inline Time time_of_milliseconds(std::int64_t milliseconds) noexcept {
  constexpr std::int64_t farthest = std::numeric_limits<std::int64_t>::max() / 1'000'000;
  return Time(std::chrono::milliseconds(std::clamp(milliseconds, -farthest, farthest)));
}

/// What is not of the record is passed by, so that who says more than we know is understood. Throws
/// `invalid_argument`.
template <Record T>
T record_in(std::span<const std::byte> body) {
  if (T record{}; read_json(text_of(body), record)) return record;
  const Value said = parse_json(text_of(body));
  Map known;
  for (const auto& [key, value] : said.as_map()) {
    if (schema_of<T>().find(key) != nullptr) known.emplace_back(key, value);
  }
  return from_value<T>(canonical(schema_of<T>(), Value(std::move(known))));
}

/// The last level of a topic, and the one before it.
std::string_view last_level(std::string_view topic) noexcept;
std::string_view level_before_last(std::string_view topic) noexcept;

/// Asks for the blocks of a receiver.
struct StreamWish {
  double lasting_s = 0.0;  ///< from now; zero ends it
  Issuer issuer{"stream", Rank::observation};
};

/// A block as bytes: four bytes of length (little endian), JSON, the items.
struct BlockMessage {
  std::uint64_t first = 0;
  Time time{};
  bool time_is_exact = false;
  bool last = false;
  std::string error{};       ///< the stream ended with it
  std::string error_code{};  ///< of that
  Value settings{};
};
Bytes packed(const BlockMessage& message, std::span<const std::byte> items);
struct UnpackedBlock {
  BlockMessage message{};
  std::span<const std::byte> items{};
};
/// Throws `invalid_file`.
UnpackedBlock unpacked(std::span<const std::byte> body);

}  // namespace astro::messaging

namespace astro {

template <>
struct Description<messaging::StreamWish> {
  using R = messaging::StreamWish;
  static constexpr std::array fields{field<&R::lasting_s>("seconds"), field<&R::issuer>("issuer")};
};

template <>
struct Description<messaging::BlockMessage> {
  using R = messaging::BlockMessage;
  static constexpr std::array fields{
      field<&R::first>("first"),      field<&R::time>("time"),   field<&R::time_is_exact>("time_is_exact"),
      field<&R::last>("last"),        field<&R::error>("error"), field<&R::error_code>("error_code"),
      field<&R::settings>("settings")};
};

}  // namespace astro
