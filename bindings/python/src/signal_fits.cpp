// SPDX-License-Identifier: BSD-3-Clause
#include "arrays.hpp"
#include "astro/signal/beam.hpp"
#include "astro/signal/tipping.hpp"
#include "common.hpp"
#include "signal.hpp"

namespace astro_python {
namespace {

using astro::BeamFit;
using astro::BeamGridFit;
using astro::TippingFit;

/// Nothing: no errors are known.
std::vector<double> errors_from(const py::object& sigma) {
  return sigma.is_none() ? std::vector<double>() : numbers_from<double>(sigma);
}

void bind_beam(py::module_& module) {
  module.attr("sun_disc_deg") = astro::sun_disc_deg;
  py::class_<BeamFit>(module, "BeamFit", "A beam from a straight scan over a source; degrees on the sky.")
      .def_readonly("centre_deg", &BeamFit::centre_deg, "Where the source was, on the scale of the offsets.")
      .def_readonly("fwhm_deg", &BeamFit::fwhm_deg, "Of the beam itself, without the source's disc.")
      .def_readonly("amplitude", &BeamFit::amplitude, "What the source adds in its middle.")
      .def_readonly("base", &BeamFit::base, "At offset 0.")
      .def_readonly("slope_per_deg", &BeamFit::slope_per_deg)
      .def_readonly("disc_deg", &BeamFit::disc_deg)
      .def_readonly("reduced_chi_square", &BeamFit::reduced_chi_square)
      .def("power_at", py::vectorize(&BeamFit::power_at), "offset_deg"_a, "The fitted scan, also of an array.")
      .def("__repr__", [](const BeamFit& self) {
        return py::cast<std::string>(py::str("<BeamFit {:.3f} +- {:.3f} deg wide at {:+.3f} deg>")
                                         .format(self.fwhm_deg.value, self.fwhm_deg.sigma, self.centre_deg.value));
      });
  py::class_<BeamGridFit>(module, "BeamGridFit", "A beam in two dimensions; degrees on the sky.")
      .def_readonly("x_deg", &BeamGridFit::x_deg)
      .def_readonly("y_deg", &BeamGridFit::y_deg)
      .def_readonly("fwhm_x_deg", &BeamGridFit::fwhm_x_deg)
      .def_readonly("fwhm_y_deg", &BeamGridFit::fwhm_y_deg)
      .def_readonly("amplitude", &BeamGridFit::amplitude)
      .def_readonly("base", &BeamGridFit::base)
      .def_readonly("slope_x_per_deg", &BeamGridFit::slope_x_per_deg)
      .def_readonly("slope_y_per_deg", &BeamGridFit::slope_y_per_deg)
      .def_readonly("disc_deg", &BeamGridFit::disc_deg)
      .def_readonly("reduced_chi_square", &BeamGridFit::reduced_chi_square)
      .def("power_at", py::vectorize(&BeamGridFit::power_at), "x_deg"_a, "y_deg"_a, "As fitted, also of arrays.")
      .def("__repr__", [](const BeamGridFit& self) {
        return py::cast<std::string>(
            py::str("<BeamGridFit {:.3f} x {:.3f} deg at ({:+.3f}, {:+.3f}) deg>")
                .format(self.fwhm_x_deg.value, self.fwhm_y_deg.value, self.x_deg.value, self.y_deg.value));
      });
  module.def(
      "fit_beam",
      [](const py::object& offset_deg, const py::object& power, const py::object& sigma, double disc_deg) {
        const auto offsets = numbers_from<double>(offset_deg);
        const auto powers = numbers_from<double>(power);
        const auto errors = errors_from(sigma);
        const py::gil_scoped_release release;
        return astro::fit_beam(offsets, powers, errors, {.disc_deg = disc_deg});
      },
      "offset_deg"_a, "power"_a, "sigma"_a = py::none(), py::kw_only(), "disc_deg"_a = 0.0,
      R"(Fits a Gaussian beam on a sloping base to a scan over a source.

disc_deg: diameter of the source (sun_disc_deg), which is taken out of the width; sigma: errors of the powers, from the
scatter without it.)");
  module.def(
      "fit_beam_grid",
      [](const py::object& dx_deg, const py::object& dy_deg, const py::object& power, const py::object& sigma,
         double disc_deg, bool round, bool slope) {
        const auto dx = numbers_from<double>(dx_deg);
        const auto dy = numbers_from<double>(dy_deg);
        const auto powers = numbers_from<double>(power);
        const auto errors = errors_from(sigma);
        const py::gil_scoped_release release;
        return astro::fit_beam(dx, dy, powers, errors, {.disc_deg = disc_deg, .round = round, .slope = slope});
      },
      "dx_deg"_a, "dy_deg"_a, "power"_a, "sigma"_a = py::none(), py::kw_only(), "disc_deg"_a = 0.0, "round"_a = false,
      "slope"_a = true, "The same in two dimensions: an n-point grid, or scattered points around a source.");
}

void bind_tipping(py::module_& module) {
  const astro::TippingOptions standard;
  py::class_<TippingFit>(module, "TippingFit", "The air, from the sky's temperature at several altitudes.")
      .def_readonly("zenith_opacity", &TippingFit::zenith_opacity, "Nepers.")
      .def_readonly("receiver_k", &TippingFit::receiver_k, "Of the receiver, with spill-over and losses.")
      .def_readonly("correlation", &TippingFit::correlation, "Of the two errors.")
      .def_readonly("reduced_chi_square", &TippingFit::reduced_chi_square)
      .def_property_readonly("air_k", [](const TippingFit& self) { return self.options.air_k; })
      .def_property_readonly("background_k", [](const TippingFit& self) { return self.options.background_k; })
      .def("temperature_k", py::vectorize(&TippingFit::temperature_k), "airmass"_a,
           "The system's temperature as fitted, also of an array.")
      .def("__repr__", [](const TippingFit& self) {
        return py::cast<std::string>(
            py::str("<TippingFit opacity {:.4f} +- {:.4f}, receiver {:.1f} K>")
                .format(self.zenith_opacity.value, self.zenith_opacity.sigma, self.receiver_k.value));
      });
  module.def(
      "fit_tipping",
      [](const py::object& airmass, const py::object& values, const py::object& sigma, double air_k,
         double background_k, std::optional<double> load_power, double load_k) {
        const auto air = numbers_from<double>(airmass);
        const auto value = numbers_from<double>(values);
        const auto errors = errors_from(sigma);
        const astro::TippingOptions options{air_k, background_k};
        const py::gil_scoped_release release;
        return load_power ? astro::fit_tipping(air, value, errors, astro::TippingLoad{*load_power, load_k}, options)
                          : astro::fit_tipping(air, value, errors, options);
      },
      "airmass"_a, "values"_a, "sigma"_a = py::none(), py::kw_only(), "air_k"_a = standard.air_k,
      "background_k"_a = standard.background_k, "load_power"_a = py::none(),
      "load_k"_a = astro::TippingLoad().temperature_k,
      R"(Opacity of the zenith and receiver temperature from a tipping curve.

values: system temperatures in kelvin, or powers where load_power, that of a load of load_k, is given; airmass:
astro.sky.airmass of the altitudes.)");
}

}  // namespace

void bind_fits(py::module_& module) {
  bind_beam(module);
  bind_tipping(module);
}

}  // namespace astro_python
