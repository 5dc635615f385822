// SPDX-License-Identifier: BSD-3-Clause
#include "durable_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>

#include "astro/error.hpp"

namespace astro::detail {

namespace {

[[noreturn]] void fail(const std::string& doing, const std::filesystem::path& file, int error) {
  throw Error(ErrorCode::storage, doing + " " + file.string() + ": " + std::strerror(error) +
                                      "; see that its folder is there, can be written and is not full");
}

/// A file descriptor that is closed with it.
struct Opened {
  Opened(const std::filesystem::path& file, int flags) : number(::open(file.c_str(), flags | O_CLOEXEC, 0644)) {}
  ~Opened() {
    if (number >= 0) ::close(number);
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;
  const int number;
};

}  // namespace

void write_durably(const std::filesystem::path& file, std::string_view text) {
  const std::filesystem::path fresh = file.string() + ".new";
  {
    const Opened out(fresh, O_WRONLY | O_CREAT | O_TRUNC);
    if (out.number < 0) fail("writing", fresh, errno);
    while (!text.empty()) {
      const ssize_t written = ::write(out.number, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) fail("writing", fresh, errno);
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::fsync(out.number) != 0) fail("writing", fresh, errno);
  }
  if (::rename(fresh.c_str(), file.c_str()) != 0) fail("replacing", file, errno);
  const Opened folder(file.parent_path(), O_RDONLY | O_DIRECTORY);
  if (folder.number < 0 || ::fsync(folder.number) != 0) fail("writing the folder of", file, errno);
}

std::optional<std::string> text_if_there(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in && !std::filesystem::exists(file)) return std::nullopt;
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) fail("reading", file, errno);
  return text;
}

}  // namespace astro::detail
