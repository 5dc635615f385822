// SPDX-License-Identifier: BSD-3-Clause
#include "astro/serial_port.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "astro/error.hpp"
#include "steady.hpp"

namespace astro {

namespace {

constexpr Duration write_bound = std::chrono::milliseconds(400);
constexpr Duration urgent_bound = std::chrono::milliseconds(20);
constexpr std::size_t longest_answer = 65536;

constexpr std::array<std::pair<int, speed_t>, 12> speeds{{{1200, B1200},
                                                          {2400, B2400},
                                                          {4800, B4800},
                                                          {9600, B9600},
                                                          {19200, B19200},
                                                          {38400, B38400},
                                                          {57600, B57600},
                                                          {115200, B115200},
                                                          {230400, B230400},
                                                          {460800, B460800},
                                                          {500000, B500000},
                                                          {921600, B921600}}};

speed_t speed_of(const std::string& path, int baud) {
  for (const auto& [rate, constant] : speeds) {
    if (rate == baud) return constant;
  }
  throw Error(ErrorCode::invalid_argument, "serial port " + path + ": no line speed of " + std::to_string(baud) +
                                               " Bd; usual ones are 9600, 19200 and 115200");
}

/// Waits until the file can be read or written; false when the time is over.
bool wait_for(int file, short events, detail::Steady::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - detail::Steady::now()).count();
    pollfd waiting{file, events, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

/// The whole text, or the reason why not.
int write_all(int file, std::string_view text, detail::Steady::time_point deadline) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    else if (written < 0 && errno != EAGAIN && errno != EINTR) return errno;
    else if (!wait_for(file, POLLOUT, deadline)) return ETIMEDOUT;
  }
  return 0;
}

}  // namespace

namespace {
/// Whose bytes go out now. (A timed mutex would do, but the thread sanitizer does not know it.)
class Sending {
 public:
  bool begin(Duration at_most) {
    std::unique_lock lock(mutex_);
    if (!free_.wait_until(lock, detail::after(at_most), [this] { return !busy_; })) return false;
    return busy_ = true;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    busy_ = false;
    free_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable free_;
  bool busy_ = false;
};
}  // namespace

struct SerialPort::State {
  std::mutex exchange;                   ///< one exchange at a time
  Sending sending;                       ///< the bytes of one write stay together
  mutable std::shared_mutex file_mutex;  ///< shared: the file is in use; alone: it is opened or closed
  int file = -1;
  int wake[2] = {-1, -1};  ///< what `close` writes to, so that a waiting `ask` ends
  std::string path;

  [[noreturn]] void fail(const std::string& doing, int error) const {
    throw Error(ErrorCode::device_fault, "serial port " + path + ": " + doing + ": " + std::strerror(error));
  }
  void check_open() const {
    if (file < 0)
      throw Error(ErrorCode::device_fault, "serial port " + (path.empty() ? "?" : path) + ": it is not open");
  }
  /// 0, or the reason why not.
  int send(std::string_view text, Duration at_most) {
    if (!sending.begin(at_most)) return ETIMEDOUT;
    const int error = write_all(file, text, detail::after(at_most));
    sending.end();
    return error;
  }
  void write(std::string_view text) {
    const int error = send(text, write_bound);
    if (error == ETIMEDOUT) throw Error(ErrorCode::timeout, "serial port " + path + ": it takes no more bytes");
    if (error != 0) fail("writing", error);
  }
  std::string read_answer(std::string_view terminator, detail::Steady::time_point deadline);
};

SerialPort::SerialPort() : state_(std::make_unique<State>()) {}
SerialPort::~SerialPort() { close(); }

void SerialPort::open(const std::string& path, int baud) {
  const speed_t speed = speed_of(path, baud);
  close();
  const std::unique_lock lock(state_->file_mutex);
  state_->path = path;
  const int file = ::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) {
    throw Error(ErrorCode::device_fault, "opening serial port " + path + ": " + std::strerror(errno) +
                                             "; see that it is plugged in and that you may use it");
  }
  const auto give_up = [&](const char* doing) {
    const int error = errno;
    ::close(file);
    state_->fail(doing, error);
  };
  termios settings{};
  if (::tcgetattr(file, &settings) != 0) give_up("it is no serial line");
  ::cfmakeraw(&settings);
  settings.c_cflag |= CLOCAL | CREAD;
  settings.c_cflag &= ~static_cast<tcflag_t>(CSTOPB | PARENB | CRTSCTS);
  settings.c_cc[VMIN] = 0;
  settings.c_cc[VTIME] = 0;
  ::cfsetispeed(&settings, speed);
  ::cfsetospeed(&settings, speed);
  if (::tcsetattr(file, TCSANOW, &settings) != 0) give_up("setting its speed");
  // Nobody else on the same line: two programs would read each other's answers.
  if (::ioctl(file, TIOCEXCL) != 0) give_up("taking it alone");
  if (::pipe2(state_->wake, O_CLOEXEC | O_NONBLOCK) != 0) give_up("making a pipe");
  ::tcflush(file, TCIOFLUSH);
  state_->file = file;
}

