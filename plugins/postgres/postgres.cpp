// SPDX-License-Identifier: BSD-3-Clause
// A store in a schema of a PostgreSQL database, with objects in it or in a place of their own.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "astro/plugin.hpp"
#include "astro/store.hpp"
#include "database_objects.hpp"
#include "migration.hpp"
#include "objects/places.hpp"
#include "session.hpp"
#include "table.hpp"

namespace astro::postgres {

enum class Tls { disable, prefer, require, verify_ca, verify_full };

class PostgresStore final : public Store {
 public:
  struct Settings {
    std::string host = "localhost";
    int port = 5432;
    std::string database = "astro";
    std::string user;
    std::string password;
    std::string schema = "public";
    Tls tls = Tls::prefer;
    std::string root_certificate;
    std::string certificate;
    std::string key;
    int connections = 4;
    Duration patience = std::chrono::seconds(15);
    std::vector<Partitioned> partitions;
    bool timescale = false;
    objects::Keep objects = objects::Keep::database;
    std::string objects_folder;
    std::optional<objects::S3Settings> s3;
  };

  explicit PostgresStore(Settings settings) : settings_(std::move(settings)) {}
  ~PostgresStore() override { close(); }

  void open(Emitter& host) override;
  void close() noexcept override;

  void prepare(const Schema& schema) override;
  std::size_t insert(const Schema& schema, const Rows& rows) override;
  bool replace(const Schema& schema, const Rows& row, const std::string& revision_field,
               std::int64_t expected) override;
  std::vector<List> find(const Schema& schema, const Query& query) override;
  std::size_t count(const Schema& schema, const Query& query) override;
  std::size_t erase(const Schema& schema, const Query& query) override;

  ObjectId put_object(std::span<const std::byte> content) override { return objects::put(place(), content); }
  Bytes get_object(const ObjectId& id) override { return objects::get(place(), id); }

  void begin() override { session().begin(); }
  void commit() override { session().commit(); }
  void roll_back() noexcept override;

 private:
  Target target() const;
  Session& session();
  objects::Place& place();
  /// The table for this schema; made or brought up to date the first time.
  Table& table(const Connection& connection, const Schema& schema);
  /// Calls the function with a connection and the table. What PostgreSQL refuses because the table is
  /// not as it was is looked at anew the next time.
  template <class Function>
  auto with(const Connection& connection, const Schema& schema, Function function);

