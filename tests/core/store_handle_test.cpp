// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>

#include "bench.hpp"

namespace astro::testing {
namespace {

struct Note {
  std::string id{};
  std::int64_t revision = 0;
};

/// A store that keeps ids alone, and notes what is called and whether two calls ever meet.
class TestStore final : public Store {
 public:
  struct Seen {
    std::vector<std::string> calls;
    std::vector<std::string> ids;
    std::atomic<int> inside = 0;
    std::atomic<bool> met = false;
  };
  explicit TestStore(std::shared_ptr<Seen> seen) : seen_(std::move(seen)) {}

  void open(Emitter&) override { call("open"); }
  void close() noexcept override { call("close"); }
  void prepare(const Schema& schema) override { call("prepare " + schema.name); }
  std::size_t insert(const Schema&, const Rows& rows) override {
    call("insert");
    for (std::size_t i = 0; i < rows.size(); ++i) seen_->ids.emplace_back(std::get<std::string_view>(rows.cell(i, 0)));
    return rows.size();
  }
  bool replace(const Schema&, const Rows&, const std::string&, std::int64_t) override { return false; }
  std::vector<List> find(const Schema&, const Query&) override {
    std::vector<List> rows;
    for (const std::string& id : seen_->ids) rows.push_back({id, 0});
    return rows;
  }
  std::size_t erase(const Schema&, const Query&) override { return 0; }
  std::size_t count(const Schema&, const Query&) override { throw std::runtime_error("disk gone"); }
  ObjectId put_object(std::span<const std::byte>) override { return {}; }
  Bytes get_object(const ObjectId&) override { return {}; }
  void begin() override { call("begin"); }
  void commit() override { call("commit"); }
  void roll_back() noexcept override { call("roll back"); }

 private:
  void call(std::string what) {
    if (++seen_->inside != 1) seen_->met = true;
    seen_->calls.push_back(std::move(what));
    std::this_thread::sleep_for(100us);
    --seen_->inside;
  }
  std::shared_ptr<Seen> seen_;
};

}  // namespace
}  // namespace astro::testing

template <>
struct astro::Description<astro::testing::Note> {
  static constexpr const char* name = "note";
  static constexpr std::array fields{field<&astro::testing::Note::id>("id"),
                                     field<&astro::testing::Note::revision>("revision")};
};

namespace astro::testing {
namespace {

struct StoreTest : ::testing::Test {
  Bench bench;
  std::shared_ptr<TestStore::Seen> seen = std::make_shared<TestStore::Seen>();

  Observatory open() {
    bench.registry.add({.name = "memory", .kind = DeviceKind::store},
                       [this](const Value&) { return std::make_unique<TestStore>(seen); });
    Site site;
    site.name = "stores";
    site.devices = {{.kind = DeviceKind::store, .name = "archive", .driver = "memory", .settings = Map{}}};
    return Observatory::open(site, bench.options, bench.registry);
  }
};

TEST_F(StoreTest, PreparesASchemaOnceAndReadsRecordsBack) {
  Observatory site = open();
  const StoreHandle archive = site.store("archive");
  EXPECT_TRUE(archive.insert(Note{"a"}));
  EXPECT_TRUE(archive.insert(Note{"b"}));
  EXPECT_EQ(archive.find<Note>().at(1).id, "b");
  site.close();
  EXPECT_THAT(seen->calls, ::testing::ElementsAre("open", "prepare note", "insert", "insert", "close"));
  EXPECT_EQ(code_of([&] { archive.insert(Note{"c"}); }), ErrorCode::device_lost);
}

TEST_F(StoreTest, NamesTheStoreInWhatItsDriverThrows) {
  const Observatory site = open();
  std::string message;
  EXPECT_EQ(code_of([&] { (void)site.store("archive").count<Note>(); }, &message), ErrorCode::device_fault);
  EXPECT_THAT(message, ::testing::HasSubstr("'archive': disk gone"));
}

TEST_F(StoreTest, KeepsOthersOutOfATransaction) {
  const Observatory site = open();
  const StoreHandle archive = site.store("archive");
  archive.insert(Note{"first"});
  seen->calls.clear();
  std::thread other;
  archive.transaction([&] {
    archive.insert(Note{"a"});
    other = std::thread([&] { archive.insert(Note{"of another"}); });
    std::this_thread::sleep_for(20ms);
    archive.transaction([&] { archive.insert(Note{"b"}); });
  });
  other.join();
  EXPECT_THAT(seen->calls, ::testing::ElementsAre("begin", "insert", "insert", "commit", "insert"));
  EXPECT_EQ(seen->ids.back(), "of another");
  EXPECT_FALSE(seen->met);
}

TEST_F(StoreTest, RollsBackWhenTheWorkThrows) {
  const Observatory site = open();
  const StoreHandle archive = site.store("archive");
  EXPECT_THROW(archive.transaction([] { throw std::logic_error("mine"); }), std::logic_error);
  EXPECT_EQ(seen->calls.back(), "roll back");
  archive.insert(Note{"after"});
  EXPECT_FALSE(seen->met);
}

}  // namespace
}  // namespace astro::testing
