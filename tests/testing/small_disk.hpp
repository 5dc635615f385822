// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "testing/testing.hpp"

namespace astro::testing {

/// A file system of its own in memory, of so many MB ("2m"). Only root may have one.
class SmallDisk {
 public:
  explicit SmallDisk(const char* size) : SmallDisk(size, {}) {}
  /// Over a folder that is there.
  SmallDisk(const char* size, std::filesystem::path over) : options_(std::string("size=") + size) {
    path_ = over.empty() ? folder_.path() : std::move(over);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, options_.c_str()) == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool is_mounted() const { return mounted_; }
  bool make_read_only() const {
    return ::mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, options_.c_str()) == 0;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  TemporaryFolder folder_;
  std::filesystem::path path_;
  std::string options_;
  bool mounted_ = false;
};

}  // namespace astro::testing

#define ASTRO_NEEDS_ROOT() \
  if (::geteuid() != 0) GTEST_SKIP() << "only root may mount a file system"
