// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>

#include "astro/value.hpp"
#include "testing/testing.hpp"

namespace astro::testing {

/// An S3 server on this machine that checks signatures; see the script tests/servers/s3.
class S3Server {
 public:
  /// The one that ctest started for all tests of this build, or one that lives as long as this process.
  static const S3Server& shared();

  S3Server();
  ~S3Server();
  S3Server(const S3Server&) = delete;
  S3Server& operator=(const S3Server&) = delete;

  int port() const noexcept { return port_; }
  /// The setting `s3` of a store; `port` is the server's, or of somebody in between.
  Value settings(const std::string& prefix, int port) const;
  Value settings(const std::string& prefix) const { return settings(prefix, port_); }

 private:
  explicit S3Server(std::filesystem::path running);

  TemporaryFolder own_;
  std::filesystem::path folder_;
  int port_ = 0;
  bool is_own_ = true;
};

}  // namespace astro::testing
