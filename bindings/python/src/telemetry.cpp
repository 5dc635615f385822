// SPDX-License-Identifier: BSD-3-Clause
#include "arrays.hpp"
#include "astro/telemetry/aggregates.hpp"
#include "astro/telemetry/alarms.hpp"
#include "astro/telemetry/chart.hpp"
#include "astro/telemetry/gaps.hpp"
#include "astro/telemetry/history.hpp"
#include "astro/telemetry/hub.hpp"
#include "common.hpp"
#include "enums.hpp"
#include "live.hpp"
#include "records.hpp"
#include "waiting.hpp"

namespace astro_python {

#define ASTRO_TELEMETRY_CHOICE(type)                                                     \
  template <>                                                                            \
  struct EnumNames<astro::telemetry::type> {                                             \
    static constexpr const char* name = #type;                                           \
    static constexpr auto& values = astro::Description<astro::telemetry::type>::choices; \
  }
ASTRO_TELEMETRY_CHOICE(Period);
ASTRO_TELEMETRY_CHOICE(LossReason);
ASTRO_TELEMETRY_CHOICE(AlarmLevel);
ASTRO_TELEMETRY_CHOICE(AlarmState);
#undef ASTRO_TELEMETRY_CHOICE

namespace {

namespace telemetry = astro::telemetry;
using astro::Duration;
using astro::StoreHandle;
using astro::Time;
using MaybeTime = std::optional<Time>;

Time or_now(const MaybeTime& time) { return time.value_or(astro::Clock::system()->now()); }

/// Gives points to a function; when it raises, nothing more is given, and what was raised reaches the caller.
class ReplayCalls final : public astro::Listener {
 public:
  explicit ReplayCalls(py::object function) : function_(share(std::move(function))) {}

  void points(std::span<const astro::Point> points, std::uint64_t) override {
    if (!interpreter_is_alive() || raised) return;
    const py::gil_scoped_acquire gil;
    try {
      py::list list;
      for (const astro::Point& point : points) list.append(py::cast(point));
      (*function_)(list);
    } catch (py::error_already_set&) {
      raised = std::current_exception();
      stop.request_stop();
    }
  }

  std::exception_ptr raised;
  std::stop_source stop;

 private:
  SharedObject function_;
};

std::size_t replay(const StoreHandle& store, const py::object& points, const std::string& id, const MaybeTime& from,
                   const MaybeTime& to, std::size_t limit, double speed) {
  ReplayCalls calls(points);
  const std::size_t given = interruptible([&](const std::stop_token& asked) {
    const std::stop_callback pass_on(asked, [&calls] { calls.stop.request_stop(); });
    return telemetry::replay_history(store, {.id = id, .from = from, .to = to, .limit = limit}, calls,
                                     {.speed = speed, .stop = calls.stop.get_token()});
  });
  if (calls.raised) std::rethrow_exception(calls.raised);
  return given;
}

/// A hub, and who hears of its alarms. It ends before its listener does.
class PythonHub final : public telemetry::AlarmListener {
 public:
  PythonHub(const astro::Observatory& site, SharedObject changed) : changed_(std::move(changed)) {
    hub_ = std::make_unique<telemetry::Hub>(site);
    hub_->add(*this);
  }
  ~PythonHub() override { close(); }

  void changed(const telemetry::Alarm& alarm) override {
    if (!interpreter_is_alive()) return;
    const py::gil_scoped_acquire gil;
    if (changed_->is_none()) return;
    try {
      (*changed_)(alarm);
    } catch (py::error_already_set& raised) {
      raised.discard_as_unraisable("a listener to alarms");
    }
  }
  void close() noexcept { hub_.reset(); }
  telemetry::Hub& operator*() const {
    if (!hub_) throw astro::Error(astro::ErrorCode::device_lost, "the hub was closed; make another one");
    return *hub_;
  }

