// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace astro::files {

/// The "KEY = value" lines of a recording, with the line each stands in; what is asked for and is
/// missing or not understood is `invalid_file`, naming file, line and key.
class Header {
 public:
  explicit Header(std::filesystem::path file) : file_(std::move(file)) {}

  /// Takes a line "KEY = value"; others are ignored, and so is a key that was there before.
  void add_line(std::string_view line, std::size_t number);

  bool has(std::string_view key) const { return entries_.find(key) != entries_.end(); }
  std::string text(std::string_view key) const;  ///< empty when it is missing
  double number(std::string_view key) const;
  double number_or(std::string_view key, double otherwise) const;
  /// A number within limits, both included.
  double number(std::string_view key, double least, double most) const;
  /// A whole number of 2 to `most` things.
  std::size_t count(std::string_view key, std::size_t most) const;
  /// "deg:min:sec" with a sign, or decimal degrees, in degrees.
  double degrees(std::string_view key, double most) const;
  const std::filesystem::path& file() const noexcept { return file_; }
  [[noreturn]] void refuse(std::string_view key, const std::string& expected) const;

 private:
  struct Entry {
    std::string value;
    std::size_t line;
  };
  const Entry& entry(std::string_view key) const;

  std::filesystem::path file_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace astro::files
