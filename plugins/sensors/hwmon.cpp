// SPDX-License-Identifier: BSD-3-Clause
#include "kernel.hpp"

#include <cctype>

#include "astro/error.hpp"

namespace sensors {

namespace {

struct Quantity {
  std::string_view beginning;  ///< of the file's name: "temp" of temp1_input
  const char* unit;
  double factor;
  double min;
  double max;
  const char* says;
};

constexpr Quantity quantities[] = {
    {"temp", "degC", 1e-3, -100, 250, "temperature"},    {"in", "V", 1e-3, -1000, 1000, "voltage"},
    {"fan", "1/min", 1, 0, 100000, "speed of a fan"},    {"curr", "A", 1e-3, -1000, 1000, "current"},
    {"power", "W", 1e-6, -100000, 100000, "power"},      {"energy", "J", 1e-6, 0, 1e15, "energy so far"},
    {"humidity", "%", 1e-3, 0, 100, "relative humidity"}};

/// "temp1_input": "temp1".
std::optional<std::string> chip_channel(const std::string& file, const Quantity& quantity) {
  constexpr std::string_view ending = "_input";
  if (!file.starts_with(quantity.beginning) || !file.ends_with(ending)) return std::nullopt;
  const std::string channel = file.substr(0, file.size() - ending.size());
  if (channel.size() == quantity.beginning.size()) return std::nullopt;
  for (const char c : channel.substr(quantity.beginning.size())) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) return std::nullopt;
  }
  return channel;
}

Reading read(const fs::path& chip, const std::string& channel, const Quantity& quantity, std::string name) {
  const std::string label = read_line(chip / (channel + "_label")).text;
  astro::Field field = number(std::move(name), quantity.unit, quantity.min, quantity.max,
                              std::string(quantity.says) + (label.empty() ? "" : ": " + label) + ", of the chip " +
                                  read_line(chip / "name").text);
  if (read_line(chip / (channel + "_fault")).text == "1")
    return no_reading(std::move(field), "the chip reports a fault of its sensor");
  Reading reading = read_number(chip / (channel + "_input"), quantity.factor, std::move(field));
  if (reading.fault.empty() && read_line(chip / (channel + "_alarm")).text == "1") {
    reading.quality = astro::Quality::doubtful;
    reading.fault = "the chip raises its alarm";
  }
  return reading;
}

}  // namespace

astro::ControllerDescription Hwmon::about() const {
  return {.poll_every = settings_.every, .hook_bound = std::chrono::seconds(5)};
}

std::vector<Reading> Hwmon::look() {
  const fs::path folder = fs::path(settings_.root) / "class/hwmon";
  if (!fs::is_directory(folder)) {
    throw astro::Error(astro::ErrorCode::device_fault,
                       "looking for the machine's sensors: there is no folder " + folder.string() +
                           "; see that the kernel's drivers are loaded (sensors-detect), and that `root` is right");
  }
  std::vector<Reading> readings;
  Names names;
  for (const std::string& each : names_in(folder, "hwmon")) {
    const fs::path chip = folder / each;
    const std::string chip_name = read_line(chip / "name").text;
    for (const std::string& file : names_in(chip)) {
      for (const Quantity& quantity : quantities) {
        const auto channel = chip_channel(file, quantity);
        if (!channel) continue;
        const std::string label = read_line(chip / (*channel + "_label")).text;
        readings.push_back(read(chip, *channel, quantity,
                                names.unlike(point_name((chip_name.empty() ? each : chip_name) + " " +
                                                        (label.empty() ? *channel : label)))));
      }
    }
  }
  return readings;
}

}  // namespace sensors
