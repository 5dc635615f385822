// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "astro/field.hpp"
#include "astro/value.hpp"

namespace telescope_kit {

/// What cameras have among their options, in one form for all.
astro::Field option(const char* name, astro::FieldType type, double min, double max, const char* unit,
                    const char* says);
/// "exposure" in seconds, "binning", and "x", "y", "width", "height" of the window in unbinned pixels.
std::vector<astro::Field> camera_options(double shortest_s, double longest_s, double most_binning, double columns,
                                         double rows);

/// The part of the sensor that is read, unbinned, counted from its first pixel.
struct Window {
  double x = 0.0;
  double y = 0.0;
  double width = 0.0;
  double height = 0.0;
};
/// That of the options; what is left out reaches to the sensor's end. Nothing when they say nothing of it; throws
/// `out_of_limits` when it reaches past the sensor.
std::optional<Window> window_in(const astro::Value& options, double columns, double rows);

/// A number of the options, where it is there.
std::optional<double> number_in(const astro::Value& options, std::string_view name);

/// The options as they were, and those that are wanted now over them.
astro::Value merged(const astro::Value& before, const astro::Value& wanted);

}  // namespace telescope_kit
