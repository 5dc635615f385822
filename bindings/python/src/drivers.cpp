// SPDX-License-Identifier: BSD-3-Clause
#include "drivers.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <mutex>

#include "arrays.hpp"
#include "astro/detail/apart.hpp"
#include "astro/registry.hpp"
#include "descriptions.hpp"
#include "records.hpp"

namespace astro_python {

using astro::DeviceKind;
using astro::DriverDescription;

// What a Python driver tells its host.

std::shared_ptr<astro::Emitter> PythonEmitter::borrow() const {
  const std::lock_guard lock(mutex_);
  if (!host_)
    throw astro::Error(astro::ErrorCode::invalid_argument, "a driver tells its host only between open and close");
  return host_;
}

void PythonEmitter::attach(astro::Emitter& host) {
  const std::lock_guard lock(mutex_);
  // The count of references says when no thread of the driver is in a call any more.
  host_ = std::shared_ptr<astro::Emitter>(&host, [](astro::Emitter*) {});
}

void PythonEmitter::detach() noexcept {
  std::shared_ptr<astro::Emitter> held;
  {
    const std::lock_guard lock(mutex_);
    held = std::move(host_);
    host_.reset();
  }
  while (held.use_count() > 1) std::this_thread::yield();
}

namespace {

// C++ drivers that hold a Python object and pass each hook on to it.

/// The Python half belongs to the C++ half, whose end takes the GIL to let it go.
class Half {
 public:
  explicit Half(py::object driver) : emitter_(std::make_shared<PythonEmitter>()), driver_(share(std::move(driver))) {}

  /// Calls a hook with the GIL; what it raises becomes an astro::Error.
  template <class Use>
  auto call(Use use) const {
    if (!interpreter_is_alive()) throw astro::Error(astro::ErrorCode::device_lost, "Python has ended");
    const py::gil_scoped_acquire gil;
    try {
      return use(*driver_);
    } catch (py::error_already_set& raised) {
      throw to_error(raised);
    } catch (const py::cast_error& error) {
      throw astro::Error(astro::ErrorCode::device_fault,
                         std::string("a hook returned something else than expected: ") + error.what());
    } catch (const py::builtin_exception& error) {
      throw astro::Error(astro::ErrorCode::device_fault, error.what());
    }
  }
  /// A hook that may not fail: what it raises is printed as Python prints what nobody catches.
  void call_quietly(const char* hook) const noexcept {
    if (!interpreter_is_alive()) return;
    const py::gil_scoped_acquire gil;
    try {
      driver_->attr(hook)();
    } catch (py::error_already_set& raised) {
      raised.discard_as_unraisable(hook);
    }
  }

  void open(astro::Emitter& host) const {
    emitter_->attach(host);
    try {
      call([&](const py::object& driver) { driver.attr("open")(emitter_); });
    } catch (...) {
      emitter_->detach();
      throw;
    }
  }
  void close() const noexcept {
    call_quietly("close");
    emitter_->detach();
  }

 private:
  std::shared_ptr<PythonEmitter> emitter_;
  SharedObject driver_;
};

class PythonMount final : public astro::Mount {
 public:
  explicit PythonMount(py::object driver) : half_(std::move(driver)) {}
  void open(astro::Emitter& host) override { half_.open(host); }
  void close() noexcept override { half_.close(); }
  void stop() noexcept override { half_.call_quietly("stop"); }
  void move_to(astro::Axes target) override {
    half_.call([&](const py::object& driver) { driver.attr("move_to")(target); });
  }
  void move_rate(astro::AxisRates rates, astro::Duration lifetime) override {
    half_.call([&](const py::object& driver) { driver.attr("move_rate")(rates, lifetime); });
  }
  void park() override {
    half_.call([](const py::object& driver) { driver.attr("park")(); });
  }
  void home() override {
    half_.call([](const py::object& driver) { driver.attr("home")(); });
  }
  void self_track(bool on) override {
    half_.call([&](const py::object& driver) { driver.attr("self_track")(on); });
  }
  astro::MountStatus status() override {
    return half_.call([](const py::object& driver) { return py::cast<astro::MountStatus>(driver.attr("status")()); });
  }

 private:
  Half half_;
};

/// numpy sees a buffer of ours that lives as long as any array on it; what a driver keeps of it may
/// be stale, but never freed. The copy into the host's block is the price.
class PythonReceiver final : public astro::Receiver {
 public:
  explicit PythonReceiver(py::object driver) : half_(std::move(driver)) {}
  void open(astro::Emitter& host) override { half_.open(host); }
  void close() noexcept override { half_.close(); }
  void stop() noexcept override { half_.call_quietly("stop"); }

