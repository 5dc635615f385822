// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observatory.hpp"

#include "common.hpp"
#include "records.hpp"
#include "waiting.hpp"

namespace astro_python {
namespace {

using astro::Observatory;

/// Hands what happens in an observatory to Python functions.
class PythonListener final : public astro::Listener {
 public:
  PythonListener(SharedObject points, SharedObject acknowledgment, SharedObject notice)
      : points_(std::move(points)), acknowledgment_(std::move(acknowledgment)), notice_(std::move(notice)) {}

  void points(std::span<const astro::Point> points, std::uint64_t missed) override {
    call(points_, [&](const py::object& function) {
      py::list list;
      for (const astro::Point& point : points) list.append(py::cast(point));
      function(list, missed);
    });
  }
  void acknowledgment(const astro::Acknowledgment& acknowledgment) override {
    call(acknowledgment_, [&](const py::object& function) { function(acknowledgment); });
  }
  void notice(const astro::Notice& notice) override {
    call(notice_, [&](const py::object& function) { function(notice); });
  }

 private:
  template <class Use>
  static void call(const SharedObject& function, Use use) {
    if (!interpreter_is_alive()) return;
    const py::gil_scoped_acquire gil;
    if (function->is_none()) return;
    try {
      use(*function);
    } catch (py::error_already_set& raised) {
      raised.discard_as_unraisable("a listener of an observatory");
    }
  }

  SharedObject points_;
  SharedObject acknowledgment_;
  SharedObject notice_;
};

/// The order of the members matters: the subscription ends before its listener does.
struct PythonSubscription {
  std::unique_ptr<PythonListener> listener;
  astro::Subscription subscription;

  void close() { subscription = astro::Subscription(); }
};

std::unique_ptr<PythonSubscription> subscribe(const Observatory& site, const py::object& points,
                                              const py::object& acknowledgment, const py::object& notice) {
  auto made = std::make_unique<PythonSubscription>();
  made->listener = std::make_unique<PythonListener>(share(points), share(acknowledgment), share(notice));
  const py::gil_scoped_release release;
  made->subscription = site.subscribe(*made->listener);
  return made;
}

/// All that were opened are closed before the interpreter ends; see _close_all in the package.
py::object remember(Observatory opened) {
  py::object made = py::cast(std::move(opened));
  from_package("lifetime", "remember")(made);
  return made;
}

py::object open(const py::object& what, bool simulate, std::shared_ptr<astro::Clock> clock,
                std::optional<std::filesystem::path> state_folder) {
  const astro::OpenOptions options{simulate, std::move(clock), std::move(state_folder).value_or("")};
  if (py::isinstance<astro::Site>(what)) {
    return remember(
        abandonable([site = py::cast<astro::Site>(what), options] { return Observatory::open(site, options); }));
  }
  return remember(abandonable(
      [file = py::cast<std::filesystem::path>(what), options] { return Observatory::open(file, options); }));
}

void bind_subscriptions(py::module_& module) {
  using astro::Notice;
  py::class_<Notice>(module, "Notice", "Something else that a device has to tell.")
      .def_readonly("device", &Notice::device)
      .def_readonly("kind", &Notice::kind)
      .def_readonly("level", &Notice::level)
      .def_readonly("message", &Notice::message)
      .def_readonly("time", &Notice::time)
      .def("__repr__", [](const Notice& self) { return "<Notice " + self.device + ": " + self.message + ">"; });
  py::class_<PythonSubscription>(module, "Subscription", nogil_destructor(),
                                 "Keeps functions registered until it is closed or gone.")
      .def("close", &PythonSubscription::close, nogil())
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", [](PythonSubscription& self, const py::args&) {
        const py::gil_scoped_release release;
        self.close();
      });
}

