// SPDX-License-Identifier: BSD-3-Clause
#include "database_objects.hpp"

#include "astro/error.hpp"

namespace astro::sqlite {

std::optional<Bytes> DatabaseObjects::read(const ObjectId& id) {
  const std::string doing = "getting an object of the store";
  const Statement select = database_.prepare("SELECT content FROM astro_objects WHERE id = ?", doing);
  sqlite3_bind_text(select.get(), 1, id.c_str(), -1, SQLITE_STATIC);
  if (!database_.step(select, doing)) return std::nullopt;
  const auto* content = static_cast<const std::byte*>(sqlite3_column_blob(select.get(), 0));
  return Bytes(content, content + sqlite3_column_bytes(select.get(), 0));
}

void DatabaseObjects::write(const ObjectId& id, std::span<const std::byte> content) {
  const std::string doing = "putting an object into the store";
  const Statement insert = database_.prepare(
      "INSERT INTO astro_objects(id, content) VALUES(?, ?)"
      " ON CONFLICT(id) DO UPDATE SET content = excluded.content WHERE content <> excluded.content",
      doing);
  sqlite3_bind_text(insert.get(), 1, id.c_str(), -1, SQLITE_STATIC);
  const int bound = content.empty()
                        ? sqlite3_bind_zeroblob(insert.get(), 2, 0)
                        : sqlite3_bind_blob64(insert.get(), 2, content.data(), content.size(), SQLITE_STATIC);
  if (bound == SQLITE_TOOBIG) {
    throw Error(ErrorCode::invalid_argument, doing + " " + database_.path().string() + ": it has " +
                                                 std::to_string(content.size()) +
                                                 " bytes, more than SQLite takes: keep objects in a folder or in S3");
  }
  database_.step(insert, doing);
}

std::string DatabaseObjects::where(const ObjectId& id) const {
  return id + " in the table astro_objects of " + database_.path().string();
}

}  // namespace astro::sqlite