  astro::StreamSettings tune(const astro::Tuning& wanted) override {
    settings_ = half_.call(
        [&](const py::object& driver) { return py::cast<astro::StreamSettings>(driver.attr("tune")(wanted)); });
    return settings_;
  }
  void start() override {
    half_.call([](const py::object& driver) { driver.attr("start")(); });
  }
  astro::Filled fill(std::span<std::byte> buffer) override {
    if (!scratch_ || scratch_->size() < buffer.size()) scratch_ = std::make_shared<astro::Bytes>(buffer.size());
    const astro::Filled filled = half_.call([&](const py::object& driver) {
      return py::cast<astro::Filled>(driver.attr("fill")(array_over(buffer.size())));
    });
    const std::size_t filled_bytes = filled.items * settings_.item_bytes();
    if (filled_bytes > buffer.size()) {
      throw astro::Error(astro::ErrorCode::device_fault, "fill says that it filled " + std::to_string(filled.items) +
                                                             " items, more than its buffer holds");
    }
    if (filled_bytes > 0) std::memcpy(buffer.data(), scratch_->data(), filled_bytes);
    return filled;
  }

 private:
  py::array array_over(std::size_t bytes) const {
    std::vector<std::size_t> shape{bytes / std::max<std::size_t>(1, settings_.item_bytes())};
    shape.insert(shape.end(), settings_.item_shape.begin(), settings_.item_shape.end());
    return view(scratch_->data(), settings_.dtype, shape, keep(scratch_), true);
  }

  Half half_;
  astro::StreamSettings settings_;
  std::shared_ptr<astro::Bytes> scratch_;
};

class PythonController final : public astro::Controller {
 public:
  explicit PythonController(py::object driver) : half_(std::move(driver)) {}
  void open(astro::Emitter& host) override { half_.open(host); }
  void close() noexcept override { half_.close(); }
  void stop() noexcept override { half_.call_quietly("stop"); }
  void poll() override {
    half_.call([](const py::object& driver) { driver.attr("poll")(); });
  }
  astro::Performed perform(const astro::Call& call) override {
    return half_.call([&](const py::object& driver) {
      const py::object answer = driver.attr("perform")(call);
      if (answer.is_none()) return astro::Performed();
      if (py::isinstance<astro::Performed>(answer)) return py::cast<astro::Performed>(answer);
      return astro::Performed{false, {}, value_from(answer)};
    });
  }
  void heard(std::span<const astro::Point> points) override {
    half_.call([&](const py::object& driver) {
      py::list list;
      for (const astro::Point& point : points) list.append(py::cast(point));
      driver.attr("heard")(list);
    });
  }
  void commanded(const astro::Acknowledgment& acknowledgment) override {
    half_.call([&](const py::object& driver) { driver.attr("commanded")(acknowledgment); });
  }

