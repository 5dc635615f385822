// SPDX-License-Identifier: BSD-3-Clause
#include "astro/handles.hpp"

#include <atomic>
#include <mutex>

#include "astro/registry.hpp"
#include "common.hpp"
#include "records.hpp"
#include "waiting.hpp"

namespace astro_python {
namespace {

using astro::ControllerHandle;
using astro::Duration;
using astro::MountHandle;
using astro::ReceiverHandle;
using std::chrono::steady_clock;

/// Waits in slices for what `poll` brings: nothing yet, or a result. Zero patience asks once.
template <class Poll>
auto in_slices(Duration at_most, Poll poll) {
  const auto end = steady_clock::now() + std::min<Duration>(at_most, std::chrono::hours(24 * 365));
  for (;;) {
    const Duration left = std::max<Duration>(end - steady_clock::now(), Duration::zero());
    auto result = [&] {
      const py::gil_scoped_release release;
      return poll(std::min<Duration>(left, wait_slice));
    }();
    if (result || left <= wait_slice) return result;
    check_signals();
  }
}

template <class Handle>
void bind_common(py::class_<Handle>& type) {
  type.def_property_readonly("name", released([](const Handle& self) { return self.name(); }))
      .def_property_readonly("issuer", released([](const Handle& self) { return self.issuer(); }))
      .def(
          "issued_by", [](const Handle& self, astro::Issuer issuer) { return self.as(std::move(issuer)); }, "issuer"_a,
          nogil(), "The same device for somebody else.")
      .def(
          "take", [](const Handle& self, Duration lease) { self.take(lease); }, "lease_s"_a = astro::default_lease,
          nogil(), "Takes authority over the device for a while; taking it again renews it.")
      .def(
          "release", [](const Handle& self) { self.release(); }, nogil(), "Gives it back.")
      .def_property_readonly(
          "holder",
          [](const Handle& self) -> py::object {
            std::optional<astro::Holder> holder;
            {
              const py::gil_scoped_release release;
              holder = self.holder();
            }
            if (!holder) return py::none();
            return py::make_tuple(holder->issuer, holder->until);
          },
          "(issuer, until) of who holds the device, or None.")
      .def(
          "stop", [](const Handle& self) { self.stop(); }, nogil(), "Stops the device at once, whoever holds it.")
      .def_property_readonly("is_lost", released([](const Handle& self) { return self.is_lost(); }),
                             "Whether the driver no longer answers.")
      .def_property_readonly("description", released(&Handle::description));
}

void bind_mount(py::module_& module) {
  using astro::MountReport;
  py::class_<MountReport>(module, "MountReport", "A mount as the host last saw it: one consistent reading, never I/O.")
      .def_readonly("time", &MountReport::time)
      .def_readonly("axes", &MountReport::axes, "Actual position.")
      .def_readonly("commanded", &MountReport::commanded, "Where they were told to be.")
      .def_readonly("place", &MountReport::place, "Of the beam in the sky, from the axes.")
      .def_readonly("state", &MountReport::state)
      .def_readonly("on_target", &MountReport::on_target)
      .def_readonly("tracking", &MountReport::tracking)
      .def_readonly("lost", &MountReport::lost)
      .def("__repr__", [](const MountReport& self) {
        return py::str("<MountReport {}: azimuth {:.3f} deg, altitude {:.3f} deg, {}>")
            .format(self.state, self.place.azimuth.degrees(), self.place.altitude.degrees(),
                    self.on_target ? "on target" : "not on target");
      });
  py::class_<MountHandle> type(module, "MountHandle", nogil_destructor(), "A mount of an open observatory.");
  bind_common(type);
  const auto minutes = std::chrono::minutes(5);
  type.def("status", &MountHandle::status, nogil(), "The latest reading.")
      .def_property_readonly("target", released(&MountHandle::target), "What is tracked or was slewed to, or None.")
      .def_property_readonly(
          "limits",
          [](const MountHandle& self) {
            astro::MountLimits limits;
            {
              const py::gil_scoped_release release;
              limits = self.limits();
            }
            return py::make_tuple(limits.first, limits.second);
          },
          "Ranges of both axes.")
      .def("slew_to", &MountHandle::slew_to, "target"_a, nogil(),
           "Points at where the target is now; starts and returns.")
      .def("track", &MountHandle::track, "target"_a, nogil(), "Points at the target and follows it until stop.")
      .def("move_to", &MountHandle::move_to, "axes"_a, nogil())
      .def("move_rate", &MountHandle::move_rate, "rates"_a, "lifetime_s"_a = Duration(std::chrono::milliseconds(500)),
           nogil(), "Moves at a rate for at most that long; repeat it to go on.")
      .def("park", &MountHandle::park, nogil())
      .def("home", &MountHandle::home, nogil())
      .def(
          "wait_until_on_target",
          [](const MountHandle& self, Duration timeout) {
            abandonable([self, timeout] { self.wait_until_on_target(timeout); });
          },
          "timeout_s"_a = Duration(minutes),
          "Waits until the beam is on target; Ctrl-C ends the waiting, not the motion.")
      .def(
          "wait_until_stopped",
          [](const MountHandle& self, Duration timeout) {
            abandonable([self, timeout] { self.wait_until_stopped(timeout); });
          },
          "timeout_s"_a = Duration(minutes), "Waits until no axis moves.")
      .def("axes_of", &MountHandle::axes_of, "target"_a, "time"_a, nogil(), "Axes that a target needs at a time.")
      .def("place_at", &MountHandle::place_at, "time"_a, nogil(),
           "Where the beam pointed, or None when it was not read then.");
}

/// A stream that several Python threads may use: one of them waits, and `close` comes after its slice.
class SharedStream {
 public:
  explicit SharedStream(astro::BlockStream stream) : stream_(std::move(stream)) {}

