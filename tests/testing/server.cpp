// SPDX-License-Identifier: BSD-3-Clause
#include "testing/server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

namespace astro::testing {

namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool takes_connections(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  const bool takes = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return takes;
}

/// What `process` has started and what is still there.
std::vector<pid_t> children_of(pid_t process) {
  const std::string number = std::to_string(process);
  std::ifstream stream("/proc/" + number + "/task/" + number + "/children");
  return {std::istream_iterator<pid_t>(stream), {}};
}

}  // namespace

int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    throw std::runtime_error("no free port on the loopback interface");
  }
  ::close(socket);
  return ntohs(address.sin_port);
}

Server::Server(std::string name, std::vector<std::string> lines, int ports, bool starts)
    : name_(std::move(name)), lines_(std::move(lines)) {
  while (static_cast<int>(ports_.size()) < ports) ports_.push_back(free_port());
  if (starts) start();
}

Server::~Server() { kill(); }

void Server::start() {
  std::vector<std::string> words{std::string(ASTRO_TEST_SERVERS) + "/" + name_ + "/start", folder_.path().string()};
  for (const int port : ports_) words.push_back(std::to_string(port));
  for (std::string line : lines_) {
    for (std::size_t at = line.find("{PORT}"); at != std::string::npos; at = line.find("{PORT}"))
      line.replace(at, 6, std::to_string(ports_.front()));
    words.push_back(line);
  }
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::unsetenv("LD_PRELOAD");  // a sanitizer's library is not for servers
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(3);
  while (!answers()) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_ || std::chrono::steady_clock::now() > end) {
      pid_ = 0;
      throw std::runtime_error("the server " + name_ + " did not come up; its files were in " +
                               folder_.path().string());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

bool Server::answers() const {
  if (!takes_connections(port())) return false;
  const std::string ready = std::string(ASTRO_TEST_SERVERS) + "/" + name_ + "/ready";  // one that takes them earlier
  return !std::filesystem::exists(ready) ||
         std::system(("env -u LD_PRELOAD " + ready + " " + std::to_string(port())).c_str()) == 0;
}

void Server::end(int signal) {
  if (pid_ == 0) return;
  ::kill(pid_, signal);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void Server::kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGSTOP);  // so that it starts no more of them
  const std::vector<pid_t> children = children_of(pid_);
  end(SIGKILL);
  for (const pid_t child : children) ::kill(child, SIGKILL);
  for (const pid_t child : children) {
    while (::kill(child, 0) == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void Server::terminate() { end(SIGTERM); }

Certificates::Certificates() {
  const std::string command = std::string(ASTRO_TEST_SERVERS) + "/certificates '" + folder_.path().string() + "'";
  if (std::system(command.c_str()) != 0) throw std::runtime_error("making certificates: " + command + " failed");
}

}  // namespace astro::testing
