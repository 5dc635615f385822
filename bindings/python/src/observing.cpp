// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/observe.hpp"

#include <atomic>
#include <exception>

#include "common.hpp"
#include "signal.hpp"
#include "waiting.hpp"

namespace astro_python {
namespace {

using astro::Duration;
using astro::Observatory;
using SpectrometerPtr = std::shared_ptr<SharedSpectrometer>;

/// Tells Python how far an observation is. When the function raises, the observation is cancelled
/// and what was raised reaches the caller.
class ProgressCalls {
 public:
  explicit ProgressCalls(py::object function) : function_(share(std::move(function))) {}

  void operator()(const astro::Progress& progress, std::stop_source& cancel) {
    if (!interpreter_is_alive()) return;
    const py::gil_scoped_acquire gil;
    if (function_->is_none() || raised_) return;
    try {
      (*function_)(progress);
    } catch (py::error_already_set&) {
      raised_ = std::current_exception();
      cancel.request_stop();
    }
  }
  void rethrow() const {
    if (raised_) std::rethrow_exception(raised_);
  }

 private:
  SharedObject function_;
  std::exception_ptr raised_;
};

astro::ObservationResult observe(const Observatory& site, const astro::ObservationRequest& request,
                                 const py::object& progress) {
  ProgressCalls calls(progress);
  try {
    return interruptible([&](const std::stop_token& stop) {
      std::stop_source cancel;
      const std::stop_callback pass_on(stop, [&cancel] { cancel.request_stop(); });
      return astro::observe(
          site, request, [&](const astro::Progress& p) { calls(p, cancel); }, cancel.get_token());
    });
  } catch (const astro::Error&) {
    calls.rethrow();
    throw;
  }
}

void bind_results(py::module_& module) {
  using astro::ObservationResult, astro::Progress;
  py::class_<Progress>(module, "Progress", "How far an observation is.")
      .def_readonly("stage", &Progress::stage)
      .def_readonly("fraction", &Progress::fraction, "0 to 1, of the whole.")
      .def_property_readonly("left_s", [](const Progress& self) { return self.left; })
      .def_readonly("stored", &Progress::stored, "Sequence of the integration that has just become durable, or -1.");
  py::class_<ObservationResult>(module, "ObservationResult", "What an observation found.")
      .def_readonly("observation", &ObservationResult::observation)
      .def_readonly("spectrum", &ObservationResult::spectrum)
      .def_readonly("peak", &ObservationResult::peak)
      .def("_repr_html_", [](const py::object& self) { return from_package("plot", "html")(self.attr("spectrum")); });
}

}  // namespace

void bind_observing(py::module_& module) {
  bind_results(module);
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
  module.def("_observe", &observe, "site"_a, "request"_a, "progress"_a = py::none());
  module.def("reduce", &astro::reduce, "store"_a, "observation_id"_a, "site"_a, nogil(),
             "Reduces an observation from the store again; `site` is its location.");
  module.def("to_spectrum", &astro::to_spectrum, "integration"_a, "site"_a, nogil());
}

}  // namespace astro_python
