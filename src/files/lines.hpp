// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace astro::files {

/// The lines of a text file, each without blanks at its ends, and counted for messages.
class Lines {
 public:
  Lines(std::filesystem::path file, std::string_view content) : file_(std::move(file)), left_(content) {}

  /// The next line; a last one that no line end closes is refused: there the file was cut.
  std::optional<std::string_view> next();
  std::size_t number() const noexcept { return number_; }
  [[noreturn]] void fail(const std::string& what) const;

 private:
  std::filesystem::path file_;
  std::string_view left_;
  std::size_t number_ = 0;
};

/// Finite numbers between blanks, exactly as many as asked for.
bool numbers_of(std::string_view line, std::span<double> into);

/// The fields of a line of comma-separated values, without blanks at their ends.
std::vector<std::string_view> fields_of(std::string_view line);

}  // namespace astro::files
