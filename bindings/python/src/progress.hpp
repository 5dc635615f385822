// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <exception>
#include <functional>
#include <memory>

#include "astro/observing/observe.hpp"
#include "common.hpp"

namespace astro_python {

/// How far an observation is, with what the C++ side lends for a call only.
struct ToldProgress {
  explicit ToldProgress(const astro::Progress& told);

  astro::Progress progress;
  std::shared_ptr<const astro::Spectrum> latest;
  std::shared_ptr<const astro::LiveSpectrum> live;
};

/// Calls a Python function from threads of libastro. When it raises, it is not called again, the work is told to end,
/// and what was raised reaches the caller by `rethrow`.
class RaisingCalls {
 public:
  explicit RaisingCalls(py::object function) : function_(share(std::move(function))) {}

  template <class... Arguments>
  void operator()(const std::function<void()>& end, const Arguments&... arguments) {
    if (!interpreter_is_alive()) return;
    const py::gil_scoped_acquire gil;
    if (function_->is_none() || raised_) return;
    try {
      (*function_)(arguments...);
    } catch (py::error_already_set&) {
      raised_ = std::current_exception();
      end();
    }
  }
  void rethrow() const {
    if (raised_) std::rethrow_exception(raised_);
  }

 private:
  SharedObject function_;
  std::exception_ptr raised_;
};

void bind_progress(py::module_& module);

}  // namespace astro_python
