// SPDX-License-Identifier: BSD-3-Clause
#include "cli/templates.hpp"

namespace astro::cli {

const std::string_view transport_template =
    R"(// A transport that hands everything on to `local`, the one within a process. Put your network in its place, function
// by function: `astro conform` says what is still kept.
#include <astro/plugin.hpp>

class @Class@ final : public astro::Transport {
 public:
  struct Settings {
    std::string shared;
  };

  explicit @Class@(Settings settings) {
    auto made = astro::Registry::shared().make(astro::DeviceKind::transport, "local", astro::Map{{"shared", settings.shared}});
    inner_.reset(&dynamic_cast<astro::Transport&>(*made.release()));
  }

  /// Connects. What is `retained` or belongs to a group is the business of the other side.
  void open(astro::Emitter& host) override { inner_->open(host); }
  /// Makes waiting calls return, and waits for a delivery that is under way.
  void close() noexcept override { inner_->close(); }

  /// Queues and returns: never waits for the network.
  astro::Published publish(std::span<const astro::Message> batch) override { return inner_->publish(batch); }
  void last_will(const astro::Message& message) override { inner_->last_will(message); }
  /// What the other side has said that it has.
  astro::Ticket confirmed(astro::Ticket ticket, astro::Duration at_most) override {
    return inner_->confirmed(ticket, at_most);
  }
  void subscribe(const std::string& pattern, astro::Subscriber& subscriber, const std::string& group) override {
    inner_->subscribe(pattern, subscriber, group);
  }
  void unsubscribe(astro::Subscriber& subscriber) noexcept override { inner_->unsubscribe(subscriber); }

 private:
  std::unique_ptr<astro::Transport> inner_;
};

template <>
struct astro::Description<@Class@::Settings> {
  static constexpr std::array fields{field<&@Class@::Settings::shared>(
      "shared", {.says = "all of this name in the process are one; empty: for itself"})};
};

ASTRO_PLUGIN(@name@, "0.1.0", registry) {
  registry.add<@Class@>("@name@", {.largest_body = 8u << 20}, "a transport within the process");
}
)";

const std::string_view store_template =
    R"(// A store that hands everything on to `sqlite`. Put your database in its place, function by function: `astro conform`
// says what is still kept.
#include <astro/plugin.hpp>

class @Class@ final : public astro::Store {
 public:
  struct Settings {
    std::string path = "@name@.db";
  };

  explicit @Class@(Settings settings) {
    auto made = astro::Registry::shared().make(astro::DeviceKind::store, "sqlite", astro::Map{{"path", settings.path}});
    inner_.reset(&dynamic_cast<astro::Store&>(*made.release()));
  }

  void open(astro::Emitter& host) override { inner_->open(host); }
  void close() noexcept override { inner_->close(); }

  /// A schema is a table, its first field the key. Fields that came are added with their default.
  void prepare(const astro::Schema& schema) override { inner_->prepare(schema); }
  /// One transaction; rows whose key is there stay as they are. Durable when it returns.
  std::size_t insert(const astro::Schema& schema, const astro::Rows& rows) override { return inner_->insert(schema, rows); }
  /// Only from the expected revision: that is how two programs do not overwrite each other.
  bool replace(const astro::Schema& schema, const astro::Rows& row, const std::string& revision_field,
               std::int64_t expected) override {
    return inner_->replace(schema, row, revision_field, expected);
  }
  std::vector<astro::List> find(const astro::Schema& schema, const astro::Query& query) override {
    return inner_->find(schema, query);
  }
  std::size_t erase(const astro::Schema& schema, const astro::Query& query) override { return inner_->erase(schema, query); }
  std::size_t count(const astro::Schema& schema, const astro::Query& query) override { return inner_->count(schema, query); }

  astro::ObjectId put_object(std::span<const std::byte> content) override { return inner_->put_object(content); }
  astro::Bytes get_object(const astro::ObjectId& id) override { return inner_->get_object(id); }

  void begin() override { inner_->begin(); }
  void commit() override { inner_->commit(); }
  void roll_back() noexcept override { inner_->roll_back(); }

 private:
  std::unique_ptr<astro::Store> inner_;
};

template <>
struct astro::Description<@Class@::Settings> {
  static constexpr std::array fields{
      field<&@Class@::Settings::path>("path", {.unit = "path", .says = "file of the database"})};
};

ASTRO_PLUGIN(@name@, "0.1.0", registry) { registry.add<@Class@>("@name@", {}, "a store in a file"); }
)";

}  // namespace astro::cli
