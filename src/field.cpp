// SPDX-License-Identifier: BSD-3-Clause
#include "astro/field.hpp"

#include <algorithm>
#include <array>

namespace astro {

std::string_view to_string(FieldType type) noexcept {
  constexpr std::array<std::string_view, 14> names{"boolean",   "integer", "number",   "text",   "angle",
                                                   "frequency", "time",    "duration", "choice", "bytes",
                                                   "array",     "list",    "record",   "any"};
  const auto index = static_cast<std::size_t>(type);
  return index < names.size() ? names[index] : "any";
}

std::string flat_name(const Field& field) {
  switch (field.type == FieldType::list ? field.element : field.type) {
    case FieldType::angle:
      return field.name + "_deg";
    case FieldType::frequency:
      return field.name + "_hz";
    case FieldType::duration:
      return field.name + "_s";
    default:
      return field.name;
  }
}

const Field* Schema::find(std::string_view field) const noexcept {
  const auto found = std::ranges::find(fields, field, &Field::name);
  return found == fields.end() ? nullptr : &*found;
}

namespace {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Edits (insert, delete, replace, swap neighbours) from one name to the other, letters of either
/// case alike: the optimal string alignment form of Damerau's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> two_before(b.size() + 1);
  std::vector<std::size_t> before(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(two_before, before);
    std::swap(before, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const char x = lower(a[i - 1]);
      const char y = lower(b[j - 1]);
      row[j] = std::min({before[j] + 1, row[j - 1] + 1, before[j - 1] + (x == y ? 0U : 1U)});
      const bool swapped = i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y;
      if (swapped) row[j] = std::min(row[j], two_before[j - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string nearest(std::string_view name, const std::vector<std::string>& known) {
  constexpr std::size_t longest = 64;  // nobody misspells a longer name; and the cost is quadratic
  if (name.empty() || name.size() > longest) return {};
  std::string best;
  std::size_t least = longest;
  for (const std::string& candidate : known) {
    if (candidate.size() > longest) continue;
    const std::size_t edits = distance(name, candidate);
    const std::size_t allowed = std::max<std::size_t>(1, std::max(name.size(), candidate.size()) / 3);
    // One edit of a name of one or two letters leaves nothing that is alike.
    if (edits > allowed || edits >= std::min(name.size(), candidate.size()) || edits >= least) continue;
    least = edits;
    best = candidate;
  }
  return best;
}

}  // namespace astro