void bind_devices(py::class_<Observatory>& type) {
  const auto def_device = [&](const char* name, auto (Observatory::*plain)(const std::string&) const,
                              auto (Observatory::*by_issuer)(const std::string&, astro::Issuer) const,
                              const char* doc) {
    type.def(
        name,
        [plain, by_issuer](const Observatory& self, const std::string& device,
                           const std::optional<astro::Issuer>& issuer) {
          return issuer ? (self.*by_issuer)(device, *issuer) : (self.*plain)(device);
        },
        "name"_a, "issuer"_a = py::none(), nogil(), doc);
  };
  using O = Observatory;
  def_device("mount", py::overload_cast<const std::string&>(&O::mount, py::const_),
             py::overload_cast<const std::string&, astro::Issuer>(&O::mount, py::const_), "A mount by its name.");
  def_device("receiver", py::overload_cast<const std::string&>(&O::receiver, py::const_),
             py::overload_cast<const std::string&, astro::Issuer>(&O::receiver, py::const_), "A receiver by its name.");
  def_device("controller", py::overload_cast<const std::string&>(&O::controller, py::const_),
             py::overload_cast<const std::string&, astro::Issuer>(&O::controller, py::const_),
             "A controller by its name.");
  type.def("store", &O::store, "name"_a, nogil(), "A store by its name.")
      .def("transport", &O::transport, "name"_a, nogil(), "A transport by its name.")
      .def("names", &O::names, "kind"_a, nogil(), "Names of the devices of a kind.");
}

void bind_commands(py::class_<Observatory>& type) {
  type.def("commands", &Observatory::commands, "device"_a, nogil(), "Commands that a device understands.")
      .def("points", &Observatory::points, "device"_a, nogil(), "Points that a device publishes.")
      .def("execute", &Observatory::execute, "command"_a, nogil(),
           "The gate for commands from outside: journalled before it acts, executed at most once.")
      .def("find_command", &Observatory::find_command, "id"_a, nogil(), "What became of a command, from the journal.")
      .def("recent_commands", &Observatory::recent_commands, "limit"_a = 100, nogil())
      .def("stop_all", &Observatory::stop_all, nogil(), "Stops every device at once.")
      .def("latest", py::overload_cast<>(&Observatory::latest, py::const_), nogil(), "Latest values of all points.")
      .def("latest", py::overload_cast<const std::string&>(&Observatory::latest, py::const_), "id"_a, nogil(),
           "The latest value of one point, or None.")
      .def("subscribe", &subscribe, py::kw_only(), "points"_a = py::none(), "acknowledgment"_a = py::none(),
           "notice"_a = py::none(),
           "Calls points(list, missed), acknowledgment(a), notice(n) from a thread of the observatory, in batches and "
           "in order.");
}

}  // namespace

void bind_observatory(py::module_& module) {
  bind_subscriptions(module);
  py::class_<Observatory> type(module, "Observatory", nogil_destructor(),
                               R"(The devices of a site, open, by name. Use it in a with block, or close() it.

All observatories are closed before Python ends.)");
  type.def_static("open", &open, "site"_a, "simulate"_a = false, "clock"_a = py::none(), "state_folder"_a = py::none(),
                  "Reads a site file (or takes a Site), loads the plugins, opens and checks every device.")
      .def_property_readonly("site", released([](const Observatory& self) { return self.site(); }))
      .def_property_readonly("location", released([](const Observatory& self) { return self.location(); }))
      .def_property_readonly("clock", released([](const Observatory& self) { return self.clock(); }))
      .def_property_readonly("state_folder", released([](const Observatory& self) { return self.state_folder(); }))
      .def("close", &Observatory::close, nogil(), "Stops and closes every device.")
      .def_property_readonly("is_open", released(&Observatory::is_open))
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", [](const Observatory& self, const py::args&) {
        const py::gil_scoped_release release;
        Observatory(self).close();
      });
  bind_devices(type);
  bind_commands(type);
  module.def("new_id", &astro::new_id, nogil(), "A new id: UUID version 7, so that ids sort by time.");
}

}  // namespace astro_python
