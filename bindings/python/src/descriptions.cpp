// SPDX-License-Identifier: BSD-3-Clause
#include "descriptions.hpp"

#include "astro/describe.hpp"
#include "astro/observatory.hpp"
#include "astro/registry.hpp"
#include "common.hpp"
#include "records.hpp"

namespace astro_python {

using astro::AxisRange;
using astro::AxisRates;
using astro::ControllerDescription;
using astro::DriverDescription;
using astro::MountDescription;
using astro::ReceiverDescription;

namespace {

template <class T>
void def_duration(py::class_<T>& type, const char* name, astro::Duration T::*member) {
  type.def_property(
      name, [member](const T& self) { return self.*member; },
      [member](T& self, astro::Duration value) { self.*member = value; });
}

/// Made with keyword arguments that are its attributes.
template <class T>
void def_keywords(py::class_<T>& type) {
  type.def(py::init([](const py::kwargs& attributes) {
    py::object made = py::cast(T());
    for (const auto& [name, value] : attributes) {
      if (!py::hasattr(made, name)) {
        throw py::type_error("there is no attribute '" + py::cast<std::string>(name) + "' in a " +
                             py::cast<std::string>(py::type::of(made).attr("__name__")));
      }
      py::setattr(made, name, value);
    }
    return py::cast<T>(made);
  }));
}

void bind_mount_description(py::module_& module) {
  py::class_<MountDescription> type(module, "MountDescription", "What a mount can do.");
  def_keywords(type);
  type.def_readwrite("geometry", &MountDescription::geometry)
      .def_readwrite("first", &MountDescription::first, "Mechanical reach of the first axis.")
      .def_readwrite("second", &MountDescription::second)
      .def_readwrite("fastest", &MountDescription::fastest, "About; for estimates of the time that a slew takes.")
      .def_readwrite("parks_at", &MountDescription::parks_at, "Where park goes, if the driver knows; else None.")
      .def_readwrite("accuracy", &MountDescription::accuracy, "Within this of the commanded axes it is on target.")
      .def_readwrite("rates", &MountDescription::rates, "move_rate works.")
      .def_readwrite("parks", &MountDescription::parks, "park works.")
      .def_readwrite("homes", &MountDescription::homes, "home works.")
      .def_readwrite("self_tracking", &MountDescription::self_tracking, "self_track works.");
  def_duration(type, "braking_s", &MountDescription::braking);
  def_duration(type, "poll_every_s", &MountDescription::poll_every);
  def_duration(type, "hook_bound_s", &MountDescription::hook_bound);
}

void bind_receiver_description(py::module_& module) {
  py::class_<ReceiverDescription> type(module, "ReceiverDescription", "What a receiver can do.");
  def_keywords(type);
  type.def_readwrite("lowest", &ReceiverDescription::lowest, "Of the centre frequency.")
      .def_readwrite("highest", &ReceiverDescription::highest)
      .def_readwrite("slowest", &ReceiverDescription::slowest, "Of the sample rate.")
      .def_readwrite("fastest", &ReceiverDescription::fastest)
      .def_readwrite("min_gain_db", &ReceiverDescription::min_gain_db)
      .def_readwrite("max_gain_db", &ReceiverDescription::max_gain_db)
      .def_readwrite("antennas", &ReceiverDescription::antennas)
      .def_readwrite("options", &ReceiverDescription::options, "What `Tuning.options` may hold: a list of Field.");
  def_duration(type, "hook_bound_s", &ReceiverDescription::hook_bound);
}

void bind_controller_description(py::module_& module) {
  using astro::CommandDescription;
  py::class_<CommandDescription> command(module, "CommandDescription",
                                         "A command of a device: its parameters are a record.");
  command
      .def(py::init(
               [](std::string name, std::string says, std::vector<astro::Field> parameters, astro::Duration expected) {
                 return CommandDescription{std::move(name), std::move(says), std::move(parameters), expected};
               }),
           "name"_a, "says"_a = "", "parameters"_a = std::vector<astro::Field>(), "expected_s"_a = astro::Duration())
      .def_readonly("name", &CommandDescription::name)
      .def_readonly("says", &CommandDescription::says)
      .def_readonly("parameters", &CommandDescription::parameters)
      .def_property_readonly("expected_s", [](const CommandDescription& self) { return self.expected; })
      .def("__repr__", [](const CommandDescription& self) { return "<CommandDescription " + self.name + ">"; });
  py::class_<ControllerDescription> type(module, "ControllerDescription", "What a controller measures and obeys.");
  def_keywords(type);
  type.def_readwrite("points", &ControllerDescription::points)
      .def_readwrite("commands", &ControllerDescription::commands)
      .def_readwrite("hears", &ControllerDescription::hears, "Points of other devices: \"dish.azimuth\", \"dish.*\".");
  def_duration(type, "poll_every_s", &ControllerDescription::poll_every);
  def_duration(type, "hook_bound_s", &ControllerDescription::hook_bound);
}

void bind_driver_description(py::module_& module) {
  py::class_<DriverDescription>(module, "DriverDescription", "Everything known about a driver without making one.")
      .def_readonly("name", &DriverDescription::name)
      .def_readonly("says", &DriverDescription::says)
      .def_readonly("kind", &DriverDescription::kind)
      .def_readonly("plugin", &DriverDescription::plugin)
      .def_readonly("version", &DriverDescription::version)
      .def_readonly("settings", &DriverDescription::settings)
      .def_readonly("mount", &DriverDescription::mount)
      .def_readonly("receiver", &DriverDescription::receiver)
      .def_readonly("controller", &DriverDescription::controller)
      .def("__repr__", [](const DriverDescription& self) {
        return "<DriverDescription of the " + std::string(astro::to_string(self.kind)) + " " + self.name + ">";
      });
}

}  // namespace

astro::Field make_field(std::string name, astro::FieldType type, std::string unit, double min, double max,
                        const py::object& default_value, std::string says, bool required, bool secret,
                        std::vector<std::string> choices) {
  astro::Field field;
  field.name = std::move(name);
  field.type = type;
  field.unit = std::move(unit);
  if (type == astro::FieldType::angle) field.unit = "deg";
  if (type == astro::FieldType::frequency) field.unit = "Hz";
  if (type == astro::FieldType::duration) field.unit = "s";
  field.min = min;
  field.max = max;
  field.says = std::move(says);
  field.required = required;
  field.secret = secret;
  field.choices = std::move(choices);
  if (!default_value.is_none()) field.default_value = from_attribute(field, default_value);
  return field;
}

namespace {

/// As JSON can have it: times are text, and so are bytes.
py::object plain(const astro::Value& described) { return py::cast(astro::parse_json(astro::to_json(described))); }

py::object describe(const py::object& what, const std::optional<std::string>& device) {
  astro::Value described;
  if (py::isinstance<astro::Observatory>(what)) {
    const auto site = py::cast<astro::Observatory>(what);
    const py::gil_scoped_release release;
    described = device ? astro::describe(site, *device) : astro::describe(site);
  } else if (py::isinstance<astro::Field>(what)) {
    described = astro::describe(py::cast<const astro::Field&>(what));
  } else if (py::isinstance<astro::CommandDescription>(what)) {
    described = astro::describe(py::cast<const astro::CommandDescription&>(what));
  } else if (py::isinstance<DriverDescription>(what)) {
    described = astro::describe(py::cast<const DriverDescription&>(what));
  } else {
    throw py::type_error("describe takes an Observatory, a DriverDescription, a CommandDescription or a Field");
  }
  return plain(described);
}

}  // namespace

void bind_describe(py::module_& module) {
  module.def("describe", &describe, "what"_a, "device"_a = py::none(),
             R"(Descriptions as dicts and lists that JSON can have, for forms and pages.

what: an open Observatory (a list of its devices, or the one named `device`, with points and commands), a
DriverDescription, a CommandDescription or a Field.)");
}

void bind_registry(py::module_& module) {
  make_enum<astro::MountState>(module, "What a mount does.");
  make_enum<astro::DeviceKind>(module, "What a driver drives.");
  bind_mount_description(module);
  bind_receiver_description(module);
  bind_controller_description(module);
  bind_driver_description(module);

  using astro::Registry;
  py::class_<Registry, std::unique_ptr<Registry, py::nodelete>>(
      module, "Registry", "Knows the drivers: those of plugins, and those that a program adds.")
      .def_static("shared", &Registry::shared, py::return_value_policy::reference, "The one of this process.")
      .def("drivers", &Registry::drivers, nogil(), "All that are loaded or were added.")
      .def("load_all", &Registry::load_all, nogil(),
           "Loads every plugin on the path; a sentence for each that was refused.")
      .def("find", &Registry::find, "kind"_a, "name"_a, nogil(),
           "The driver's description; loads its plugin if need be.")
      .def("load", &Registry::load, "library"_a, nogil(), "Loads a plugin now.")
      .def("add_plugin_folder", &Registry::add_plugin_folder, "folder"_a, nogil())
      .def("plugin_folders", &Registry::plugin_folders, nogil());
}

}  // namespace astro_python
