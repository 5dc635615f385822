// SPDX-License-Identifier: BSD-3-Clause
#include "database_objects.hpp"

#include "cells.hpp"

namespace astro::postgres {

namespace {

constexpr std::size_t largest = 1'000'000'000;  // a value of PostgreSQL ends below 1 GiB

}  // namespace

std::optional<Bytes> DatabaseObjects::read(const ObjectId& id) {
  return session_.read([&](const Connection& connection) -> std::optional<Bytes> {
    const Answer answer =
        connection.ask("SELECT content FROM astro_objects WHERE id = $1", "getting an object of the store", {id});
    if (answer.rows() == 0) return std::nullopt;
    const auto bytes = std::as_bytes(std::span(answer.cell(0, 0)));
    return Bytes(bytes.begin(), bytes.end());
  });
}

void DatabaseObjects::write(const ObjectId& id, std::span<const std::byte> content) {
  const std::string doing = "putting an object into the store";
  if (content.size() > largest) {
    throw Error(ErrorCode::invalid_argument,
                doing + " " + session_.target().name + ": it has " + std::to_string(content.size()) +
                    " bytes, more than PostgreSQL takes: keep objects in a folder or in S3");
  }
  Parameters parameters{id};
  parameters.add_binary(oid_of(SqlType::bytea),
                        std::string(reinterpret_cast<const char*>(content.data()), content.size()));
  session_.write(doing, [&](const Connection& connection) {
    return connection
        .ask(
            "INSERT INTO astro_objects(id, content) VALUES($1, $2) ON CONFLICT(id)"
            " DO UPDATE SET content = excluded.content WHERE astro_objects.content <> excluded.content",
            doing, parameters)
        .changed();
  });
}

std::string DatabaseObjects::where(const ObjectId& id) const {
  return id + " in the table astro_objects of " + session_.target().name;
}

}  // namespace astro::postgres