  std::shared_ptr<astro::Block> next(Duration at_most) {
    return in_slices(at_most, [this](Duration slice) {
      const std::lock_guard lock(mutex_);
      return closed_ ? nullptr : std::const_pointer_cast<astro::Block>(stream_.next(slice));
    });
  }
  /// For iteration: waits as long as it takes; null at the end.
  std::shared_ptr<astro::Block> following() {
    while (!closed_ && !ended_) {
      std::shared_ptr<astro::Block> block = next(std::chrono::hours(1));
      if (!block) continue;
      ended_ = block->last;
      return block;
    }
    return nullptr;
  }
  void close() {
    closed_ = true;
    const std::lock_guard lock(mutex_);
    stream_.close();
  }

 private:
  std::mutex mutex_;
  astro::BlockStream stream_;
  std::atomic<bool> closed_ = false;
  std::atomic<bool> ended_ = false;
};

void bind_stream(py::module_& module) {
  py::class_<SharedStream>(module, "BlockStream", nogil_destructor(),
                           "Blocks of a receiver: iterate over it, or call next(). Closes at the end of a with block.")
      .def("next", &SharedStream::next, "timeout_s"_a = Duration(std::chrono::seconds(1)),
           "The next block, or None when none came in this time.")
      .def("close", &SharedStream::close, nogil())
      .def("__iter__", [](const py::object& self) { return self; })
      .def("__next__",
           [](SharedStream& self) {
             std::shared_ptr<astro::Block> block = self.following();
             if (!block) throw py::stop_iteration();
             return block;
           })
      .def("__enter__", [](const py::object& self) { return self; })
      .def("__exit__", [](SharedStream& self, const py::args&) {
        const py::gil_scoped_release release;
        self.close();
      });
}

void bind_receiver(py::module_& module) {
  using astro::ReceiverReport;
  py::class_<ReceiverReport>(module, "ReceiverReport", "A receiver as the host last saw it.")
      .def_readonly("streaming", &ReceiverReport::streaming)
      .def_readonly("items", &ReceiverReport::items)
      .def_readonly("lost", &ReceiverReport::lost)
      .def_readonly("dropped", &ReceiverReport::dropped, "Of those, because a consumer was too slow.")
      .def_readonly("lost_device", &ReceiverReport::lost_device);
  py::class_<ReceiverHandle> type(module, "ReceiverHandle", nogil_destructor(), "A receiver of an open observatory.");
  bind_common(type);
  type.def("status", &ReceiverHandle::status, nogil())
      .def("tune", &ReceiverHandle::tune, "wanted"_a, nogil(),
           "Tunes, and returns what the hardware took. Zeros keep what is set.")
      .def("tune",
           [](const ReceiverHandle& self, const py::kwargs& wanted) {
             const auto tuning = py::cast<astro::Tuning>(py::type::of<astro::Tuning>()(**wanted));
             const py::gil_scoped_release release;
             return self.tune(tuning);
           })
      .def_property_readonly("settings", released([](const ReceiverHandle& self) {
                               return std::const_pointer_cast<astro::StreamSettings>(self.settings());
                             }),
                             "What the stream looks like now.")
      .def(
          "stream", [](const ReceiverHandle& self) { return std::make_unique<SharedStream>(self.stream()); }, nogil(),
          "Starts the receiver if it does not stream; it stops when its last stream is gone.");
}

void bind_controller(py::module_& module) {
  using astro::Execution;
  const Duration day = std::chrono::hours(24);
  const auto final_or_nothing = [](const Execution& self, Duration slice) -> std::optional<astro::Acknowledgment> {
    astro::Acknowledgment latest = self.wait(slice);
    if (is_final(latest.state)) return latest;
    return std::nullopt;
  };
  py::class_<Execution>(module, "Execution", nogil_destructor(), "A command that was handed in: what becomes of it.")
      .def_property_readonly("id", released(&Execution::id))
      .def("latest", &Execution::latest, nogil())
      .def(
          "wait",
          [=](const Execution& self, Duration timeout) {
            in_slices(timeout, [&](Duration slice) { return final_or_nothing(self, slice); });
            const py::gil_scoped_release release;
            return self.latest();
          },
          "timeout_s"_a = day, "Waits for its end, or so long (real time); then what is known.")
      .def(
          "wait_completed",
          [=](const Execution& self, Duration timeout) {
            in_slices(timeout, [&](Duration slice) { return final_or_nothing(self, slice); });
            const py::gil_scoped_release release;
            return self.wait_completed(Duration::zero());
          },
          "timeout_s"_a = day, "The same, and raises what went wrong.");
  py::class_<ControllerHandle> type(module, "ControllerHandle", nogil_destructor(),
                                    "A controller of an open observatory.");
  bind_common(type);
  type.def("point", &ControllerHandle::point, "name"_a, nogil(), "The latest value of a point.")
      .def(
          "perform",
          [](const ControllerHandle& self, const std::string& command, const py::kwargs& parameters) {
            astro::Value map = parameters.empty() ? astro::Value() : value_from(parameters);
            const py::gil_scoped_release release;
            return self.perform(command, map);
          },
          "command"_a, "Starts a command with its parameters by name; they are checked before this returns.");
}

}  // namespace

void bind_handles(py::module_& module) {
  bind_mount(module);
  bind_stream(module);
  bind_receiver(module);
  bind_controller(module);
}

}  // namespace astro_python
