// SPDX-License-Identifier: BSD-3-Clause
#include "migration.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace astro::postgres {

namespace {

// Step n leads from format n to n + 1. What was once released is never edited: add a step.
constexpr std::array steps{
    // What the columns of the records' tables hold, in words that outlive PostgreSQL's types; which tables are in
    // partitions; how many transactions each session committed; objects, which are mostly compressed already.
    "CREATE TABLE astro_fields(record text NOT NULL, field text NOT NULL, name text NOT NULL, kind text NOT NULL,"
    " is_key boolean NOT NULL, unit text NOT NULL, says text NOT NULL, PRIMARY KEY(record, name));"
    "CREATE TABLE astro_partitions(record text PRIMARY KEY, field text NOT NULL, every_ns bigint NOT NULL);"
    "CREATE TABLE astro_sessions(id text PRIMARY KEY, transactions bigint NOT NULL, at timestamptz NOT NULL)"
    " WITH (fillfactor = 50);"
    "CREATE TABLE astro_objects(id text COLLATE \"C\" PRIMARY KEY, content bytea NOT NULL);"
    "ALTER TABLE astro_objects ALTER content SET STORAGE EXTERNAL;"
    // For people and dashboards: a time as PostgreSQL shows it, a value of any type as a number or NULL.
    "CREATE FUNCTION astro_time(ns bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS"
    " 'SELECT ''epoch''::timestamptz + ns / 1000 * interval ''1 microsecond''';"
    "CREATE FUNCTION astro_number(value json) RETURNS numeric LANGUAGE sql IMMUTABLE PARALLEL SAFE AS"
    " 'SELECT CASE WHEN json_typeof(value) = ''number'' THEN (value #>> ''{}'')::numeric END'"};
constexpr auto newest = static_cast<std::int64_t>(steps.size());

constexpr const char* doing = "opening the store";

std::int64_t format_of(const Connection& connection) {
  // Not by to_regclass, which may remember from before another program's commit that there is none.
  const Answer table = connection.ask(
      "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
      " WHERE n.nspname = $1 AND c.relname = 'astro_format'",
      doing, {connection.target().schema});
  return table.rows() != 0 ? connection.ask("SELECT version::bigint FROM astro_format", doing).integer(0, 0) : 0;
}

}  // namespace

void lock_definitions(const Connection& connection, const std::string& what) {
  connection.ask("SELECT pg_advisory_xact_lock(hashtext('astro'), hashtext($1))", what, {connection.target().schema});
}

void migrate(const Connection& connection) {
  if (format_of(connection) == newest) {
    connection.execute("DELETE FROM astro_sessions WHERE at < now() - interval '7 days'", doing);
    return;
  }
  Transaction transaction(connection, doing, Transaction::Marked::no);
  lock_definitions(connection, doing);
  const std::int64_t format = format_of(connection);  // another program may have come first
  if (format > newest) {
    connection.refuse(doing, "the schema " + identifier(connection.target().schema) + " has format " +
                                 std::to_string(format) + " and this program knows formats up to " +
                                 std::to_string(newest) + ": use a newer libastro or another `schema`");
  }
  if (format == 0) {
    const Answer schema =
        connection.ask("SELECT 1 FROM pg_namespace WHERE nspname = $1", doing, {connection.target().schema});
    if (schema.rows() == 0) connection.execute("CREATE SCHEMA " + identifier(connection.target().schema), doing);
    connection.execute("CREATE TABLE astro_format(version bigint NOT NULL); INSERT INTO astro_format VALUES(0)", doing);
  }
  for (std::int64_t step = format; step < newest; ++step) {
    connection.execute(steps[static_cast<std::size_t>(step)], doing);
  }
  connection.execute("UPDATE astro_format SET version = " + std::to_string(newest), doing);
  transaction.commit();
}

}  // namespace astro::postgres
