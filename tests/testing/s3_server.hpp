// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "astro/value.hpp"
#include "testing/server.hpp"

namespace astro::testing {

/// An S3 server on this machine that checks signatures; see tests/servers/s3/start.
class S3Server {
 public:
  /// One for all tests of this process.
  static const S3Server& shared();

  int port() const noexcept { return server_.port(); }
  /// The setting `s3` of a store; `port` is the server's, or of somebody in between.
  Value settings(const std::string& prefix, int port) const;
  Value settings(const std::string& prefix) const { return settings(prefix, port()); }

 private:
  Server server_{"s3"};
};

}  // namespace astro::testing
