// SPDX-License-Identifier: BSD-3-Clause
#include "files/growing_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <random>
#include <string>
#include <system_error>

#include "astro/error.hpp"

namespace astro::files {
namespace {

/// Hidden, beside the file, and used by nobody else: a counter or process id can come again after a
/// crash, and find its own remains.
std::filesystem::path temporary_name(const std::filesystem::path& path) {
  std::random_device random;
  std::string name(".");
  name.append(path.filename().string());
  for (int part = 0; part < 2; ++part) name.append("-").append(std::to_string(random()));
  return path.parent_path() / name.append(".part");
}

/// A name is given in place of what has it: of a file that is wanted, of a folder or /dev/stdout never.
void refuse_what_is_no_file(const std::filesystem::path& path) {
  std::error_code error;
  const auto there = std::filesystem::status(path, error);
  if (!std::filesystem::exists(there) || std::filesystem::is_regular_file(there)) return;
  throw Error(ErrorCode::storage, "cannot write \"" + path.string() + "\": it is there, and is no file");
}

}  // namespace

GrowingFile::GrowingFile(const std::filesystem::path& path, bool at_once)
    : path_(path), temporary_(at_once ? std::filesystem::path() : temporary_name(path)) {
  if (!at_once) refuse_what_is_no_file(path);
  const int how = at_once ? O_TRUNC : O_EXCL;
  descriptor_ = ::open((at_once ? path_ : temporary_).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | how, 0666);
  if (descriptor_ < 0) fail("making a file in its folder");
}

GrowingFile::~GrowingFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void GrowingFile::fail(const char* doing) const {
  const std::string reason = std::generic_category().message(errno);
  throw Error(ErrorCode::storage, "cannot write \"" + path_.string() + "\": " + doing + ": " + reason);
}

void GrowingFile::append(std::span<const std::byte> content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor_, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("writing its content");
    content = content.subspan(static_cast<std::size_t>(written));
  }
}

void GrowingFile::rewrite(std::size_t at, std::span<const std::byte> content) {
  while (!content.empty()) {
    const ssize_t written = ::pwrite(descriptor_, content.data(), content.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("writing its content");
    content = content.subspan(static_cast<std::size_t>(written));
    at += static_cast<std::size_t>(written);
  }
}

void GrowingFile::finish() {
  if (::fsync(descriptor_) != 0) fail("flushing it to the disk");
  if (!temporary_.empty() && std::rename(temporary_.c_str(), path_.c_str()) != 0) fail("giving it its name");
  ::close(descriptor_);
  descriptor_ = -1;
  // The rename itself is on the disk only when the folder is.
  const std::filesystem::path folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) fail("opening its folder");
  const bool is_flushed = ::fsync(descriptor) == 0;
  const int reason = errno;
  ::close(descriptor);
  // Some file systems cannot flush a folder and say so: then there is nothing more to be done.
  errno = reason;
  if (!is_flushed && reason != EINVAL && reason != ENOTSUP) fail("flushing its folder");
}

}  // namespace astro::files
