// SPDX-License-Identifier: BSD-3-Clause
#include "astro/log.hpp"

#include <functional>
#include <memory>
#include <mutex>

#include "common.hpp"

namespace astro_python {

namespace {

/// There is one logging in Python, so there is one listener; never destroyed, as the log is not.
void listen(std::function<void(const astro::LogLine&)> forward) {
  static std::mutex& mutex = *new std::mutex;
  static auto& listening = *new std::unique_ptr<astro::LogListening>;
  auto next = forward ? std::make_unique<astro::LogListening>(std::move(forward)) : nullptr;
  const std::lock_guard lock(mutex);
  std::swap(listening, next);
}  // the one before goes without the lock, and waits for its last call

}  // namespace

void bind_log(py::module_& module) {
  make_enum<astro::LogLevel>(module, "How urgent a line of log is.");
  make_enum<astro::LogFormat>(module, "How lines of log are written.");
  module.def(
      "configure_log",
      [](astro::LogLevel level, astro::LogFormat format, std::string file) {
        astro::configure_log({level, format, std::move(file)});
      },
      "level"_a = astro::LogLevel::info, "format"_a = astro::LogFormat::text, "file"_a = "", nogil(),
      "Where and how this process logs; without a file to standard error.");
  module.def("log", &astro::log, "level"_a, "source"_a, "message"_a, nogil());
  module.def(
      "_set_log_listener",
      [](const py::object& listener) {
        std::function<void(const astro::LogLine&)> forward;
        if (!listener.is_none()) {
          forward = [held = share(listener)](const astro::LogLine& line) {
            if (!interpreter_is_alive()) return;
            const py::gil_scoped_acquire gil;
            try {
              (*held)(line.level, line.time, line.source, line.message);
            } catch (py::error_already_set& raised) {
              raised.discard_as_unraisable("astro's log listener");
            }
          };
        }
        const py::gil_scoped_release release;
        listen(std::move(forward));
      },
      "listener"_a);
}

}  // namespace astro_python
