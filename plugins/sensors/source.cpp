// SPDX-License-Identifier: BSD-3-Clause
#include "source.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>

namespace sensors {

namespace {

/// As strverscmp(3): numbers inside count as numbers.
bool before(const std::string& a, const std::string& b) { return ::strverscmp(a.c_str(), b.c_str()) < 0; }

std::string shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

}  // namespace

astro::Field number(std::string name, std::string unit, double min, double max, std::string says) {
  astro::Field field;
  field.name = std::move(name);
  field.type = astro::FieldType::number;
  field.unit = std::move(unit);
  field.min = min;
  field.max = max;
  field.says = std::move(says);
  field.nullable = true;
  return field;
}

Reading no_reading(astro::Field field, std::string fault) {
  return {.field = std::move(field), .quality = astro::Quality::bad, .fault = std::move(fault)};
}

Reading reading(astro::Field field, double value) {
  if (value >= field.min && value <= field.max) return {.field = std::move(field), .value = value};
  std::string fault = "it says " + shown(value) + " " + field.unit + ", expected " + shown(field.min) + " to " +
                      shown(field.max) + " " + field.unit;
  return no_reading(std::move(field), std::move(fault));
}

std::string point_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) name += static_cast<char>(std::tolower(byte));
    else if (!name.empty() && name.back() != '_') name += '_';
  }
  while (name.ends_with('_')) name.pop_back();
  return name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0 ? "sensor_" + name : name;
}

Line read_line(const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return {.fault = std::strerror(errno)};
  char bytes[4096];
  const ssize_t got = ::read(file, bytes, sizeof bytes);
  const int error = errno;
  ::close(file);
  if (got < 0) return {.fault = std::strerror(error)};
  std::string_view text(bytes, static_cast<std::size_t>(got));
  text = text.substr(0, text.find('\n'));
  while (text.ends_with(' ') || text.ends_with('\r')) text.remove_suffix(1);
  return {.text = std::string(text)};
}

std::optional<double> number_in(std::string_view text) {
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

Reading read_number(const fs::path& path, double factor, astro::Field field) {
  const Line line = read_line(path);
  if (!line.fault.empty()) return no_reading(std::move(field), line.fault);
  const auto value = number_in(line.text);
  if (!value) return no_reading(std::move(field), "it says \"" + line.text.substr(0, 40) + "\", expected a number");
  return reading(std::move(field), *value * factor);
}

std::vector<std::string> names_in(const fs::path& folder, std::string_view beginning) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::string name = at->path().filename().string();
    if (name.starts_with(beginning)) names.push_back(std::move(name));
  }
  std::ranges::sort(names, before);
  return names;
}

std::string Names::unlike(const std::string& name) {
  std::string each = name;
  for (int count = 2; !taken_.insert(each).second; ++count) each = name + "_" + std::to_string(count);
  return each;
}

void Source::open(astro::Emitter& host) {
  host_ = &host;
  known_.clear();
  faults_.clear();
  try {
    learn(look());
  } catch (...) {
    host_ = nullptr;
    throw;
  }
  if (known_.empty()) {
    host.describe(about());
    host.log(astro::LogLevel::warning, "there is no sensor yet; those that come are shown");
  }
}

void Source::learn(const std::vector<Reading>& readings) {
  const std::size_t before = known_.size();
  for (const Reading& each : readings) {
    const auto is_same = [&](const astro::Field& field) { return field.name == each.field.name; };
    if (std::ranges::none_of(known_, is_same)) known_.push_back(each.field);
  }
  if (known_.size() == before) return;
  astro::ControllerDescription description = about();
  description.points = known_;
  host_->describe(description);
}

void Source::tell(const Reading& reading) {
  host_->point(reading.field.name, reading.value, reading.quality);
  std::string& said = faults_[reading.field.name];
  if (said == reading.fault) return;
  said = reading.fault;
  if (said.empty()) host_->log(astro::LogLevel::info, reading.field.name + ": it can be read again");
  else host_->log(astro::LogLevel::warning, reading.field.name + ": " + said);
}

void Source::poll() {
  const std::vector<Reading> readings = look();
  learn(readings);
  for (const Reading& each : readings) tell(each);
  for (const astro::Field& field : known_) {
    const auto is_same = [&](const Reading& each) { return each.field.name == field.name; };
    if (std::ranges::none_of(readings, is_same)) tell(no_reading(field, "its sensor is not there any more"));
  }
}

}  // namespace sensors
