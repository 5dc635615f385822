// SPDX-License-Identifier: BSD-3-Clause
#include "nodes.hpp"

#include <filesystem>
#include <memory>

#include "astro/messaging/node.hpp"
#include "astro/messaging/node_client.hpp"
#include "common.hpp"
#include "records.hpp"
#include "waiting.hpp"

namespace astro_python {
namespace {

namespace messaging = astro::messaging;
using astro::Duration;
using messaging::Node;
using messaging::NodeClient;
using Path = std::filesystem::path;

/// What is open is closed before the interpreter ends; see lifetime.py.
template <class Opened>
py::object remembered(std::shared_ptr<Opened> opened) {
  py::object made = py::cast(std::move(opened));
  from_package("lifetime", "remember")(made);
  return made;
}

py::object open_node(const Path& site, const std::string& name, const std::optional<Path>& state_folder,
                     std::shared_ptr<astro::Clock> clock, Duration beat) {
  messaging::NodeOptions options;
  options.state_folder = state_folder.value_or("");
  options.clock = std::move(clock);
  options.beat = beat;
  return remembered(
      abandonable([site, name, options] { return std::make_shared<Node>(Node::open(site, name, options)); }));
}

/// A client until it is closed: what it hears goes to Python, which must be there.
class PythonNodeClient {
 public:
  explicit PythonNodeClient(const astro::Site& site) : client_(std::make_shared<NodeClient>(site)) {}