 private:
  SharedObject changed_;
  std::unique_ptr<telemetry::Hub> hub_;
};

py::dict status_of(const PythonHub& hub) {
  telemetry::HubStatus status;
  {
    const py::gil_scoped_release release;
    status = (*hub).status();
  }
  return py::dict("received"_a = status.received, "stored"_a = status.stored, "thinned"_a = status.thinned,
                  "repeated"_a = status.repeated, "shed"_a = status.shed, "waiting"_a = status.waiting,
                  "trouble"_a = status.trouble);
}

void bind_records_of(py::module_& room) {
  make_enum<telemetry::Period>(room, "Of an average, in UTC.");
  make_enum<telemetry::LossReason>(room, "Why points are not in the history.");
  make_enum<telemetry::AlarmLevel>(room, "How grave it is.");
  make_enum<telemetry::AlarmState>(room, "Whether it is over.");
  bind_record<telemetry::HistoryPoint>(room, "HistoryPoint", "A point as it rests in a store.");
  bind_record<telemetry::Aggregate>(room, "Aggregate",
                                    "Average, least, greatest and count of a minute, an hour or a day.");
  bind_record<telemetry::SequenceRange>(room, "SequenceRange", "Both ends belong to it.");
  bind_record<telemetry::SourceMark>(room, "SourceMark", "How far a source has come since a start of it.");
  bind_record<telemetry::Gap>(room, "Gap", "Points of a source that did not come in their turn.");
  bind_record<telemetry::Loss>(room, "Loss", "Points that are not kept, and why.");
  bind_record<telemetry::AlarmCommand>(room, "AlarmCommand", "A command that an alarm gave.");
  bind_record<telemetry::Alarm>(room, "Alarm", "One occurrence of an alarm, from raised to cleared.");
}

void bind_history(py::module_& room) {
  room.def(
      "find_history",
      [](const StoreHandle& store, const std::string& id, const MaybeTime& from, const MaybeTime& to,
         std::size_t limit) {
        return telemetry::find_history(store, {.id = id, .from = from, .to = to, .limit = limit});
      },
      "store"_a, "id"_a = "", "from_"_a = py::none(), "to"_a = py::none(), "limit"_a = 1000, nogil(),
      "Points oldest first, of too many the newest (limit 0: all); both ends are exclusive.");
  room.def(
      "count_history",
      [](const StoreHandle& store, const std::string& id, const MaybeTime& from, const MaybeTime& to) {
        return telemetry::count_history(store, {.id = id, .from = from, .to = to});
      },
      "store"_a, "id"_a = "", "from_"_a = py::none(), "to"_a = py::none(), nogil());
  room.def(
      "clear_history",
      [](const StoreHandle& store, const std::string& who, const std::string& id, const MaybeTime& from,
         const MaybeTime& to, const MaybeTime& now) {
        return telemetry::clear_history(store, {.id = id, .from = from, .to = to}, who, or_now(now));
      },
      "store"_a, "who"_a, "id"_a = "", "from_"_a = py::none(), "to"_a = py::none(), "now"_a = py::none(), nogil(),
      "Removes points by hand, and leaves a record of who did so. Averages stay.");
  room.def("replay_history", &replay, "store"_a, "points"_a, "id"_a = "", "from_"_a = py::none(), "to"_a = py::none(),
           "limit"_a = 0, "speed"_a = 1.0,
           "Calls the function with lists of points at their pace, or `speed` times as fast (0: without waiting).");
  room.def(
      "find_aggregates",
      [](const StoreHandle& store, const std::string& id, telemetry::Period period, const MaybeTime& from,
         const MaybeTime& to) {
        return telemetry::find_aggregates(store, {.id = id, .period = period, .from = from, .to = to});
      },
      "store"_a, "id"_a = "", "period"_a = telemetry::Period::hour, "from_"_a = py::none(), "to"_a = py::none(),
      nogil(), "Averages of minutes, hours or days, by time.");
  room.def(
      "rebuild_aggregates",
      [](const StoreHandle& store, const std::string& id, telemetry::Period period, const MaybeTime& from,
         const MaybeTime& to) {
        return telemetry::rebuild_aggregates(store, {.id = id, .period = period, .from = from, .to = to});
      },
      "store"_a, "id"_a = "", "period"_a = telemetry::Period::hour, "from_"_a = py::none(), "to"_a = py::none(),
      nogil(), "Computes averages anew from the history.");
}

void bind_chart(py::module_& room) {
  using telemetry::Chart;
  py::class_<Chart> type(
      room, "Chart",
      "A point over a span of time, in buckets of one length; those without a number are left out.\n\n"
      "Its arrays have one element for each bucket.");
  const auto def_array = [&](const char* name, auto Chart::*member, const char* doc) {
    type.def_property_readonly(
        name, [member](const py::object& self) { return view(py::cast<const Chart&>(self).*member, self); }, doc);
  };
  def_array("time", &Chart::time, "Mean of the times in the bucket: float64, seconds since 1970.");
  def_array("min", &Chart::min, "The least number, float64, in `unit`.");
  def_array("max", &Chart::max, "The greatest number, float64, in `unit`.");
  def_array("average", &Chart::average, "float64, in `unit`.");
  def_array("count", &Chart::count, "How many numbers, int64.");
  type.def_readonly("unit", &Chart::unit)
      .def_readonly("period", &Chart::period, "Of the averages from which it was made; None: of the points themselves.")
      .def("__len__", [](const Chart& self) { return self.time.size(); });
  room.def(
      "chart", &telemetry::chart, "store"_a, "id"_a, "from_"_a, "to"_a, "width"_a = 1000, nogil(),
      "Least, greatest and average of a point in about `width` buckets from `from_` to before `to`: a Chart.\n\n"
      "Made from points, minutes, hours or days, whichever is enough, so that a year takes no longer than a minute.");
}

void bind_hub(py::module_& room) {
  room.def("list_alarms", &telemetry::list_alarms, "store"_a, "with_ended"_a = false, nogil(),
           "Newest first: those that are raised or that nobody has acknowledged, or all.");
  room.def(
      "acknowledge_alarm",
      [](const StoreHandle& store, const std::string& id, const std::string& who, const std::string& note,
         const MaybeTime& now) { return telemetry::acknowledge_alarm(store, id, who, or_now(now), note); },
      "store"_a, "id"_a, "who"_a, "note"_a = "", "now"_a = py::none(), nogil());
  py::class_<PythonHub>(room, "Hub", nogil_destructor(),
                        "Keeps the history of an observatory and watches its alarms, as its site file says.")
      .def(py::init([](const astro::Observatory& site, py::object changed) {
             SharedObject shared = share(std::move(changed));
             const py::gil_scoped_release release;
             return std::make_unique<PythonHub>(site, std::move(shared));
           }),
           "site"_a, "changed"_a = py::none(),
           "changed: a function that is called with each Alarm that changed. Close the hub before the site.")
      .def_property_readonly("boot", [](const PythonHub& self) { return (*self).boot(); })
      .def("status", &status_of, "How many points were received, stored, thinned, repeated, shed, and wait.")
      .def(
          "take",
          [](const PythonHub& self, const std::vector<astro::Point>& points, const std::string& source,
             std::int64_t boot, bool historical) {
            std::vector<telemetry::SourcedPoint> sourced;
            for (const astro::Point& point : points) sourced.push_back({point, source, boot, historical});
            (*self).take(sourced);
          },
          "points"_a, "source"_a, "boot"_a = 0, "historical"_a = false, nogil(),
          "Points of somebody else, into history, averages and alarms. source: who counts them, \"node/device\"; a "
          "point\n"
          "whose sequence is 0 is not counted: it is known by its id and time.")
      .def(
          "flush", [](const PythonHub& self, Duration timeout) { return (*self).flush(timeout); }, "timeout_s"_a = 10.0,
          nogil(), "Waits until all that came before is stored.")
      .def(
          "alarms", [](const PythonHub& self) { return (*self).alarms(); }, nogil())
      .def(
          "acknowledge",
          [](const PythonHub& self, const std::string& id, const std::string& who, const std::string& note) {
            return (*self).acknowledge(id, who, note);
          },
          "id"_a, "who"_a, "note"_a = "", nogil())
      .def("close", &PythonHub::close, nogil())
      .def("__enter__", [](py::object self) { return self; })
      .def("__exit__", [](PythonHub& self, const py::args&) {
        const py::gil_scoped_release release;
        self.close();
      });
}

}  // namespace

void bind_telemetry(py::module_& module) {
  py::module_ room = module.def_submodule("telemetry", "What was measured: history, averages, gaps, alarms.");
  bind_records_of(room);
  bind_history(room);
  bind_chart(room);
  bind_hub(room);
  bind_live(room);
}

}  // namespace astro_python
