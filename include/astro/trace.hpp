// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "astro/export.hpp"
#include "astro/time.hpp"

/// \file
/// One thread through all that one wish brings about, on however many machines: W3C Trace Context
/// (https://www.w3.org/TR/trace-context/). A trace has an id; a piece of work in it is a span, which has an id of its
/// own and knows of which other one it is a part. A thread has a current span: log lines carry its trace, and commands
/// that are given meanwhile are parts of it.
namespace astro {

/// Where in a trace one is.
struct TraceContext {
  std::string trace_id{};  ///< 32 hexadecimal digits; empty: in none
  std::string span_id{};   ///< 16
  bool is_none() const noexcept { return trace_id.empty(); }
};

/// As messages carry it, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"; of none: empty.
ASTRO_API std::string to_traceparent(const TraceContext& context);
/// Of what is not well formed, as the standard wants it: none.
ASTRO_API TraceContext parse_traceparent(std::string_view text);

/// Of this thread.
ASTRO_API TraceContext current_trace();

/// As long as it lives, the thread is there in a trace; then where it was before.
class ASTRO_API TraceScope final {
 public:
  explicit TraceScope(TraceContext context);
  ~TraceScope();
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

 private:
  TraceContext before_;
};

/// A span that is over.
struct SpanRecord {
  std::string name{};
  TraceContext context{};
  std::string parent_span_id{};  ///< empty: the first of its trace
  Time begin{};                  ///< of the machine's clock
  Time end{};
  std::vector<std::pair<std::string, std::string>> attributes{};
  std::string error{};  ///< why it failed; empty: it did not
};

/// A piece of work. It ends once: by `end`, from any thread, or when it is gone.
class ASTRO_API Span final {
 public:
  /// A part of `parent`; without one it begins a trace.
  explicit Span(std::string name, const TraceContext& parent = current_trace());
  ~Span();
  Span(const Span&) = delete;
  Span& operator=(const Span&) = delete;

  const TraceContext& context() const noexcept { return record_.context; }
  void set(std::string key, std::string value);  ///< before its end
  void end(std::string error = {}) noexcept;

 private:
  SpanRecord record_;
  bool has_ended_ = false;
};

/// Hands each span that ends to a function, which must not wait: it is called from the thread that did the work. An
/// empty function ends that.
ASTRO_API void set_span_exporter(std::function<void(SpanRecord)> exporter);

}  // namespace astro
