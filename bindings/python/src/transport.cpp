// SPDX-License-Identifier: BSD-3-Clause
#include "transport.hpp"

#include <map>
#include <string>
#include <vector>

#include "astro/observatory.hpp"
#include "astro/transport.hpp"
#include "common.hpp"
#include "waiting.hpp"

namespace astro_python {
namespace {

using astro::Transport;

/// What a Python function gets: a copy that it may keep.
struct PythonMessage {
  py::str topic;
  py::str key;
  py::bytes body;
  astro::Time time;
  bool retained;
  py::dict headers;
};

py::bytes bytes_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A stranger's key or header may be any bytes: those that are no UTF-8 are as os.fsdecode would have them.
py::str text_of(std::string_view bytes) {
  PyObject* text = PyUnicode_DecodeUTF8(bytes.data(), static_cast<Py_ssize_t>(bytes.size()), "surrogateescape");
  if (text == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(text);
}

PythonMessage copy_of(const astro::Message& message) {
  PythonMessage copy{text_of(message.topic), text_of(message.key), bytes_of(message.body),
                     message.time,           message.retained,     {}};
  for (const astro::Header& header : message.headers) copy.headers[text_of(header.name)] = text_of(header.value);
  return copy;
}

class PythonSubscriber final : public astro::Subscriber {
 public:
  explicit PythonSubscriber(SharedObject function) : function_(std::move(function)) {}

  void deliver(std::span<const astro::Message> messages) override {
    if (!interpreter_is_alive()) return;
    const py::gil_scoped_acquire gil;
    try {
      py::list list;
      for (const astro::Message& message : messages) list.append(py::cast(copy_of(message)));
      (*function_)(list);
    } catch (py::error_already_set& raised) {
      throw to_error(raised);
    }
  }

 private:
  SharedObject function_;
};

/// One pattern of one function. It keeps the transport, and ends before its subscriber does.
class Listening {
 public:
  Listening(std::shared_ptr<Transport> transport, const std::string& pattern, SharedObject function,
            const std::string& group)
      : transport_(std::move(transport)), subscriber_(std::move(function)) {
    transport_->subscribe(pattern, subscriber_, group);
  }
  ~Listening() { close(); }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

  void close() noexcept { transport_->unsubscribe(subscriber_); }

 private:
  std::shared_ptr<Transport> transport_;
  PythonSubscriber subscriber_;
};

/// Waits for room; a signal ends the waiting.
astro::Ticket publish(const std::shared_ptr<Transport>& self, const std::string& topic, const py::bytes& body,
                      const std::string& key, bool retained, const std::map<std::string, std::string>& headers,
                      astro::Duration lifetime) {
  const std::string_view view(body);
  std::vector<astro::Header> own;
  for (const auto& [name, value] : headers) own.push_back({name, value});
  const astro::Message message{.topic = topic,
                               .key = key,
                               .body = std::as_bytes(std::span(view)),
                               .retained = retained,
                               .headers = own,
                               .lifetime = lifetime};
  return interruptible([&](const std::stop_token& stop) {
    for (;;) {
      const astro::Published published = self->publish({&message, 1});
      if (published.accepted == 1 || stop.stop_requested()) return published.ticket;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
}

}  // namespace

void bind_transport(py::module_& module) {
  py::class_<PythonMessage>(module, "Message", "One message of a transport.")
      .def_readonly("topic", &PythonMessage::topic)
      .def_readonly("key", &PythonMessage::key)
      .def_readonly("body", &PythonMessage::body)
      .def_readonly("time", &PythonMessage::time)
      .def_readonly("retained", &PythonMessage::retained)
      .def_readonly("headers", &PythonMessage::headers)
      .def("__repr__", [](const PythonMessage& self) { return py::str("<Message on {}>").format(self.topic); });
  py::class_<Listening>(module, "Listening", nogil_destructor(), "Keeps a function at a pattern until closed or gone.")
      .def("close", &Listening::close, nogil())
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", [](Listening& self, const py::args&) {
        const py::gil_scoped_release release;
        self.close();
      });
  py::class_<Transport, std::shared_ptr<Transport>>(module, "Transport", nogil_destructor(),
                                                    "Carries bytes by topic: at least once, in order by key.")
      .def("publish", &publish, "topic"_a, "body"_a, py::kw_only(), "key"_a = "", "retained"_a = false,
           "headers"_a = std::map<std::string, std::string>{}, "lifetime_s"_a = 0.0,
           "Hands a message over, waiting while there is no room; the ticket to ask `confirmed` for.")
      .def(
          "confirmed",
          [](const std::shared_ptr<Transport>& self, astro::Ticket ticket, astro::Duration at_most) {
            return abandonable([self, ticket, at_most] { return self->confirmed(ticket, at_most); });
          },
          "ticket"_a, "at_most_s"_a = 10.0,
          "The last ticket up to which the other side has confirmed everything; waits until `ticket` is.")
      .def(
          "subscribe",
          [](const std::shared_ptr<Transport>& self, const std::string& pattern, const py::object& function,
             const std::string& group) {
            SharedObject shared = share(function);
            const py::gil_scoped_release release;
            return std::make_unique<Listening>(self, pattern, std::move(shared), group);
          },
          "pattern"_a, "function"_a, "group"_a = "",
          R"(From now on messages of the pattern go to function(list of messages), from a thread of the transport.

When it raises, they are delivered again later. Of a group each message goes to one.)");
}

}  // namespace astro_python
