// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "astro/value.hpp"
#include "testing/server.hpp"

namespace astro::testing {

/// A real PostgreSQL on this machine; see tests/servers/postgres/start.
class PostgresServer {
 public:
  /// One for all tests of this process that do it no harm.
  static const PostgresServer& shared();

  const std::filesystem::path& folder() const noexcept { return server_.folder(); }
  int port() const noexcept { return server_.port(); }
  void kill() { server_.kill(); }
  void start() { server_.start(); }  ///< after kill

  /// Settings of a store on its unix socket, in a schema of this name.
  Value settings(const std::string& schema) const;

 private:
  Server server_{"postgres"};
};

/// SQL beside the store, as any other program would; answers with the first cell.
std::string ask_postgres(const PostgresServer& server, const std::string& schema, const std::string& sql);

}  // namespace astro::testing
