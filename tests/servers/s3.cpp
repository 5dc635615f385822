// SPDX-License-Identifier: BSD-3-Clause
#include "servers/s3.hpp"

#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace astro::testing {

namespace {

void run(const std::string& what, const std::filesystem::path& folder) {
  const std::string command = ASTRO_TEST_SERVERS "/s3 " + what + " '" + folder.string() + "' >/dev/null";
  if (std::system(command.c_str()) != 0)
    throw std::runtime_error("the S3 server does not " + what + ": run " + command);
}

}  // namespace

const S3Server& S3Server::shared() {
  const std::filesystem::path of_ctest = ASTRO_TEST_SERVERS_FOLDER "/s3";
  static const S3Server server = std::filesystem::exists(of_ctest / "port") ? S3Server(of_ctest) : S3Server();
  return server;
}

S3Server::S3Server() : folder_(own_.path() / "s3") {
  run("start", folder_);
  std::ifstream(folder_ / "port") >> port_;
}

S3Server::S3Server(std::filesystem::path running) : folder_(std::move(running)), is_own_(false) {
  std::ifstream(folder_ / "port") >> port_;
}

S3Server::~S3Server() {
  if (is_own_) run("stop", folder_);
}

Value S3Server::settings(const std::string& prefix, int port) const {
  return Map{{"endpoint", "http://127.0.0.1:" + std::to_string(port)},
             {"bucket", "objects"},
             {"prefix", prefix},
             {"access_key", read_file(folder_ / "access_key")},
             {"secret_key", read_file(folder_ / "secret_key")}};
}

}  // namespace astro::testing
