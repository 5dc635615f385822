// SPDX-License-Identifier: BSD-3-Clause
#include "digital_kit/line.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "astro/error.hpp"
#include "digital_kit/held.hpp"

namespace digital {

namespace {

std::vector<Chip> chips() {
  std::vector<Chip> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/dev", ignored)) {
    if (!entry.path().filename().string().starts_with("gpiochip")) continue;
    Chip chip{.path = entry.path()};
    if (read_chip(chip) == 0) found.push_back(std::move(chip));
  }
  std::ranges::sort(found, {}, &Chip::path);
  return found;
}

[[noreturn]] void refuse(const std::string& name, const std::vector<Chip>& known, const std::string& what) {
  std::string there;
  for (const Chip& chip : known) there += (there.empty() ? "" : ", ") + chip.path + " (" + chip.label + ")";
  throw astro::Error(
      astro::ErrorCode::not_found,
      "taking the GPIO line " + name + ": " + what + "; this machine has " +
          (there.empty() ? "no GPIO chip that may be opened here (see that you are in the group gpio)" : there) +
          ". A line is named as the board does, or CHIP:NUMBER");
}

std::pair<const Chip*, unsigned> find(const std::string& name, const std::vector<Chip>& known) {
  if (const std::size_t colon = name.rfind(':'); colon != std::string::npos) {
    const std::string chip_name = name.substr(0, colon);
    unsigned number = 0;
    const char* end = name.data() + name.size();
    const auto [last, error] = std::from_chars(name.data() + colon + 1, end, number);
    const auto chip = std::ranges::find_if(known, [&](const Chip& each) {
      return each.label == chip_name || each.path == chip_name || each.path == "/dev/" + chip_name;
    });
    if (error != std::errc() || last != end) refuse(name, known, "expected a number behind the colon");
    if (chip == known.end()) refuse(name, known, "there is no chip " + chip_name);
    if (number >= chip->lines.size())
      refuse(name, known, "this chip has the lines 0 to " + std::to_string(chip->lines.size() - 1));
    return {&*chip, number};
  }
  for (const Chip& chip : known) {
    const auto line = std::ranges::find(chip.lines, name);
    if (!name.empty() && line != chip.lines.end())
      return {&chip, static_cast<unsigned>(std::distance(chip.lines.begin(), line))};
  }
  refuse(name, known, "no line has this name");
}

void check(int error, const std::string& name, const char* doing, const char* what_to_do) {
  if (error == 0) return;
  throw astro::Error(astro::ErrorCode::device_fault,
                     std::string(doing) + " the GPIO line " + name + ": " + std::strerror(error) + what_to_do);
}

constexpr const char* gone = "; see that its chip is still there";

}  // namespace

Line::Line(const std::string& name, const Use& use) : name_(name) {
  const std::vector<Chip> known = chips();
  const auto [chip, number] = find(name, known);
  const int error = hold(held_, *chip, number, use);
  check(error, name_, "taking",
        error == EBUSY                      ? "; `gpioinfo` tells who has it"
        : error == EPERM || error == EACCES ? "; see that you are in the group gpio"
                                            : "; see whether this chip can do what is asked (bias, edges)");
}

Line::Line(Line&&) noexcept = default;
Line& Line::operator=(Line&&) noexcept = default;
Line::~Line() = default;

void Line::set(bool on) { check(held_->set(on), name_, "setting", gone); }

bool Line::get() {
  bool on = false;
  check(held_->get(on), name_, "reading", gone);
  return on;
}

int Line::file() const noexcept { return held_->file(); }

std::optional<Edge> Line::next_edge() {
  std::optional<Edge> edge;
  check(held_->next_edge(edge), name_, "reading edges of", gone);
  return edge;
}

}  // namespace digital
