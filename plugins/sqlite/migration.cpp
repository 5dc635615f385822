// SPDX-License-Identifier: BSD-3-Clause
#include "migration.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace astro::sqlite {

namespace {

// Step n leads from format n to n + 1. What was once released is never edited: add a step.
constexpr std::array steps{
    // What the columns of the records' tables hold, in words that outlive SQLite's storage classes.
    "CREATE TABLE astro_fields(record TEXT NOT NULL COLLATE NOCASE, field TEXT NOT NULL,"
    " name TEXT NOT NULL COLLATE NOCASE, kind TEXT NOT NULL, is_key INTEGER NOT NULL, PRIMARY KEY(record, name))",
    // A file that is found in twenty years explains itself.
    "ALTER TABLE astro_fields ADD COLUMN unit TEXT NOT NULL DEFAULT '';"
    "ALTER TABLE astro_fields ADD COLUMN says TEXT NOT NULL DEFAULT ''",
    // Objects, where the settings say that they rest in the file itself.
    "CREATE TABLE astro_objects(id TEXT PRIMARY KEY, content BLOB NOT NULL)"};
constexpr auto newest = static_cast<std::int64_t>(steps.size());

constexpr const char* doing = "opening the store";

std::int64_t format_of(const Database& database) {
  const bool has_table =
      database.number("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'astro_format'", doing) != 0;
  return has_table ? database.number("SELECT version FROM astro_format", doing) : 0;
}

}  // namespace

void check_format(const Database& database) {
  // Looked at before the format: what another program makes of an empty file meanwhile is no complaint.
  const bool is_empty = database.number("SELECT count(*) FROM sqlite_schema", doing) == 0;
  const std::int64_t format = format_of(database);
  if (format > newest) {
    database.refuse(doing, "the file has format " + std::to_string(format) + " and this program knows formats up to " +
                               std::to_string(newest) + ": use a newer libastro or another file");
  }
  if (format == 0 && !is_empty) {
    database.refuse(doing, "the file is a database of another program: give a path of its own");
  }
}

void migrate(const Database& database) {
  if (format_of(database) == newest) return;
  Transaction transaction(database, doing);
  check_format(database);  // again: another program may have come first
  const std::int64_t format = format_of(database);
  if (format == 0) {
    database.execute("CREATE TABLE astro_format(version INTEGER NOT NULL); INSERT INTO astro_format VALUES(0)", doing);
  }
  for (std::int64_t step = format; step < newest; ++step) {
    database.execute(steps[static_cast<std::size_t>(step)], doing);
  }
  database.execute("UPDATE astro_format SET version = " + std::to_string(newest), doing);
  transaction.commit();
}

}  // namespace astro::sqlite
