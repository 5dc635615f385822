// SPDX-License-Identifier: BSD-3-Clause
#include "broker_kit/parcel.hpp"

#include <cstring>
#include <new>

namespace astro::broker {

namespace {

/// Hands out the parcel's memory from its beginning; the headers come first, for their alignment.
class Packer {
 public:
  explicit Packer(std::byte* memory) : next_(memory) {}

  std::span<const Header> put(std::span<const Header> headers) {
    auto* first = reinterpret_cast<Header*>(next_);
    next_ += headers.size_bytes();
    for (std::size_t i = 0; i < headers.size(); ++i) new (first + i) Header{};
    for (std::size_t i = 0; i < headers.size(); ++i) first[i] = {put(headers[i].name), put(headers[i].value)};
    return {first, headers.size()};
  }
  std::string_view put(std::string_view text) {
    const auto copy = put(std::as_bytes(std::span(text)));
    return {reinterpret_cast<const char*>(copy.data()), copy.size()};
  }
  std::span<const std::byte> put(std::span<const std::byte> bytes) {
    std::byte* const begin = next_;
    if (!bytes.empty()) std::memcpy(begin, bytes.data(), bytes.size());
    next_ += bytes.size();
    return {begin, bytes.size()};
  }

 private:
  std::byte* next_;
};

}  // namespace

std::size_t Parcel::size_of(const Message& message) noexcept {
  std::size_t size = message.topic.size() + message.key.size() + message.body.size() + message.headers.size_bytes();
  for (const Header& header : message.headers) size += header.name.size() + header.value.size();
  return size;
}

Parcel::Parcel(const Message& message) : size_(size_of(message)), memory_(new std::byte[size_]), message_(message) {
  Packer packer(memory_.get());
  message_.headers = packer.put(message.headers);
  message_.topic = packer.put(message.topic);
  message_.key = packer.put(message.key);
  message_.body = packer.put(message.body);
}

}  // namespace astro::broker
