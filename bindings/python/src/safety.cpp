// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/safety.hpp"

#include <pybind11/numpy.h>

#include <algorithm>

#include "astro/sky/frames.hpp"
#include "common.hpp"
#include "enums.hpp"
#include "records.hpp"

namespace astro_python {

using astro::AltAz, astro::Axes, astro::SafeSky, astro::SafetySection, astro::Time;

namespace {

/// A disc about a body, or None where the rules have none.
py::object disc(astro::Angle radius, astro::Body body, const astro::Location& site, Time time) {
  if (radius <= astro::Angle()) return py::none();
  const AltAz place = astro::sky::altaz(body, site, time, astro::sky::standard_weather(site));
  return py::dict("azimuth_deg"_a = place.azimuth.degrees(), "altitude_deg"_a = place.altitude.degrees(),
                  "radius_deg"_a = radius.degrees());
}

/// The line of the horizon once round the circle; None where the site has none.
py::object horizon_of(const SafetySection& section) {
  if (section.horizon.empty()) return py::none();
  std::vector<astro::HorizonPoint> points = section.horizon;
  std::ranges::sort(points, {}, &astro::HorizonPoint::azimuth);
  const auto closing = [&](double azimuth_deg) {
    // Between the last and the first point it runs straight over north.
    const double first = points.front().azimuth.degrees() + 360.0;
    const double last = points.back().azimuth.degrees();
    const double part = first > last ? (azimuth_deg + 360.0 - last) / (first - last) : 0.0;
    return points.back().altitude + part * (points.front().altitude - points.back().altitude);
  };
  const astro::Angle at_north = closing(0.0);
  if (points.front().azimuth > astro::Angle()) points.insert(points.begin(), {astro::Angle(), at_north});
  if (points.back().azimuth < astro::degrees(360)) points.push_back({astro::degrees(360), at_north});
  py::array_t<double> made({static_cast<py::ssize_t>(points.size()), py::ssize_t{2}});
  auto rows = made.mutable_unchecked<2>();
  for (py::ssize_t i = 0; i < rows.shape(0); ++i) {
    const astro::HorizonPoint& point = points[static_cast<std::size_t>(i)];
    rows(i, 0) = point.azimuth.degrees();
    rows(i, 1) = point.altitude.degrees();
  }
  return made;
}

py::dict forbidden_sky(const astro::Site& site, const std::string& mount, Time time) {
  const SafetySection section = astro::safety_of(site, mount);
  return py::dict("horizon"_a = horizon_of(section),
                  "sun"_a = disc(section.sun_distance, astro::Body::sun, site.location, time),
                  "moon"_a = disc(section.moon_distance, astro::Body::moon, site.location, time));
}

}  // namespace

void bind_safety(py::module_& module) {
  make_enum(module, "SafetyAction", astro::Description<astro::SafetyAction>::choices, "What is done about something.");
  bind_record<astro::HorizonPoint>(module, "HorizonPoint", "A point of the line above which the sky is free.");
  bind_record<astro::SafetyCondition>(module, "SafetyCondition", "Under which a mount must not work: wind, rain.");
  bind_record<SafetySection>(module, "SafetySection", "The rules of one mount in a site's `safety:`.");
  module.def("safety_of", &astro::safety_of, "site"_a, "mount"_a, nogil(), "The rules of a mount, of a Site.");
  module.def("forbidden_sky", &forbidden_sky, "site"_a, "mount"_a, "time"_a,
             R"(What to draw of a mount's rules, a dict; the places are apparent.

site: a Site. horizon: an array (n, 2) of azimuth and altitude in degrees, from 0 to 360, below which all is forbidden,
or None; sun and moon: {"azimuth_deg", "altitude_deg", "radius_deg"} of the disc about it, or None.)");
  py::class_<SafeSky>(module, "SafeSky",
                      "Where a mount may look: a pure function of site, limits, the rules of `safety:` and time. "
                      "Places in the sky are apparent, as refraction is in.")
      .def("objection", py::overload_cast<const AltAz&, Time>(&SafeSky::objection, py::const_), "place"_a, "time"_a,
           nogil(), "Why the beam must not be there, in one sentence, or None. Takes Axes as well, which have limits.")
      .def("objection", py::overload_cast<const Axes&, Time>(&SafeSky::objection, py::const_), "axes"_a, "time"_a,
           nogil())
      .def("clearance", &SafeSky::clearance, "place"_a, "time"_a, nogil(),
           "How far from forbidden sky the beam is; negative: how far within. Of the horizon's line in altitude.")
      .def("route", &SafeSky::route, "mount"_a, "start"_a, "goal"_a, "time"_a, nogil(),
           "Way points, the last of which is the goal, that pass no forbidden sky however fast each axis turns; "
           "`mount` is a MountDescription. Raises Error \"unsafe\" or \"out_of_limits\" when there is no way.");
  module.def("safe_sky", &astro::safe_sky, "site"_a, "mount"_a, nogil(),
             "The rules of a mount of an open observatory, with its limits and what its driver found.");
}

}  // namespace astro_python
