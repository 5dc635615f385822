// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>

#include "astro/value.hpp"
#include "testing/testing.hpp"

namespace astro::testing {

/// A real PostgreSQL on this machine; see the script tests/servers/postgres.
class PostgresServer {
 public:
  /// The one that ctest started for all tests of this build, or one that lives as long as this process.
  static const PostgresServer& shared();

  PostgresServer();  ///< one of its own, for a test that does it harm
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  const std::filesystem::path& folder() const noexcept { return folder_; }
  int port() const noexcept { return port_; }
  void kill() const;   ///< with -9, all of it
  void start() const;  ///< after kill

  /// Settings of a store on its unix socket, in a schema of this name.
  Value settings(const std::string& schema) const;

 private:
  explicit PostgresServer(std::filesystem::path running);

  TemporaryFolder own_;
  std::filesystem::path folder_;
  int port_ = 0;
  bool is_own_ = true;
};

/// SQL beside the store, as any other program would; answers with the first cell.
std::string ask_postgres(const PostgresServer& server, const std::string& schema, const std::string& sql);

}  // namespace astro::testing
