// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/frames.hpp"
#include "astro/sky/velocity.hpp"
#include "common.hpp"

namespace astro_python {

void bind_sky(py::module_& module) {
  using astro::AltAz, astro::Galactic, astro::Icrs, astro::Location, astro::Target, astro::Time;
  namespace sky = astro::sky;
  make_enum<sky::VelocityFrame>(module, "Rest frames of a radial velocity.");
  py::module_ room = module.def_submodule(
      "sky", "Where a target is and how fast the telescope moves: pure functions on values, by ERFA.");
  room.attr("VelocityFrame") = module.attr("VelocityFrame");
  py::delattr(module, "VelocityFrame");

  py::class_<sky::Weather>(room, "Weather", "What the air does to the apparent altitude. Zero pressure: no refraction.")
      .def(py::init([](double pressure_hpa, double temperature_c, double humidity, double wavelength_um) {
             return sky::Weather{pressure_hpa, temperature_c, humidity, wavelength_um};
           }),
           "pressure_hpa"_a = 0.0, "temperature_c"_a = 10.0, "humidity"_a = 0.5, "wavelength_um"_a = 210000.0)
      .def_readwrite("pressure_hpa", &sky::Weather::pressure_hpa)
      .def_readwrite("temperature_c", &sky::Weather::temperature_c)
      .def_readwrite("humidity", &sky::Weather::humidity)
      .def_readwrite("wavelength_um", &sky::Weather::wavelength_um);
  py::class_<sky::HourAngleDec>(room, "HourAngleDec", "Hour angle (positive to the west) and apparent declination.")
      .def(py::init([](astro::Angle hour_angle, astro::Angle dec) {
             return sky::HourAngleDec{hour_angle, dec};
           }),
           "hour_angle"_a, "dec"_a)
      .def_readonly("hour_angle", &sky::HourAngleDec::hour_angle)
      .def_readonly("dec", &sky::HourAngleDec::dec);

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
  room.def("radio_velocity_km_s", &sky::radio_velocity_km_s, "frequency"_a, "rest"_a = astro::hydrogen_line,
           "Radio definition: v = c (1 - f / rest).");
  room.def("radio_frequency", &sky::radio_frequency, "velocity_km_s"_a, "rest"_a = astro::hydrogen_line);
}

}  // namespace astro_python
