// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include "astro/export.hpp"

/// \file
/// Topics and patterns of messages: levels between `/`; `+` stands for one level and `#` for all that
/// follow, as in MQTT 5 (OASIS 2019), section 4.7.
namespace astro {

/// What is wrong with it as a topic to publish to, or as a pattern to subscribe to; empty: nothing.
ASTRO_API std::string complaint_about_topic(std::string_view topic);
ASTRO_API std::string complaint_about_pattern(std::string_view pattern);

/// Whether the topic is one of the pattern's. Both must be without complaint.
ASTRO_API bool topic_matches(std::string_view pattern, std::string_view topic) noexcept;

}  // namespace astro
