// SPDX-License-Identifier: BSD-3-Clause
#include <cctype>
#include <numbers>

#include "astro/error.hpp"
#include "kernel.hpp"

namespace sensors {

namespace {

struct Kind {
  std::string_view type;  ///< "temp" of in_temp_raw and in_temp_object_input
  const char* unit;
  double factor;  ///< from the unit of the ABI
  double min;
  double max;
  const char* says;
};

constexpr double anything = 1e12;
constexpr Kind kinds[] = {{"temp", "degC", 1e-3, -100, 2000, "temperature"},
                          {"humidityrelative", "%", 1e-3, 0, 100, "relative humidity"},
                          {"pressure", "hPa", 10, 0, 1e6, "pressure of the air"},
                          {"illuminance", "lx", 1, 0, 1e6, "illuminance"},
                          {"voltage", "V", 1e-3, -anything, anything, "voltage"},
                          {"current", "A", 1e-3, -anything, anything, "current"},
                          {"power", "W", 1e-3, -anything, anything, "power"},
                          {"resistance", "Ohm", 1, 0, anything, "resistance"},
                          {"accel", "m/s2", 1, -1e5, 1e5, "acceleration"},
                          {"anglvel", "deg/s", 180.0 / std::numbers::pi, -1e6, 1e6, "rate of turn"},
                          {"magn", "G", 1, -1e5, 1e5, "magnetic field"},
                          {"angl", "deg", 180.0 / std::numbers::pi, -1e6, 1e6, "angle"},
                          {"distance", "m", 1, 0, 1e6, "distance"},
                          {"concentration", "%", 1, 0, 100, "concentration"},
                          {"uvindex", "", 1, 0, 100, "index of ultraviolet light"}};

struct Channel {
  const Kind* kind;
  std::string name;  ///< "temp_object", "voltage3"
};

/// What in_NAME_raw or in_NAME_input measures; nothing where its unit is not known.
std::optional<Channel> channel_of(const std::string& file, std::string_view ending) {
  constexpr std::string_view beginning = "in_";
  if (!file.starts_with(beginning) || !file.ends_with(ending)) return std::nullopt;
  std::string name = file.substr(beginning.size(), file.size() - beginning.size() - ending.size());
  std::size_t letters = 0;
  while (letters < name.size() && std::isalpha(static_cast<unsigned char>(name[letters])) != 0) ++letters;
  for (const Kind& kind : kinds) {
    if (std::string_view(name).substr(0, letters) == kind.type) return Channel{&kind, std::move(name)};
  }
  return std::nullopt;
}

/// Of the channel itself, or of all of its type.
double attribute(const fs::path& device, const Channel& channel, const char* what, double otherwise) {
  for (const std::string& whose : {channel.name, std::string(channel.kind->type)}) {
    if (const auto value = number_in(read_line(device / ("in_" + whose + "_" + what)).text)) return *value;
  }
  return otherwise;
}

Reading read_raw(const fs::path& device, const Channel& channel, astro::Field field) {
  const Line line = read_line(device / ("in_" + channel.name + "_raw"));
  if (!line.fault.empty()) return no_reading(std::move(field), line.fault);
  const auto raw = number_in(line.text);
  if (!raw) return no_reading(std::move(field), "it says \"" + line.text.substr(0, 40) + "\", expected a number");
  const double value = (*raw + attribute(device, channel, "offset", 0.0)) * attribute(device, channel, "scale", 1.0);
  return reading(std::move(field), value * channel.kind->factor);
}

}  // namespace

astro::ControllerDescription Iio::about() const {
  return {.poll_every = settings_.every, .hook_bound = std::chrono::seconds(10)};
}

std::vector<Reading> Iio::look() {
  const fs::path folder = fs::path(settings_.root) / "bus/iio/devices";
  if (!fs::is_directory(folder)) {
    throw astro::Error(astro::ErrorCode::device_fault,
                       "looking for sensors of Industrial I/O: there is no folder " + folder.string() +
                           "; see that the kernel's driver of the sensor is loaded, and that `root` is right");
  }
  std::vector<Reading> readings;
  Names names;
  for (const std::string& each : names_in(folder, "iio:device")) {
    const fs::path device = folder / each;
    const std::string device_name = read_line(device / "name").text;
    for (const std::string& file : names_in(device, "in_")) {
      const auto processed = channel_of(file, "_input");
      const auto channel = processed ? processed : channel_of(file, "_raw");
      if (!channel || (!processed && fs::exists(device / ("in_" + channel->name + "_input")))) continue;
      const Kind& kind = *channel->kind;
      astro::Field field =
          number(names.unlike(point_name((device_name.empty() ? each : device_name) + " " + channel->name)), kind.unit,
                 kind.min, kind.max, std::string(kind.says) + ", of " + (device_name.empty() ? each : device_name));
      readings.push_back(processed ? read_number(device / file, kind.factor, std::move(field))
                                   : read_raw(device, *channel, std::move(field)));
    }
  }
  return readings;
}

}  // namespace sensors
