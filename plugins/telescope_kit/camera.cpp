// SPDX-License-Identifier: BSD-3-Clause
#include "camera.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "astro/error.hpp"

namespace telescope_kit {

astro::Field option(const char* name, astro::FieldType type, double min, double max, const char* unit,
                    const char* says) {
  astro::Field field;
  field.name = name;
  field.type = type;
  field.unit = unit;
  field.min = min;
  field.max = max;
  field.says = says;
  return field;
}

std::vector<astro::Field> camera_options(double shortest_s, double longest_s, double most_binning, double columns,
                                         double rows) {
  using Type = astro::FieldType;
  return {option("exposure", Type::duration, shortest_s, longest_s, "s", "of each frame"),
          option("binning", Type::integer, 1, most_binning, "", "pixels that are added, in both directions"),
          option("x", Type::integer, 0, columns - 1, "", "first column that is read, unbinned"),
          option("y", Type::integer, 0, rows - 1, "", "first row that is read, unbinned"),
          option("width", Type::integer, 1, columns, "", "columns that are read, unbinned"),
          option("height", Type::integer, 1, rows, "", "rows that are read, unbinned")};
}

std::optional<double> number_in(const astro::Value& options, std::string_view name) {
  const astro::Value* value = options.find(name);
  return value == nullptr || value->is_null() ? std::nullopt : std::optional(value->as_number());
}

std::optional<Window> window_in(const astro::Value& options, double columns, double rows) {
  const std::array parts{number_in(options, "x"), number_in(options, "y"), number_in(options, "width"),
                         number_in(options, "height")};
  if (std::ranges::none_of(parts, [](const auto& part) { return part.has_value(); })) return std::nullopt;
  Window window{.x = parts[0].value_or(0.0), .y = parts[1].value_or(0.0)};
  window.width = parts[2].value_or(columns - window.x);
  window.height = parts[3].value_or(rows - window.y);
  if (window.x + window.width > columns || window.y + window.height > rows) {
    throw astro::Error(astro::ErrorCode::out_of_limits, "tuning the camera: the window reaches past the sensor's " +
                                                            std::to_string(static_cast<std::int64_t>(columns)) +
                                                            " columns and " +
                                                            std::to_string(static_cast<std::int64_t>(rows)) + " rows");
  }
  return window;
}

astro::Value merged(const astro::Value& before, const astro::Value& wanted) {
  astro::Value made = before.is_null() ? astro::Value(astro::Map{}) : before;
  if (const astro::Map* given = wanted.get_if<astro::Map>()) {
    for (const auto& [name, value] : *given) made.set(name, value);
  }
  return made;
}

}  // namespace telescope_kit
