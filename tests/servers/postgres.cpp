// SPDX-License-Identifier: BSD-3-Clause
#include "servers/postgres.hpp"

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace astro::testing {

namespace {

/// The script's output; throws when it fails.
std::string run(const std::string& what, const std::filesystem::path& folder) {
  const std::string command = ASTRO_TEST_SERVERS "/postgres " + what + " '" + folder.string() + "'";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run " + command);
  std::string output;
  char buffer[256];
  while (std::fgets(buffer, sizeof buffer, pipe) != nullptr) output += buffer;
  if (::pclose(pipe) != 0) throw std::runtime_error("PostgreSQL does not " + what + ": run " + command);
  return output;
}

}  // namespace

const PostgresServer& PostgresServer::shared() {
  const std::filesystem::path of_ctest = ASTRO_TEST_SERVERS_FOLDER "/postgres";
  static const PostgresServer server =
      std::filesystem::exists(of_ctest / "port") ? PostgresServer(of_ctest) : PostgresServer();
  return server;
}

PostgresServer::PostgresServer() {
  std::filesystem::permissions(own_.path(), std::filesystem::perms::others_exec, std::filesystem::perm_options::add);
  folder_ = own_.path() / "postgres";
  port_ = std::stoi(run("start", folder_));
}

PostgresServer::PostgresServer(std::filesystem::path running) : folder_(std::move(running)), is_own_(false) {
  std::ifstream(folder_ / "port") >> port_;
}

PostgresServer::~PostgresServer() {
  if (is_own_) run("stop", folder_);
}

void PostgresServer::kill() const { run("kill", folder_); }
void PostgresServer::start() const { run("start", folder_); }

Value PostgresServer::settings(const std::string& schema) const {
  return Map{{"host", folder_.string()}, {"port", port_}, {"user", "astro"}, {"schema", schema}};
}

std::string ask_postgres(const PostgresServer& server, const std::string& schema, const std::string& sql) {
  const std::string where = "host='" + server.folder().string() + "' port=" + std::to_string(server.port()) +
                            " user=astro dbname=astro options='-c search_path=" + schema + "'";
  PGconn* connection = PQconnectdb(where.c_str());
  PGresult* result = PQexec(connection, sql.c_str());
  const bool has_rows = PQresultStatus(result) == PGRES_TUPLES_OK;
  EXPECT_TRUE(has_rows || PQresultStatus(result) == PGRES_COMMAND_OK) << sql << ": " << PQerrorMessage(connection);
  std::string answer = has_rows && PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
  PQclear(result);
  PQfinish(connection);
  return answer;
}

}  // namespace astro::testing
