// SPDX-License-Identifier: BSD-3-Clause
#include <pybind11/complex.h>

#include <cmath>
#include <complex>

#include "arrays.hpp"
#include "astro/signal/correction.hpp"
#include "astro/signal/spectrometer.hpp"
#include "astro/signal/time_domain.hpp"
#include "common.hpp"
#include "signal.hpp"

namespace astro_python {
namespace {

using astro::DynamicSpectrum;
using astro::PeriodCandidate;
using astro::Profile;
using astro::TimeSeries;

void bind_series(py::module_& module) {
  py::class_<TimeSeries>(module, "TimeSeries", nogil_destructor(), "Power as it goes with time.")
      .def(py::init([](const py::object& values, double interval_s, astro::Time start) {
             return TimeSeries{start, interval_s, numbers_from<float>(values)};
           }),
           "values"_a, "interval_s"_a, "start"_a = astro::Time())
      .def_readonly("start", &TimeSeries::start, "Of the first value's middle.")
      .def_readonly("interval_s", &TimeSeries::interval_s)
      .def_property_readonly(
          "values", [](const py::object& self) { return view(py::cast<const TimeSeries&>(self).values, self); },
          "Read-only array.");
  py::class_<DynamicSpectrum>(module, "DynamicSpectrum", nogil_destructor(),
                              "Spectra one after the other, none missing: an array (rows, channels).")
      .def(
          py::init([](const astro::FrequencyAxis& axis, const py::object& power, double interval_s, astro::Time start) {
            return DynamicSpectrum{axis, start, interval_s, numbers_from<float>(power)};
          }),
          "axis"_a, "power"_a, "interval_s"_a, "start"_a = astro::Time())
      .def_readonly("axis", &DynamicSpectrum::axis)
      .def_readonly("start", &DynamicSpectrum::start, "Of the first row's middle.")
      .def_readonly("interval_s", &DynamicSpectrum::interval_s)
      .def_property_readonly("rows", &DynamicSpectrum::rows)
      .def_property_readonly(
          "power",
          [](const py::object& self) {
            const auto& spectrum = py::cast<const DynamicSpectrum&>(self);
            const std::size_t shape[] = {spectrum.rows(), spectrum.axis.channels};
            return view(spectrum.power.data(), astro::Dtype::f32, shape, self);
          },
          "Read-only array (rows, channels).");
}

void bind_pulses(py::module_& module) {
  py::class_<Profile> profile(module, "Profile", nogil_destructor(), "A pulse, averaged over its periods.");
  profile.def_readonly("period_s", &Profile::period_s)
      .def_property_readonly(
          "mean", [](const py::object& self) { return view(py::cast<const Profile&>(self).mean, self); },
          "Read-only array: of each bin of phase, the first one beginning with the series; NaN: empty.")
      .def_property_readonly(
          "sigma", [](const py::object& self) { return view(py::cast<const Profile&>(self).sigma, self); },
          "Read-only array: standard error of the mean.")
      .def_property_readonly("count", [](const Profile& self) { return self.count; });
  py::class_<PeriodCandidate>(module, "PeriodCandidate", "Something that comes again and again.")
      .def_readonly("period_s", &PeriodCandidate::period_s)
      .def_readonly("sigma_period_s", &PeriodCandidate::sigma_period_s)
      .def_readonly("harmonics", &PeriodCandidate::harmonics, "That were added.")
      .def_readonly("sigma", &PeriodCandidate::sigma, "Above noise, of all trials.")
      .def("__repr__", [](const PeriodCandidate& self) {
        return py::cast<std::string>(
            py::str("<PeriodCandidate {:.9g} s, {:.1f} sigma>").format(self.period_s, self.sigma));
      });
  module.def("dispersion_delay_s", &astro::dispersion_delay_s, "dispersion_measure"_a, "frequency"_a, "reference"_a,
             nogil(), "By how much a pulse comes later than at the reference (pc/cm^3).");
  module.def("dedispersed", &astro::dedispersed, "spectrum"_a, "dispersion_measure"_a, nogil(),
             "The mean over channels, each shifted back by its delay against the band's highest one.");
  module.def("folded", &astro::folded, "series"_a, "period_s"_a, "bins"_a, "period_rate"_a = 0.0, nogil(),
             "Folds a series at a period; period_rate is its change in seconds a second.");
  module.def(
      "search_periods",
      [](const TimeSeries& series, double shortest_s, double longest_s, int most_harmonics, double sigma, int most) {
        return astro::search_periods(series, {shortest_s, longest_s, most_harmonics, sigma, most});
      },
      "series"_a, py::kw_only(), "shortest_s"_a = 0.0, "longest_s"_a = 0.0, "most_harmonics"_a = 16, "sigma"_a = 5.0,
      "most"_a = 10, nogil(), "Searches a series for periods by its Fourier transform, harmonics added.");
}

}  // namespace

void bind_correction(py::module_& module) {
  using astro::IqCorrection;
  using astro::IqEstimator;
  py::class_<IqCorrection>(module, "IqCorrection", R"(What a quadrature receiver does wrong: a constant, and an image.

Samples x are made right by y = x - offset, (y - image conj(y)) / (1 - |image|^2).)")
      .def(py::init([](std::complex<double> offset, std::complex<double> image) {
             return IqCorrection{offset, image};
           }),
           "offset"_a = std::complex<double>(), "image"_a = std::complex<double>())
      .def_readonly("offset", &IqCorrection::offset, "On the scale of the samples: integers are scaled to [-1, 1].")
      .def_readonly("image", &IqCorrection::image, "Amplitude of the image over that of its signal.")
      .def_property_readonly("image_db", &IqCorrection::image_db);
  py::class_<IqEstimator>(module, "IqEstimator", "Estimates the correction from the samples themselves.")
      .def(py::init<>())
      .def("add", &IqEstimator::add, "block"_a, nogil(), "Adds a block of IQ; gaps do not matter.")
      .def("correction", &IqEstimator::correction, nogil(), "Of all samples added.")
      .def_property_readonly("samples", &IqEstimator::samples);
  module.def(
      "channel_response",
      [](const py::object& channels_off, std::uint32_t channels, astro::Window window, std::uint32_t taps) {
        const std::vector<double> offsets = numbers_from<double>(channels_off);
        std::vector<double> response;
        {
          const py::gil_scoped_release release;
          response = astro::channel_response({.channels = channels, .window = window, .taps = taps}, offsets);
        }
        const std::size_t shape[] = {response.size()};
        const double* data = response.data();
        return view(data, astro::Dtype::f64, shape, keep(std::move(response)), true);
      },
      "channels_off"_a, py::kw_only(), "channels"_a = 1024, "window"_a = astro::Window::hann, "taps"_a = 1,
      "Power with which a channel shows a tone so many channels off its centre, 1 at the centre.");
}

void bind_time_domain(py::module_& module) {
  bind_series(module);
  bind_pulses(module);
}

}  // namespace astro_python