  std::shared_ptr<NodeClient> client() const {
    const std::lock_guard lock(mutex_);
    if (!client_) throw astro::Error(astro::ErrorCode::device_lost, "this client of nodes is closed; make another one");
    return client_;
  }
  void close() noexcept {
    std::shared_ptr<NodeClient> closing;
    const std::lock_guard lock(mutex_);
    closing.swap(client_);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<NodeClient> client_;
};

/// Runs beside Python, so that Ctrl-C is seen.
template <class Ask>
auto asked(const PythonNodeClient& self, Ask ask) {
  return abandonable([client = self.client(), ask] { return ask(*client); });
}

py::object open_client(const py::object& site) {
  const astro::Site read = py::isinstance<astro::Site>(site)
                               ? py::cast<astro::Site>(site)
                               : abandonable([file = py::cast<Path>(site)] { return astro::load_site(file); });
  return remembered(abandonable([read] { return std::make_shared<PythonNodeClient>(read); }));
}

void watch(const PythonNodeClient& self, py::object function, Duration at_most) {
  const SharedObject shared = share(std::move(function));
  asked(self, [shared, at_most](NodeClient& client) {
    client.watch(
        [shared](std::string_view topic, std::span<const std::byte> body) {
          if (!interpreter_is_alive()) return;
          const py::gil_scoped_acquire gil;
          try {
            (*shared)(py::str(topic.data(), topic.size()),
                      py::bytes(reinterpret_cast<const char*>(body.data()), body.size()));
          } catch (py::error_already_set& raised) {
            raised.discard_as_unraisable("a function that watches nodes");
          }
        },
        at_most);
    return true;
  });
}

astro::CommandQuery query_of(const std::string& device, const std::string& command, const std::string& issuer,
                             const std::optional<astro::Time>& from, const std::optional<astro::Time>& to,
                             std::int64_t limit) {
  return {.device = device,
          .command = command,
          .issuer = issuer,
          .from = from.value_or(astro::Time{}),
          .to = to.value_or(astro::Time{}),
          .limit = limit};
}

void bind_node(py::module_& room) {
  py::class_<Node, std::shared_ptr<Node>>(
      room, "Node", nogil_destructor(),
      R"(Serves the devices that a site file gives to a node. Use it in a with block, or close() it.)")
      .def_static("open", &open_node, "site"_a, "name"_a, "state_folder"_a = py::none(), "clock"_a = py::none(),
                  "beat_s"_a = 5.0, "Reads the site file as this node, opens its devices, and hears commands.")
      .def_property_readonly("observatory", released([](const Node& self) { return self.observatory(); }),
                             "What it serves, for what runs on the same machine.")
      .def_property_readonly("boot", &Node::boot, "Counts the starts of this node.")
      .def_property_readonly("serves", released(&Node::serves), "Whether it does its work.")
      .def(
          "wait_for_configuration",
          [](const std::shared_ptr<Node>& self, Duration at_most) {
            return interruptible(
                [&](const std::stop_token& stop) { return self->wait_for_configuration(stop, at_most); });
          },
          "at_most_s"_a, "Whether a configuration is to be tried, which is when the node has to be opened anew.")
      .def("close", &Node::close, nogil(), "Says goodbye to the others, and closes every device.")
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", [](Node& self, const py::args&) {
        const py::gil_scoped_release release;
        self.close();
      });
}

void bind_client(py::module_& room) {
  using Self = PythonNodeClient;
  py::class_<Self, std::shared_ptr<Self>> type(
      room, "NodeClient", nogil_destructor(),
      "Speaks with the nodes of a site without being one. Use it in a with block, or close() it.");
  type.def_static("open", &open_client, "site"_a, "Takes a Site or its file, and opens its transports alone.")
      .def(
          "send",
          [](const Self& self, const astro::Command& command, Duration at_most) {
            return asked(self, [command, at_most](NodeClient& client) { return client.send(command, at_most); });
          },
          "command"_a, "at_most_s"_a = 60.0,
          "Sends a command to the node that serves its device, and waits for its end, or so long.")
      .def(
          "nodes",
          [](const Self& self, Duration at_most) {
            return asked(self, [at_most](NodeClient& client) { return client.nodes(at_most); });
          },
          "at_most_s"_a = 5.0, "Who is there: a list of KnownNode.")
      .def(
          "admit",
          [](const Self& self, const std::string& node, const std::string& by) {
            asked(self, [node, by](NodeClient& client) { return client.admit(node, by), true; });
          },
          "node"_a, "by"_a, "From now on it may be commanded.")
      .def(
          "forget",
          [](const Self& self, const std::string& node) {
            asked(self, [node](NodeClient& client) { return client.forget(node), true; });
          },
          "node"_a, "As if it was never heard.")
      .def(
          "configure",
          [](const Self& self, const std::string& node, const std::string& site, const astro::Issuer& issuer,
             Duration at_most) {
            return asked(self, [=](NodeClient& client) { return client.configure(node, site, issuer, at_most); });
          },
          "node"_a, "site"_a, "issuer"_a, "at_most_s"_a = 120.0,
          "Sends a site file, as text, to a node, which takes it or goes back to what it had.")
      .def(
          "history",
          [](const Self& self, const std::string& node, const std::string& device, const std::string& command,
             const std::string& issuer, const std::optional<astro::Time>& from, const std::optional<astro::Time>& to,
             std::int64_t limit, Duration at_most) {
            const auto query = query_of(device, command, issuer, from, to, limit);
            return asked(self, [=](NodeClient& client) { return client.history(node, query, at_most); });
          },
          "node"_a, "device"_a = "", "command"_a = "", "issuer"_a = "", "from_"_a = py::none(), "to"_a = py::none(),
          "limit"_a = 100, "at_most_s"_a = 10.0, "What the node's journal says: a list of CommandRecord, newest first.")
      .def("watch", &watch, "function"_a, "at_most_s"_a = 10.0,
           "From now on function(topic, body) hears all that nodes say, from threads of the transports.")
      .def("close", &Self::close, nogil())
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", [](Self& self, const py::args&) {
        const py::gil_scoped_release release;
        self.close();
      });
}

}  // namespace

void bind_nodes(py::module_& room) {
  bind_record<messaging::KnownNode>(room, "KnownNode", "A node as those who command know it.");
  bind_record<astro::CommandRecord>(room, "CommandRecord",
                                    "A command as a journal has it: who, when, from where, and what became of it.");
  bind_node(room);
  bind_client(room);
  room.def(
      "find_commands",
      [](const Path& state_folder, const std::string& device, const std::string& command, const std::string& issuer,
         const std::optional<astro::Time>& from, const std::optional<astro::Time>& to, std::int64_t limit) {
        return astro::find_commands(state_folder, query_of(device, command, issuer, from, to, limit));
      },
      "state_folder"_a, "device"_a = "", "command"_a = "", "issuer"_a = "", "from_"_a = py::none(), "to"_a = py::none(),
      "limit"_a = 100, nogil(), "The journal of a state folder, newest first.");
}

}  // namespace astro_python
