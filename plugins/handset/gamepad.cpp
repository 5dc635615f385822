// SPDX-License-Identifier: BSD-3-Clause
#include "gamepad.hpp"

#include <fcntl.h>
#include <linux/input.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <utility>
#include <vector>

#include "astro/error.hpp"

namespace handset {

namespace {

constexpr std::array<unsigned, 4> axis_codes{ABS_X, ABS_Y, ABS_HAT0X, ABS_HAT0Y};
constexpr std::array<unsigned, 9> button_codes{KEY_RESERVED, BTN_SOUTH, BTN_EAST,   BTN_NORTH, BTN_WEST,
                                               BTN_TL,       BTN_TR,    BTN_SELECT, BTN_START};
constexpr double least_dead = 0.08;  // of a stick's way: few come back to their centre

using Bits = std::array<unsigned char, KEY_MAX / 8 + 1>;
bool has(const Bits& bits, unsigned code) { return (bits[code / 8] >> (code % 8) & 1) != 0; }

std::string name_of(int file) {
  std::array<char, 256> name{};
  return ::ioctl(file, EVIOCGNAME(name.size() - 1), name.data()) < 0 ? std::string() : std::string(name.data());
}

bool is_gamepad(int file) {
  Bits keys{};
  return ::ioctl(file, EVIOCGBIT(EV_KEY, keys.size()), keys.data()) >= 0 && has(keys, BTN_SOUTH);
}

}  // namespace

double Gamepad::Range::part(int value) const noexcept {
  const double way = (value - centre) / half;
  const double over = std::abs(way) - dead;
  return over <= 0.0 ? 0.0 : std::copysign(std::min(over / (1.0 - dead), 1.0), way);
}

Gamepad::Gamepad(const std::string& name) {
  std::string there;
  std::vector<std::filesystem::path> files;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/input", ignored)) {
    if (entry.path().filename().string().starts_with("event")) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  for (const std::filesystem::path& path : files) {
    const int file = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    const std::string its = file < 0 ? std::strerror(errno) : name_of(file);
    if (file >= 0 && (its == name || path == name || (name == "any" && is_gamepad(file)))) {
      file_ = file;
      name_ = its;
      break;
    }
    if (file >= 0) ::close(file);
    there += (there.empty() ? "" : ", ") + path.string() + " (" + its + ")";
  }
  if (file_ < 0) {
    throw astro::Error(astro::ErrorCode::not_found,
                       "looking for the gamepad \"" + name + "\": there is " + (there.empty() ? "none" : there) +
                           "; see that it is plugged in and that you are in the group input");
  }
  for (std::size_t i = 0; i < axis_codes.size(); ++i) {
    input_absinfo info{};
    if (::ioctl(file_, EVIOCGABS(axis_codes[i]), &info) < 0 || info.maximum <= info.minimum) continue;
    const double half = (static_cast<double>(info.maximum) - info.minimum) / 2.0;
    const bool is_cross = i >= 2;
    ranges_[i] = {.centre = info.minimum + half,
                  .half = half,
                  .dead = is_cross ? 0.0 : std::clamp(info.flat / half, least_dead, 0.5)};
  }
  look();
}

Gamepad::~Gamepad() {
  if (file_ >= 0) ::close(file_);
}

void Gamepad::look() {
  for (std::size_t i = 0; i < axis_codes.size(); ++i) {
    input_absinfo info{};
    const bool is_there = ::ioctl(file_, EVIOCGABS(axis_codes[i]), &info) >= 0 && info.maximum > info.minimum;
    values_[i] = is_there ? info.value : static_cast<int>(ranges_[i].centre);
  }
  Bits keys{};
  pressed_ = 0;
  if (::ioctl(file_, EVIOCGKEY(keys.size()), keys.data()) < 0) return;
  for (std::size_t i = 1; i < button_codes.size(); ++i) pressed_ |= has(keys, button_codes[i]) ? 1U << i : 0U;
}

Gamepad::Position Gamepad::position() const noexcept {
  const auto axis = [&](std::size_t stick, std::size_t cross) {
    return std::clamp(ranges_[stick].part(values_[stick]) + ranges_[cross].part(values_[cross]), -1.0, 1.0);
  };
  return {.stick = {axis(0, 2), -axis(1, 3)}, .pressed = pressed_};  // the kernel counts downwards
}

Gamepad::Position Gamepad::ask() {
  look();
  return position();
}

bool Gamepad::read(const std::function<void(const Position&)>& changed) {
  std::array<input_event, 64> events{};
  for (;;) {
    const ssize_t size = ::read(file_, events.data(), sizeof events);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return errno == EAGAIN;
    if (size == 0) return false;
    for (std::size_t i = 0; i < static_cast<std::size_t>(size) / sizeof(input_event); ++i) {
      const input_event& event = events[i];
      if (event.type == EV_SYN && event.code == SYN_DROPPED) {
        dropped_ = true;
      } else if (event.type == EV_SYN && event.code == SYN_REPORT) {
        if (std::exchange(dropped_, false)) look();
        changed(position());
      } else if (event.type == EV_ABS) {
        const auto* code = std::ranges::find(axis_codes, event.code);
        if (code != axis_codes.end()) values_[static_cast<std::size_t>(code - axis_codes.begin())] = event.value;
      } else if (event.type == EV_KEY) {
        const auto* code = std::ranges::find(button_codes, event.code);
        if (code == button_codes.end() || event.code == KEY_RESERVED) continue;
        const std::uint32_t bit = 1U << (code - button_codes.begin());
        pressed_ = event.value != 0 ? pressed_ | bit : pressed_ & ~bit;
      }
    }
  }
}

}  // namespace handset
