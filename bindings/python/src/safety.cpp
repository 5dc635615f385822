// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/safety.hpp"

#include "common.hpp"

namespace astro_python {

using astro::AltAz, astro::Axes, astro::SafeSky, astro::Time;

void bind_safety(py::module_& module) {
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
