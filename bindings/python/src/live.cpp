// SPDX-License-Identifier: BSD-3-Clause
#include <unordered_map>

#include "astro/telemetry/live_feed.hpp"
#include "common.hpp"
#include "enums.hpp"
#include "live.hpp"
#include "records.hpp"

namespace astro_python {

template <>
struct EnumNames<astro::telemetry::LiveStart> {
  static constexpr const char* name = "LiveStart";
  static constexpr std::array values{"now", "latest", "recent"};
};

namespace {

namespace telemetry = astro::telemetry;
using telemetry::LiveText;

/// Python's objects of texts that many clients get: each is made once. With the GIL.
template <class Object>
class Shared {
 public:
  Object operator()(const LiveText& text) {
    const auto found = made_.find(text.get());
    if (found != made_.end()) return found->second.second;
    if (made_.size() == most || bytes_ > most_bytes) made_.clear(), bytes_ = 0;
    bytes_ += text->size();
    Object object(text->data(), text->size());
    made_.emplace(text.get(), std::pair(text, object));  // with the text: another one may lie there later
    return object;
  }

 private:
  static constexpr std::size_t most = 2048;
  static constexpr std::size_t most_bytes = 4 << 20;
  std::unordered_map<const std::string*, std::pair<LiveText, Object>> made_;
  std::size_t bytes_ = 0;
};

struct Objects {
  Shared<py::str> texts;
  Shared<py::bytes> frames;
};

template <class T>
struct DeleteWithoutGil {
  void operator()(T* object) const {
    const py::gil_scoped_release release;
    delete object;
  }
};
template <class T>
using Owned = std::unique_ptr<T, DeleteWithoutGil<T>>;

struct PythonFeed {
  Owned<telemetry::LiveFeed> feed;
  std::shared_ptr<Objects> objects = std::make_shared<Objects>();
};

struct PythonClient {
  Owned<telemetry::LiveClient> client;
  std::shared_ptr<Objects> objects;