  Settings settings_;
  std::shared_ptr<Clock> clock_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<objects::Place> objects_;
  std::map<std::string, Table, std::less<>> tables_;
};

namespace {

std::string seconds_of(Duration duration) {
  return std::to_string(std::max<std::int64_t>(2, std::chrono::ceil<std::chrono::seconds>(duration).count()));
}

const char* name_of(Tls tls) {
  switch (tls) {
    case Tls::disable:
      return "disable";
    case Tls::prefer:
      return "prefer";
    case Tls::require:
      return "require";
    case Tls::verify_ca:
      return "verify-ca";
    case Tls::verify_full:
      return "verify-full";
  }
  return "verify-full";
}

}  // namespace

Target PostgresStore::target() const {
  Target target;
  target.parameters = {
      {"host", settings_.host},
      {"port", std::to_string(settings_.port)},
      {"dbname", settings_.database},
      {"user", settings_.user},
      {"password", settings_.password},
      {"sslmode", name_of(settings_.tls)},
      {"sslrootcert", settings_.root_certificate},
      {"sslcert", settings_.certificate},
      {"sslkey", settings_.key},
      {"gssencmode", "disable"},
      {"client_encoding", "UTF8"},
      {"application_name", "libastro"},
      {"connect_timeout", seconds_of(settings_.patience)},
      // A server that is silent for so long is gone, whatever TCP still hopes for.
      {"keepalives_idle", seconds_of(settings_.patience)},
      {"keepalives_interval", "5"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", std::to_string(std::chrono::ceil<std::chrono::milliseconds>(settings_.patience).count())}};
  target.schema = settings_.schema;
  target.name = settings_.database + " at " + settings_.host + ":" + std::to_string(settings_.port);
  target.patience = settings_.patience;
  return target;
}

void PostgresStore::open(Emitter& host) {
  clock_ = host.surroundings().clock;
  auto session = std::make_unique<Session>(Pool::of(target(), static_cast<std::size_t>(settings_.connections)));
  session->reach();
  session->read([&](const Connection& connection) {
    migrate(connection);
    if (!settings_.timescale) return true;
    const Answer extension =
        connection.ask("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'", "opening the store");
    if (extension.rows() == 0) {
      connection.refuse("opening the store",
                        "`timescale` is set, and the database has no such extension: CREATE EXTENSION timescaledb, or "
                        "leave the setting out");
    }
    return true;
  });
  if (settings_.objects == objects::Keep::database) {
    objects_ = std::make_unique<DatabaseObjects>(*session);
  } else {
    objects_ = objects::place_outside(settings_.objects, settings_.objects_folder, settings_.s3,
                                      [&host](const std::string& message) { host.log(LogLevel::warning, message); });
  }
  session_ = std::move(session);
}

void PostgresStore::close() noexcept {
  roll_back();
  tables_.clear();
  objects_.reset();
  session_.reset();
}

Session& PostgresStore::session() {
  if (!session_) {
    throw Error(ErrorCode::storage,
                "using the store " + settings_.database + " at " + settings_.host + ": it is not open; open it first");
  }
  return *session_;
}

objects::Place& PostgresStore::place() {
  session();
  return *objects_;
}

Table& PostgresStore::table(const Connection& connection, const Schema& schema) {
  const auto known = tables_.find(schema.name);
  if (known != tables_.end() && known->second.serves(schema)) return known->second;
  if (known != tables_.end()) tables_.erase(known);
  const auto parted = std::find_if(settings_.partitions.begin(), settings_.partitions.end(),
                                   [&](const Partitioned& each) { return each.record == schema.name; });
  Table made(connection, schema, parted == settings_.partitions.end() ? nullptr : &*parted, settings_.timescale);
  made.drop_old(connection, clock_->now());
  return tables_.emplace(schema.name, std::move(made)).first->second;
}

template <class Function>
auto PostgresStore::with(const Connection& connection, const Schema& schema, Function function) {
  Table& serving = table(connection, schema);
  try {
    return function(serving);
  } catch (const Refused& refused) {
    serving.forget();
    if (refused.state().starts_with("42")) tables_.erase(schema.name);
    throw;
  } catch (const Lost&) {
    serving.forget();
    throw;
  }
}

void PostgresStore::prepare(const Schema& schema) {
  session().read([&](const Connection& connection) { return table(connection, schema).serves(schema); });
}

std::size_t PostgresStore::insert(const Schema& schema, const Rows& rows) {
  const std::string doing = "inserting into the store";
  const auto insert = [&] {
    return session().write(doing, [&](const Connection& connection) {
      return with(connection, schema, [&](Table& into) { return into.insert(connection, rows, clock_->now()); });
    });
  };
  prepare(schema);  // before: a table that is made within what is then undone would be made twice
  try {
    return insert();
  } catch (const Refused& refused) {
    const auto known = tables_.find(schema.name);
    if (known == tables_.end()) throw;
    if (refused.state() == "23505") known->second.expect_known();
    else if (refused.state() != "54000") throw;
    else
      session().write(doing, [&](const Connection& connection) {
        known->second.drop_text_indexes(connection);
        return true;
      });
  }
  return insert();
}

bool PostgresStore::replace(const Schema& schema, const Rows& row, const std::string& revision_field,
                            std::int64_t expected) {
  prepare(schema);
  return session().write("replacing in the store", [&](const Connection& connection) {
    return with(connection, schema, [&](Table& in) { return in.replace(connection, row, revision_field, expected); });
  });
}

std::vector<List> PostgresStore::find(const Schema& schema, const Query& query) {
  return session().read([&](const Connection& connection) {
    return with(connection, schema, [&](Table& in) { return in.find(connection, query); });
  });
}

std::size_t PostgresStore::count(const Schema& schema, const Query& query) {
  return session().read([&](const Connection& connection) {
    return with(connection, schema, [&](Table& in) { return in.count(connection, query); });
  });
}

std::size_t PostgresStore::erase(const Schema& schema, const Query& query) {
  prepare(schema);
  return session().write("erasing in the store", [&](const Connection& connection) {
    return with(connection, schema, [&](Table& from) { return from.erase(connection, query); });
  });
}

void PostgresStore::roll_back() noexcept {
  if (!session_ || !session_->in_transaction()) return;
  tables_.clear();  // some of them may have been made within the transaction
  session_->roll_back();
}

}  // namespace astro::postgres

template <>
struct astro::Description<astro::postgres::Tls> {
  static constexpr std::array choices{"disable", "prefer", "require", "verify-ca", "verify-full"};
};

template <>
struct astro::Description<astro::postgres::PostgresStore::Settings> {
  using Settings = astro::postgres::PostgresStore::Settings;
  static constexpr std::array fields{
      field<&Settings::host>("host", {.says = "name or address of the server, or the folder of its unix socket"}),
      field<&Settings::port>("port", {.min = 1, .max = 65535, .says = "its port"}),
      field<&Settings::database>("database", {.says = "the database's name; it must be there"}),
      field<&Settings::user>("user", {.says = "who we are to the server; if empty the name of this process's user"}),
      field<&Settings::password>("password",
                                 {.says = "if empty what PostgreSQL's own password file says", .secret = true}),
      field<&Settings::schema>("schema", {.says = "where the tables are in the database; made when it is not there"}),
      field<&Settings::tls>("tls", {.says = "whether to encrypt, and whom to trust: use verify-full over a network"}),
      field<&Settings::root_certificate>(
          "root_certificate", {.unit = "path", .says = "who must have signed the server's certificate, for verify-*"}),
      field<&Settings::certificate>("certificate",
                                    {.unit = "path", .says = "of this client, where the server asks for one"}),
      field<&Settings::key>("key", {.unit = "path", .says = "private key of the client's certificate"}),
      field<&Settings::connections>(
          "connections", {.min = 1, .max = 64, .says = "at most, of all stores of this process with these settings"}),
      field<&Settings::patience>(
          "patience",
          {.min = 1, .max = 600, .says = "how long to wait for the server to come back, or for a connection"}),
      field<&Settings::partitions>("partitions", {.says = "kinds of records that are kept in partitions by time"}),
      field<&Settings::timescale>("timescale",
                                  {.says = "partitions by the extension TimescaleDB; written, and never yet tried"}),
      field<&Settings::objects>("objects", {.says = "where objects are kept: in the database, in a folder, or in S3"}),
      field<&Settings::objects_folder>("objects_folder", {.unit = "path", .says = "the folder of objects"}),
      field<&Settings::s3>("s3", {.says = "the bucket of objects"})};
};

ASTRO_PLUGIN(postgres, "1.0.0", registry) {
  registry.add<astro::postgres::PostgresStore>("postgres", {},
                                               "Records in a PostgreSQL database, objects in it or beside it");
}