 private:
  Half half_;
};

// Registration.

/// Makes the Python half: `cls(settings)`, settings by their Python names and types.
py::object make_half(const py::object& make, const astro::Schema& schema, const astro::Value& settings) {
  py::dict values;
  for (const astro::Field& field : schema.fields) {
    const astro::Value* value = settings.find(field.name);
    values[py::str(field.name)] = value == nullptr ? py::none() : to_attribute(field, *value);
  }
  return make(values);
}

std::unique_ptr<astro::Driver> wrap(DeviceKind kind, py::object half) {
  switch (kind) {
    case DeviceKind::mount:
      return std::make_unique<PythonMount>(std::move(half));
    case DeviceKind::receiver:
      return std::make_unique<PythonReceiver>(std::move(half));
    default:
      return std::make_unique<PythonController>(std::move(half));
  }
}

/// The registry of the process keeps the factory beyond the interpreter's end: `make` stays.
astro::Registry::Factory factory(DeviceKind kind, const astro::Schema& schema, const py::object& make) {
  return [kind, schema, held = share(make)](const astro::Value& settings) -> std::unique_ptr<astro::Driver> {
    if (!interpreter_is_alive()) throw astro::Error(astro::ErrorCode::device_lost, "Python has ended");
    const py::gil_scoped_acquire gil;
    try {
      return wrap(kind, make_half(*held, schema, settings));
    } catch (py::error_already_set& raised) {
      throw to_error(raised);
    }
  };
}

void register_driver(DeviceKind kind, const std::string& name, const std::string& says,
                     const std::vector<astro::Field>& settings, const py::object& description, const py::object& make) {
  DriverDescription full;
  full.name = name;
  full.says = says;
  full.kind = kind;
  full.settings = {name, settings};
  switch (kind) {
    case DeviceKind::mount:
      full.mount = py::cast<astro::MountDescription>(description);
      break;
    case DeviceKind::receiver:
      full.receiver = py::cast<astro::ReceiverDescription>(description);
      break;
    case DeviceKind::controller:
      full.controller = py::cast<astro::ControllerDescription>(description);
      break;
    default:
      throw astro::Error(astro::ErrorCode::unsupported, "drivers of this kind cannot be written in Python");
  }
  auto made = factory(kind, full.settings, make);
  const py::gil_scoped_release release;
  astro::Registry::shared().add(std::move(full), std::move(made));
}

void bind_hook_values(py::module_& module) {
  using astro::Filled, astro::MountStatus, astro::Performed;
  py::class_<MountStatus>(module, "MountStatus", "One consistent reading of a mount: what a driver's status() returns.")
      .def(py::init([](astro::Axes position, astro::MountState state, std::string detail) {
             return MountStatus{position, state, std::move(detail)};
           }),
           "position"_a, "state"_a = astro::MountState::stopped, "detail"_a = "")
      .def_readonly("position", &MountStatus::position)
      .def_readonly("state", &MountStatus::state)
      .def_readonly("detail", &MountStatus::detail);
  py::class_<Filled>(module, "Filled", "What one fill() brought.")
      .def(py::init([](std::size_t items, std::uint64_t lost, std::optional<astro::Time> time, bool ended) {
             return Filled{items, lost, time, ended};
           }),
           "items"_a, "lost"_a = 0, "time"_a = py::none(), "ended"_a = false)
      .def_readonly("items", &Filled::items)
      .def_readonly("lost", &Filled::lost)
      .def_readonly("time", &Filled::time)
      .def_readonly("ended", &Filled::ended);
  py::class_<Performed>(module, "Performed", "What a controller's perform() did.")
      .def(py::init([](bool running, std::string message, astro::Value details) {
             return Performed{running, std::move(message), std::move(details)};
           }),
           "running"_a = false, "message"_a = "", "details"_a = py::none())
      .def_readonly("running", &Performed::running)
      .def_readonly("message", &Performed::message)
      .def_readonly("details", &Performed::details);
  py::class_<astro::Call>(module, "Call", "A command on its way to the driver: validated.")
      .def_readonly("id", &astro::Call::id)
      .def_readonly("name", &astro::Call::name)
      .def_readonly("parameters", &astro::Call::parameters);
}

void bind_emitter(py::module_& module) {
  using astro::Surroundings;
  py::class_<Surroundings>(module, "Surroundings", "Where a driver finds itself. Constant while it is open.")
      .def_readonly("device", &Surroundings::device)
      .def_readonly("observatory", &Surroundings::observatory)
      .def_readonly("location", &Surroundings::location)
      .def_readonly("mount", &Surroundings::mount)
      .def_readonly("clock", &Surroundings::clock)
      .def_readonly("state_folder", &Surroundings::state_folder);
  using E = PythonEmitter;
  py::class_<E, std::shared_ptr<E>>(module, "Emitter", "A driver's way to its host, from open() until close() returns.")
      .def_property_readonly("surroundings",
                             released([](const E& self) { return Surroundings(self.borrow()->surroundings()); }))
      .def(
          "point",
          [](const E& self, const std::string& name, const astro::Value& value, astro::Quality quality) {
            self.borrow()->point(name, value, quality);
          },
          "name"_a, "value"_a, "quality"_a = astro::Quality::good, nogil(), "One telemetry value, stamped now.")
      .def(
          "progress",
          [](const E& self, const std::string& id, double percent, const std::string& message) {
            self.borrow()->progress(id, percent, message);
          },
          "command_id"_a, "percent"_a, "message"_a = "", nogil())
      .def(
          "finished",
          [](const E& self, const std::string& id, bool succeeded, const std::string& message,
             const astro::Value& details, astro::ErrorCode code) {
            self.borrow()->finished(id, {.succeeded = succeeded, .code = code, .message = message, .details = details});
          },
          "command_id"_a, "succeeded"_a = true, "message"_a = "", "details"_a = py::none(),
          "code"_a = astro::ErrorCode::device_fault, nogil(), "The end of a command that perform() had left running.")
      .def(
          "poll_every", [](const E& self, astro::Duration interval) { self.borrow()->poll_every(interval); },
          "interval_s"_a, nogil())
      .def(
          "log",
          [](const E& self, astro::LogLevel level, const std::string& message) { self.borrow()->log(level, message); },
          "level"_a, "message"_a, nogil())
      .def(
          "give", [](const E& self, const astro::Command& command) { self.borrow()->give(command); }, "command"_a,
          nogil(), "Gives a command to another device; commanded() hears what becomes of it.")
      .def(
          "describe", [](const E& self, const astro::MountDescription& given) { self.borrow()->describe(given); },
          "description"_a, nogil())
      .def(
          "describe", [](const E& self, const astro::ReceiverDescription& given) { self.borrow()->describe(given); },
          "description"_a, nogil())
      .def(
          "describe", [](const E& self, const astro::ControllerDescription& given) { self.borrow()->describe(given); },
          "description"_a, nogil(), "Only within open(): what the hardware turned out to be.");
}

void remember_program(DeviceKind kind, const std::string& driver, std::vector<std::string> arguments,
                      const std::map<std::string, std::string>& environment) {
  astro::detail::remember_program(kind, driver, {std::move(arguments), {environment.begin(), environment.end()}});
}

}  // namespace

void bind_drivers(py::module_& module) {
  bind_hook_values(module);
  bind_emitter(module);
  module.def("_make_field", &make_field, "name"_a, "type"_a, "unit"_a, "min"_a, "max"_a, "default_value"_a, "says"_a,
             "required"_a, "secret"_a, "choices"_a);
  module.def("_register", &register_driver, "kind"_a, "name"_a, "says"_a, "settings"_a, "description"_a, "make"_a);
  module.def("_remember_program", &remember_program, "kind"_a, "driver"_a, "arguments"_a, "environment"_a);
  module.def(
      "_serve_apart", [] { return astro::detail::serve_apart(); }, nogil());
}

}  // namespace astro_python
