// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/live_messages.hpp"

#include <array>

#include "astro/telemetry/live_feed.hpp"

namespace astro::telemetry {

namespace detail {

namespace {

constexpr std::array statuses{"pending", "pending", "success", "error",
                              "error",   "error",   "pending"};  // by CommandState
static_assert(statuses.size() == Description<CommandState>::choices.size());

}  // namespace

void append_instant(std::string& out, Time time) {
  const bool is_whole = time.time_since_epoch().count() % 1'000'000'000 == 0;
  out += format_time(time, is_whole ? 0 : 6);
  out.pop_back();  // the Z
  out += "+00:00";
}

std::string point_begin(std::string_view id) { return R"({"type":"data","id":)" + to_json(Value(id)) + R"(,"value":)"; }

void append_point(std::string& out, std::string_view begin, const Point& point) {
  out += begin;
  out += to_json(point.value);
  out += R"(,"timestamp":")";
  append_instant(out, point.time);
  out += '"';
  if (!point.unit.empty()) out += R"(,"unit":)" + to_json(Value(point.unit));
  if (point.quality != Quality::good) {
    out += R"(,"quality":")";
    out += Description<Quality>::choices.at(static_cast<std::size_t>(point.quality));
    out += '"';
  }
  out += '}';
}

Value confirmation(const Acknowledgment& acknowledgment, bool is_bare) {
  const auto state = static_cast<std::size_t>(acknowledgment.state);
  const bool has_details = acknowledgment.details.get_if<Map>() != nullptr || acknowledgment.details.is_null();
  Value told;
  told.set("command", is_bare ? acknowledgment.command : acknowledgment.device + '.' + acknowledgment.command)
      .set("status", statuses.at(state))
      .set("message", acknowledgment.message.empty() ? Description<CommandState>::choices.at(state)
                                                     : std::string_view(acknowledgment.message))
      .set("details", has_details ? acknowledgment.details : Value(Map{{"value", acknowledgment.details}}))
      .set("command_id", acknowledgment.command_id)
      .set("device", acknowledgment.device)
      .set("state", Description<CommandState>::choices.at(state));
  if (acknowledgment.progress_percent) told.set("progress_percent", *acknowledgment.progress_percent);
  if (!acknowledgment.error_code.empty()) told.set("error_code", acknowledgment.error_code);
  if (!acknowledgment.issuer.name.empty()) told.set("issuer", acknowledgment.issuer.name);
  return told;
}

bool is_told(const Acknowledgment& acknowledgment) noexcept {
  return acknowledgment.state != CommandState::started || acknowledgment.progress_percent.has_value();
}

Value notice_value(const Notice& notice) {
  constexpr std::array levels{"debug", "info", "warning", "error"};
  Value told;
  told.set("device", notice.device)
      .set("kind", notice.kind)
      .set("level", levels.at(static_cast<std::size_t>(notice.level)))
      .set("message", notice.message);
  return told;
}

void append_websocket_frame(std::string& out, std::string_view text) {
  constexpr char whole_text = '\x81';
  const auto append_length = [&](int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(text.size() >> shift & 0xffU);
  };
  out += whole_text;
  if (text.size() < 126) {
    append_length(1);
  } else if (text.size() < 65536) {
    out += static_cast<char>(126);
    append_length(2);
  } else {
    out += static_cast<char>(127);
    append_length(8);
  }
  out += text;
}

}  // namespace detail

std::string point_message(const Point& point) {
  std::string text;
  detail::append_point(text, detail::point_begin(point.id), point);
  return text;
}

std::string event_message(std::string_view id, const Value& value, Time time) {
  std::string text = R"({"type":"message","id":)" + to_json(Value(id)) + R"(,"value":)" + to_json(value);
  text += R"(,"timestamp":")";
  detail::append_instant(text, time);
  text += "\"}";
  return text;
}

std::string history_messages(const StoreHandle& store, const HistoryQuery& query) {
  std::string text = "[";
  for (const HistoryPoint& kept : find_history(store, query)) {
    if (text.size() > 1) text += ',';
    detail::append_point(text, detail::point_begin(kept.id), point_of(kept));
  }
  text += ']';
  return text;
}

}  // namespace astro::telemetry
