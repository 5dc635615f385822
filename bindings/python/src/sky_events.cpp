// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/events.hpp"

#include "sky.hpp"

namespace astro_python {

void bind_events(py::module_& room) {
  namespace sky = astro::sky;
  using astro::AltAz, astro::Angle, astro::Location, astro::Target, astro::Time;
  using sky::Event, sky::Horizon, sky::Observer;

  py::class_<Horizon>(room, "Horizon", R"(The altitude of what stands around a site, by azimuth.

One altitude for all azimuths, or places as AltAz with straight lines between them, round the circle.)")
      .def(py::init<Angle>(), "altitude"_a = Angle())
      .def(py::init<std::vector<AltAz>>(), "points"_a)
      .def("at", &Horizon::at, "azimuth"_a)
      .def("is_above", &Horizon::is_above, "place"_a);
  py::class_<Event>(room, "Event", "Something that happens to a target: it rises, passes the meridian, sets.")
      .def_readonly("kind", &Event::kind)
      .def_readonly("time", &Event::time)
      .def_readonly("place", &Event::place)
      .def("__repr__", [](const Event& self) {
        return py::str("<Event {} {}>").format(py::cast(self.kind), py::cast(astro::format_time(self.time)));
      });

  const auto horizon = py::arg_v("horizon", Horizon(), "Horizon()");
  room.def("events", &sky::events, "observer"_a, "target"_a, "from_"_a, "to"_a, horizon, nogil(),
           "All risings above the horizon, transits and settings of a target between two times, in order.");
  room.def("next_event", &sky::next_event, "observer"_a, "target"_a, "kind"_a, "from_"_a, horizon, nogil(),
           "The first event of a kind within two days, or None.");
  room.attr("sunrise_altitude") = sky::sunrise_altitude;
  room.attr("civil_twilight") = sky::civil_twilight;
  room.attr("nautical_twilight") = sky::nautical_twilight;
  room.attr("astronomical_twilight") = sky::astronomical_twilight;
  room.def("nights", &sky::nights, "site"_a, "from_"_a, "to"_a, "sun_below"_a = sky::astronomical_twilight, nogil(),
           "When the Sun's centre is below an altitude, as pairs of times.");
  room.def("parallactic_angle", &sky::parallactic_angle, "place"_a, "site"_a,
           "Angle at the target between the zenith and the pole, positive west of the meridian.");
  room.def("airmass", &sky::airmass, "altitude"_a, "How much more air there is than in the zenith (Pickering 2002).");
  room.def("sun_distance", &sky::sun_distance, "target"_a, "site"_a, "time"_a, nogil(),
           "From the Sun's centre as the site sees it.");
  room.def("moon_distance", &sky::moon_distance, "target"_a, "site"_a, "time"_a, nogil(),
           "From the Moon's centre as the site sees it.");
  room.def("refraction", &sky::refraction, "true_altitude"_a, "weather"_a,
           "How much the air raises a place: to be added to the true altitude.");
  room.def("optical_weather", &sky::optical_weather, "pressure_hpa"_a, "temperature_c"_a, "humidity"_a,
           "Weather for light of 0.55 um.");
  room.def("radio_weather", &sky::radio_weather, "pressure_hpa"_a, "temperature_c"_a, "humidity"_a,
           "Weather for radio waves.");
}

}  // namespace astro_python
