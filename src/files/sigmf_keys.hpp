// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <string_view>
#include <utility>

#include "astro/value.hpp"

namespace astro::files {

/// Names of what we can read and write (SigMF specification 1.0, "SigMF Dataset Format").
inline constexpr std::array<std::pair<std::string_view, Dtype>, 4> sigmf_datatypes{
    {{"cu8", Dtype::cu8}, {"ci8", Dtype::ci8}, {"ci16_le", Dtype::ci16}, {"cf32_le", Dtype::cf32}}};

}  // namespace astro::files
