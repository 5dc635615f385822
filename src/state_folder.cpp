// SPDX-License-Identifier: BSD-3-Clause
#include "state_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include "astro/error.hpp"

namespace astro::detail {

namespace {
[[noreturn]] void fail(const std::string& doing, const std::filesystem::path& path, int error) {
  throw Error(ErrorCode::storage, doing + " " + path.string() + ": " + std::strerror(error) +
                                      "; name another folder as `state:` of the site, or make it writable");
}
}  // namespace

StateFolder::StateFolder(std::filesystem::path folder) : path_(std::move(folder)) {
  if (path_.empty()) {
    std::string name = (std::filesystem::temp_directory_path() / "astro-state-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) fail("making the state folder", name, errno);
    path_ = name;
    is_temporary_ = true;
  } else {
    std::error_code error;
    std::filesystem::create_directories(path_, error);
    if (error) fail("making the state folder", path_, error.value());
  }
  try {
    lock();
  } catch (...) {
    if (file_ >= 0) ::close(file_);
    throw;
  }
}

void StateFolder::lock() {
  const std::filesystem::path file = path_ / "lock";
  file_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (file_ < 0) fail("opening the lock of the state folder", file, errno);
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) fail("locking the state folder", file, errno);
    char holder[32] = {};
    const ssize_t length = ::pread(file_, holder, sizeof holder - 1, 0);
    throw Error(ErrorCode::busy,
                "opening the state folder " + path_.string() + ": process " +
                    (length > 0 ? std::string(holder) : "unknown") +
                    " has this observatory open; close it there, or name another folder as `state:` of the site");
  }
  const std::string mine = std::to_string(::getpid());
  if (::ftruncate(file_, 0) != 0 || ::pwrite(file_, mine.data(), mine.size(), 0) < 0) {
    fail("writing the lock of the state folder", file, errno);
  }
}

StateFolder::~StateFolder() {
  if (file_ >= 0) ::close(file_);
  std::error_code ignored;
  if (is_temporary_) std::filesystem::remove_all(path_, ignored);
}

std::int64_t next_boot(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "boot";
  std::int64_t last = 0;
  std::ifstream(file) >> last;
  const auto now = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const std::int64_t next = std::max<std::int64_t>(last + 1, now.time_since_epoch().count());
  // Under another name at first: a disk that is full must not take the number of the last one.
  const std::filesystem::path made = folder / "boot.new";
  std::ofstream out(made);
  out << next << '\n';
  out.close();
  if (!out) fail("writing the number of this start to", made, errno);
  if (::rename(made.c_str(), file.c_str()) != 0) fail("writing the number of this start to", file, errno);
  return next;
}

}  // namespace astro::detail
