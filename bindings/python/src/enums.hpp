// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <pybind11/pybind11.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include "astro/controller.hpp"
#include "astro/coordinates.hpp"
#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/mount.hpp"
#include "astro/observing/observe.hpp"
#include "astro/registry.hpp"
#include "astro/sky/events.hpp"
#include "astro/sky/flux.hpp"
#include "astro/sky/pointing_model.hpp"
#include "astro/sky/velocity.hpp"
#include "astro/store.hpp"
#include "astro/telemetry.hpp"

/// Enumerations are Python's own (`class Window(str, enum.Enum)`), so that `Window.hann == "hann"`,
/// and a plain text is taken wherever one is asked for.
namespace astro_python {

/// What an enumeration is called in Python; the names of its values in order.
template <class E>
struct EnumNames;

#define ASTRO_ENUM(type, ...)                                               \
  template <>                                                               \
  struct EnumNames<astro::type> {                                           \
    static constexpr const char* name = #type;                              \
    static constexpr auto values = std::to_array<const char*>(__VA_ARGS__); \
  }
ASTRO_ENUM(Body, {"sun", "moon", "mercury", "venus", "mars", "jupiter", "saturn", "uranus", "neptune"});
ASTRO_ENUM(Geometry, {"alt_az", "hour_angle_dec", "ra_dec"});
ASTRO_ENUM(MountState, {"stopped", "moving", "tracking", "parked", "fault"});
ASTRO_ENUM(LogLevel, {"debug", "info", "warning", "error"});
ASTRO_ENUM(LogFormat, {"text", "json_lines"});
ASTRO_ENUM(DeviceKind, {"mount", "receiver", "controller", "transport", "store"});
ASTRO_ENUM(Compare, {"equal", "from", "below"});
ASTRO_ENUM(Dtype, {"u8", "i8", "i16", "u16", "i32", "i64", "f32", "f64", "cu8", "ci8", "ci16", "cf32"});
ASTRO_ENUM(FieldType, {"boolean", "integer", "number", "text", "angle", "frequency", "time", "duration", "choice",
                       "bytes", "array", "list", "record", "any"});
ASTRO_ENUM(ErrorCode,
           {"invalid_argument", "invalid_site", "invalid_file", "not_found",   "unsupported",    "out_of_limits",
            "not_visible",      "unsafe",       "not_holder",   "expired",     "duplicate",      "busy",
            "timeout",          "device_fault", "device_lost",  "interrupted", "refused_plugin", "transport",
            "storage",          "cancelled",    "internal"});
static_assert(EnumNames<astro::ErrorCode>::values.size() == static_cast<std::size_t>(astro::ErrorCode::internal) + 1);
#undef ASTRO_ENUM
template <>
struct EnumNames<astro::sky::VelocityFrame> {
  static constexpr const char* name = "VelocityFrame";
  static constexpr auto values =
      std::to_array<const char*>({"topo", "geo", "helio", "bary", "lsrk", "lsrd", "galacto"});
};
template <>
struct EnumNames<astro::sky::VelocityDefinition> {
  static constexpr const char* name = "VelocityDefinition";
  static constexpr auto values = std::to_array<const char*>({"radio", "optical", "relativistic"});
};
template <>
struct EnumNames<astro::sky::EventKind> {
  static constexpr const char* name = "EventKind";
  static constexpr auto values = std::to_array<const char*>({"rise", "transit", "set"});
};
template <>
struct EnumNames<astro::sky::FluxScale> {
  static constexpr const char* name = "FluxScale";
  static constexpr auto values = std::to_array<const char*>({"perley_butler_2017", "baars_1977"});
};
/// Those that are described for records have their names there.
#define ASTRO_CHOICE(type)                                                    \
  template <>                                                                 \
  struct EnumNames<astro::type> {                                             \
    static constexpr const char* name = #type;                                \
    static constexpr auto& values = astro::Description<astro::type>::choices; \
  }
ASTRO_CHOICE(Window);
ASTRO_CHOICE(Quality);
ASTRO_CHOICE(Rank);
ASTRO_CHOICE(CommandState);
ASTRO_CHOICE(Phase);
ASTRO_CHOICE(Mode);
ASTRO_CHOICE(CalibrationKind);
ASTRO_CHOICE(Product);
ASTRO_CHOICE(ProductFile);
ASTRO_CHOICE(OffsetFrame);
ASTRO_CHOICE(ObservationState);
#undef ASTRO_CHOICE

template <class E>
concept NamedEnum = std::is_enum_v<E> && requires { EnumNames<E>::values.size(); };

/// Makes the class and puts it into the module.
void make_enum(pybind11::module_& module, const char* name, std::span<const char* const> values, const char* doc);
template <NamedEnum E>
void make_enum(pybind11::module_& module, const char* doc) {
  make_enum(module, EnumNames<E>::name, EnumNames<E>::values, doc);
}

pybind11::object enum_value(const char* name, std::string_view value);
/// The member of the enumeration that has exactly these names; the text itself where none has.
pybind11::object enum_value(std::span<const std::string> choices, const std::string& value);
/// Position of a text among the names; throws `invalid_argument` with all names.
std::size_t enum_index(const char* name, std::span<const char* const> values, pybind11::handle object);

}  // namespace astro_python

namespace pybind11::detail {

template <class E>
struct type_caster_enum_type_enabled<E, enable_if_t<astro_python::NamedEnum<E>>> : std::false_type {};

template <astro_python::NamedEnum E>
class type_caster<E> {
  using Names = astro_python::EnumNames<E>;

 public:
  PYBIND11_TYPE_CASTER(E, const_name("str"));
  bool load(handle source, bool) {
    if (!PyUnicode_Check(source.ptr())) return false;
    value = static_cast<E>(astro_python::enum_index(Names::name, Names::values, source));
    return true;
  }
  static handle cast(E value, return_value_policy, handle) {
    return astro_python::enum_value(Names::name, Names::values.at(static_cast<std::size_t>(value))).release();
  }
};

}  // namespace pybind11::detail
