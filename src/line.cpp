// SPDX-License-Identifier: BSD-3-Clause
#include "line.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "astro/error.hpp"
#include "steady.hpp"

namespace astro::detail {

namespace {

constexpr Duration write_bound = std::chrono::milliseconds(400);
constexpr Duration urgent_bound = std::chrono::milliseconds(20);
constexpr std::size_t longest_answer = 65536;

int milliseconds_until(Steady::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30));
}

/// Waits until the file takes more; false when the time is over.
bool wait_to_write(int file, Steady::time_point deadline) {
  for (;;) {
    pollfd waiting{file, POLLOUT, 0};
    const int ready = ::poll(&waiting, 1, milliseconds_until(deadline));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

/// The whole text, or the reason why not. A connection that the other side ended is no signal to the process.
int write_all(int file, bool is_socket, std::string_view text, Steady::time_point deadline) {
  while (!text.empty()) {
    const ssize_t written =
        is_socket ? ::send(file, text.data(), text.size(), MSG_NOSIGNAL) : ::write(file, text.data(), text.size());
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    else if (written < 0 && errno != EAGAIN && errno != EINTR) return errno;
    else if (!wait_to_write(file, deadline)) return ETIMEDOUT;
  }
  return 0;
}

}  // namespace

bool Sending::begin(Duration at_most) {
  std::unique_lock lock(mutex_);
  if (!free_.wait_until(lock, after(at_most), [this] { return !busy_; })) return false;
  return busy_ = true;
}

void Sending::end() {
  const std::lock_guard lock(mutex_);
  busy_ = false;
  free_.notify_one();
}

void Line::begin(std::string name, const std::function<int()>& open, std::function<void(int)> ended) {
  end();
  const std::unique_lock lock(file_mutex_);
  name_ = std::move(name);
  ahead_.clear();
  const int file = open();
  if (::pipe2(wake_, O_CLOEXEC | O_NONBLOCK) != 0) {
    const int error = errno;
    ::close(file);
    fail("making a pipe", error);
  }
  file_ = file;
  ended_ = std::move(ended);
}

void Line::end() noexcept {
  {
    const std::shared_lock lock(file_mutex_);
    if (file_ < 0) return;
    const char byte = 0;
    (void)!::write(wake_[1], &byte, 1);
  }
  const std::unique_lock lock(file_mutex_);
  if (file_ < 0) return;
  if (ended_) ended_(file_);
  ::close(file_);
  ::close(wake_[0]);
  ::close(wake_[1]);
  file_ = -1;
}

bool Line::is_open() const noexcept {
  const std::shared_lock lock(file_mutex_);
  return file_ >= 0;
}

void Line::fail(const std::string& doing, int error) const {
  throw Error(ErrorCode::device_fault, name_ + ": " + doing + " failed: " + std::strerror(error));
}

void Line::check_open() const {
  if (file_ < 0) throw Error(ErrorCode::device_fault, (name_.empty() ? "a line" : name_) + ": it is not open");
}

int Line::send(std::string_view text, Duration at_most) {
  if (!sending_.begin(at_most)) return ETIMEDOUT;
  const int error = write_all(file_, nothing_ == Nothing::is_the_end, text, after(at_most));
  sending_.end();
  return error;
}

void Line::send_all(std::string_view text) {
  const int error = send(text, write_bound);
  if (error == ETIMEDOUT) throw Error(ErrorCode::timeout, name_ + ": it takes no more bytes");
  if (error != 0) fail("writing", error);
}

void Line::write(std::string_view text) {
  const std::lock_guard exchange(exchange_);
  const std::shared_lock lock(file_mutex_);
  check_open();
  send_all(text);
}

void Line::wait_to_read(Deadline deadline, std::size_t read_so_far) {
  pollfd waiting[2] = {{file_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
  const int left = milliseconds_until(deadline);
  const int ready = left == 0 ? 0 : ::poll(waiting, 2, left);
  if (ready < 0 && errno != EINTR) fail("waiting", errno);
  if (waiting[1].revents != 0) throw Error(ErrorCode::interrupted, name_ + ": it was closed; open it again");
  if ((waiting[0].revents & (POLLHUP | POLLERR)) != 0 && (waiting[0].revents & POLLIN) == 0) fail("reading", EIO);
  if (ready == 0) {
    throw Error(ErrorCode::timeout,
                name_ + ": no whole answer came in time, only " + std::to_string(read_so_far) + " bytes");
  }
}

std::string Line::read_answer(std::string_view terminator, Deadline deadline) {
  // A serial line is read byte by byte, so that what comes behind the terminator stays for the next exchange to throw
  // away; a connection in pieces, and what is behind is kept.
  std::string answer = std::exchange(ahead_, {});
  std::size_t looked = 0;
  for (;;) {
    const std::size_t from = looked > terminator.size() ? looked - terminator.size() : 0;
    if (const std::size_t end = answer.find(terminator, from); end != std::string::npos) {
      ahead_ = answer.substr(end + terminator.size());
      answer.resize(end);
      return answer;
    }
    looked = answer.size();
    if (answer.size() > longest_answer) throw Error(ErrorCode::device_fault, name_ + ": an answer without an end");
    char bytes[4096];
    const ssize_t count = ::read(file_, bytes, nothing_ == Nothing::is_silence ? 1 : sizeof bytes);
    if (count > 0) {
      answer.append(bytes, static_cast<std::size_t>(count));
      continue;
    }
    if (count == 0 && nothing_ == Nothing::is_the_end) {
      throw Error(ErrorCode::device_fault, name_ + ": the other side has ended the connection");
    }
    if (count < 0 && errno != EAGAIN && errno != EINTR) fail("reading", errno);
    try {
      wait_to_read(deadline, answer.size());
    } catch (const Error&) {
      if (nothing_ == Nothing::is_the_end) ahead_ = std::move(answer);
      throw;
    }
  }
}

void Line::throw_away() {
  ahead_.clear();
  if (nothing_ == Nothing::is_silence) {
    ::tcflush(file_, TCIFLUSH);
    return;
  }
  char bytes[4096];
  for (std::size_t read = 0; read < longest_answer;) {
    const ssize_t count = ::read(file_, bytes, sizeof bytes);
    if (count <= 0) return;
    read += static_cast<std::size_t>(count);
  }
}

std::string Line::ask(std::string_view text, std::string_view terminator, Duration at_most) {
  if (terminator.empty()) throw Error(ErrorCode::invalid_argument, name_ + ": an answer needs a terminator");
  const std::lock_guard exchange(exchange_);
  const std::shared_lock lock(file_mutex_);
  check_open();
  const auto deadline = after(at_most);
  throw_away();
  send_all(text);
  return read_answer(terminator, deadline);
}

std::string Line::read_until(std::string_view terminator, Duration at_most) {
  if (terminator.empty()) throw Error(ErrorCode::invalid_argument, name_ + ": what is read needs a terminator");
  const std::lock_guard exchange(exchange_);
  const std::shared_lock lock(file_mutex_);
  check_open();
  return read_answer(terminator, after(at_most));
}

std::size_t Line::read_some(std::span<std::byte> into, Duration at_most) {
  const std::lock_guard exchange(exchange_);
  const std::shared_lock lock(file_mutex_);
  check_open();
  if (!ahead_.empty()) {
    const std::size_t taken = std::min(ahead_.size(), into.size());
    std::memcpy(into.data(), ahead_.data(), taken);
    ahead_.erase(0, taken);
    return taken;
  }
  const auto deadline = after(at_most);
  for (;;) {
    const ssize_t count = ::read(file_, into.data(), into.size());
    if (count > 0 || into.empty()) return static_cast<std::size_t>(count);
    if (count == 0 && nothing_ == Nothing::is_the_end) {
      throw Error(ErrorCode::device_fault, name_ + ": the other side has ended the connection");
    }
    if (count < 0 && errno != EAGAIN && errno != EINTR) fail("reading", errno);
    if (milliseconds_until(deadline) == 0) return 0;
    try {
      wait_to_read(deadline, 0);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::timeout) return 0;
      throw;
    }
  }
}

bool Line::urgent(std::string_view text) noexcept {
  const std::shared_lock lock(file_mutex_, std::try_to_lock);
  if (!lock || file_ < 0) return false;
  return send(text, urgent_bound) == 0;
}

}  // namespace astro::detail
