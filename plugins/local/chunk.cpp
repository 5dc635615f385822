// SPDX-License-Identifier: BSD-3-Clause
#include "chunk.hpp"

#include <cstring>
#include <new>
#include <utility>

namespace astro::local {

namespace {

constexpr std::size_t alignment = 8;  // a body may be looked at as numbers

constexpr std::size_t rounded(std::size_t bytes) noexcept { return (bytes + alignment - 1) & ~(alignment - 1); }

}  // namespace

Chunk::Chunk(std::size_t messages, std::size_t bytes)
    : capacity_(messages),
      size_(bytes),
      messages_(std::make_unique<Message[]>(messages)),
      numbers_(std::make_unique<std::uint32_t[]>(messages)),
      bytes_(new std::byte[bytes]) {}

void Chunk::start(std::uint64_t first, std::shared_ptr<const Topics> topics) noexcept {
  first_ = first;
  topics_ = std::move(topics);
  count_ = 0;
  used_ = 0;
  has_mortal_.store(false, std::memory_order_relaxed);
}

std::size_t Chunk::bytes_of(const Message& message) noexcept {
  std::size_t bytes = rounded(message.body.size()) + rounded(message.key.size());
  for (const Header& header : message.headers) {
    bytes += sizeof(Header) + rounded(header.name.size()) + rounded(header.value.size());
  }
  return bytes;
}

std::byte* Chunk::take(std::size_t bytes) noexcept {
  std::byte* place = bytes_.get() + used_;
  used_ += rounded(bytes);
  return place;
}

std::string_view Chunk::copy(std::string_view text) noexcept {
  if (text.empty()) return {};
  std::byte* place = take(text.size());
  std::memcpy(place, text.data(), text.size());
  return {reinterpret_cast<const char*>(place), text.size()};
}

std::span<const Header> Chunk::copy(std::span<const Header> headers) noexcept {
  if (headers.empty()) return {};
  auto* const first = reinterpret_cast<Header*>(take(headers.size_bytes()));
  for (std::size_t i = 0; i < headers.size(); ++i) {
    ::new (static_cast<void*>(first + i)) Header{copy(headers[i].name), copy(headers[i].value)};
  }
  return {first, headers.size()};
}

void Chunk::add(const Message& message, const Topics::Topic& topic, Time now) noexcept {
  Message& kept = messages_[count_];
  kept.topic = topic.name;
  kept.key = copy(message.key);
  kept.body = {};
  if (!message.body.empty()) {
    std::byte* place = take(message.body.size());
    std::memcpy(place, message.body.data(), message.body.size());
    kept.body = {place, message.body.size()};
  }
  kept.time = message.time == Time{} ? now : message.time;
  kept.retained = message.retained;
  kept.headers = copy(message.headers);
  kept.lifetime = message.lifetime;
  if (message.lifetime > Duration::zero()) has_mortal_.store(true, std::memory_order_relaxed);
  numbers_[count_] = topic.number;
  ++count_;
}

}  // namespace astro::local
