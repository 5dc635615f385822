// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "testing/testing.hpp"

namespace astro::testing {

/// A port of the loopback interface that nobody uses at this moment.
int free_port();

/// A real server on free ports of the loopback interface with its data in a temporary folder: what
/// tests/servers/NAME/start becomes. One that does not come up fails the test. It dies with us.
class Server final {
 public:
  /// `lines` are added to its configuration; `ports`: how many it wants. `{PORT}` in a line is the first.
  explicit Server(std::string name, std::vector<std::string> lines = {}, int ports = 1, bool starts = true);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const { return ports_.front(); }
  const std::filesystem::path& folder() const { return folder_.path(); }
  void start();      ///< on the same ports and data; returns when it answers
  void kill();       ///< as a power cut does: at once, and with it the processes that it has started
  void terminate();  ///< as an administrator does

 private:
  bool answers() const;
  void end(int signal);

  const std::string name_;
  const std::vector<std::string> lines_;
  std::vector<int> ports_;
  const TemporaryFolder folder_;
  pid_t pid_ = 0;
};

/// Certificates for tests of TLS, made anew: an authority (ca.pem), a server's for 127.0.0.1
/// (server.pem, server.key) and a client's (client.pem, client.key) of it, another authority
/// (other.pem) that signed none of them.
class Certificates final {
 public:
  Certificates();
  std::string operator[](const std::string& file) const { return (folder_.path() / file).string(); }

 private:
  const TemporaryFolder folder_;
};

}  // namespace astro::testing
