// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>

#include "astro/files/cube.hpp"
#include "astro/signal/gridding.hpp"
#include "common.hpp"

namespace astro_python {

template <>
struct EnumNames<astro::MapFrame> {
  static constexpr const char* name = "MapFrame";
  static constexpr auto values = std::to_array<const char*>({"icrs", "galactic"});
};
template <>
struct EnumNames<astro::MapProjection> {
  static constexpr const char* name = "MapProjection";
  static constexpr auto values = std::to_array<const char*>({"tangent", "plate_carree"});
};
template <>
struct EnumNames<astro::GriddingKernel> {
  static constexpr const char* name = "GriddingKernel";
  static constexpr auto values = std::to_array<const char*>({"gaussian", "bessel"});
};
template <>
struct EnumNames<astro::files::MapLayer> {
  static constexpr const char* name = "MapLayer";
  static constexpr auto values = std::to_array<const char*>({"value", "sigma", "weight"});
};

}  // namespace astro_python
