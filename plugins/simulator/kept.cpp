// SPDX-License-Identifier: BSD-3-Clause
#include "kept.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace simulator {

MappedFile::MappedFile(const std::filesystem::path& path, std::size_t bytes, bool makes) noexcept {
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC | (makes ? O_CREAT : 0), 0644);
  if (file < 0) return;
  struct stat about {};
  const auto size = static_cast<off_t>(bytes);
  bool fits = ::fstat(file, &about) == 0 && about.st_size == size;
  // What the disk has no room for would be a signal later.
  if (!fits && makes) fits = ::ftruncate(file, 0) == 0 && ::posix_fallocate(file, 0, size) == 0;
  void* const at = fits ? ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0) : MAP_FAILED;
  ::close(file);
  if (at != MAP_FAILED) bytes_ = {static_cast<std::byte*>(at), bytes};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

}  // namespace simulator