void SerialPort::close() noexcept {
  {
    const std::shared_lock lock(state_->file_mutex);
    if (state_->file < 0) return;
    const char byte = 0;
    (void)!::write(state_->wake[1], &byte, 1);
  }
  const std::unique_lock lock(state_->file_mutex);
  if (state_->file < 0) return;
  // What the line does not take any more must not make close wait (the kernel's default is 30 s).
  ::tcflush(state_->file, TCOFLUSH);
  ::ioctl(state_->file, TIOCNXCL);
  ::close(state_->file);
  ::close(state_->wake[0]);
  ::close(state_->wake[1]);
  state_->file = -1;
}

bool SerialPort::is_open() const noexcept {
  const std::shared_lock lock(state_->file_mutex);
  return state_->file >= 0;
}

void SerialPort::write(std::string_view text) {
  const std::lock_guard exchange(state_->exchange);
  const std::shared_lock lock(state_->file_mutex);
  state_->check_open();
  state_->write(text);
}

std::string SerialPort::State::read_answer(std::string_view terminator, detail::Steady::time_point deadline) {
  std::string answer;
  for (;;) {
    char byte = 0;  // byte by byte: what comes after the terminator stays for the next exchange to throw away
    const ssize_t count = ::read(file, &byte, 1);
    if (count == 1) {
      answer += byte;
      if (answer.ends_with(terminator)) return answer.substr(0, answer.size() - terminator.size());
      if (answer.size() > longest_answer) {
        throw Error(ErrorCode::device_fault, "serial port " + path + ": an answer without an end");
      }
      continue;
    }
    if (count < 0 && errno != EAGAIN && errno != EINTR) fail("reading", errno);
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - detail::Steady::now()).count();
    pollfd waiting[2] = {{file, POLLIN, 0}, {wake[0], POLLIN, 0}};
    const int ready = left <= 0 ? 0 : ::poll(waiting, 2, static_cast<int>(std::min<std::int64_t>(left, 1 << 30)));
    if (ready < 0 && errno != EINTR) fail("waiting", errno);
    if (waiting[1].revents != 0)
      throw Error(ErrorCode::interrupted, "serial port " + path + ": it was closed; open it again");
    if ((waiting[0].revents & (POLLHUP | POLLERR)) != 0 && (waiting[0].revents & POLLIN) == 0) fail("reading", EIO);
    if (ready == 0) {
      throw Error(ErrorCode::timeout, "serial port " + path + ": no whole answer came in time, only " +
                                          std::to_string(answer.size()) + " bytes");
    }
  }
}

std::string SerialPort::ask(std::string_view text, std::string_view terminator, Duration at_most) {
  if (terminator.empty()) {
    throw Error(ErrorCode::invalid_argument, "asking a serial port: an answer needs a terminator");
  }
  const std::lock_guard exchange(state_->exchange);
  const std::shared_lock lock(state_->file_mutex);
  state_->check_open();
  const auto deadline = detail::after(at_most);
  ::tcflush(state_->file, TCIFLUSH);
  state_->write(text);
  return state_->read_answer(terminator, deadline);
}

bool SerialPort::urgent(std::string_view text) noexcept {
  const std::shared_lock lock(state_->file_mutex, std::try_to_lock);
  if (!lock || state_->file < 0) return false;
  return state_->send(text, urgent_bound) == 0;
}

}  // namespace astro
