// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "astro/transport.hpp"

namespace astro::messaging {

/// What a header can hold: letters that every broker takes, and not too many.
std::string plain(std::string text);

/// A message that cannot be read, on its way to where such are kept: as it came, and the headers `astro-error` and
/// `astro-origin` say why and from where. Borrows from the message and the topic.
class DeadLetter {
 public:
  DeadLetter(const Message& message, std::string_view topic, const std::string& reason);
  DeadLetter(const DeadLetter&) = delete;
  DeadLetter& operator=(const DeadLetter&) = delete;

  const Message& message() const noexcept { return message_; }

 private:
  std::string reason_;
  std::string origin_;
  std::vector<Header> headers_;
  Message message_;
};

}  // namespace astro::messaging
