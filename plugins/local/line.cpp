// SPDX-License-Identifier: BSD-3-Clause
#include "line.hpp"

#include "astro/topic.hpp"

namespace astro::local {

namespace {

enum Answer : std::uint8_t { not_compared, yes, no };

bool is_alive(const Message& message, Time now) noexcept {
  return message.lifetime <= Duration::zero() || now - message.time <= message.lifetime;
}

}  // namespace

bool Line::wants(const Message& message, std::uint32_t number) {
  if (number >= answers.size()) answers.resize(number + 64, not_compared);
  std::uint8_t& answer = answers[number];
  if (answer == not_compared) answer = topic_matches(pattern, message.topic) ? yes : no;
  return answer == yes;
}

std::span<const Message> Line::choose(const Chunk& chunk, std::uint64_t from, std::uint64_t to, Time now) {
  if (compared != chunk.topics()) {
    compared = chunk.topics();
    answers.clear();
  }
  const auto messages = chunk.messages(from, to);
  const auto numbers = chunk.topic_numbers(from, to);
  const bool may_die = chunk.has_mortal();
  const auto is_for_us = [&](std::size_t i) {
    return wants(messages[i], numbers[i]) && (!may_die || is_alive(messages[i], now));
  };
  std::size_t i = 0;
  while (i < messages.size() && is_for_us(i)) ++i;
  if (i == messages.size()) return messages;
  chosen.assign(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(i));
  for (++i; i < messages.size(); ++i) {
    if (is_for_us(i)) chosen.push_back(messages[i]);
  }
  return chosen;
}

std::span<const Message> Line::choose_retained(Time now) {
  chosen.clear();
  for (const auto& chunk : retained) {
    const Message& message = chunk->messages(0, 1).front();
    if (is_alive(message, now)) chosen.push_back(message);
  }
  return chosen;
}

}  // namespace astro::local
