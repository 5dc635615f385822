// SPDX-License-Identifier: BSD-3-Clause
#include "messaging/dead_letter.hpp"

#include <algorithm>
#include <utility>

namespace astro::messaging {

std::string plain(std::string text) {
  constexpr std::size_t longest = 500;
  std::ranges::replace_if(
      text, [](unsigned char c) { return c < 0x20 || c > 0x7e; }, '?');
  if (text.size() > longest) text.resize(longest);
  return text;
}

DeadLetter::DeadLetter(const Message& message, std::string_view topic, const std::string& reason)
    : reason_(plain(reason)),
      origin_(plain(std::string(message.topic))),
      headers_(message.headers.begin(), message.headers.end()),
      message_(message) {
  headers_.push_back({"astro-error", reason_});
  headers_.push_back({"astro-origin", origin_});
  message_.topic = topic;
  message_.headers = headers_;
  message_.retained = false;
  message_.lifetime = {};
}

}  // namespace astro::messaging
