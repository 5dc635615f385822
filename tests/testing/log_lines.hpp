// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "astro/log.hpp"

namespace astro::testing {

/// What is logged from now on, at this level or above, and holds these words.
class LogLines {
 public:
  explicit LogLines(LogLevel least, std::string words = {})
      : words_(std::move(words)),
        listening_(
            [this](const LogLine& line) {
              if (line.message.find(words_) == std::string::npos) return;
              const std::lock_guard lock(mutex_);
              messages_.push_back(line.message);
            },
            least) {}

  std::vector<std::string> messages() const {
    const std::lock_guard lock(mutex_);
    return messages_;
  }

 private:
  const std::string words_;
  mutable std::mutex mutex_;
  std::vector<std::string> messages_;
  LogListening listening_;  // the last: it listens at once
};

}  // namespace astro::testing
