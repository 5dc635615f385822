// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "astro/controller.hpp"

namespace sensors {

namespace fs = std::filesystem;

/// What one look at one sensor brought.
struct Reading {
  astro::Field field{};
  astro::Value value{};  ///< null when there is none that could be trusted
  astro::Quality quality = astro::Quality::good;
  std::string fault{};  ///< why it is not good
};

/// A field of a number that is null while its sensor gives none. What lies outside min and max no such sensor says.
astro::Field number(std::string name, std::string unit, double min, double max, std::string says);

/// The reading of a number; one outside its field's range is a fault.
Reading reading(astro::Field field, double value);
/// None came, for this reason.
Reading no_reading(astro::Field field, std::string fault);

/// A text as a point's name: small letters, digits and underscores.
std::string point_name(std::string_view text);

/// A file of the kernel's: one line, or nothing with the reason why. These files are small, and are not read further.
struct Line {
  std::string text{};
  std::string fault{};
};
Line read_line(const fs::path& path);
/// The number in it, times the factor, as a reading.
Reading read_number(const fs::path& path, double factor, astro::Field field);
std::optional<double> number_in(std::string_view text);
/// The names in a folder that begin so, in the order of people: hwmon2 before hwmon10.
std::vector<std::string> names_in(const fs::path& folder, std::string_view beginning = {});

/// Sensors that come and go: what is there is found anew at each look, and what was there once stays a point, which is
/// null while its sensor is away.
class Source : public astro::Controller {
 public:
  void open(astro::Emitter& host) override;
  void close() noexcept override { host_ = nullptr; }
  void stop() noexcept override {}  // it moves nothing
  void poll() override;

 protected:
  /// All that is there now, each name once.
  virtual std::vector<Reading> look() = 0;
  /// Of the driver; its points are found.
  virtual astro::ControllerDescription about() const = 0;

  astro::Emitter* host_ = nullptr;

 private:
  void learn(const std::vector<Reading>& readings);
  void tell(const Reading& reading);

  std::vector<astro::Field> known_{};
  std::map<std::string, std::string> faults_{};  ///< by point: what was said of it last
};

/// Names for readings: each once, the second of a name with _2 behind it.
class Names {
 public:
  std::string unlike(const std::string& name);

 private:
  std::set<std::string> taken_{};
};

}  // namespace sensors
