// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/observer.hpp"

#include "sky.hpp"

namespace astro_python {

namespace {

using astro::AltAz, astro::Icrs, astro::Location, astro::Target, astro::Time;
using astro::sky::Observer, astro::sky::VelocityFrame, astro::sky::Weather;

py::object altaz_of_pairs_at_times(const Observer& self, const Pairs& directions, const Times& times) {
  PairsMade made(static_cast<std::size_t>(directions.held.shape(0)));
  const auto in = directions.span<Icrs>();
  const auto when = times.span();
  const auto out = made.span<AltAz>();
  {
    const py::gil_scoped_release released;
    self.altaz(in, when, out);
  }
  return made.as("AltAzArray");
}

py::object altaz_of_pairs(const Observer& self, const Pairs& directions, Time time) {
  PairsMade made(static_cast<std::size_t>(directions.held.shape(0)));
  const auto in = directions.span<Icrs>();
  const auto out = made.span<AltAz>();
  {
    const py::gil_scoped_release released;
    self.altaz(in, time, out);
  }
  return made.as("AltAzArray");
}

py::object altaz_at_times(const Observer& self, const Target& target, const Times& times) {
  PairsMade made(static_cast<std::size_t>(times.held.size()));
  const auto when = times.span();
  const auto out = made.span<AltAz>();
  {
    const py::gil_scoped_release released;
    self.altaz(target, when, out);
  }
  return made.as("AltAzArray");
}

py::object icrs_of_pairs_at_times(const Observer& self, const Pairs& places, const Times& times) {
  PairsMade made(static_cast<std::size_t>(places.held.shape(0)));
  const auto in = places.span<AltAz>();
  const auto when = times.span();
  const auto out = made.span<Icrs>();
  {
    const py::gil_scoped_release released;
    self.icrs(in, when, out);
  }
  return made.as("IcrsArray");
}

py::object icrs_of_pairs(const Observer& self, const Pairs& places, Time time) {
  PairsMade made(static_cast<std::size_t>(places.held.shape(0)));
  const auto in = places.span<AltAz>();
  const auto out = made.span<Icrs>();
  {
    const py::gil_scoped_release released;
    self.icrs(in, time, out);
  }
  return made.as("IcrsArray");
}

py::array velocity_at_times(const Observer& self, const Icrs& direction, const Times& times, VelocityFrame frame) {
  py::array_t<double> made(times.held.size());
  const auto when = times.span();
  const std::span<double> out(made.mutable_data(), when.size());
  {
    const py::gil_scoped_release released;
    self.velocity_correction_km_s(direction, when, frame, out);
  }
  return made;
}

py::array velocity_of_pairs(const Observer& self, const Pairs& directions, Time time, VelocityFrame frame) {
  py::array_t<double> made(directions.held.shape(0));
  const auto in = directions.span<Icrs>();
  const std::span<double> out(made.mutable_data(), in.size());
  {
    const py::gil_scoped_release released;
    self.velocity_correction_km_s(in, time, frame, out);
  }
  return made;
}

py::object galactic_line(const Location& site, Time time, astro::Angle latitude, std::size_t count,
                         const Weather& weather) {
  if (count < 2) {
    throw astro::Error(astro::ErrorCode::invalid_argument,
                       "drawing a line of Galactic latitude takes 2 points or more");
  }
  PairsMade made(count);
  const auto out = made.span<AltAz>();
  {
    const py::gil_scoped_release released;
    std::vector<Icrs> directions;
    for (std::size_t i = 0; i < count; ++i) {
      const double degrees = 360.0 * static_cast<double>(i) / static_cast<double>(count - 1);
      directions.push_back(astro::sky::icrs(astro::Galactic{astro::degrees(degrees), latitude}));
    }
    Observer(site, weather).altaz(directions, time, out);
  }
  return made.as("AltAzArray");
}

}  // namespace

void bind_observer(py::module_& room) {
  py::class_<Observer> type(room, "Observer", R"(The sky of one site, prepared: for many targets or many times.

Millions of places a second, within 0.01 mas of the plain functions (1 mas for bodies), whatever the order of the
questions. Times are arrays of datetime64 (or astropy's), directions arrays of radians (n, 2), two arrays in a tuple,
or a SkyCoord; results are named tuples of arrays of radians.)");
  type.def(py::init<const Location&, const Weather&>(), "site"_a, py::arg_v("weather", Weather(), "Weather()"))
      .def_property_readonly("site", &Observer::site)
      .def_property_readonly("weather", &Observer::weather)
      .def("altaz", &altaz_of_pairs_at_times, "directions"_a, "times"_a, "Each direction at its own time: AltAzArray.")
      .def("altaz", &altaz_of_pairs, "directions"_a, "time"_a, "Many directions at one time: AltAzArray.")
      .def("altaz", &altaz_at_times, "target"_a, "times"_a, "One target at many times: AltAzArray.")
      .def("altaz", py::overload_cast<const Target&, Time>(&Observer::altaz, py::const_), "target"_a, "time"_a, nogil(),
           "One place.")
      .def("icrs", &icrs_of_pairs_at_times, "places"_a, "times"_a, "What is seen there, each at its time: IcrsArray.")
      .def("icrs", &icrs_of_pairs, "places"_a, "time"_a, "What is seen there: IcrsArray.")
      .def("icrs", py::overload_cast<const AltAz&, Time>(&Observer::icrs, py::const_), "place"_a, "time"_a, nogil(),
           "What is seen there; the inverse of altaz.")
      .def("velocity_correction_km_s", &velocity_at_times, "direction"_a, "times"_a, "frame"_a = VelocityFrame::lsrk,
           "As the function of that name, at many times.")
      .def("velocity_correction_km_s", &velocity_of_pairs, "directions"_a, "time"_a, "frame"_a = VelocityFrame::lsrk,
           "For many directions.")
      .def("velocity_correction_km_s",
           py::overload_cast<const Icrs&, Time, VelocityFrame>(&Observer::velocity_correction_km_s, py::const_),
           "direction"_a, "time"_a, "frame"_a = VelocityFrame::lsrk, nogil(), "Of one direction at one time.");
  const auto weather = py::arg_v("weather", Weather(), "Weather()");
  room.def("galactic_line", &galactic_line, "site"_a, "time"_a, "latitude"_a = astro::Angle(), "count"_a = 181, weather,
           "Once along a Galactic latitude (the plane without one), from longitude 0 to 360 degrees: AltAzArray.");
  room.def(
      "altaz",
      [](const Pairs& directions, const Location& site, Time time, const Weather& air) {
        return altaz_of_pairs(Observer(site, air), directions, time);
      },
      "directions"_a, "site"_a, "time"_a, weather, "Many directions at one time: AltAzArray.");
  room.def(
      "altaz",
      [](const Pairs& directions, const Location& site, const Times& times, const Weather& air) {
        return altaz_of_pairs_at_times(Observer(site, air), directions, times);
      },
      "directions"_a, "site"_a, "times"_a, weather, "Each direction at its own time: AltAzArray.");
  room.def(
      "altaz",
      [](const Target& target, const Location& site, const Times& times, const Weather& air) {
        return altaz_at_times(Observer(site, air), target, times);
      },
      "target"_a, "site"_a, "times"_a, weather, "One target at many times: AltAzArray.");
  room.def(
      "icrs",
      [](const Pairs& places, const Location& site, Time time, const Weather& air) {
        return icrs_of_pairs(Observer(site, air), places, time);
      },
      "places"_a, "site"_a, "time"_a, weather, "What is seen at many places: IcrsArray.");
  room.def(
      "velocity_correction_km_s",
      [](const Icrs& direction, const Location& site, const Times& times, VelocityFrame frame) {
        return velocity_at_times(Observer(site), direction, times, frame);
      },
      "direction"_a, "site"_a, "times"_a, "frame"_a = VelocityFrame::lsrk, "At many times: an array.");
  room.def(
      "velocity_correction_km_s",
      [](const Pairs& directions, const Location& site, Time time, VelocityFrame frame) {
        return velocity_of_pairs(Observer(site), directions, time, frame);
      },
      "directions"_a, "site"_a, "time"_a, "frame"_a = VelocityFrame::lsrk, "For many directions: an array.");
}

}  // namespace astro_python
