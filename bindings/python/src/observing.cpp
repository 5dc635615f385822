// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/observe.hpp"

#include <array>
#include <cstdio>

#include "astro/observing/export.hpp"
#include "astro/observing/plan.hpp"
#include "common.hpp"
#include "progress.hpp"
#include "signal.hpp"
#include "waiting.hpp"

namespace astro_python {
namespace {

using astro::Duration;
using astro::ObservationControl;
using astro::Observatory;
using SpectrometerPtr = std::shared_ptr<SharedSpectrometer>;

/// Runs what observes, in a thread of its own: Ctrl-C and what the progress function raises cancel it.
template <class Work>
astro::ObservationResult carried_out(const py::object& progress, const ObservationControl& control, Duration live_every,
                                     Work work) {
  RaisingCalls calls(progress);
  try {
    return interruptible([&](const std::stop_token& stop) {
      ObservationControl reins = control;
      const std::stop_callback pass_on(stop, [&reins] { reins.cancel(); });
      return work(astro::ObserveOptions{
          .progress = [&](const astro::Progress& told) { calls([&] { reins.cancel(); }, ToldProgress(told)); },
          .control = reins,
          .live_every = live_every});
    });
  } catch (const astro::Error&) {
    calls.rethrow();
    throw;
  }
}

astro::ObservationResult observe(const Observatory& site, const astro::ObservationRequest& request,
                                 const std::optional<std::vector<astro::Step>>& steps, const py::object& progress,
                                 const ObservationControl& control, Duration live_every) {
  return carried_out(progress, control, live_every, [&](const astro::ObserveOptions& options) {
    return steps ? astro::observe(site, request, *steps, options) : astro::observe(site, request, options);
  });
}

astro::ObservationResult resume(const Observatory& site, const std::string& store, const std::string& id,
                                const py::object& progress, const ObservationControl& control, Duration live_every) {
  return carried_out(progress, control, live_every,
                     [&](const astro::ObserveOptions& options) { return astro::resume(site, store, id, options); });
}

void bind_results(py::module_& module) {
  using astro::ObservationResult;
  py::class_<ObservationResult>(module, "ObservationResult", "What an observation found.")
      .def_readonly("observation", &ObservationResult::observation)
      .def_readonly("spectrum", &ObservationResult::spectrum)
      .def_readonly("peak", &ObservationResult::peak)
      .def_readonly("findings", &ObservationResult::findings, "Numbers of the mode: beam width, opacity, Tsys.")
      .def_property_readonly(
          "files",
          [](const ObservationResult& self) {
            py::list files;
            for (const auto& file : self.files) files.append(file.string());
            return files;
          },
          "Paths of the files that the request asked for.")
      .def("_repr_html_", [](const py::object& self) { return from_package("plot", "html")(self.attr("spectrum")); })
      .def("__repr__", [](const ObservationResult& self) {
        const auto number = [](double value) {
          std::array<char, 32> text{};
          std::snprintf(text.data(), text.size(), "%.4g", value);
          return std::string(text.data());
        };
        std::string text =
            "<ObservationResult " + self.observation.id + " of " + astro::name_of(self.observation.request);
        if (self.spectrum.axis.channels > 0) {
          text += ": peak " + number(self.peak.peak_k) + " K at " + number(self.peak.peak_velocity_km_s) + " km/s";
        }
        for (const astro::Finding& each : self.findings) {
          text += ", " + each.name + " " + number(each.value) + " " + each.unit;
        }
        return text + ">";
      });
}

void bind_plan(py::module_& module) {
  using astro::Plan, astro::PlannedStep;
  py::class_<PlannedStep>(module, "PlannedStep", "One step of a plan: when, where, and what is in the way.")
      .def_readonly("step", &PlannedStep::step)
      .def_readonly("start", &PlannedStep::start, "Of the slew that leads to it.")
      .def_readonly("begin", &PlannedStep::begin, "Of its integration.")
      .def_readonly("end", &PlannedStep::end)
      .def_readonly("has_place", &PlannedStep::has_place, "Whether it says where the beam has to be.")
      .def_property_readonly("first_axes", [](const PlannedStep& self) { return self.from; })
      .def_property_readonly("last_axes", [](const PlannedStep& self) { return self.to; })
      .def_readonly("place", &PlannedStep::place, "Of the beam at its begin.")
      .def_readonly("refusal", &PlannedStep::refusal, "Why it cannot be done then; empty: it can.")
      .def_readonly("refusal_code", &PlannedStep::refusal_code, "Of what kind that is, an ErrorCode.");
  py::class_<Plan>(module, "Plan", "What an observation will be like, known before anything moves.")
      .def_readonly("steps", &Plan::steps)
      .def_readonly("start", &Plan::start)
      .def_readonly("end", &Plan::end)
      .def_property_readonly("slewing_s", [](const Plan& self) { return self.slewing; })
      .def_property_readonly("integrating_s", [](const Plan& self) { return self.integrating; })
      .def_readonly("passes", &Plan::passes, "That are planned: with `until_rms` as many as it is expected to need.")
      .def_readonly("expected_rms_k", &Plan::expected_rms_k, "Of a channel, by the site's `tsys`; 0: not known.")
      .def_readonly("bytes", &Plan::bytes, "In the store.")
      .def_readonly("unwinds", &Plan::unwinds)
      .def_readonly("sun_distance", &Plan::sun_distance, "Least, of any step; None: no step says a place.")
      .def_readonly("refusals", &Plan::refusals)
      .def_readonly("refusal_code", &Plan::refusal_code, "Of the first of them, an ErrorCode.")
      .def_readonly("possible_from", &Plan::possible_from, "Of a plan that is refused: when it would work, or None.")
      .def_property_readonly("is_possible", &Plan::is_possible)
      .def("__repr__", [](const Plan& self) {
        const std::string span = astro::format_time(self.start, 0) + " to " + astro::format_time(self.end, 0);
        if (self.is_possible()) return "<Plan of " + std::to_string(self.steps.size()) + " steps, " + span + ">";
        const std::string later = self.possible_from ? "possible from " + astro::format_time(*self.possible_from, 0)
                                                     : "at no time within two days";
        return "<Plan that is refused: " + self.refusals.front() + "; " + later + ">";
      });
  module.def("steps_of", &astro::steps_of, "request"_a, "What a request comes to: steps in their order.");
  module.def(
      "_plan",
      [](const py::object& site, const astro::ObservationRequest& request, const std::optional<astro::Time>& start) {
        const astro::PlanOptions options{.start = start.value_or(astro::Time{})};
        if (py::isinstance<Observatory>(site)) {
          const auto& open = py::cast<const Observatory&>(site);
          const py::gil_scoped_release release;
          return astro::plan(open, request, options);
        }
        const auto& described = py::cast<const astro::Site&>(site);
        const py::gil_scoped_release release;
        return astro::plan(described, request, options);
      },
      "site"_a, "request"_a, "start"_a);
}

}  // namespace

void bind_observing(py::module_& module) {
  bind_progress(module);
  bind_results(module);
  bind_plan(module);
  module.def(
      "integrate",
      [](const Observatory& site, const std::string& receiver, const SpectrometerPtr& spectrometer, Duration duration) {
        return interruptible([&](const std::stop_token& stop) {
          return astro::integrate(site, receiver, astro::Spectrometer(spectrometer->options), duration, stop);
        });
      },
      "site"_a, "receiver"_a, "spectrometer"_a, "duration_s"_a,
      "Integrates a receiver for so long and returns the spectrum with where its dish pointed. Ctrl-C cancels it.");
  module.def(
      "calibrate",
      [](const Observatory& site, const std::string& receiver, const SpectrometerPtr& spectrometer, Duration duration) {
        return interruptible([&](const std::stop_token& stop) {
          return astro::calibrate(site, receiver, astro::Spectrometer(spectrometer->options), duration, stop);
        });
      },
      "site"_a, "receiver"_a, "spectrometer"_a, "duration_s"_a,
      "Hot and cold calibration with the loads that the site describes, then back to the sky.");
  module.def("_observe", &observe, "site"_a, "request"_a, "steps"_a, "progress"_a, "control"_a, "live_every_s"_a);
  module.def("_resume", &resume, "site"_a, "store"_a, "observation_id"_a, "progress"_a, "control"_a, "live_every_s"_a);
  module.def("reduce", &astro::reduce, "store"_a, "observation_id"_a, "site"_a, nogil(),
             "Reduces an observation from the store again; `site` is its location.");
  module.def("export_observation", &astro::export_observation, "store"_a, "observation_id"_a, "site"_a, "path"_a,
             nogil(),
             "Makes files from what the store has of an observation, by the ending: .fits .sdfits .csv .sigmf-meta.");
  module.def("provenance_of", &astro::provenance_of, "observation"_a, "Who asked, with what and how it was made.");
  module.def("to_spectrum", &astro::to_spectrum, "integration"_a, "site"_a, nogil());
}

}  // namespace astro_python
