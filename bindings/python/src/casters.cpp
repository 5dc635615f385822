// SPDX-License-Identifier: BSD-3-Clause
#include "casters.hpp"

#include <cmath>

#include "astro/field.hpp"
#include "common.hpp"
#include "foreign.hpp"

namespace astro_python {
namespace {

constexpr const char* astropy = "astropy";

bool is_quantity(py::handle object) { return is_a(object, astropy, "Quantity"); }
bool is_text(py::handle object) { return PyUnicode_Check(object.ptr()); }

/// Text with a unit ("1420.4 MHz") as the number of the field's unit.
double number_of_text(astro::FieldType type, const char* name, py::handle text) {
  astro::Field field;
  field.name = name;
  field.type = type;
  field.unit = type == astro::FieldType::frequency ? "Hz" : "s";
  return astro::canonical(field, py::cast<std::string>(text)).as_number();
}

astro::Time time_from_datetime(py::handle moment) {
  if (moment.attr("utcoffset")().is_none()) {
    throw py::type_error(
        "a datetime without a time zone does not name an instant: give it one, e.g. "
        "datetime(..., tzinfo=timezone.utc)");
  }
  const py::module_ library = py::module_::import("datetime");
  const py::object epoch = library.attr("datetime")(1970, 1, 1, "tzinfo"_a = library.attr("timezone").attr("utc"));
  const py::object since = moment - epoch;
  using std::chrono::days, std::chrono::seconds, std::chrono::microseconds;
  return astro::Time(days(py::cast<int>(since.attr("days"))) + seconds(py::cast<int>(since.attr("seconds"))) +
                     microseconds(py::cast<int>(since.attr("microseconds"))));
}

astro::Time time_from_datetime64(py::handle moment) {
  const auto count = py::cast<std::int64_t>(moment.attr("astype")("datetime64[ns]").attr("astype")("int64"));
  if (count == std::numeric_limits<std::int64_t>::min()) {
    throw astro::Error(astro::ErrorCode::invalid_argument, "reading a numpy.datetime64: NaT is no instant");
  }
  return astro::Time(astro::Duration(count));
}

/// astropy keeps a Julian Date as two doubles, which together hold more than nanoseconds; a long
/// double holds the product.
astro::Time time_from_astropy(py::handle time) {
  if (!py::cast<bool>(time.attr("isscalar"))) throw py::type_error("one instant is expected, not an array of them");
  const py::object utc = time.attr("utc");
  constexpr double unix_epoch = 2440587.5;
  constexpr long double nanoseconds_a_day = 86400.0e9L;
  const long double whole = py::cast<double>(py::float_(utc.attr("jd1"))) - unix_epoch;
  const long double rest = py::cast<double>(py::float_(utc.attr("jd2")));
  return astro::Time(astro::Duration(std::llround(whole * nanoseconds_a_day + rest * nanoseconds_a_day)));
}

astro::Angle angle_of(py::handle astropy_angle) { return astro::radians(quantity_in(astropy_angle, "rad")); }

bool is_sky_coord(py::handle object) {
  if (!is_a(object, astropy, "SkyCoord")) return false;
  if (!py::cast<bool>(object.attr("isscalar"))) throw py::type_error("one SkyCoord is expected, not an array of them");
  return true;
}

}  // namespace

std::optional<astro::Angle> angle_from(py::handle object) {
  if (is_text(object)) return astro::parse_angle(py::cast<std::string>(object));
  if (is_quantity(object)) return angle_of(object);
  if (is_number(object)) throw_needs_unit("an angle", "astro.degrees(120) or \"120 deg\"");
  return std::nullopt;
}

std::optional<astro::Frequency> frequency_from(py::handle object) {
  if (is_text(object)) return astro::hertz(number_of_text(astro::FieldType::frequency, "frequency", object));
  if (is_quantity(object)) return astro::hertz(quantity_in(object, "Hz"));
  if (is_number(object)) throw_needs_unit("a frequency", "astro.megahertz(1420.4) or \"1420.4 MHz\"");
  return std::nullopt;
}

std::optional<astro::Duration> duration_from(py::handle object) {
  if (is_number(object))
    return astro::from_seconds(py::cast<double>(py::float_(py::reinterpret_borrow<py::object>(object))));
  if (is_text(object)) return astro::from_seconds(number_of_text(astro::FieldType::duration, "duration", object));
  if (is_quantity(object)) return astro::from_seconds(quantity_in(object, "s"));
  if (is_a(object, "datetime", "timedelta"))
    return astro::from_seconds(py::cast<double>(object.attr("total_seconds")()));
  return std::nullopt;
}

std::optional<astro::Time> time_from(py::handle object) {
  if (is_text(object)) return astro::parse_time(py::cast<std::string>(object));
  if (is_a(object, "datetime", "datetime")) return time_from_datetime(object);
  if (is_a(object, "numpy", "datetime64")) return time_from_datetime64(object);
  if (is_a(object, astropy, "Time")) return time_from_astropy(object);
  return std::nullopt;
}

std::optional<astro::Icrs> icrs_from(py::handle object) {
  if (is_text(object)) {
    const astro::Target target = astro::parse_target(py::cast<std::string>(object));
    if (const auto* direction = std::get_if<astro::Icrs>(&target)) return *direction;
    return std::nullopt;
  }
  if (!is_sky_coord(object)) return std::nullopt;
  const py::object direction = object.attr("icrs");
  return astro::Icrs{angle_of(direction.attr("ra")), angle_of(direction.attr("dec"))};
}

std::optional<astro::Galactic> galactic_from(py::handle object) {
  if (is_text(object)) {
    const astro::Target target = astro::parse_target(py::cast<std::string>(object));
    if (const auto* direction = std::get_if<astro::Galactic>(&target)) return *direction;
    return std::nullopt;
  }
  if (!is_sky_coord(object)) return std::nullopt;
  const py::object direction = object.attr("galactic");
  return astro::Galactic{angle_of(direction.attr("l")), angle_of(direction.attr("b"))};
}

std::optional<astro::Location> location_from(py::handle object) {
  if (!is_a(object, astropy, "EarthLocation")) return std::nullopt;
  return astro::Location{angle_of(object.attr("lat")), angle_of(object.attr("lon")),
                         quantity_in(object.attr("height"), "m")};
}

std::optional<astro::Target> target_from(py::handle object) {
  if (py::isinstance<astro::Icrs>(object)) return py::cast<astro::Icrs>(object);
  if (py::isinstance<astro::Galactic>(object)) return py::cast<astro::Galactic>(object);
  if (py::isinstance<astro::AltAz>(object)) return py::cast<astro::AltAz>(object);
  if (py::isinstance<astro::Fk5>(object)) return py::cast<astro::Fk5>(object);
  if (py::isinstance<astro::HourAngleDec>(object)) return py::cast<astro::HourAngleDec>(object);
  if (py::isinstance<astro::Ephemeris>(object)) return py::cast<astro::Ephemeris>(object);
  if (is_text(object)) return astro::parse_target(py::cast<std::string>(object));  // also Body.sun
  // Many directions are no target; another overload may take them.
  if (is_a(object, astropy, "SkyCoord") && !py::cast<bool>(object.attr("isscalar"))) return std::nullopt;
  if (!is_sky_coord(object)) return std::nullopt;
  const auto frame = py::cast<std::string>(object.attr("frame").attr("name"));
  if (frame == "galactic") return *galactic_from(object);
  if (frame == "altaz") return astro::AltAz{angle_of(object.attr("az")), angle_of(object.attr("alt"))};
  if (frame == "fk5") {
    return astro::Fk5{angle_of(object.attr("ra")), angle_of(object.attr("dec")),
                      py::cast<double>(py::float_(object.attr("equinox").attr("jyear")))};
  }
  return *icrs_from(object);
}

}  // namespace astro_python
