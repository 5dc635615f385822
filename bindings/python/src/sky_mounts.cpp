// SPDX-License-Identifier: BSD-3-Clause
#include "astro/sky/pointing_model.hpp"
#include "astro/sky/track.hpp"
#include "sky.hpp"

namespace astro_python {

namespace {

using astro::Angle, astro::Duration, astro::Target, astro::Time;
namespace sky = astro::sky;
using astro::Axes, astro::Geometry;
using sky::AxisReach, sky::PointingModel;

std::vector<std::string> text_of(const std::vector<std::string_view>& names) { return {names.begin(), names.end()}; }

void bind_model(py::module_& room) {
  py::class_<sky::PointingTerm>(room, "PointingTerm", "A term of a pointing model: IA, IE, CA, NPAE, AN, AW, TF, ...")
      .def(py::init([](std::string name, Angle value) {
             return sky::PointingTerm{std::move(name), value, Angle()};
           }),
           "name"_a, "value"_a)
      .def_readonly("name", &sky::PointingTerm::name)
      .def_readonly("value", &sky::PointingTerm::value)
      .def_readonly("error", &sky::PointingTerm::error, "One standard deviation, of a fit; else zero.")
      .def("__repr__", [](const sky::PointingTerm& self) {
        return py::str("PointingTerm({!r}, {})").format(self.name, py::cast(self.value));
      });
  py::class_<PointingModel>(room, "PointingModel",
                            "What an imperfect mount does to where its beam looks: axes = place + correction.")
      .def(py::init<Geometry, std::vector<sky::PointingTerm>, Angle>(), "kind"_a, "terms"_a, "latitude"_a = Angle())
      .def_property_readonly("kind", &PointingModel::kind)
      .def_property_readonly("terms",
                             [](const PointingModel& self) {
                               return std::vector<sky::PointingTerm>(self.terms().begin(), self.terms().end());
                             })
      .def("value", &PointingModel::value, "name"_a, "Zero for a term that is not in it.")
      .def("correction", &PointingModel::correction, "place"_a, "What is added to a place.")
      .def("axes_of", &PointingModel::axes_of, "place"_a, "The reading of the axes that looks at the place.")
      .def("place_of", &PointingModel::place_of, "axes"_a, "The place that a reading of the axes looks at.");
  room.def(
      "pointing_terms", [](Geometry kind) { return text_of(sky::pointing_terms(kind)); }, "kind"_a = Geometry::alt_az,
      "The names of the terms that a kind of mount has.");
}

void bind_fit(py::module_& room) {
  py::class_<sky::PointingObservation>(room, "PointingObservation",
                                       "A source was at the place, and the axes read this when the beam was on it.")
      .def(py::init([](const Axes& place, const Axes& axes, Angle error) {
             return sky::PointingObservation{place, axes, error};
           }),
           "place"_a, "axes"_a, "error"_a = astro::arcseconds(1.0))
      .def_readonly("place", &sky::PointingObservation::place)
      .def_readonly("axes", &sky::PointingObservation::axes)
      .def_readonly("error", &sky::PointingObservation::error);
  py::class_<sky::PointingFit>(room, "PointingFit", "A pointing model that was fitted.")
      .def_readonly("model", &sky::PointingFit::model, "Its terms have their errors.")
      .def_readonly("correlation", &sky::PointingFit::correlation, "Of the terms, in the model's order.")
      .def_readonly("residuals", &sky::PointingFit::residuals, "On the sky.")
      .def_readonly("rms", &sky::PointingFit::rms, "Of the residuals, both angles together.")
      .def_readonly("reduced_chi_squared", &sky::PointingFit::reduced_chi_squared);
  room.def(
      "fit_pointing",
      [](Geometry kind, const std::vector<std::string>& terms,
         const std::vector<sky::PointingObservation>& observations, Angle latitude,
         bool scale_errors) { return sky::fit_pointing(kind, terms, observations, latitude, scale_errors); },
      "kind"_a, "terms"_a, "observations"_a, "latitude"_a = Angle(), "scale_errors"_a = false, nogil(),
      "Weighted least squares for the values of the named terms, with their errors.");
}

void bind_track(py::module_& room) {
  py::class_<AxisReach>(room, "AxisReach", "What the two axes of a mount can do, and how fast (per second).")
      .def(py::init([](const astro::AxisRange& first, const astro::AxisRange& second, const astro::AxisRates& fastest) {
             return AxisReach{first, second, fastest};
           }),
           "first"_a, "second"_a, "fastest"_a = AxisReach().fastest);
  py::class_<sky::TrackPoint>(room, "TrackPoint", "Where the axes are to be at a time of a track.")
      .def_readonly("time", &sky::TrackPoint::time)
      .def_readonly("axes", &sky::TrackPoint::axes)
      .def_readonly("reached", &sky::TrackPoint::reached)
      .def_readonly("flipped", &sky::TrackPoint::flipped)
      .def_readonly("late_s", &sky::TrackPoint::late);
  py::class_<sky::TrackPlan>(room, "TrackPlan", "How a mount's axes follow a target.")
      .def_readonly("points", &sky::TrackPlan::points)
      .def_readonly("lost_s", &sky::TrackPlan::lost, "Off target: unwinding, turning, out of reach.")
      .def_readonly("changes", &sky::TrackPlan::changes, "Of turn or flip within the track.");
  room.def("plan_track",
           py::overload_cast<const sky::Observer&, const Target&, Time, Time, Duration, const AxisReach&, const Axes&,
                             const PointingModel*>(&sky::plan_track),
           "observer"_a, "target"_a, "from_"_a, "to"_a, "every_s"_a, "reach"_a, "now"_a, "model"_a = py::none(),
           nogil(),
           "In which turn of the cable, and whether over the zenith, a target is followed with the least time lost; "
           "model: a PointingModel of the mount, by which its axes read.");
}

}  // namespace

void bind_mount_model(py::module_& room) {
  bind_model(room);
  bind_fit(room);
  bind_track(room);
}

}  // namespace astro_python
