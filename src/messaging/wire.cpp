// SPDX-License-Identifier: BSD-3-Clause
#include "messaging/wire.hpp"

#include <cstring>

#include "astro/error.hpp"

namespace astro::messaging {

std::string_view last_level(std::string_view topic) noexcept {
  const std::size_t slash = topic.rfind('/');
  return slash == std::string_view::npos ? topic : topic.substr(slash + 1);
}

std::string_view level_before_last(std::string_view topic) noexcept {
  const std::size_t slash = topic.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : last_level(topic.substr(0, slash));
}

Bytes packed(const BlockMessage& message, std::span<const std::byte> items) {
  const std::string head = to_json(message);
  Bytes all(4 + head.size() + items.size());
  for (std::size_t i = 0; i < 4; ++i) all[i] = static_cast<std::byte>(head.size() >> (8 * i) & 0xff);
  std::memcpy(all.data() + 4, head.data(), head.size());
  if (!items.empty()) std::memcpy(all.data() + 4 + head.size(), items.data(), items.size());
  return all;
}

UnpackedBlock unpacked(std::span<const std::byte> body) {
  const auto refuse = [](const std::string& why) -> Error {
    return {ErrorCode::invalid_file, "reading a block of a node: " + why};
  };
  if (body.size() < 4) throw refuse("it is cut short");
  std::size_t length = 0;
  for (std::size_t i = 0; i < 4; ++i) length |= std::to_integer<std::size_t>(body[i]) << (8 * i);
  if (length > body.size() - 4) throw refuse("it is cut short");
  try {
    return {record_in<BlockMessage>(body.subspan(4, length)), body.subspan(4 + length)};
  } catch (const Error& error) {
    throw refuse(error.what());
  }
}

}  // namespace astro::messaging
