// SPDX-License-Identifier: BSD-3-Clause
#include "signal.hpp"

#include "arrays.hpp"
#include "astro/signal/calibration.hpp"
#include "common.hpp"

namespace astro_python {
namespace {

using astro::CalibratedSpectrum;
using astro::Calibration;
using astro::CalibrationOptions;
using astro::Spectrum;

template <class T, class Numbers>
void def_array(py::class_<T>& type, const char* name, Numbers T::*member, const char* doc) {
  type.def_property_readonly(
      name, [member](const py::object& self) { return view(py::cast<const T&>(self).*member, self); }, doc);
}

/// What uncalibrated and calibrated spectra have in common.
template <class T>
void bind_common(py::class_<T>& type) {
  type.def_readonly("axis", &T::axis, "Frequencies of the channels.")
      .def_readonly("start", &T::start, "UTC of the first sample.")
      .def_readonly("mid", &T::mid, "UTC of the middle of what was integrated.")
      .def_property_readonly(
          "duration_s", [](const T& self) { return self.duration; }, "From the first sample to the last.")
      .def_property_readonly(
          "exposure_s", [](const T& self) { return self.exposure; }, "Of that, what was integrated.")
      .def_readonly("samples", &T::samples, "Items that went in.")
      .def_readonly("samples_lost", &T::samples_lost)
      .def_readwrite("pointing", &T::pointing, "Where it was taken.")
      .def_readonly("receiver", &T::receiver)
      .def_property_readonly(
          "frequency_hz", [](const T& self) { return py::cast(self.axis).attr("hertz")(); },
          "Centres of the channels, topocentric.");
}

std::vector<float> channels_from(const astro::FrequencyAxis& axis, const py::object& numbers) {
  std::vector<float> made = numbers_from<float>(numbers);
  if (made.size() != axis.channels) {
    throw py::value_error("there are " + std::to_string(made.size()) + " numbers for the axis' " +
                          std::to_string(axis.channels) + " channels");
  }
  return made;
}

void bind_pointing(py::module_& module) {
  using astro::Pointing;
  py::class_<Pointing>(module, "Pointing", "Where a spectrum was taken: what turns a frequency into a velocity.")
      .def(py::init([](astro::Icrs direction, astro::AltAz place, astro::Location site, bool known) {
             return Pointing{direction, place, site, known};
           }),
           "direction"_a, "place"_a, "site"_a, "known"_a = true)
      .def_readonly("direction", &Pointing::direction, "Where the beam pointed at mid-time.")
      .def_readonly("place", &Pointing::place, "The same in the site's sky, no refraction.")
      .def_readonly("site", &Pointing::site)
      .def_readonly("known", &Pointing::known, "False: nobody said where the telescope pointed.");
}

void bind_spectrum(py::module_& module) {
  py::class_<Spectrum> type(module, "Spectrum", nogil_destructor(), "Uncalibrated power of each channel, averaged.");
  type.def(py::init([](const astro::FrequencyAxis& axis, const py::object& power, const py::object& weight,
                       astro::Time start, astro::Time mid, astro::Duration exposure, double effective_averages,
                       const astro::Pointing& pointing, std::string receiver) {
             Spectrum made;
             made.axis = axis;
             made.power = channels_from(axis, power);
             made.weight = weight.is_none() ? std::vector<float>(axis.channels, 1.0F) : channels_from(axis, weight);
             made.start = start, made.mid = mid;
             made.duration = made.exposure = exposure;
             made.effective_averages = effective_averages;
             made.pointing = pointing;
             made.receiver = std::move(receiver);
             return made;
           }),
           "axis"_a, "power"_a, "weight"_a = py::none(), py::kw_only(), "start"_a = astro::Time(),
           "mid"_a = astro::Time(), "exposure_s"_a = astro::Duration(), "effective_averages"_a = 1.0,
           py::arg_v("pointing", astro::Pointing(), "Pointing()"), "receiver"_a = "");
  bind_common(type);
  def_array(type, "power", &Spectrum::power, "Read-only array: per hertz (density), or as recorded.");
  def_array(type, "weight", &Spectrum::weight,
            "Read-only array, 0 to 1: the fraction of the exposure that a channel holds.");
  type.def_readonly("effective_averages", &Spectrum::effective_averages,
                    "Independent spectra averaged; times a channel's weight it goes into the radiometer equation.")
      .def_property_readonly(
          "gaps",
          [](const Spectrum& self) {
            py::list gaps;
            for (const astro::Gap& gap : self.gaps) gaps.append(py::make_tuple(gap.start, gap.duration));
            return gaps;
          },
          "When samples were lost: pairs of start and seconds, in their order; of more than 32 the longest.")
      .def("_repr_html_", [](const py::object& self) { return from_package("plot", "html")(self); })
      .def("__repr__", [](const Spectrum& self) {
        return "<Spectrum of " + std::to_string(self.axis.channels) + " channels, " +
               std::to_string(astro::seconds(self.exposure)) + " s>";
      });
}

void bind_peak(py::module_& module) {
  using astro::Peak;
  py::class_<Peak>(module, "Peak", "The line of a spectrum.")
      .def_readonly("peak_k", &Peak::peak_k, "Above the baseline.")
      .def_readonly("sigma_k", &Peak::sigma_k, "Its standard error.")
      .def_readonly("peak_velocity_km_s", &Peak::peak_velocity_km_s, "LSRK; NaN when the pointing is not known.")
      .def_readonly("sigma_velocity_km_s", &Peak::sigma_velocity_km_s,
                    "Its standard error: a flat line's highest channel is any of many.")
      .def_readonly("peak_frequency", &Peak::peak_frequency, "Topocentric.")
      .def_readonly("rms_k", &Peak::rms_k, "Of the single channels that the baseline was fitted to.")
      .def("__repr__", [](const Peak& self) {
        return "<Peak " +
               py::cast<std::string>(py::str("{:.2f} K at {:.2f} km/s").format(self.peak_k, self.peak_velocity_km_s)) +
               ">";
      });
}

CalibratedSpectrum calibrated_from(const astro::FrequencyAxis& axis, const py::object& temperature_k,
                                   const py::object& sigma_k, const py::object& weight, double tsys_k,
                                   double receiver_k, astro::Time start, astro::Time mid, astro::Duration exposure,
                                   std::uint64_t samples, std::uint64_t samples_lost, const astro::Pointing& pointing,
                                   std::string receiver) {
  CalibratedSpectrum made;
  made.axis = axis;
  made.temperature_k = channels_from(axis, temperature_k);
  made.sigma_k = channels_from(axis, sigma_k);
  made.weight = weight.is_none() ? std::vector<float>(axis.channels, 1.0F) : channels_from(axis, weight);
  made.tsys_k = tsys_k, made.receiver_k = receiver_k;
  made.start = start, made.mid = mid;
  made.duration = made.exposure = exposure;
  made.samples = samples, made.samples_lost = samples_lost;
  made.pointing = pointing;
  made.receiver = std::move(receiver);
  return made;
}

template <auto velocities_of>
py::array velocities_by(const CalibratedSpectrum& self, std::optional<astro::Frequency> rest) {
  std::vector<double> velocities;
  {
    const py::gil_scoped_release release;
    velocities = (self.*velocities_of)(rest);
  }
  const std::size_t shape[] = {velocities.size()};
  const double* data = velocities.data();
  return view(data, astro::Dtype::f64, shape, keep(std::move(velocities)), true);
}

void bind_calibrated(py::module_& module) {
  py::class_<CalibratedSpectrum> type(
      module, "CalibratedSpectrum", nogil_destructor(),
      "A spectrum in kelvin (antenna temperature above what the reference had), with its error.");
  type.def(py::init(&calibrated_from), "axis"_a, "temperature_k"_a, "sigma_k"_a, "weight"_a = py::none(), py::kw_only(),
           "tsys_k"_a = 0.0, "receiver_k"_a = 0.0, "start"_a = astro::Time(), "mid"_a = astro::Time(),
           "exposure_s"_a = astro::Duration(), "samples"_a = 0, "samples_lost"_a = 0,
           py::arg_v("pointing", astro::Pointing(), "Pointing()"), "receiver"_a = "");
  bind_common(type);
  def_array(type, "temperature_k", &CalibratedSpectrum::temperature_k, "Read-only array.");
  def_array(type, "sigma_k", &CalibratedSpectrum::sigma_k, "Read-only array: standard error of each channel.");
  def_array(type, "weight", &CalibratedSpectrum::weight, "Read-only array, 0 to 1.");
  type.def_readonly("tsys_k", &CalibratedSpectrum::tsys_k, "Median over the band, on the calibration's cold side.")
      .def_readonly("receiver_k", &CalibratedSpectrum::receiver_k, "Receiver temperature, median over the band.")
      .def_readwrite("velocity_frame", &CalibratedSpectrum::velocity_frame,
                     "In which its velocities are told and written, a VelocityFrame.")
      .def_readwrite("rest", &CalibratedSpectrum::rest,
                     "Rest frequency of its line; velocities are of that where no other is said.")
      .def("velocity_km_s", &CalibratedSpectrum::velocity_km_s, "channel"_a, "rest"_a = py::none(), nogil(),
           "Velocity of a channel in its frame, radio definition.")
      .def("velocity_lsrk_km_s", &CalibratedSpectrum::velocity_lsrk_km_s, "channel"_a, "rest"_a = py::none(), nogil(),
           "Velocity of a channel in the LSRK, radio definition.")
      .def("velocities_km_s", &velocities_by<&CalibratedSpectrum::velocities_km_s>, "rest"_a = py::none(),
           "Velocities of all channels in its frame, an array.")
      .def("velocities_lsrk_km_s", &velocities_by<&CalibratedSpectrum::velocities_lsrk_km_s>, "rest"_a = py::none(),
           "Velocities of all channels in the LSRK, an array.")
      .def(
          "peak",
          [](const CalibratedSpectrum& self, int smooth, int baseline_order, double window_km_s,
             std::optional<astro::Frequency> rest) {
            return self.peak({smooth, baseline_order, window_km_s, rest});
          },
          "smooth"_a = 0, "baseline_order"_a = 1, "window_km_s"_a = 300.0, "rest"_a = py::none(), nogil(),
          R"(The highest channel of the running mean above a baseline fitted beside the line.

smooth: channels of the running mean, odd; 0: as many as 7 km/s take.)")
      .def("_repr_html_", [](const py::object& self) { return from_package("plot", "html")(self); })
      .def("_repr_png_", [](const py::object& self) { return from_package("plot", "png")(self); })
      .def("__repr__", [](const CalibratedSpectrum& self) {
        return "<CalibratedSpectrum of " + std::to_string(self.axis.channels) + " channels, Tsys " +
               py::cast<std::string>(py::str("{:.1f} K").format(self.tsys_k)) + ">";
      });
}

CalibrationOptions calibration_options(double hot_k, double cold_k, int receiver_order, double line_window_km_s,
                                       astro::Frequency rest, double sigma_hot_k, double sigma_cold_k) {
  return {hot_k, cold_k, receiver_order, line_window_km_s, rest, sigma_hot_k, sigma_cold_k};
}

void bind_calibration(py::module_& module) {
  const CalibrationOptions standard;
  const auto def_factory = [&](py::class_<Calibration>& type, const char* name,
                               Calibration (*make)(const Spectrum&, const Spectrum&, const CalibrationOptions&),
                               const char* second, const char* doc) {
    type.def_static(
        name,
        [make](const Spectrum& hot, const Spectrum& other, double hot_k, double cold_k, int receiver_order,
               double line_window_km_s, astro::Frequency rest, double sigma_hot_k, double sigma_cold_k) {
          return make(
              hot, other,
              calibration_options(hot_k, cold_k, receiver_order, line_window_km_s, rest, sigma_hot_k, sigma_cold_k));
        },
        "hot"_a, py::arg(second), py::kw_only(), "hot_k"_a = standard.hot_k, "cold_k"_a = standard.cold_k,
        "receiver_order"_a = standard.receiver_order, "line_window_km_s"_a = standard.line_window_km_s,
        "rest"_a = standard.rest, "sigma_hot_k"_a = 0.0, "sigma_cold_k"_a = 0.0, nogil(), doc);
  };
  py::class_<Calibration> type(module, "Calibration", nogil_destructor(),
                               "Hot and cold calibration of a receiver (Y factor): it turns spectra into kelvin.");
  def_factory(type, "from_hot_cold", &Calibration::from_hot_cold, "cold", "From both loads.");
  def_factory(type, "from_hot", &Calibration::from_hot, "sky",
              "Without a cold load: the line-free channels of the spectrum itself are the cold sky.");
  type.def_static(
      "from_noise_diode",
      [](const Spectrum& on, const Spectrum& off, const astro::Measured& diode_k, double cold_k, int receiver_order,
         double line_window_km_s, astro::Frequency rest) {
        return Calibration::from_noise_diode(
            on, off, diode_k, calibration_options(0.0, cold_k, receiver_order, line_window_km_s, rest, 0.0, 0.0));
      },
      "on"_a, "off"_a, "diode_k"_a, py::kw_only(), "cold_k"_a = standard.cold_k,
      "receiver_order"_a = standard.receiver_order, "line_window_km_s"_a = standard.line_window_km_s,
      "rest"_a = standard.rest, nogil(),
      "From a noise diode that adds diode_k (Measured) to whatever is in front of the receiver, on and off.");
  type.def("apply", &Calibration::apply, "spectrum"_a, nogil(),
           "Antenna temperature of each channel, with the errors of both.")
      .def_property_readonly("hot", &Calibration::hot)
      .def_property_readonly(
          "receiver_temperature_k",
          [](const py::object& self) {
            return view(py::cast<const Calibration&>(self).receiver_temperature_k(), self);
          },
          "Read-only array over the band.")
      .def_property_readonly("receiver_k", released(&Calibration::receiver_k), "Median over the band.")
      .def_property_readonly("tsys_k", released(&Calibration::tsys_k), "Receiver and cold side, median over the band.")
      .def_property_readonly("hot_k", [](const Calibration& self) { return self.options().hot_k; })
      .def_property_readonly("cold_k", [](const Calibration& self) { return self.options().cold_k; });
}

void bind_spectrometer(py::module_& module) {
  py::class_<SharedSpectrometer, std::shared_ptr<SharedSpectrometer>>(
      module, "Spectrometer", nogil_destructor(),
      R"(Averages the power of windowed transforms without overlap, or of a filterbank: blocks in, one spectrum out.

Density scaling as scipy.signal.welch with detrend=False; integers are scaled to [-1, 1]. Real samples (float32, uint8,
int8 or int16 in one dimension) make a one-sided spectrum over half their rate.

taps: 1 a windowed transform; 2 to 32 a polyphase filterbank, whose channels hardly overlap.
kurtosis: transforms that spectral kurtosis judges together, 24 to 16384: what is not noise is left out, and the
channel's weight tells; 0: none.
kurtosis_sigma: what noise exceeds as rarely as a normal distribution this.
correction: of IQ, what IqEstimator found.)")
      .def(py::init([](std::uint32_t channels, astro::Window window, bool remove_dc, std::uint32_t taps,
                       std::uint32_t kurtosis, double kurtosis_sigma, std::optional<astro::IqCorrection> correction) {
             return std::make_shared<SharedSpectrometer>(
                 astro::SpectrometerOptions{channels, window, remove_dc, taps, kurtosis, kurtosis_sigma, correction});
           }),
           "channels"_a = 1024, "window"_a = astro::Window::hann, "remove_dc"_a = true, "taps"_a = 1, "kurtosis"_a = 0,
           "kurtosis_sigma"_a = 3.0, "correction"_a = py::none(), nogil())
      .def(
          "add", [](SharedSpectrometer& self, const astro::Block& block) { self.use([&](auto& s) { s.add(block); }); },
          "block"_a, nogil(), "Adds a block; a change of tuning needs a reset before.")
      .def(
          "spectrum", [](SharedSpectrometer& self) { return self.use([](auto& s) { return s.spectrum(); }); }, nogil(),
          "What was integrated since the last reset.")
      .def(
          "reset", [](SharedSpectrometer& self) { self.use([](auto& s) { s.reset(); }); }, nogil())
      .def_property_readonly("exposure_s", released([](SharedSpectrometer& self) {
                               return self.use([](auto& s) { return s.exposure(); });
                             }),
                             "Time integrated so far, without what was lost.")
      .def_property_readonly("channels", [](const SharedSpectrometer& self) { return self.options.channels; })
      .def_property_readonly("window", [](const SharedSpectrometer& self) { return self.options.window; })
      .def_property_readonly("taps", [](const SharedSpectrometer& self) { return self.options.taps; })
      .def_property_readonly("kurtosis", [](const SharedSpectrometer& self) { return self.options.kurtosis; })
      .def_property_readonly("remove_dc", [](const SharedSpectrometer& self) { return self.options.remove_dc; });
}

}  // namespace

void bind_signal(py::module_& module) {
  bind_measured(module);
  bind_correction(module);
  bind_pointing(module);
  bind_spectrum(module);
  bind_peak(module);
  bind_calibrated(module);
  bind_calibration(module);
  bind_spectrometer(module);
  module.def(
      "average", [](const std::vector<Spectrum>& spectra) { return astro::average(spectra); }, "spectra"_a, nogil(),
      "Averages spectra of one axis by exposure and weight.");
  module.def("switched", &astro::switched, "on"_a, "off"_a, "tsys_k"_a = 1.0, "level"_a = true, nogil(),
             "`on` over `off` (position switching), in units of the reference's system temperature.");
  bind_lines(module);
  bind_time_domain(module);
  bind_maps(module);
  bind_hydrogen(module);
  bind_fits(module);
}

}  // namespace astro_python
