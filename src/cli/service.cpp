// SPDX-License-Identifier: BSD-3-Clause
#include "cli/service.hpp"

#include <grp.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "astro/error.hpp"

namespace astro::cli {

namespace {

/// As a word of a unit file: its specifiers, variables and quotes mean nothing.
std::string word(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    if (c == '%' || c == '$') quoted += c;
    quoted += c;
  }
  return quoted + '"';
}

/// The same where no shell-like words are read.
std::string plain(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '%') escaped += c;
    if (c != '\n') escaped += c;
  }
  return escaped;
}

std::string owner_of(const std::filesystem::path& file) {
  struct stat found {};
  const passwd* owner = ::stat(file.c_str(), &found) == 0 ? ::getpwuid(found.st_uid) : nullptr;
  return owner == nullptr || owner->pw_uid == 0 ? "" : owner->pw_name;
}

/// Those that Debian gives the devices to, as far as this machine has them: a unit that names another does not start.
std::string hardware_groups() {
  std::string groups;
  for (const char* group : {"dialout", "plugdev", "i2c", "spi", "gpio", "video"}) {
    if (::getgrnam(group) != nullptr) groups += (groups.empty() ? "" : " ") + std::string(group);
  }
  return groups;
}

std::string text_of(const ServiceUnit& unit) {
  const std::string state =
      unit.state_folder.empty() ? "%S/astro/" + unit.node : word(std::filesystem::absolute(unit.state_folder).string());
  const std::string program = std::filesystem::canonical("/proc/self/exe").string();
  const std::filesystem::path site = std::filesystem::canonical(unit.site_file);
  const std::string owner = owner_of(site);
  const std::string groups = hardware_groups();
  const char* plugins = std::getenv("ASTRO_PLUGIN_PATH");
  std::string text = "# Written by `astro node --install`, and written again by it.\n[Unit]\nDescription=Node " +
                     unit.node + " of " + plain(unit.site_name) + "\n";
  text +=
      "Wants=network-online.target time-sync.target\nAfter=network-online.target time-sync.target\n"
      "# However often it fails, it is not given up.\nStartLimitIntervalSec=0\n\n";
  text += "[Service]\nType=notify\nExecStart=" + word(program) + " node " + word(site.string()) + " --name " +
          unit.node + " --state " + state + "\n";
  if (plugins != nullptr) text += "Environment=" + word("ASTRO_PLUGIN_PATH=" + std::string(plugins)) + "\n";
  if (!owner.empty()) text += "User=" + owner + "\n";
  if (!groups.empty()) text += "SupplementaryGroups=" + groups + "\n";
  text += "StateDirectory=astro/" + unit.node + "\n";
  text +=
      "Restart=always\nRestartSec=2\nTimeoutStartSec=180\nTimeoutStopSec=30\n"
      "# A node that does not serve is killed and started anew.\nWatchdogSec=60\n\n";
  text +=
      "NoNewPrivileges=yes\nCapabilityBoundingSet=\nProtectSystem=strict\nProtectHome=read-only\n"
      "# Stores and recordings of a site lie beside its file.\nReadWritePaths=" +
      word("-" + site.parent_path().string()) + "\n";
  if (!unit.state_folder.empty()) text += "ReadWritePaths=" + word("-" + state.substr(1, state.size() - 2)) + "\n";
  text +=
      "PrivateTmp=yes\nProtectKernelTunables=yes\nProtectKernelModules=yes\nProtectKernelLogs=yes\n"
      "ProtectControlGroups=yes\nProtectHostname=yes\nRestrictNamespaces=yes\nRestrictSUIDSGID=yes\n"
      "LockPersonality=yes\nSystemCallArchitectures=native\n"
      "# libusb hears by netlink of what is plugged in.\n"
      "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n"
      "# Not ProtectClock=, and two calls more: the kernel is asked whether its clock is synchronised.\n"
      "SystemCallFilter=@system-service adjtimex clock_adjtime\n"
      "# The hardware of observatories: serial lines, USB, the buses of small computers, cameras.\n"
      "DevicePolicy=closed\n";
  for (const char* device :
       {"ttyUSB", "ttyACM", "ttyAMA", "ttyS", "usb_device", "i2c", "spi", "gpiochip", "video4linux"}) {
    text += "DeviceAllow=char-" + std::string(device) + " rw\n";
  }
  return text + "\n[Install]\nWantedBy=multi-user.target\n";
}

}  // namespace

void notify(std::string_view state) noexcept {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::size_t length = path == nullptr ? 0 : std::strlen(path);
  if (length == 0 || length >= sizeof address.sun_path) return;
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  (void)::sendto(socket, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address), size);
  ::close(socket);
}

Duration watchdog_interval() {
  const char* patience = std::getenv("WATCHDOG_USEC");
  const char* process = std::getenv("WATCHDOG_PID");
  if (patience == nullptr || (process != nullptr && std::atol(process) != ::getpid())) return {};
  return std::chrono::microseconds(std::atoll(patience)) / 3;
}

std::string unit_name(const std::string& node) { return "astro-node-" + node + ".service"; }

std::filesystem::path install(const ServiceUnit& unit) {
  std::filesystem::path file = unit.folder / unit_name(unit.node);
  std::ofstream out(file);
  out << text_of(unit);
  out.close();
  if (!out) {
    throw Error(ErrorCode::storage, "writing the unit " + file.string() +
                                        ": it cannot be written; be root, or name another folder after --install");
  }
  return file;
}

std::filesystem::path uninstall(const ServiceUnit& unit) {
  std::filesystem::path file = unit.folder / unit_name(unit.node);
  std::error_code error;
  if (std::filesystem::remove(file, error)) return file;
  if (!error) {
    throw Error(ErrorCode::not_found, "removing the unit " + file.string() +
                                          ": there is none; name the folder that it lies in after --uninstall");
  }
  throw Error(ErrorCode::storage, "removing the unit " + file.string() + ": " + error.message() + "; be root");
}

}  // namespace astro::cli
