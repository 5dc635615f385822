// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string_view>

namespace astro::postgres {

/// A table that others know, too, and that is made to the letter when it is not there.
struct Layout {
  std::string_view record;
  std::string_view sql;
  std::string_view order;  ///< in which its rows were inserted
};

/// Of the record of this name, or nullptr: then the table is as the record is described.
const Layout* layout_of(std::string_view record) noexcept;

}  // namespace astro::postgres
