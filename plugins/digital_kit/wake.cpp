// SPDX-License-Identifier: BSD-3-Clause
#include "digital_kit/wake.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string>

#include "astro/error.hpp"

namespace digital {

Monotonic monotonic() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

Wake::Wake() : file_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (file_ < 0)
    throw astro::Error(astro::ErrorCode::device_fault, std::string("making an eventfd: ") + std::strerror(errno));
}

Wake::~Wake() { ::close(file_); }

void Wake::call() noexcept {
  const std::uint64_t one = 1;
  (void)!::write(file_, &one, sizeof one);
}

void Wake::wait(std::vector<pollfd>& files, Monotonic until) {
  files.push_back({file_, POLLIN, 0});
  const auto left = std::clamp<Monotonic>(until - monotonic(), Monotonic::zero(), std::chrono::hours(1));
  const auto whole = std::chrono::floor<std::chrono::seconds>(left);
  const timespec timeout{whole.count(), static_cast<long>((left - whole).count())};
  if (::ppoll(files.data(), files.size(), &timeout, nullptr) < 0) {
    for (pollfd& file : files) file.revents = 0;
  }
  if (files.back().revents != 0) {
    std::uint64_t count = 0;
    (void)!::read(file_, &count, sizeof count);
  }
  files.pop_back();
}

}  // namespace digital
