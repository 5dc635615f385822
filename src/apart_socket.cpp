// SPDX-License-Identifier: BSD-3-Clause
#include "apart_socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "astro/error.hpp"
#include "steady.hpp"

namespace astro::detail {

namespace {

[[noreturn]] void fail(const std::string& doing) {
  throw Error(ErrorCode::storage, doing + " for a driver that runs apart: " + std::strerror(errno));
}

/// Room for one file descriptor beside a packet (cmsg(3)).
union FileRoom {
  cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

}  // namespace

File::~File() {
  if (number_ >= 0) ::close(number_);
}

std::pair<PacketSocket, PacketSocket> PacketSocket::pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) fail("making a socket");
  for (const int end : ends) {
    constexpr int room = 4 * largest;  // the kernel gives what it allows
    ::setsockopt(end, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  }
  return {PacketSocket(File(ends[0])), PacketSocket(File(ends[1]))};
}

void PacketSocket::send(const Value& value, int file, bool waits) const {
  const std::string text = to_json(value);
  if (text.size() > largest) {
    throw Error(ErrorCode::invalid_argument,
                "a message of " + std::to_string(text.size()) +
                    " bytes does not fit between a driver that runs apart and its host: at most " +
                    std::to_string(largest) + "; let the driver run here, or hand over a file's name");
  }
  iovec part{const_cast<char*>(text.data()), text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  FileRoom room{};
  if (file >= 0) {
    message.msg_control = room.bytes;
    message.msg_controllen = sizeof room.bytes;
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(header), &file, sizeof file);
  }
  ssize_t sent = 0;
  do sent = ::sendmsg(number(), &message, MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT));
  while (sent < 0 && errno == EINTR);
  if (sent < 0) throw Broken(errno == EAGAIN ? "does not read what it is sent" : "hung up");
}

std::optional<Packet> PacketSocket::receive() {
  buffer_.resize(largest + 1);
  iovec part{buffer_.data(), buffer_.size()};
  FileRoom room{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = room.bytes;
  message.msg_controllen = sizeof room.bytes;
  ssize_t length = 0;
  do length = ::recvmsg(number(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (length < 0 && errno == EINTR);
  if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
  if (length <= 0) throw Broken("hung up");
  Packet packet;
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(int))) {
    int file = -1;
    std::memcpy(&file, CMSG_DATA(header), sizeof file);
    packet.file = File(file);
  }
  if ((message.msg_flags & MSG_TRUNC) != 0) throw Broken("sent more than fits into a packet");
  try {
    packet.value = parse_json({buffer_.data(), static_cast<std::size_t>(length)});
  } catch (const Error& error) {
    throw Broken(std::string("sent what is no JSON (") + error.what() + ")");
  }
  if (packet.value.get_if<Map>() == nullptr) throw Broken("sent JSON that is no object");
  return packet;
}

std::optional<Packet> PacketSocket::receive(Duration at_most) {
  const auto end = after(at_most);
  for (;;) {
    if (auto packet = receive()) return packet;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Steady::now()).count();
    if (left <= 0) return std::nullopt;
    pollfd one{number(), POLLIN, 0};
    ::poll(&one, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
  }
}

void PacketSocket::hang_up() const noexcept { ::shutdown(number(), SHUT_RDWR); }

SharedMemory::SharedMemory(std::size_t bytes) : file_(::memfd_create("astro", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
  if (!file_.is_open() || ::ftruncate(file_.number(), static_cast<off_t>(bytes)) != 0 ||
      ::fcntl(file_.number(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    fail("making a shared memory of " + std::to_string(bytes) + " bytes");
  }
  void* const at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_.number(), 0);
  if (at == MAP_FAILED) fail("mapping a shared memory of " + std::to_string(bytes) + " bytes");
  bytes_ = {static_cast<std::byte*>(at), bytes};
}

SharedMemory::SharedMemory(const File& file, std::size_t bytes) {
  struct stat about {};
  if (::fstat(file.number(), &about) != 0 || static_cast<std::uint64_t>(about.st_size) < bytes) {
    throw Broken("sent no shared memory of " + std::to_string(bytes) + " bytes");
  }
  void* const at = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file.number(), 0);
  if (at == MAP_FAILED) throw Broken("sent a shared memory that cannot be mapped");
  bytes_ = {static_cast<std::byte*>(at), bytes};
}

SharedMemory::~SharedMemory() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

}  // namespace astro::detail
