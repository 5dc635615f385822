// SPDX-License-Identifier: BSD-3-Clause
#include "messaging/node_register.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "astro/error.hpp"
#include "durable_file.hpp"
#include "messaging/wire.hpp"

namespace astro::messaging {

namespace {

/// Held while the file is read and written again.
class Lock {
 public:
  explicit Lock(const std::filesystem::path& folder) {
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    const std::filesystem::path path = folder / "nodes.lock";
    file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file_ >= 0 && ::flock(file_, LOCK_EX) == 0) return;
    const int why = errno;
    if (file_ >= 0) ::close(file_);
    throw Error(ErrorCode::storage, "locking the register of nodes " + path.string() + ": " + std::strerror(why) +
                                        "; name another folder as `state:` of the site, or make it writable");
  }
  ~Lock() { ::close(file_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int file_ = -1;
};

}  // namespace

std::vector<KnownNode> NodeRegister::read() const {
  const auto text = detail::text_if_there(folder_ / "nodes.json");
  return text ? record_in<Kept>(bytes_of(*text)).nodes : std::vector<KnownNode>{};
}

void NodeRegister::change(const std::function<void(std::vector<KnownNode>&)>& how) const {
  const Lock lock(folder_);
  Kept kept{read()};
  how(kept.nodes);
  detail::write_durably(folder_ / "nodes.json", to_json(kept));
}

}  // namespace astro::messaging
