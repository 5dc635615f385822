// SPDX-License-Identifier: BSD-3-Clause
#include "astro/site.hpp"

#include "astro/observing/request.hpp"
#include "common.hpp"

namespace astro_python {

void bind_site(py::module_& module) {
  using astro::DeviceEntry, astro::Site, astro::SiteOptions;
  using Path = std::filesystem::path;
  py::class_<DeviceEntry>(module, "DeviceEntry", "A device as the site file has it: checked, in canonical form.")
      .def_readonly("kind", &DeviceEntry::kind)
      .def_readonly("name", &DeviceEntry::name)
      .def_readonly("driver", &DeviceEntry::driver)
      .def_readonly("settings", &DeviceEntry::settings)
      .def_readonly("mount", &DeviceEntry::mount)
      .def_readonly("pointing", &DeviceEntry::pointing,
                    "Of a mount: the terms of its model, a list of sky.PointingTerm.")
      .def_readonly("bare", &DeviceEntry::bare)
      .def_readonly("twin_of", &DeviceEntry::twin_of)
      .def_readonly("line", &DeviceEntry::line)
      .def("__repr__", [](const DeviceEntry& self) {
        return "<DeviceEntry " + self.name + ", a " + std::string(astro::to_string(self.kind)) + " by " + self.driver +
               ">";
      });
  py::class_<Site>(module, "Site", nogil_destructor(), "A site file, read and checked.")
      .def_readonly("name", &Site::name)
      .def_readonly("location", &Site::location)
      .def_readonly("file", &Site::file)
      .def_readonly("state_folder", &Site::state_folder)
      .def_readonly("earth_orientation", &Site::earth_orientation)
      .def_readonly("devices", &Site::devices)
      .def_property_readonly("sections", [](const Site& self) { return astro::Value(self.sections); })
      .def("__repr__", [](const Site& self) {
        return "<Site " + self.name + " with " + std::to_string(self.devices.size()) + " devices>";
      });
  module.def(
      "load_site", [](const Path& file, bool simulate) { return astro::load_site(file, {simulate}); }, "file"_a,
      "simulate"_a = false, nogil(), "Reads a site file; a SiteError names every problem at once.");
  module.def(
      "parse_site", [](const std::string& yaml, bool simulate) { return astro::parse_site(yaml, {simulate}); },
      "yaml"_a, "simulate"_a = false, nogil(), "The same from text.");
  module.def(
      "load_request",
      [](const Path& file, const std::optional<Site>& site) {
        return astro::load_request(file, site ? &*site : nullptr);
      },
      "file"_a, "site"_a = py::none(), nogil(), "Reads a request file; with a site it is checked against it.");
}

}  // namespace astro_python
