// SPDX-License-Identifier: BSD-3-Clause
#include "arrays.hpp"
#include "astro/signal/allan.hpp"
#include "astro/signal/calibration.hpp"
#include "astro/signal/continuum.hpp"
#include "astro/signal/interference.hpp"
#include "astro/signal/kurtosis.hpp"
#include "astro/signal/lines.hpp"
#include "common.hpp"
#include "signal.hpp"

namespace astro_python {
namespace {

using astro::CalibratedSpectrum;
using astro::FrequencyRange;
using astro::Measured;
using astro::Spectrum;

std::string text_of(const Measured& number) {
  return py::cast<std::string>(py::str("{:.6g} +- {:.2g}").format(number.value, number.sigma));
}

std::vector<FrequencyRange> ranges_from(const std::vector<std::pair<astro::Frequency, astro::Frequency>>& pairs) {
  std::vector<FrequencyRange> ranges;
  for (const auto& [low, high] : pairs) ranges.push_back({low, high});
  return ranges;
}

using Ranges = std::vector<std::pair<astro::Frequency, astro::Frequency>>;

void bind_interference(py::module_& module) {
  module.def(
      "without_interference",
      [](const Spectrum& spectrum, int width, double sigma, int widen) {
        return astro::without_interference(spectrum, {width, sigma, widen});
      },
      "spectrum"_a, py::kw_only(), "width"_a = 31, "sigma"_a = 5.0, "widen"_a = 1, nogil(),
      R"(The spectrum with weight 0 in the channels that stand out above a running median.

width: channels of the median, odd, more than twice as many as a line of the sky must keep; sigma: in units of the
scatter; widen: channels to either side of one that is flagged.)");
  module.def(
      "masked",
      [](const Spectrum& spectrum, const Ranges& ranges) { return astro::masked(spectrum, ranges_from(ranges)); },
      "spectrum"_a, "ranges"_a, nogil(),
      "The spectrum with weight 0 in ranges, pairs of the lowest and highest Frequency.");
  module.def(
      "masked",
      [](const CalibratedSpectrum& spectrum, const Ranges& ranges) {
        return astro::masked(spectrum, ranges_from(ranges));
      },
      "spectrum"_a, "ranges"_a, nogil(), "The same of a calibrated spectrum.");
  module.def(
      "kurtosis_limits",
      [](std::uint32_t count, double sigma) {
        const astro::KurtosisLimits limits = astro::kurtosis_limits(count, sigma);
        return std::pair(limits.low, limits.high);
      },
      "count"_a, "sigma"_a = 3.0, nogil(),
      "Between which the spectral kurtosis of so many transforms of noise lies (Nita and Gary 2010).");
  module.def("spectral_kurtosis", &astro::spectral_kurtosis, "sum"_a, "sum_of_squares"_a, "count"_a, nogil(),
             "Spectral kurtosis from the sum of so many powers and that of their squares; 1 for noise.");
}

void bind_gaussians(py::module_& module) {
  using astro::Gaussian;
  using astro::GaussianFit;
  py::class_<Gaussian>(module, "Gaussian", "One line of a fit: Gaussian in frequency.")
      .def_readonly("peak_k", &Gaussian::peak_k, "Its height.")
      .def_readonly("velocity_km_s", &Gaussian::velocity_km_s,
                    "Of its centre: LSRK, or topocentric when the pointing is not known.")
      .def_readonly("width_km_s", &Gaussian::width_km_s, "Full width at half maximum.")
      .def_readonly("centre", &Gaussian::centre, "Topocentric.")
      .def("__repr__", [](const Gaussian& self) {
        return "<Gaussian " + text_of(self.peak_k) + " K at " + text_of(self.velocity_km_s) + " km/s, " +
               text_of(self.width_km_s) + " km/s wide>";
      });
  py::class_<GaussianFit>(module, "GaussianFit", "The lines of a spectrum.")
      .def_readonly("lines", &GaussianFit::lines, "The strongest first.")
      .def_readonly("rms_k", &GaussianFit::rms_k, "Of what is left over.")
      .def_readonly("reduced_chi_square", &GaussianFit::reduced_chi_square);
  module.def(
      "fit_gaussians",
      [](const CalibratedSpectrum& spectrum, int lines, double window_km_s, std::optional<astro::Frequency> rest) {
        return astro::fit_gaussians(spectrum, {lines, window_km_s, rest});
      },
      "spectrum"_a, "lines"_a = 1, py::kw_only(), "window_km_s"_a = 300.0, "rest"_a = py::none(), nogil(),
      R"(Fits Gaussians by least squares, weighted by the channels' errors; subtract the baseline first.

Errors are those of independent channels, times the root of reduced chi-square where that is more than 1.)");
}

void bind_continuum(py::module_& module) {
  using astro::Aperture;
  using astro::FluxSpectrum;
  py::class_<Aperture>(module, "Aperture", "What a dish makes of a source's flux: diameter_m, efficiency (Measured).")
      .def(py::init([](double diameter_m, const Measured& efficiency) {
             return Aperture{diameter_m, efficiency};
           }),
           "diameter_m"_a, "efficiency"_a)
      .def_readonly("diameter_m", &Aperture::diameter_m)
      .def_readonly("efficiency", &Aperture::efficiency, "Effective over geometric area.")
      .def("kelvin_per_jansky", &Aperture::kelvin_per_jansky, nogil(),
           "Antenna temperature of an unpolarised point source of 1 Jy in the beam's centre.");
  py::class_<FluxSpectrum> flux(module, "FluxSpectrum", nogil_destructor(), "A spectrum in janskys.");
  flux.def_readonly("axis", &FluxSpectrum::axis, "Frequencies of the channels.");
  const auto array = [&flux](const char* name, std::vector<float> FluxSpectrum::*member, const char* doc) {
    flux.def_property_readonly(
        name, [member](const py::object& self) { return view(py::cast<const FluxSpectrum&>(self).*member, self); },
        doc);
  };
  array("flux_jy", &FluxSpectrum::flux_jy, "Read-only array.");
  array("sigma_jy", &FluxSpectrum::sigma_jy, "Read-only array: with the aperture's error, which all channels share.");
  array("weight", &FluxSpectrum::weight, "Read-only array, 0 to 1.");
  module.def("flux_spectrum", &astro::flux_spectrum, "spectrum"_a, "aperture"_a, nogil(), "A spectrum in janskys.");
  module.def("flux_jy", &astro::flux_jy, "temperature_k"_a, "aperture"_a, nogil(),
             "Flux density of a point source from its antenna temperature (Measured), errors of both in it.");
  module.def("aperture_efficiency", &astro::aperture_efficiency, "temperature_k"_a, "flux_jy"_a, "diameter_m"_a,
             nogil(), "Efficiency of a dish from a source whose flux density is known.");
  module.def("total_power", &astro::total_power, "spectrum"_a, "edge"_a = 0.05, nogil(),
             "Mean power density over the band, without `edge` of it at either end.");
  module.def("continuum_k", &astro::continuum_k, "spectrum"_a, "edge"_a = 0.05, nogil(),
             "Mean temperature over the band of what is not line, without `edge` of it at either end.");
}

void bind_allan(py::module_& module) {
  using astro::AllanPoint;
  py::class_<AllanPoint>(module, "AllanPoint", "How much means over time_s differ from one to the next.")
      .def(py::init([](double time_s, double variance, double sigma) {
             return AllanPoint{time_s, variance, sigma};
           }),
           "time_s"_a, "variance"_a, "sigma"_a = 0.0)
      .def_readonly("time_s", &AllanPoint::time_s)
      .def_readonly("variance", &AllanPoint::variance, "Relative to the square of the mean.")
      .def_readonly("sigma", &AllanPoint::sigma, "Its standard error.");
  module.def(
      "allan_variance",
      [](const py::object& power, double interval_s) {
        const std::vector<double> values = numbers_from<double>(power);
        const py::gil_scoped_release release;
        return astro::allan_variance(values, interval_s);
      },
      "power"_a, "interval_s"_a, "Allan variance of a series of total power over 1, 2, 4, ... values.");
  module.def(
      "allan_time_s", [](const std::vector<AllanPoint>& points) { return astro::allan_time_s(points); }, "points"_a,
      nogil(), "The time of the smallest variance, beyond which the receiver's drift is more than its noise.");
}

}  // namespace

void bind_measured(py::module_& module) {
  py::class_<Measured>(module, "Measured", "A number with its standard error (0: exact).")
      .def(py::init([](double value, double sigma) {
             return Measured{value, sigma};
           }),
           "value"_a, "sigma"_a = 0.0)
      .def_readonly("value", &Measured::value)
      .def_readonly("sigma", &Measured::sigma)
      .def("__float__", [](const Measured& self) { return self.value; })
      .def("__repr__", [](const Measured& self) { return "<Measured " + text_of(self) + ">"; });
  py::implicitly_convertible<double, Measured>();
}

void bind_lines(py::module_& module) {
  bind_interference(module);
  bind_gaussians(module);
  bind_continuum(module);
  bind_allan(module);
  module.def(
      "without_baseline",
      [](const CalibratedSpectrum& spectrum, int order, const Ranges& line) {
        return astro::without_baseline(spectrum, order, ranges_from(line));
      },
      "spectrum"_a, "order"_a = 1, "line"_a = Ranges(), nogil(),
      R"(The spectrum less a polynomial that is fitted to what is not line.

line: pairs of Frequency between which a line is known to be, beside what is found by itself.)");
  module.def("frequency_switched", &astro::frequency_switched, "signal"_a, "reference"_a, "tsys_k"_a = 1.0,
             "level"_a = true, nogil(),
             R"(Two tunings of the same sky, each the other's reference, folded: the line is seen twice as long.)");
  module.def("noise_diode_tsys_k", &astro::noise_diode_tsys_k, "on"_a, "off"_a, "diode_k"_a, "edge"_a = 0.1, nogil(),
             "System temperature, the mean of both phases of a noise diode of diode_k, as GBTIDL computes it.");
}

}  // namespace astro_python