  telemetry::LiveClient& get() {
    if (!client) throw astro::Error(astro::ErrorCode::device_lost, "this client was closed; ask the feed for another");
    return *client;
  }
};

py::list take(PythonClient& self, std::size_t limit) {
  std::vector<LiveText> texts;
  {
    const py::gil_scoped_release release;
    texts = self.get().take(limit);
  }
  py::list list;
  for (const LiveText& text : texts) list.append(self.objects->texts(text));
  return list;
}

py::bytes take_websocket(PythonClient& self, std::size_t limit) {
  LiveText frames;
  {
    const py::gil_scoped_release release;
    frames = self.get().take_websocket(limit);
  }
  return frames ? self.objects->frames(frames) : py::bytes();
}

void bind_live_client(py::module_& room) {
  py::class_<PythonClient>(room, "LiveClient", "One who watches a LiveFeed; what comes waits for it.")
      .def_property_readonly("id", [](PythonClient& self) { return self.get().id(); })
      .def("take", &take, "limit"_a = 0,
           "What waits, without waiting: a list of str, one JSON object each, or with `batches` one JSON array.\n\n"
           "limit: messages at most, 0: all. Clients share the strings.")
      .def("take_websocket", &take_websocket, "limit"_a = 0,
           "The same as bytes: WebSocket text frames as a server writes them to its socket; empty when nothing waits.")
      .def_property_readonly("taken", released([](PythonClient& self) { return self.get().status().taken; }),
                             "Messages so far.")
      .def_property_readonly("missed", released([](PythonClient& self) { return self.get().status().missed; }),
                             "Messages in whose place newer ones of their id came, because it was too slow.")
      .def_property_readonly("is_dropped", released([](PythonClient& self) { return self.get().status().is_dropped; }),
                             "It did not take for longer than the feed's patience; nothing comes any more.")
      .def("close", [](PythonClient& self) { self.client.reset(); });
}

PythonFeed make_feed(const std::optional<astro::Observatory>& site, std::size_t recent, std::size_t waiting,
                     astro::Duration patience) {
  const telemetry::LiveOptions options{.recent = recent, .waiting = waiting, .patience = patience};
  PythonFeed made;
  const py::gil_scoped_release release;
  made.feed.reset(site ? new telemetry::LiveFeed(*site, options) : new telemetry::LiveFeed(options));
  return made;
}

PythonClient make_client(PythonFeed& self, std::optional<std::vector<std::string>> ids, bool batches,
                         telemetry::LiveStart start) {
  PythonClient made{.client = {}, .objects = self.objects};
  const py::gil_scoped_release release;
  made.client.reset(
      new telemetry::LiveClient(self.feed->client({.ids = std::move(ids), .batches = batches, .start = start})));
  return made;
}

}  // namespace

void bind_live(py::module_& room) {
  make_enum<telemetry::LiveStart>(room, "What a client gets first.");
  bind_live_client(room);
  py::class_<PythonFeed>(room, "LiveFeed",
                         R"(What happens in an observatory as JSON text for many who watch, each message encoded once.

    feed = astro.telemetry.LiveFeed(site)
    client = feed.client(ids=["weather.*"])
    loop.add_reader(feed.fileno(), wake)    # wake: for id in feed.ready(): send(clients[id].take())

Messages are as {"type":"data","id":...,"value":...,"timestamp":...} for points and {"type":"message","id":...} for
confirmations of commands (command_result), notices (log, device_status), what a client missed (missed), and what
`tell` is given.)")
      .def(py::init(&make_feed), "site"_a = py::none(), "recent"_a = 1000, "waiting"_a = 1000, "patience_s"_a = 30.0,
           "site: None for what `add` and `tell` are given alone. recent: messages kept for who comes; waiting: more\n"
           "than these that may wait for a slow client; patience_s: who takes nothing for so long is dropped.")
      .def(
          "add", [](PythonFeed& self, const std::vector<astro::Point>& points) { self.feed->add(points); }, "points"_a,
          nogil(), "Points from elsewhere.")
      .def(
          "tell",
          [](PythonFeed& self, const std::string& id, const astro::Value& value,
             const std::optional<astro::Time>& time) {
            self.feed->tell(id, value, time.value_or(astro::Clock::system()->now()));
          },
          "id"_a, "value"_a, "time"_a = py::none(), nogil(), "An event of one's own: a message for all clients.")
      .def("client", &make_client, "ids"_a = py::none(), "batches"_a = false,
           py::arg_v("start", telemetry::LiveStart::recent, "\"recent\""),
           R"(Somebody new. Hold what this returns: when it is gone or closed, so is the client.

ids: of the points, ids or patterns in which * stands for any text; None: all; events come in any case.
batches: all that waits in one JSON array. start: "now", "latest" (the newest of each id) or "recent" (all kept).)")
      .def_property_readonly("clients", released([](const PythonFeed& self) { return self.feed->clients(); }),
                             "How many there are.")
      .def(
          "fileno", [](const PythonFeed& self) { return self.feed->descriptor(); },
          "Can be read as soon as a client has something: for loop.add_reader. Do not read it yourself.")
      .def(
          "ready", [](PythonFeed& self) { return self.feed->ready(); }, nogil(),
          "Ids of the clients for which something waits, and of those that were just dropped.")
      .def(
          "close", [](PythonFeed& self) { self.feed->close(); }, nogil(),
          "Nothing comes any more; clients still find what waits.")
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", [](PythonFeed& self, const py::args&) {
        const py::gil_scoped_release release;
        self.feed->close();
      });
  room.def("point_message", &telemetry::point_message, "point"_a, nogil(), "A point as one line of JSON.");
  room.def("event_message", &telemetry::event_message, "id"_a, "value"_a, "time"_a, nogil(),
           "An event as one line of JSON.");
  room.def(
      "history_messages",
      [](const astro::StoreHandle& store, const std::string& id, const std::optional<astro::Time>& from,
         const std::optional<astro::Time>& to, std::size_t limit) {
        return telemetry::history_messages(store, {.id = id, .from = from, .to = to, .limit = limit});
      },
      "store"_a, "id"_a = "", "from_"_a = py::none(), "to"_a = py::none(), "limit"_a = 1000, nogil(),
      "As find_history: one JSON array, str, of the messages as they were sent.");
}

}  // namespace astro_python
