// SPDX-License-Identifier: BSD-3-Clause
#include "astro/serial_port.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "astro/error.hpp"
#include "line.hpp"

namespace astro {

namespace {

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

int open_serial(const std::string& path, speed_t speed) {
  const int file = ::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0) {
    throw Error(ErrorCode::device_fault, "opening serial port " + path + ": " + std::strerror(errno) +
                                             "; see that it is plugged in and that you may use it");
  }
  const auto give_up = [&](const char* doing) {
    const int error = errno;
    ::close(file);
    throw Error(ErrorCode::device_fault, "serial port " + path + ": " + doing + ": " + std::strerror(error));
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
  ::tcflush(file, TCIOFLUSH);
  return file;
}

}  // namespace

struct SerialPort::State {
  detail::Line line{detail::Line::Nothing::is_silence};
};

SerialPort::SerialPort() : state_(std::make_unique<State>()) {}
SerialPort::~SerialPort() { close(); }

void SerialPort::open(const std::string& path, int baud) {
  const speed_t speed = speed_of(path, baud);
  state_->line.begin(
      "serial port " + path, [&] { return open_serial(path, speed); },
      [](int file) {
        // What was written last, a stop for one, still goes out; but what the line does not take any more must not make
        // close wait (the kernel's default is 30 s).
        int left = 0;
        for (int waited_ms = 0; waited_ms < 100; ++waited_ms) {
          if (::ioctl(file, TIOCOUTQ, &left) != 0 || left == 0) break;
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        if (left > 0) ::tcflush(file, TCOFLUSH);
        ::ioctl(file, TIOCNXCL);
      });
}

void SerialPort::close() noexcept { state_->line.end(); }
bool SerialPort::is_open() const noexcept { return state_->line.is_open(); }
void SerialPort::write(std::string_view text) { state_->line.write(text); }

std::string SerialPort::ask(std::string_view text, std::string_view terminator, Duration at_most) {
  return state_->line.ask(text, terminator, at_most);
}

bool SerialPort::urgent(std::string_view text) noexcept { return state_->line.urgent(text); }

}  // namespace astro
