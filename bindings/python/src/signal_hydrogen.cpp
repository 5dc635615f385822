// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/hydrogen.hpp"

#include <limits>

#include "common.hpp"
#include "signal.hpp"

namespace astro_python {
namespace {

using astro::Angle;
using astro::CalibratedSpectrum;
using astro::Frequency;
using astro::Measured;
using astro::SkyMap;
using astro::TangentPoint;

void bind_integrals(py::module_& module) {
  constexpr double thin = std::numeric_limits<double>::infinity();
  module.def(
      "integrated_k_km_s",
      [](const CalibratedSpectrum& spectrum, double from_km_s, double to_km_s, std::optional<Frequency> rest) {
        return astro::integrated_k_km_s(spectrum, {from_km_s, to_km_s}, rest);
      },
      "spectrum"_a, "from_km_s"_a, "to_km_s"_a, "rest"_a = py::none(), nogil(),
      "The integral of a spectrum over velocities (LSRK), Measured in K km/s; subtract the baseline first.");
  module.def(
      "integrated",
      [](const SkyMap& cube, double from_km_s, double to_km_s) {
        return astro::integrated(cube, {from_km_s, to_km_s});
      },
      "cube"_a, "from_km_s"_a, "to_km_s"_a, nogil(), "The same for each pixel of a cube (the moment 0): an image.");
  const char* const doc = R"(Column density of neutral hydrogen in cm^-2, of brightness temperatures.

1.823e18 times the integral over velocity where the gas is thin; spin_k: its spin temperature, for the gas that hides
itself; background_k: what is behind it and was subtracted with the baseline (Dickey and Lockman 1990).)";
  module.def(
      "column_density_cm2",
      [](const CalibratedSpectrum& spectrum, double from_km_s, double to_km_s, double spin_k, double background_k,
         Frequency rest) {
        return astro::column_density_cm2(spectrum, {from_km_s, to_km_s}, {spin_k, background_k}, rest);
      },
      "spectrum"_a, "from_km_s"_a, "to_km_s"_a, py::kw_only(), "spin_k"_a = thin, "background_k"_a = 0.0,
      "rest"_a = astro::hydrogen_line, nogil(), doc);
  module.def(
      "column_density_cm2",
      [](const SkyMap& cube, double from_km_s, double to_km_s, double spin_k, double background_k) {
        return astro::column_density_cm2(cube, {from_km_s, to_km_s}, {spin_k, background_k});
      },
      "cube"_a, "from_km_s"_a, "to_km_s"_a, py::kw_only(), "spin_k"_a = thin, "background_k"_a = 0.0, nogil(),
      "The same for each pixel of a cube; NaN where the line is too bright for the spin temperature.");
}

void bind_tangent_points(py::module_& module) {
  const astro::TerminalOptions standard;
  const astro::SunsOrbit sun;
  py::class_<TangentPoint>(module, "TangentPoint", "A point of the rotation curve.")
      .def_readonly("longitude", &TangentPoint::longitude, "Galactic, -90 to 90 degrees.")
      .def_readonly("terminal_km_s", &TangentPoint::terminal_km_s)
      .def_readonly("speed_km_s", &TangentPoint::speed_km_s, "About the centre.")
      .def_readonly("radius_kpc", &TangentPoint::radius_kpc, "From the centre.")
      .def_readonly("distance_kpc", &TangentPoint::distance_kpc, "From us.")
      .def("__repr__", [](const TangentPoint& self) {
        return py::cast<std::string>(py::str("<TangentPoint {:.1f} +- {:.1f} km/s at {:.2f} kpc>")
                                         .format(self.speed_km_s.value, self.speed_km_s.sigma, self.radius_kpc));
      });
  module.def(
      "terminal_velocity_km_s",
      [](const CalibratedSpectrum& spectrum, double threshold_k, double sigmas, double window_km_s, int baseline_order,
         int run, Frequency rest) {
        return astro::terminal_velocity_km_s(spectrum, {threshold_k, sigmas, window_km_s, baseline_order, run, rest});
      },
      "spectrum"_a, py::kw_only(), "threshold_k"_a = standard.threshold_k, "sigmas"_a = standard.sigmas,
      "window_km_s"_a = standard.window_km_s, "baseline_order"_a = standard.baseline_order, "run"_a = standard.run,
      "rest"_a = standard.rest, nogil(),
      R"(The highest velocity with gas in the first quadrant of the Galaxy, the lowest in the fourth; LSRK.

Where the brightness above the baseline falls below threshold_k, or `sigmas` times the scatter beside the line if that is
more, after `run` channels in a row above it.)");
  module.def(
      "tangent_point",
      [](Angle longitude, const Measured& terminal_km_s, double sun_kpc, double sun_km_s) {
        return astro::tangent_point(longitude, terminal_km_s, {sun_kpc, sun_km_s});
      },
      "longitude"_a, "terminal_km_s"_a, py::kw_only(), "sun_kpc"_a = sun.radius_kpc, "sun_km_s"_a = sun.speed_km_s,
      "Radius and speed of the gas at the tangent point; sun_kpc, sun_km_s: the Sun's orbit (Reid et al. 2019).");
  module.def(
      "rotation_curve",
      [](const std::vector<CalibratedSpectrum>& spectra, double sun_kpc, double sun_km_s, double threshold_k,
         double sigmas, double window_km_s, int baseline_order, int run, Frequency rest) {
        return astro::rotation_curve(spectra, {threshold_k, sigmas, window_km_s, baseline_order, run, rest},
                                     {sun_kpc, sun_km_s});
      },
      "spectra"_a, py::kw_only(), "sun_kpc"_a = sun.radius_kpc, "sun_km_s"_a = sun.speed_km_s,
      "threshold_k"_a = standard.threshold_k, "sigmas"_a = standard.sigmas, "window_km_s"_a = standard.window_km_s,
      "baseline_order"_a = standard.baseline_order, "run"_a = standard.run, "rest"_a = standard.rest, nogil(),
      "The tangent points of spectra in the plane, by longitude; options as terminal_velocity_km_s.");
}

}  // namespace

void bind_hydrogen(py::module_& module) {
  bind_integrals(module);
  bind_tangent_points(module);
}

}  // namespace astro_python
