// SPDX-License-Identifier: BSD-3-Clause
#include "astro/trace.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <random>

namespace astro {

namespace {

constexpr std::size_t trace_digits = 32;
constexpr std::size_t span_digits = 16;
constexpr std::size_t parent_length = 2 + 1 + trace_digits + 1 + span_digits + 1 + 2;

thread_local TraceContext current;

std::string random_digits(std::size_t count) {
  static std::mutex mutex;
  static std::mt19937_64 chance{(std::uint64_t{std::random_device{}()} << 32) ^ std::random_device{}()};
  static constexpr char digits[] = "0123456789abcdef";
  std::string made;
  const std::lock_guard lock(mutex);
  while (made.size() < count) {
    for (std::uint64_t rest = chance() | 1, i = 0; i < 16; ++i, rest >>= 4)
      made += digits[rest & 0xf];  // never all zero
  }
  return made;
}

bool is_hexadecimal(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) {
  return is_hexadecimal(text) && text.find_first_not_of('0') != std::string_view::npos;
}

struct Exporting {
  std::mutex mutex;
  std::shared_ptr<const std::function<void(SpanRecord)>> exporter;
  std::atomic<bool> is_there = false;
};

// Never destroyed: threads that were left behind may end their spans until the process is gone.
Exporting& exporting() {
  static Exporting& all = *new Exporting;
  return all;
}

}  // namespace

std::string to_traceparent(const TraceContext& context) {
  return context.is_none() ? "" : "00-" + context.trace_id + '-' + context.span_id + "-01";
}

TraceContext parse_traceparent(std::string_view text) {
  const bool has_form = text.size() >= parent_length && text[2] == '-' && text[35] == '-' && text[52] == '-';
  if (!has_form) return {};
  const std::string_view version = text.substr(0, 2);
  if (!is_hexadecimal(version) || version == "ff" || !is_hexadecimal(text.substr(53, 2))) return {};
  // A later version may say more, behind a hyphen.
  if (text.size() > parent_length && (version == "00" || text[parent_length] != '-')) return {};
  const std::string_view trace = text.substr(3, trace_digits);
  const std::string_view span = text.substr(36, span_digits);
  if (!is_id(trace) || !is_id(span)) return {};
  return {std::string(trace), std::string(span)};
}

TraceContext current_trace() { return current; }

TraceScope::TraceScope(TraceContext context) : before_(std::exchange(current, std::move(context))) {}
TraceScope::~TraceScope() { current = std::move(before_); }

Span::Span(std::string name, const TraceContext& parent) {
  record_.name = std::move(name);
  record_.context = {parent.is_none() ? random_digits(trace_digits) : parent.trace_id, random_digits(span_digits)};
  record_.parent_span_id = parent.span_id;
  record_.begin = std::chrono::system_clock::now();
}

Span::~Span() { end(); }

void Span::set(std::string key, std::string value) {
  record_.attributes.emplace_back(std::move(key), std::move(value));
}

void Span::end(std::string error) noexcept {
  if (std::exchange(has_ended_, true)) return;
  Exporting& all = exporting();
  if (!all.is_there) return;
  std::shared_ptr<const std::function<void(SpanRecord)>> exporter;
  {
    const std::lock_guard lock(all.mutex);
    exporter = all.exporter;
  }
  if (!exporter) return;
  try {
    record_.end = std::chrono::system_clock::now();
    record_.error = std::move(error);
    (*exporter)(record_);
  } catch (const std::exception&) {  // the work is done all the same
  }
}

void set_span_exporter(std::function<void(SpanRecord)> exporter) {
  Exporting& all = exporting();
  const std::lock_guard lock(all.mutex);
  all.is_there = static_cast<bool>(exporter);
  all.exporter = exporter ? std::make_shared<const std::function<void(SpanRecord)>>(std::move(exporter)) : nullptr;
}

}  // namespace astro
