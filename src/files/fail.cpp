// SPDX-License-Identifier: BSD-3-Clause
#include "files/fail.hpp"

#include <chrono>
#include <fstream>
#include <system_error>

#include "astro/error.hpp"

namespace astro::files {
namespace {

std::string cannot_read(const std::filesystem::path& file) { return "cannot read \"" + file.string() + '"'; }

}  // namespace

void fail(const std::filesystem::path& file, const std::string& where, const std::string& what) {
  throw Error(ErrorCode::invalid_file, cannot_read(file) + ": " + where + ": " + what);
}

void fail(const std::filesystem::path& file, const std::string& what) {
  throw Error(ErrorCode::invalid_file, cannot_read(file) + ": " + what);
}

bool is_plausible(Time time) noexcept {
  using namespace std::chrono;
  constexpr Time first = sys_days(year(1700) / January / 1);
  constexpr Time last = sys_days(year(2200) / January / 1);
  return time >= first && time < last;
}

std::uintmax_t size_of_file(const std::filesystem::path& file, std::uintmax_t most) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    throw Error(ErrorCode::not_found, cannot_read(file) + ": there is no such file");
  }
  if (!std::filesystem::is_regular_file(status)) fail(file, "it is not a file");
  const std::uintmax_t size = std::filesystem::file_size(file, error);
  if (error) fail(file, error.message());
  if (size == 0) fail(file, "it is empty; was the recording stopped at once?");
  if (size > most) {
    fail(file, "it has " + std::to_string(size) + " bytes, and at most " + std::to_string(most) + " were expected");
  }
  return size;
}

std::string read_text(const std::filesystem::path& file, std::uintmax_t most) {
  std::string text(static_cast<std::size_t>(size_of_file(file, most)), '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!stream) fail(file, "it could not be read to its end; are you allowed to read it?");
  return text;
}

}  // namespace astro::files
