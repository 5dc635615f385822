// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "astro/value.hpp"

namespace astro::files {

/// The header of a SIGPROC file: keywords, each as its length and its letters, and behind each a
/// number of 32 bits, a double or a text, as the keyword says.
class SigprocHeader {
 public:
  explicit SigprocHeader(const std::filesystem::path& path);

  std::uint64_t bytes() const noexcept { return bytes_; }  ///< of the header
  std::uint64_t file_bytes() const noexcept { return file_bytes_; }
  bool has(std::string_view keyword) const { return entries_.find(keyword) != entries_.end(); }
  std::string text(std::string_view keyword) const;  ///< empty when it is missing
  double number(std::string_view keyword, double least, double most) const;
  double number_or(std::string_view keyword, double least, double most, double otherwise) const;
  long long integer(std::string_view keyword, long long least, long long most) const;
  long long integer_or(std::string_view keyword, long long least, long long most, long long otherwise) const;
  [[noreturn]] void refuse(std::string_view keyword, const std::string& expected) const;

 private:
  struct Entry {
    Value value;
    std::uint64_t at;
  };

  std::filesystem::path path_;
  std::uint64_t file_bytes_;
  std::uint64_t bytes_ = 0;
  std::map<std::string, Entry, std::less<>> entries_;
};

/// The same, written.
class SigprocHeaderWriter {
 public:
  SigprocHeaderWriter();
  void text(std::string_view keyword, std::string_view value);
  void number(std::string_view keyword, double value);
  void integer(std::string_view keyword, std::int32_t value);
  /// The whole file: this header and the data behind it.
  void write(const std::filesystem::path& path, std::span<const std::byte> data);

 private:
  void letters(std::string_view text);

  std::string content_;
};

}  // namespace astro::files
