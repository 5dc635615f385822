// SPDX-License-Identifier: BSD-3-Clause
#include "sky.hpp"
#include "astro/sky/earth_orientation.hpp"
#include "astro/sky/flux.hpp"
#include "astro/sky/frames.hpp"
#include "astro/sky/velocity.hpp"
#include "common.hpp"

namespace astro_python {

namespace {

namespace sky = astro::sky;
using astro::Frequency, astro::Time;

void bind_earth_orientation(py::module_& room) {
  using sky::EarthOrientation, sky::EarthOrientationValues;
  py::class_<EarthOrientationValues>(room, "EarthOrientationValues", "How the Earth is turned at an instant.")
      .def_readonly("ut1_minus_utc_s", &EarthOrientationValues::ut1_minus_utc_s)
      .def_readonly("xp", &EarthOrientationValues::xp)
      .def_readonly("yp", &EarthOrientationValues::yp);
  py::class_<EarthOrientation, std::shared_ptr<EarthOrientation>>(room, "EarthOrientation",
                                                                  "A table of the IERS: UT1 and the pole, day by day.")
      .def_static("read", &EarthOrientation::read, "file"_a, nogil(), "Reads finals2000A.all, finals.data or EOP C04.")
      .def("at", &EarthOrientation::at, "time"_a, "The values at a time, between two days linear.")
      .def_property_readonly("first", &EarthOrientation::first)
      .def_property_readonly("last", &EarthOrientation::last, "The last day that is measured or predicted.")
      .def_property_readonly("last_measured", &EarthOrientation::last_measured);
  room.def(
      "set_earth_orientation",
      [](const std::shared_ptr<EarthOrientation>& table) { sky::set_earth_orientation(table); }, "table"_a, nogil(),
      "Sets the table that all functions use; None: UT1 is UTC.");
  room.def(
      "earth_orientation", [] { return std::const_pointer_cast<EarthOrientation>(sky::earth_orientation()); },
      "The table that is set, or None.");
  room.def("use_earth_orientation", &sky::use_earth_orientation, "file"_a, nogil(),
           "Reads a file of the IERS and sets it for the process.");
  room.def("earth_orientation_warning", &sky::earth_orientation_warning, "time"_a, nogil(),
           "What is wrong with places at this time, with the size of the error; empty: nothing.");
}

void bind_velocities(py::module_& room) {
  using sky::VelocityDefinition;
  const auto radio = VelocityDefinition::radio;
  room.def("velocity_km_s", &sky::velocity_km_s, "frequency"_a, "rest"_a = astro::hydrogen_line, "definition"_a = radio,
           "The velocity of a frequency: radio, optical or relativistic.");
  room.def("frequency_at", &sky::frequency_at, "velocity_km_s"_a, "rest"_a = astro::hydrogen_line,
           "definition"_a = radio, "The inverse of velocity_km_s.");
  room.def("frequency_in_frame", &sky::frequency_in_frame, "topocentric"_a, "correction_km_s"_a,
           "The frequency that an observer at rest in the frame of the correction would see.");
  room.def("frequency_at_telescope", &sky::frequency_at_telescope, "in_frame"_a, "correction_km_s"_a,
           "The inverse of frequency_in_frame.");
  room.def(
      "velocities_km_s",
      [](const py::array_t<double, py::array::c_style | py::array::forcecast>& frequencies_hz, Frequency rest,
         VelocityDefinition definition, double correction_km_s) {
        py::array_t<double> made(frequencies_hz.size());
        const auto count = static_cast<std::size_t>(frequencies_hz.size());
        sky::velocities_km_s({frequencies_hz.data(), count}, rest, definition, correction_km_s,
                             {made.mutable_data(), count});
        return made;
      },
      "frequencies_hz"_a, "rest"_a = astro::hydrogen_line, "definition"_a = radio, "correction_km_s"_a = 0.0,
      "A whole axis of topocentric frequencies to velocities in the frame of the correction.");
}

void bind_flux(py::module_& room) {
  using sky::FluxScale;
  room.def("flux_density_jy", &sky::flux_density_jy, "source"_a, "frequency"_a, "time"_a,
           "scale"_a = FluxScale::perley_butler_2017,
           "Total flux density of a calibrator by Perley and Butler 2017 or Baars et al. 1977.");
  room.def(
      "flux_calibrators",
      [](FluxScale scale) {
        std::vector<std::string> names;
        for (const std::string_view name : sky::flux_calibrators(scale)) names.emplace_back(name);
        return names;
      },
      "scale"_a = FluxScale::perley_butler_2017, "The sources that a scale has.");
}

}  // namespace

void bind_sky(py::module_& module) {
  using astro::AltAz, astro::Galactic, astro::Icrs, astro::Location, astro::Target, astro::Time;
  namespace sky = astro::sky;
  make_enum<sky::VelocityFrame>(module, "Rest frames of a radial velocity.");
  py::module_ room = module.def_submodule(
      "sky", "Where a target is and how fast the telescope moves: pure functions on values, by ERFA.");
  make_enum<sky::VelocityDefinition>(module, "How a frequency becomes a velocity.");
  make_enum<sky::EventKind>(module, "What happens to a target in the sky.");
  make_enum<sky::FluxScale>(module, "Whose flux densities.");
  for (const char* name : {"VelocityFrame", "VelocityDefinition", "EventKind", "FluxScale"}) {
    room.attr(name) = module.attr(name);
    py::delattr(module, name);
  }
  const py::object named = py::module_::import("collections").attr("namedtuple");
  room.attr("AltAzArray") = named("AltAzArray", "azimuth altitude", "module"_a = "astro._astro.sky");
  room.attr("IcrsArray") = named("IcrsArray", "ra dec", "module"_a = "astro._astro.sky");

  py::class_<sky::Weather>(room, "Weather", "What the air does to the apparent altitude. Zero pressure: no refraction.")
      .def(py::init([](double pressure_hpa, double temperature_c, double humidity, double wavelength_um) {
             return sky::Weather{pressure_hpa, temperature_c, humidity, wavelength_um};
           }),
           "pressure_hpa"_a = 0.0, "temperature_c"_a = 10.0, "humidity"_a = 0.5, "wavelength_um"_a = 210000.0)
      .def_readwrite("pressure_hpa", &sky::Weather::pressure_hpa)
      .def_readwrite("temperature_c", &sky::Weather::temperature_c)
      .def_readwrite("humidity", &sky::Weather::humidity)
      .def_readwrite("wavelength_um", &sky::Weather::wavelength_um);
  room.attr("HourAngleDec") = module.attr("HourAngleDec");
  bind_earth_orientation(room);
  bind_observer(room);

  room.def("standard_weather", &sky::standard_weather, "site"_a,
           "The weather of a site of this height on an average day.");
  room.def("altaz", py::overload_cast<const sky::HourAngleDec&, const Location&>(&sky::altaz), "place"_a, "site"_a);
  room.def("altaz", py::overload_cast<const Target&, const Location&, Time, const sky::Weather&>(&sky::altaz),
           "target"_a, "site"_a, "time"_a, py::arg_v("weather", sky::Weather(), "Weather()"), nogil(),
           "Place in the sky of a site. Without `weather` there is no refraction.");
  room.def("icrs", py::overload_cast<const AltAz&, const Location&, Time, const sky::Weather&>(&sky::icrs), "place"_a,
           "site"_a, "time"_a, "weather"_a, nogil(), "The direction that is seen there; the inverse of altaz.");
  room.def("icrs", py::overload_cast<const Target&, const Location&, Time>(&sky::icrs), "target"_a, "site"_a, "time"_a,
           nogil(), "Any target as ICRS direction, as seen from the site.");
  room.def("icrs", py::overload_cast<const Galactic&>(&sky::icrs), "direction"_a);
  room.def("galactic", &sky::galactic, "direction"_a, "An ICRS direction in Galactic coordinates.");
  room.def("sidereal_time", &sky::sidereal_time, "site"_a, "time"_a, nogil(), "Local apparent sidereal time.");
  room.def("hour_angle_dec", &sky::hour_angle_dec, "place"_a, "site"_a);
  room.def(
      "velocity_correction_km_s", &sky::velocity_correction_km_s, "direction"_a, "site"_a, "time"_a,
      "frame"_a = sky::VelocityFrame::lsrk, nogil(),
      "What is to be added to a topocentric radial velocity (receding: positive) to have it in the frame, in km/s.");
  room.def("fk5", &sky::fk5, "direction"_a, "epoch"_a, "equinox"_a = 2000.0, nogil(),
           "The FK5 direction of an equinox, for a source without proper motion seen at the epoch.");
  room.def("icrs", py::overload_cast<const astro::Fk5&, Time>(&sky::icrs), "direction"_a, "epoch"_a, nogil(),
           "The inverse of fk5.");
  bind_velocities(room);
  bind_flux(room);
  bind_events(room);
  bind_mount_model(room);
  room.def("radio_velocity_km_s", &sky::radio_velocity_km_s, "frequency"_a, "rest"_a = astro::hydrogen_line,
           "Radio definition: v = c (1 - f / rest).");
  room.def("radio_frequency", &sky::radio_frequency, "velocity_km_s"_a, "rest"_a = astro::hydrogen_line);
}

}  // namespace astro_python
