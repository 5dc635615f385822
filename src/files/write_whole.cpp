// SPDX-License-Identifier: BSD-3-Clause
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <random>
#include <string>
#include <system_error>

#include "astro/error.hpp"
#include "astro/files/export.hpp"

namespace astro::files {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const char* doing) {
  const std::string reason = std::generic_category().message(errno);
  throw Error(ErrorCode::storage, "cannot write \"" + path.string() + "\": " + doing + ": " + reason);
}

/// A file descriptor that is closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int number) noexcept : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const noexcept { return number_; }

 private:
  int number_;
};

/// The name under which a file grows: hidden, beside it, and used by nobody else.
class TemporaryName {
 public:
  explicit TemporaryName(const std::filesystem::path& path) {
    std::random_device random;  // a counter or process id can come again after a crash, and find its own remains
    std::string name(".");
    name.append(path.filename().string());
    for (int part = 0; part < 2; ++part) name.append("-").append(std::to_string(random()));
    name_ = path.parent_path() / name.append(".part");
  }
  ~TemporaryName() {
    if (!gone_) ::unlink(name_.c_str());
  }
  TemporaryName(const TemporaryName&) = delete;
  TemporaryName& operator=(const TemporaryName&) = delete;

  const char* c_str() const noexcept { return name_.c_str(); }
  void release() noexcept { gone_ = true; }

 private:
  std::filesystem::path name_;
  bool gone_ = false;
};

void write_all(const Descriptor& file, std::span<const std::byte> content, const std::filesystem::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(file.number(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path, "writing its content");
    content = content.subspan(static_cast<std::size_t>(written));
  }
}

/// The rename itself is on the disk only when the folder is.
void flush_folder(const std::filesystem::path& path) {
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.number() < 0) fail(path, "opening its folder");
  // Some file systems cannot flush a folder and say so: then there is nothing more to be done.
  if (::fsync(descriptor.number()) != 0 && errno != EINVAL && errno != ENOTSUP) fail(path, "flushing its folder");
}

}  // namespace

void write_whole(const std::filesystem::path& path, std::span<const std::byte> content) {
  TemporaryName temporary(path);
  {
    const Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (file.number() < 0) {
      temporary.release();
      fail(path, "making a file in its folder");
    }
    write_all(file, content, path);
    if (::fsync(file.number()) != 0) fail(path, "flushing it to the disk");
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) fail(path, "giving it its name");
  temporary.release();
  flush_folder(path);
}

}  // namespace astro::files
