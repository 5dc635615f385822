// SPDX-License-Identifier: BSD-3-Clause
#include "testing/postgres_server.hpp"

#include <gtest/gtest.h>
#include <libpq-fe.h>

namespace astro::testing {

const PostgresServer& PostgresServer::shared() {
  static const PostgresServer server;
  return server;
}

Value PostgresServer::settings(const std::string& schema) const {
  return Map{{"host", folder().string()}, {"port", port()}, {"user", "astro"}, {"schema", schema}};
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
