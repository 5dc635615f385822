// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <pybind11/pybind11.h>

#include <chrono>
#include <optional>
#include <utility>

#include "astro/angle.hpp"
#include "astro/coordinates.hpp"
#include "astro/frequency.hpp"
#include "astro/time.hpp"
#include "astro/value.hpp"
#include "enums.hpp"

/// How values cross between Python and C++ as arguments and results: an astropy Quantity, Time,
/// SkyCoord or EarthLocation and text with a unit are taken wherever one of our values is; what is
/// returned is always ours. astropy and numpy are recognised by the names of their types and never
/// imported for it.
namespace astro_python {

/// Each is nothing where the object is not of a kind that is taken, and throws where it is and its
/// content is wrong (a naive datetime, text without a unit).
std::optional<astro::Angle> angle_from(pybind11::handle object);
std::optional<astro::Frequency> frequency_from(pybind11::handle object);
std::optional<astro::Duration> duration_from(pybind11::handle object);
std::optional<astro::Time> time_from(pybind11::handle object);
std::optional<astro::Icrs> icrs_from(pybind11::handle object);
std::optional<astro::Galactic> galactic_from(pybind11::handle object);
std::optional<astro::Location> location_from(pybind11::handle object);
std::optional<astro::Target> target_from(pybind11::handle object);

astro::Value value_from(pybind11::handle object);
pybind11::object value_to_python(const astro::Value& value);

template <class T, std::optional<T> (*convert)(pybind11::handle)>
class Converting : public pybind11::detail::type_caster_base<T> {
  using Base = pybind11::detail::type_caster_base<T>;

 public:
  bool load(pybind11::handle source, bool implicit) {
    if (!source.is_none() && Base::load(source, false)) return true;
    if (!implicit) return false;
    made_ = convert(source);
    if (made_) this->value = &*made_;
    return made_.has_value();
  }

 private:
  std::optional<T> made_;
};

}  // namespace astro_python

namespace pybind11::detail {

template <>
class type_caster<astro::Angle> : public astro_python::Converting<astro::Angle, astro_python::angle_from> {};
template <>
class type_caster<astro::Frequency> : public astro_python::Converting<astro::Frequency, astro_python::frequency_from> {
};
template <>
class type_caster<astro::Time> : public astro_python::Converting<astro::Time, astro_python::time_from> {};
template <>
class type_caster<astro::Icrs> : public astro_python::Converting<astro::Icrs, astro_python::icrs_from> {};
template <>
class type_caster<astro::Galactic> : public astro_python::Converting<astro::Galactic, astro_python::galactic_from> {};
template <>
class type_caster<astro::Location> : public astro_python::Converting<astro::Location, astro_python::location_from> {};

/// Seconds in Python.
template <>
class type_caster<astro::Duration> {
 public:
  PYBIND11_TYPE_CASTER(astro::Duration, const_name("float"));
  bool load(handle source, bool) {
    const std::optional<astro::Duration> made = astro_python::duration_from(source);
    if (made) value = *made;
    return made.has_value();
  }
  static handle cast(astro::Duration duration, return_value_policy, handle) {
    return PyFloat_FromDouble(astro::seconds(duration));
  }
};

template <>
class type_caster<astro::Target> {
 public:
  PYBIND11_TYPE_CASTER(astro::Target,
                       const_name("astro._astro.Icrs | astro._astro.Galactic | astro._astro.AltAz | astro._astro.Fk5 | "
                                  "astro._astro.HourAngleDec | astro._astro.Ephemeris | str"));
  bool load(handle source, bool) {
    std::optional<astro::Target> made = astro_python::target_from(source);
    if (made) value = *std::move(made);
    return made.has_value();
  }
  static handle cast(const astro::Target& target, return_value_policy policy, handle parent) {
    return std::visit(
        [&](const auto& kind) {
          return make_caster<decltype(kind)>::cast(
              kind, policy == return_value_policy::reference ? policy : return_value_policy::copy, parent);
        },
        target);
  }
};

template <>
class type_caster<astro::Value> {
 public:
  PYBIND11_TYPE_CASTER(astro::Value, const_name("object"));
  bool load(handle source, bool) {
    value = astro_python::value_from(source);
    return true;
  }
  static handle cast(const astro::Value& value, return_value_policy, handle) {
    return astro_python::value_to_python(value).release();
  }
};

}  // namespace pybind11::detail
