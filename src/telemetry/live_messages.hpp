// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include "astro/telemetry.hpp"

/// What those who watch are sent, piece by piece.
namespace astro::telemetry::detail {

/// As Python's isoformat has it: no fraction, or microseconds, and the offset.
void append_instant(std::string& out, Time time);

/// What all messages of a point begin with.
std::string point_begin(std::string_view id);
void append_point(std::string& out, std::string_view begin, const Point& point);

/// Whether watchers hear of this state: a plain start says no more than that the command was received.
bool is_told(const Acknowledgment& acknowledgment) noexcept;
Value confirmation(const Acknowledgment& acknowledgment, bool is_bare);
Value notice_value(const Notice& notice);

void append_websocket_frame(std::string& out, std::string_view text);

}  // namespace astro::telemetry::detail
