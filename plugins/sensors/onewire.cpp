// SPDX-License-Identifier: BSD-3-Clause
#include "onewire.hpp"

#include <cmath>
#include <fstream>

#include "astro/error.hpp"

namespace sensors {

namespace {

constexpr double power_on_degc = 85.0;  // what the chip says before its first conversion
constexpr double near_power_on = 15.0;  // it may really be so warm where it was nearly so warm before

/// Families of thermometers that w1_therm knows.
bool is_thermometer(const std::string& name) {
  for (const char* family : {"10-", "22-", "28-", "3b-", "42-"}) {
    if (name.starts_with(family)) return true;
  }
  return false;
}

/// "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES" and "... t=21250", of kernels without the file `temperature`.
Reading read_slave(const fs::path& path, astro::Field field) {
  std::ifstream file(path);
  std::string first;
  std::string second;
  if (!std::getline(file, first) || !std::getline(file, second))
    return no_reading(std::move(field), "it does not answer; see its wires");
  if (!first.ends_with("YES")) return no_reading(std::move(field), "its checksum is wrong; see its wires");
  const std::size_t at = second.rfind("t=");
  const auto value = at == std::string::npos ? std::nullopt : number_in(std::string_view(second).substr(at + 2));
  if (!value) return no_reading(std::move(field), "it says \"" + second.substr(0, 60) + "\", expected t= and a number");
  return reading(std::move(field), *value * 1e-3);
}

}  // namespace

astro::ControllerDescription OneWire::bounds() {
  return {.hook_bound = std::chrono::seconds(60), .open_bound = std::chrono::seconds(60)};
}

astro::ControllerDescription OneWire::about() const {
  astro::ControllerDescription description = bounds();
  description.poll_every = settings_.every;
  return description;
}

void OneWire::open(astro::Emitter& host) {
  names_.clear();
  last_.clear();
  for (const std::string& each : settings_.names) {
    const std::size_t equals = each.find('=');
    if (equals == std::string::npos || equals == 0 || point_name(each.substr(equals + 1)) != each.substr(equals + 1)) {
      throw astro::Error(astro::ErrorCode::invalid_argument,
                         "the setting \"names\" has \"" + each +
                             "\"; expected the number of a sensor, = and a name of small letters, digits and _, as "
                             "\"28-0316a2794bff=focus\"");
    }
    names_[each.substr(0, equals)] = each.substr(equals + 1);
  }
  Source::open(host);
}

Reading OneWire::read(const fs::path& device, astro::Field field) {
  const std::string name = field.name;
  Reading reading = fs::exists(device / "temperature") ? read_number(device / "temperature", 1e-3, std::move(field))
                                                       : read_slave(device / "w1_slave", std::move(field));
  if (!reading.fault.empty()) return reading;
  const double value = reading.value.as_number();
  const auto last = last_.find(name);
  if (value == power_on_degc && (last == last_.end() || std::abs(last->second - value) > near_power_on))
    return no_reading(reading.field, "it says 85 degC, as after a loss of its power; see its wires");
  last_[name] = value;
  return reading;
}

std::vector<Reading> OneWire::look() {
  const fs::path folder = fs::path(settings_.root) / "bus/w1/devices";
  if (!fs::is_directory(folder)) {
    throw astro::Error(astro::ErrorCode::device_fault,
                       "looking for 1-Wire sensors: there is no folder " + folder.string() +
                           "; see that the kernel's drivers w1_gpio and w1_therm are loaded, and that `root` is right");
  }
  std::vector<Reading> readings;
  Names names;
  for (const std::string& each : names_in(folder)) {
    if (!is_thermometer(each)) continue;
    const auto known = names_.find(each);
    astro::Field field = number(names.unlike(known == names_.end() ? point_name(each) : known->second), "degC", -55,
                                125, "temperature, of the sensor " + each);
    readings.push_back(read(folder / each, std::move(field)));
  }
  return readings;
}

}  // namespace sensors
