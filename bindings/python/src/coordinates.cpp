// SPDX-License-Identifier: BSD-3-Clause
#include "astro/coordinates.hpp"

#include <pybind11/operators.h>

#include <utility>
#include <vector>

#include "astro/catalogue.hpp"
#include "common.hpp"

namespace astro_python {
namespace {

using astro::Angle;

std::string text_of(Angle angle) { return py::cast<std::string>(py::repr(py::cast(angle))); }

/// A direction of two angles, by the names that its frame gives them.
template <class T, Angle T::*first, Angle T::*second>
py::class_<T> bind_direction(py::module_& module, const char* name, const char* first_name, const char* second_name,
                             const char* doc) {
  py::class_<T> type(module, name, doc);
  type.def(py::init([](Angle a, Angle b) {
             T made;
             made.*first = a;
             made.*second = b;
             return made;
           }),
           py::arg(first_name), py::arg(second_name))
      .def_readonly(first_name, first)
      .def_readonly(second_name, second)
      .def(py::self == py::self)
      .def(
          "separation", [](const T& self, const T& other) { return astro::separation(self, other); }, "other"_a,
          "Great-circle distance to another direction of the same frame.")
      .def(
          "to_astropy", [](const py::object& self) { return from_package("interop", "to_astropy")(self); },
          "As an astropy SkyCoord.")
      .def("__hash__",
           [](const T& self) { return py::hash(py::make_tuple((self.*first).radians(), (self.*second).radians())); })
      .def("__str__", [](const T& self) { return astro::to_string(astro::Target(self)); })
      .def("__repr__", [=](const T& self) {
        return std::string(name) + "(" + first_name + "=" + text_of(self.*first) + ", " + second_name + "=" +
               text_of(self.*second) + ")";
      });
  return type;
}

void bind_fk5(py::module_& module) {
  using astro::Fk5;
  py::class_<Fk5>(module, "Fk5",
                  "Right ascension and declination in the FK5, for the mean equinox of a Julian epoch (years).")
      .def(py::init([](Angle ra, Angle dec, double equinox) {
             return Fk5{ra, dec, equinox};
           }),
           "ra"_a, "dec"_a, "equinox"_a = 2000.0)
      .def_readonly("ra", &Fk5::ra)
      .def_readonly("dec", &Fk5::dec)
      .def_readonly("equinox", &Fk5::equinox)
      .def(py::self == py::self)
      .def(
          "to_astropy", [](const py::object& self) { return from_package("interop", "to_astropy")(self); },
          "As an astropy SkyCoord.")
      .def(
          "__hash__",
          [](const Fk5& self) { return py::hash(py::make_tuple(self.ra.radians(), self.dec.radians(), self.equinox)); })
      .def("__str__", [](const Fk5& self) { return astro::to_string(self); })
      .def("__repr__", [](const Fk5& self) {
        return "Fk5(ra=" + text_of(self.ra) + ", dec=" + text_of(self.dec) +
               ", equinox=" + py::cast<std::string>(py::repr(py::float_(self.equinox))) + ")";
      });
}

void bind_ephemeris(py::module_& module) {
  using astro::Ephemeris;
  py::class_<Ephemeris>(module, "Ephemeris", R"(Directions at instants, for anything that is not computed here.

Astrometric directions as seen from the site; between them a cubic on the unit sphere, and none outside.)")
      .def(py::init([](const std::vector<std::pair<astro::Time, astro::Icrs>>& points) {
             std::vector<Ephemeris::Point> made;
             for (const auto& [time, direction] : points) made.push_back({time, direction});
             return Ephemeris(std::move(made));
           }),
           "points"_a, "From pairs of a time and an Icrs.")
      .def_property_readonly("points",
                             [](const Ephemeris& self) {
                               std::vector<std::pair<astro::Time, astro::Icrs>> made;
                               for (const auto& point : self.points()) made.emplace_back(point.time, point.direction);
                               return made;
                             })
      .def("at", &Ephemeris::at, "time"_a, "The direction at a time.")
      .def(py::self == py::self)
      .def("__hash__", [](const Ephemeris& self) { return py::hash(py::str(astro::to_string(self))); })
      .def("__str__", [](const Ephemeris& self) { return astro::to_string(self); })
      .def("__len__", [](const Ephemeris& self) { return self.points().size(); });
}

void bind_catalogue(py::module_& module) {
  using astro::CatalogueEntry;
  py::class_<CatalogueEntry>(module, "CatalogueEntry", "A source that is known by its name.")
      .def_property_readonly("name", [](const CatalogueEntry& self) { return std::string(self.name); })
      .def_property_readonly("other_names", [](const CatalogueEntry& self) { return std::string(self.other_names); })
      .def_property_readonly("kind", [](const CatalogueEntry& self) { return std::string(self.kind); })
      .def_property_readonly("target", &CatalogueEntry::target)
      .def("__repr__", [](const CatalogueEntry& self) { return "<CatalogueEntry " + std::string(self.name) + ">"; });
  module.def(
      "catalogue",
      [] {
        const auto entries = astro::catalogue();
        return std::vector<CatalogueEntry>(entries.begin(), entries.end());
      },
      "All sources that have a name: hydrogen calibration regions, bright radio sources, Messier objects.");
}

}  // namespace

void bind_coordinates(py::module_& module) {
  make_enum<astro::Body>(module, "A body of the solar system.");
  bind_direction<astro::AltAz, &astro::AltAz::azimuth, &astro::AltAz::altitude>(
      module, "AltAz", "azimuth", "altitude", "Horizontal direction: azimuth from north through east, altitude.");
  bind_direction<astro::Icrs, &astro::Icrs::ra, &astro::Icrs::dec>(
      module, "Icrs", "ra", "dec", "Right ascension and declination in the ICRS; an astropy SkyCoord is taken for it.")
      .def(py::init([](astro::Icrs value) { return value; }), "direction"_a, "From a SkyCoord.");
  bind_direction<astro::Galactic, &astro::Galactic::l, &astro::Galactic::b>(
      module, "Galactic", "l", "b", "Galactic longitude and latitude; an astropy SkyCoord is taken for it.")
      .def(py::init([](astro::Galactic value) { return value; }), "direction"_a, "From a SkyCoord.");
  bind_direction<astro::HourAngleDec, &astro::HourAngleDec::hour_angle, &astro::HourAngleDec::dec>(
      module, "HourAngleDec", "hour_angle", "dec",
      "Hour angle (positive to the west) and declination: a direction that is fixed to the ground.");
  bind_fk5(module);
  bind_ephemeris(module);
  bind_catalogue(module);
  using astro::Location;
  py::class_<Location>(module, "Location",
                       "A place on the Earth: geodetic on WGS 84, longitude positive to the east, height in metres.")
      .def(py::init([](Angle latitude, Angle longitude, double height_m) {
             return Location{latitude, longitude, height_m};
           }),
           "latitude"_a, "longitude"_a, "height_m"_a = 0.0)
      .def(py::init([](Location value) { return value; }), "location"_a, "From an astropy EarthLocation.")
      .def_readonly("latitude", &Location::latitude)
      .def_readonly("longitude", &Location::longitude)
      .def_readonly("height_m", &Location::height_m)
      .def(py::self == py::self)
      .def(
          "to_astropy", [](const py::object& self) { return from_package("interop", "to_astropy")(self); },
          "As an astropy EarthLocation.")
      .def("__repr__", [](const Location& self) {
        return "Location(latitude=" + text_of(self.latitude) + ", longitude=" + text_of(self.longitude) +
               ", height_m=" + py::cast<std::string>(py::repr(py::float_(self.height_m))) + ")";
      });
  module.def("parse_target", &astro::parse_target, "text"_a,
             "Reads \"icrs 10.684 41.269\", \"galactic 120 0\", \"altaz 180 45\", \"fk5 J1975 10.3 41.1\", \"hadec -15 "
             "40\", a body "
             "(\"sun\", \"venus\"), an ephemeris or a name of the catalogue (\"M31\", \"Cas A\", \"S8\").");
  module.def("parse_angle", &astro::parse_angle, "text"_a, "Reads \"10.5 deg\", \"1h30m\", \"41d16m09s\".");
}

}  // namespace astro_python
