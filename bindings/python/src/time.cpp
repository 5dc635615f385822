// SPDX-License-Identifier: BSD-3-Clause
#include "astro/time.hpp"

#include <pybind11/operators.h>

#include "astro/clock.hpp"
#include "common.hpp"
#include "waiting.hpp"

namespace astro_python {
namespace {

using astro::Duration;
using astro::Time;

std::int64_t nanoseconds(Time time) { return time.time_since_epoch().count(); }

/// datetime ends at the microsecond: what is below is cut off.
py::object to_datetime(Time time) {
  const py::module_ library = py::module_::import("datetime");
  const auto microseconds = std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()).count();
  const py::object epoch = library.attr("datetime")(1970, 1, 1, "tzinfo"_a = library.attr("timezone").attr("utc"));
  return epoch + library.attr("timedelta")("microseconds"_a = microseconds);
}

int digits_needed(Time time) {
  const auto within = nanoseconds(time) % 1'000'000'000;
  if (within % 1'000'000 == 0) return 3;
  return within % 1'000 == 0 ? 6 : 9;
}

void bind_instant(py::module_& module) {
  py::class_<Time> type(module, "Time", R"(An instant in UTC, to the nanosecond.

Made from ISO 8601 text, a datetime with a time zone, a numpy.datetime64 or an astropy Time. The difference of two
is a number of seconds; seconds are added and taken away.)");
  type.def(py::init([](Time value) { return value; }), "value"_a)
      .def_static(
          "now", [] { return Time(std::chrono::system_clock::now()); }, "This machine's UTC.")
      .def_static("from_mjd", &astro::from_mjd, "mjd"_a, "From a Modified Julian Date in UTC.")
      .def_static(
          "from_nanoseconds", [](std::int64_t count) { return Time(Duration(count)); }, "nanoseconds"_a,
          "From nanoseconds since 1970.")
      .def_property_readonly("nanoseconds", &nanoseconds, "Since 1970; leap seconds are not counted, as in POSIX.")
      .def_property_readonly("mjd", &astro::mjd, "Modified Julian Date in UTC, right to about 1 us.")
      .def_property_readonly("datetime", &to_datetime, "As a datetime in UTC, to the microsecond.")
      .def("isoformat", &astro::format_time, "digits"_a = 3, "As ISO 8601: \"2021-02-10T07:57:41.000Z\".")
      .def("to_numpy",
           [](Time self) { return py::module_::import("numpy").attr("datetime64")(nanoseconds(self), "ns"); })
      .def(
          "to_astropy", [](const py::object& self) { return from_package("interop", "to_astropy")(self); },
          "As an astropy Time in UTC.")
      .def(py::self == py::self)
      .def(py::self < py::self)
      .def(py::self <= py::self)
      .def(py::self > py::self)
      .def(py::self >= py::self)
      .def("__hash__", &nanoseconds)
      .def(
          "__add__", [](Time self, Duration seconds) { return self + seconds; }, py::is_operator(), "seconds"_a)
      .def(
          "__radd__", [](Time self, Duration seconds) { return self + seconds; }, py::is_operator(), "seconds"_a)
      .def(
          "__sub__", [](Time self, Time other) { return self - other; }, py::is_operator(), "other"_a)
      .def(
          "__sub__", [](Time self, Duration seconds) { return self - seconds; }, py::is_operator(), "seconds"_a)
      .def(
          "__rsub__", [](Time self, Time other) { return other - self; }, py::is_operator(), "other"_a)
      .def("__str__", [](Time self) { return astro::format_time(self, digits_needed(self)); })
      .def("__repr__", [](Time self) { return "Time('" + astro::format_time(self, digits_needed(self)) + "')"; })
      .def(py::pickle(&nanoseconds, [](std::int64_t count) { return Time(Duration(count)); }));
}

void bind_clock(py::module_& module) {
  using astro::Clock;
  py::class_<Clock, std::shared_ptr<Clock>>(module, "Clock", nogil_destructor(),
                                            "The observatory's clock: UTC of the machine, or a simulated one.")
      .def_static("system", &Clock::system, nogil(), "UTC of the machine.")
      .def_static("simulated", &Clock::simulated, "start"_a, "speed"_a = 1.0, nogil(),
                  "Starts at `start` and runs `speed` times as fast as real time.")
      .def("now", &Clock::now, nogil())
      .def_property_readonly("is_simulated", released(&Clock::is_simulated))
      .def_property_readonly("speed", released(&Clock::speed))
      .def(
          "sleep_for",
          [](const std::shared_ptr<Clock>& self, Duration duration) {
            return interruptible(
                [self, duration](const std::stop_token& stop) { return self->sleep_for(duration, stop); });
          },
          "duration_s"_a, "Waits by this clock; Ctrl-C ends it.");
}

}  // namespace

void bind_time(py::module_& module) {
  bind_instant(module);
  bind_clock(module);
}

}  // namespace astro_python
