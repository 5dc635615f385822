// SPDX-License-Identifier: BSD-3-Clause
#include "astro/version.hpp"
#include "common.hpp"
#include "descriptions.hpp"
#include "imaging.hpp"
#include "transport.hpp"
#include "waiting.hpp"

namespace astro_python {
namespace {

bool alive = true;

}  // namespace

bool interpreter_is_alive() noexcept { return alive; }

}  // namespace astro_python

PYBIND11_MODULE(_astro, module) {
  using namespace astro_python;
  module.doc() = "libastro's Python bindings; import astro, not this.";
  module.attr("__version__") = astro::version;
  // Later than all that closes observatories: from here on no thread of libastro may call Python.
  module.def("_interpreter_ends", [] {
    const py::gil_scoped_release release;
    Abandoned::wait(std::chrono::seconds(2));
    alive = false;
  });
  bind_errors(module);
  bind_values(module);
  bind_time(module);
  bind_axes(module);
  bind_coordinates(module);
  bind_fields(module);
  bind_records(module);
  bind_blocks(module);
  bind_sky(module);
  bind_signal(module);
  bind_imaging(module);
  bind_files(module);
  bind_log(module);
  bind_registry(module);
  bind_drivers(module);
  bind_site(module);
  bind_handles(module);
  bind_store(module);
  bind_transport(module);
  bind_observatory(module);
  bind_describe(module);
  bind_observing(module);
  bind_queue(module);
  bind_safety(module);
  bind_messaging(module);
  bind_telemetry(module);
}
