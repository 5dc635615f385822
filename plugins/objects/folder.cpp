// SPDX-License-Identifier: BSD-3-Clause
#include "objects/folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

#include "astro/error.hpp"

namespace astro::objects {

namespace {

namespace fs = std::filesystem;

constexpr const char* temporary_prefix = "writing-";

[[noreturn]] void fail(const std::string& doing, const fs::path& path, int number) {
  const char* help = number == ENOSPC || number == EDQUOT  ? ": free some space and try again"
                     : number == EROFS || number == EACCES ? ": the folder must be writable for this user"
                                                           : ": check the disk";
  throw Error(ErrorCode::storage,
              doing + " " + path.string() + ": " + std::error_code(number, std::generic_category()).message() + help);
}

class File final {
 public:
  explicit File(int descriptor) noexcept : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

/// A file that goes away unless it became the object.
class Temporary final {
 public:
  explicit Temporary(const fs::path& folder) : name_((folder / temporary_prefix).string() + "XXXXXX") {
    file_.emplace(::mkostemp(name_.data(), O_CLOEXEC));
    if (file_->get() < 0) fail("writing an object in", folder, errno);
    ::fchmod(file_->get(), 0644);
  }
  ~Temporary() {
    if (!name_.empty()) ::unlink(name_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;

  void write(std::span<const std::byte> content) const {
    while (!content.empty()) {
      const ssize_t written = ::write(file_->get(), content.data(), content.size());
      if (written < 0 && errno != EINTR) fail("writing the object", name_, errno);
      if (written > 0) content = content.subspan(static_cast<std::size_t>(written));
    }
    if (::fsync(file_->get()) != 0) fail("writing the object", name_, errno);
  }
  void become(const fs::path& path) {
    if (::rename(name_.c_str(), path.c_str()) != 0) fail("writing the object", path, errno);
    name_.clear();
  }

 private:
  std::string name_;
  std::optional<File> file_;
};

/// A new name is on the disk only when its folder is.
void sync_folder(const fs::path& folder) {
  const File file(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (file.get() < 0 || ::fsync(file.get()) != 0) fail("writing the folder", folder, errno);
}

/// Makes it and its missing parents; each is on the disk when this returns.
void make_folder(const fs::path& folder) {
  if (fs::is_directory(folder)) return;
  if (folder.has_parent_path() && folder.parent_path() != folder) make_folder(folder.parent_path());
  if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) fail("making the folder", folder, errno);
  sync_folder(folder.parent_path());
}

/// The whole file, or nothing when there is none.
std::optional<Bytes> content_of(const fs::path& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    fail("reading the object", path, errno);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) fail("reading the object", path, errno);
  Bytes content(static_cast<std::size_t>(status.st_size));
  std::size_t have = 0;
  while (have < content.size()) {
    const ssize_t got = ::read(file.get(), content.data() + have, content.size() - have);
    if (got < 0 && errno != EINTR) fail("reading the object", path, errno);
    if (got == 0) content.resize(have);  // cut short meanwhile: the hash will tell
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  return content;
}

}  // namespace

Folder::Folder(fs::path folder) : folder_(std::move(folder)) {
  if (fs::is_directory(folder_)) remove_leftovers();
}

/// What a kill left half written. Only what is old: another program may be writing now.
void Folder::remove_leftovers() const {
  std::error_code error;
  const auto yesterday = fs::file_time_type::clock::now() - std::chrono::hours(24);
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, error)) {
    std::error_code ignored;
    const bool is_ours = entry.path().filename().string().starts_with(temporary_prefix);
    if (is_ours && entry.last_write_time(ignored) < yesterday) fs::remove(entry.path(), ignored);
  }
}

fs::path Folder::path_of(const ObjectId& id) const { return folder_ / id.substr(0, 2) / id.substr(2); }

std::optional<Bytes> Folder::read(const ObjectId& id) { return content_of(path_of(id)); }

void Folder::write(const ObjectId& id, std::span<const std::byte> content) {
  const fs::path path = path_of(id);
  const std::optional<Bytes> kept = content_of(path);
  if (kept && std::equal(kept->begin(), kept->end(), content.begin(), content.end())) return;
  make_folder(path.parent_path());
  Temporary temporary(folder_);
  temporary.write(content);
  temporary.become(path);
  sync_folder(path.parent_path());
}

}  // namespace astro::objects
