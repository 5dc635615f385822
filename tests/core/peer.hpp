// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace astro::testing {

/// The other end of a line: a pseudo-terminal (pty(7)).
class Peer {
 public:
  Peer() : file_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    if (::grantpt(file_) != 0 || ::unlockpt(file_) != 0) throw std::runtime_error("no pseudo-terminal");
    path_ = ::ptsname(file_);
  }
  ~Peer() { ::close(file_); }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  const std::string& path() const { return path_; }
  void say(std::string_view text) {
    ASSERT_EQ(::write(file_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  /// What came until this ending, or what came until nothing more did for so long.
  std::string hear(std::string_view ending, int at_most_ms = 5000) {
    std::string heard;
    pollfd waiting{file_, POLLIN, 0};
    while (!heard.ends_with(ending) && ::poll(&waiting, 1, at_most_ms) > 0) {
      char byte = 0;
      if (::read(file_, &byte, 1) != 1) break;
      heard += byte;
    }
    return heard;
  }

 private:
  int file_;
  std::string path_;
};

}  // namespace astro::testing
