// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "astro/value.hpp"

namespace astro {

/// Base 64 with padding and without line breaks (RFC 4648, section 4).
void append_base64(std::string& out, std::span<const std::byte> bytes);
std::optional<Bytes> read_base64(std::string_view text);

}  // namespace astro
