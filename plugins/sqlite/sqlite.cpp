// SPDX-License-Identifier: BSD-3-Clause
// A store in one SQLite file, with objects in it or in a place of their own.
#include <map>
#include <memory>
#include <optional>

#include "astro/plugin.hpp"
#include "astro/store.hpp"
#include "database.hpp"
#include "database_objects.hpp"
#include "migration.hpp"
#include "objects/places.hpp"
#include "table.hpp"

namespace astro::sqlite {

class SqliteStore final : public Store {
 public:
  struct Settings {
    std::string path;
    Synchronous synchronous = Synchronous::full;
    objects::Keep objects = objects::Keep::folder;
    std::string objects_folder;
    std::optional<objects::S3Settings> s3;
  };

  explicit SqliteStore(Settings settings) : settings_(std::move(settings)) {}
  ~SqliteStore() override { close(); }

  void open(Emitter& host) override;
  void close() noexcept override;

  void prepare(const Schema& schema) override { table(schema); }
  std::size_t insert(const Schema& schema, const Rows& rows) override;
  bool replace(const Schema& schema, const Rows& row, const std::string& revision_field,
               std::int64_t expected) override;
  std::vector<List> find(const Schema& schema, const Query& query) override { return table(schema).find(query); }
  std::size_t count(const Schema& schema, const Query& query) override { return table(schema).count(query); }
  std::size_t erase(const Schema& schema, const Query& query) override;

  ObjectId put_object(std::span<const std::byte> content) override { return objects::put(place(), content); }
  Bytes get_object(const ObjectId& id) override { return objects::get(place(), id); }

  void begin() override;
  void commit() override;
  void roll_back() noexcept override;

 private:
  const Database& database() const;
  objects::Place& place() const;
  Table& table(const Schema& schema);

  Settings settings_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<objects::Place> objects_;
  std::map<std::string, Table, std::less<>> tables_;  // after the database: their statements go first
  bool begun_ = false;
};

void SqliteStore::open(Emitter& host) {
  // Absolute: SQLite gives names such as ":memory:" or "file:..." a meaning of their own.
  const std::filesystem::path path = std::filesystem::absolute(settings_.path);
  auto database = std::make_unique<Database>(path);
  check_format(*database);
  database->use_log(settings_.synchronous);
  migrate(*database);
  if (settings_.objects == objects::Keep::database) {
    objects_ = std::make_unique<DatabaseObjects>(*database);
  } else {
    const std::string folder = settings_.objects_folder.empty() ? path.string() + ".objects" : settings_.objects_folder;
    objects_ = objects::place_outside(settings_.objects, folder, settings_.s3,
                                      [&host](const std::string& message) { host.log(LogLevel::warning, message); });
  }
  database_ = std::move(database);
}

void SqliteStore::close() noexcept {
  roll_back();
  tables_.clear();
  objects_.reset();
  database_.reset();
}

const Database& SqliteStore::database() const {
  if (!database_)
    throw Error(ErrorCode::storage, "using the store " + settings_.path + ": it is not open; open it first");
  if (begun_ && !database_->in_transaction()) {
    database_->refuse("using the store", "the transaction was undone by an earlier failure: roll back and begin again");
  }
  return *database_;
}

objects::Place& SqliteStore::place() const {
  database();
  return *objects_;
}

Table& SqliteStore::table(const Schema& schema) {
  const Database& file = database();
  const auto known = tables_.find(schema.name);
  if (known != tables_.end() && known->second.serves(schema)) return known->second;
  if (known != tables_.end()) tables_.erase(known);
  return tables_.try_emplace(schema.name, file, schema).first->second;
}

std::size_t SqliteStore::insert(const Schema& schema, const Rows& rows) {
  Table& into = table(schema);
  Transaction transaction(*database_, "inserting into the store");
  const std::size_t inserted = into.insert(rows);
  transaction.commit();
  return inserted;
}

bool SqliteStore::replace(const Schema& schema, const Rows& row, const std::string& revision_field,
                          std::int64_t expected) {
  Table& into = table(schema);
  Transaction transaction(*database_, "replacing in the store");
  const bool replaced = into.replace(row, revision_field, expected);
  transaction.commit();
  return replaced;
}

std::size_t SqliteStore::erase(const Schema& schema, const Query& query) {
  Table& from = table(schema);
  Transaction transaction(*database_, "erasing in the store");
  const std::size_t erased = from.erase(query);
  transaction.commit();
  return erased;
}

void SqliteStore::begin() {
  const Database& file = database();
  if (begun_)
    throw Error(ErrorCode::invalid_argument, "beginning a transaction in the store " + settings_.path +
                                                 ": one is open already; commit it or roll it back first");
  file.execute("BEGIN IMMEDIATE", "beginning a transaction in the store");
  begun_ = true;
}

void SqliteStore::commit() {
  const Database& file = database();
  if (!begun_)
    throw Error(ErrorCode::invalid_argument,
                "committing in the store " + settings_.path + ": no transaction is open; begin one first");
  file.execute("COMMIT", "committing in the store");
  begun_ = false;
}

void SqliteStore::roll_back() noexcept {
  if (!begun_) return;
  begun_ = false;
  tables_.clear();  // some of them may have been made within the transaction
  if (database_ && database_->in_transaction()) database_->try_execute("ROLLBACK");
}

}  // namespace astro::sqlite

template <>
struct astro::Description<astro::sqlite::Synchronous> {
  static constexpr std::array choices{"full", "normal"};
};

template <>
struct astro::Description<astro::sqlite::SqliteStore::Settings> {
  using Settings = astro::sqlite::SqliteStore::Settings;
  static constexpr std::array fields{
      field<&Settings::path>(
          "path", {.unit = "path", .says = "the database's file; made when it is not there", .required = true}),
      field<&Settings::synchronous>(
          "synchronous",
          {.says =
               "full: what was inserted survives a power cut; normal: a kill, and a power cut may take the last rows"}),
      field<&Settings::objects>("objects",
                                {.says = "where objects are kept: in the file itself, in a folder, or in S3"}),
      field<&Settings::objects_folder>(
          "objects_folder",
          {.unit = "path", .says = "the folder of objects; if empty beside the file, with .objects after its name"}),
      field<&Settings::s3>("s3", {.says = "the bucket of objects"})};
};

ASTRO_PLUGIN(sqlite, "1.0.0", registry) {
  registry.add<astro::sqlite::SqliteStore>("sqlite", {}, "Records in one SQLite file, objects in it or beside it");
}
