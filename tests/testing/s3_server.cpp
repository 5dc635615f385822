// SPDX-License-Identifier: BSD-3-Clause
#include "testing/s3_server.hpp"

namespace astro::testing {

const S3Server& S3Server::shared() {
  static const S3Server server;
  return server;
}

Value S3Server::settings(const std::string& prefix, int port) const {
  return Map{{"endpoint", "http://127.0.0.1:" + std::to_string(port)},
             {"bucket", "objects"},
             {"prefix", prefix},
             {"access_key", read_file(server_.folder() / "access_key")},
             {"secret_key", read_file(server_.folder() / "secret_key")}};
}

}  // namespace astro::testing
