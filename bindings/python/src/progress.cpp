// SPDX-License-Identifier: BSD-3-Clause
#include "progress.hpp"

#include "arrays.hpp"
#include "enums.hpp"

namespace astro_python {

using astro::LiveSpectrum, astro::ObservationControl, astro::Progress;

ToldProgress::ToldProgress(const Progress& told) : progress(told) {
  if (told.latest != nullptr) latest = std::make_shared<const astro::Spectrum>(*told.latest);
  if (told.live != nullptr) live = std::make_shared<const LiveSpectrum>(*told.live);
  progress.latest = latest.get();
  progress.live = live.get();
}

namespace {

py::bytes frame_of(const LiveSpectrum& self) {
  std::string frame;
  {
    const py::gil_scoped_release release;
    frame = astro::live_frame(self);
  }
  return py::bytes(frame);
}

void bind_live_spectrum(py::module_& module) {
  py::class_<LiveSpectrum> type(module, "LiveSpectrum",
                                "What a receiver sees while it is integrated. Its arrays have one element a channel.");
  const auto def_array = [&](const char* name, std::vector<float> LiveSpectrum::*member, const char* doc) {
    type.def_property_readonly(
        name, [member](const py::object& self) { return view(py::cast<const LiveSpectrum&>(self).*member, self); },
        doc);
  };
  def_array("value", &LiveSpectrum::value, "Average of this step so far: float32, in `unit`.");
  def_array("sigma", &LiveSpectrum::sigma, "Standard error of each channel: float32, in `unit`.");
  def_array("row", &LiveSpectrum::row,
            "What came since the last one, a row of a waterfall: float32, in `unit`; may be empty at a step's begin.");
  type.def_readonly("observation_id", &LiveSpectrum::observation_id)
      .def_readonly("number", &LiveSpectrum::number, "Of those that were told of this observation, from 0.")
      .def_readonly("phase", &LiveSpectrum::phase, "What is in the beam.")
      .def_readonly("stage", &LiveSpectrum::stage, "The step's label.")
      .def_readonly("time", &LiveSpectrum::time, "Until then.")
      .def_property_readonly("exposure_s", [](const LiveSpectrum& self) { return self.exposure; })
      .def_readonly("axis", &LiveSpectrum::axis, "A FrequencyAxis, topocentric.")
      .def_readonly("unit", &LiveSpectrum::unit, "\"K\", \"Tsys\" (switched, without calibration) or \"counts\".")
      .def_readonly("total_power", &LiveSpectrum::total_power, "Mean of the row over the band, in `unit`.")
      .def_readonly("velocity_frame", &LiveSpectrum::velocity_frame)
      .def_readonly("first_velocity_km_s", &LiveSpectrum::first_velocity_km_s,
                    "Of channel 0 in that frame, radio definition; None when the pointing is not known.")
      .def_readonly("velocity_step_km_s", &LiveSpectrum::velocity_step_km_s, "From channel to channel: negative.")
      .def(
          "velocities_km_s",
          [](const LiveSpectrum& self) -> py::object {
            if (!self.first_velocity_km_s) return py::none();
            return py::module_::import("numpy").attr("arange")(self.axis.channels) *
                       py::float_(self.velocity_step_km_s) +
                   py::float_(*self.first_velocity_km_s);
          },
          "Of all channels: float64; None when the pointing is not known.")
      .def("frame", &frame_of,
           "For a web socket: 32 bits little endian with the length of the header, the header (JSON), then value, "
           "sigma\n"
           "and, when it `has_row`, the row as float32.");
}

}  // namespace

void bind_progress(py::module_& module) {
  bind_live_spectrum(module);
  const auto def = [](auto Progress::*member) {
    return [member](const ToldProgress& self) { return self.progress.*member; };
  };
  py::class_<ToldProgress>(module, "Progress", "How far an observation is.")
      .def_property_readonly("observation_id", def(&Progress::observation_id))
      .def_property_readonly("stage", def(&Progress::stage))
      .def_property_readonly("fraction", def(&Progress::fraction), "0 to 1, of the whole.")
      .def_property_readonly("left_s", def(&Progress::left))
      .def_property_readonly("stored", def(&Progress::stored),
                             "Sequence of the integration that has just become durable, or -1.")
      .def_property_readonly(
          "latest", [](const ToldProgress& self) { return self.latest ? py::cast(*self.latest) : py::none(); },
          "That integration's spectrum, or None.")
      .def_property_readonly(
          "live", [](const ToldProgress& self) { return self.live ? py::cast(*self.live) : py::none(); },
          "Of the integration that is under way: a LiveSpectrum, or None.")
      .def_property_readonly("phase", def(&Progress::phase), "What was in the beam of it.")
      .def_property_readonly("mount", def(&Progress::mount), "Where the mount is and was told to be; None without one.")
      .def_property_readonly("samples_lost", def(&Progress::samples_lost), "So far.");
  py::class_<ObservationControl>(module, "ObservationControl", "The reins of an observation that runs, for any thread.")
      .def(py::init())
      .def("pause", &ObservationControl::pause, "Takes no more data after the current integration.")
      .def("go_on", &ObservationControl::go_on)
      .def_property_readonly("is_paused", &ObservationControl::is_paused)
      .def("cancel", &ObservationControl::cancel)
      .def("extend", &ObservationControl::extend, "passes"_a, "Adds passes through the mode at its end.");
}

}  // namespace astro_python
