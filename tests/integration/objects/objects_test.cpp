// SPDX-License-Identifier: BSD-3-Clause
// Objects in a folder and in S3 when things go wrong; through the store sqlite, as every store has them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "between.hpp"
#include "conformance/stores/opened.hpp"
#include "testing/s3_server.hpp"
#include "testing/testing.hpp"

namespace astro::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Fault = Between::Fault;

// SHA-256 of "abc" and of nothing: FIPS 180-4 test vectors of the NIST Cryptographic Standards site.
constexpr const char* hash_of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
constexpr const char* hash_of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

Bytes large(std::size_t size) {
  Bytes made(size);
  std::uint32_t state = 1;
  for (std::byte& each : made) each = static_cast<std::byte>((state = state * 1664525 + 1013904223) >> 24);
  return made;
}

TEST(ObjectsInAFolder, AreCheckedWhenTheyAreReadAndHealed) {
  const TemporaryFolder folder;
  const Opened store("sqlite", Map{{"path", (folder.path() / "a.db").string()},
                                   {"objects_folder", (folder.path() / "things").string()}});
  store->put_object(bytes("abc"));
  store->put_object({});
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path() / "things")) {
    files += entry.is_regular_file() ? 1 : 0;
  }
  EXPECT_EQ(files, 2U);  // no temporary one stayed
  const auto file = folder.path() / "things" / "ba" / std::string(hash_of_abc).substr(2);
  std::ofstream(file) << "abd";
  const Error damaged = error_of([&] { store->get_object(hash_of_abc); });
  EXPECT_EQ(damaged.code(), ErrorCode::storage);
  EXPECT_THAT(damaged.what(), HasSubstr(file.string()));
  store->put_object(bytes("abc"));  // heals it
  EXPECT_EQ(store->get_object(hash_of_abc), bytes("abc"));
}

struct ObjectsInS3 : ::testing::Test {
  const S3Server& server = S3Server::shared();
  Between between{server.port()};
  TemporaryFolder folder;
  std::string prefix = folder.path().filename().string() + "/it's a=b/";  // what a path may be, a signature must bear

  Value s3() const { return server.settings(prefix, between.port()); }
  Opened open(const Value& s3) const {
    return {"sqlite", Map{{"path", (folder.path() / "a.db").string()}, {"objects", "s3"}, {"s3", s3}}};
  }
  Opened open() const { return open(s3()); }
};

TEST_F(ObjectsInS3, GoUpOnceUnderTheirHash) {
  const Opened store = open();
  EXPECT_EQ(store->put_object(bytes("abc")), hash_of_abc);
  EXPECT_EQ(store->put_object(bytes("abc")), hash_of_abc);
  EXPECT_EQ(between.seen("PUT").size(), 1U);
  EXPECT_EQ(store->get_object(hash_of_abc), bytes("abc"));
  EXPECT_EQ(error_of([&] { store->get_object(hash_of_nothing); }).code(), ErrorCode::not_found);
}

TEST_F(ObjectsInS3, AreTriedAgainWhenTheServerIsBusyOrHangsUp) {
  const Opened store = open();
  for (const Fault fault : {Fault::unavailable, Fault::cut_request, Fault::lose_answer}) {
    between.next("PUT", {fault, fault});
    const Bytes content = large(100'000 + static_cast<std::size_t>(fault));
    const ObjectId id = store->put_object(content);
    for (const Fault on_the_way_back : {Fault::unavailable, Fault::cut_response, Fault::lose_answer}) {
      between.next("GET", {on_the_way_back, on_the_way_back});
      EXPECT_EQ(store->get_object(id), content) << static_cast<int>(fault) << ' ' << static_cast<int>(on_the_way_back);
    }
  }
  EXPECT_THAT(between.seen("GET"), ::testing::Contains(HasSubstr("Range: bytes=50000-")));  // where it broke off
}

TEST_F(ObjectsInS3, AreGivenUpInTheEnd) {
  const Opened store = open(Value(s3()).set("attempts", 2));
  between.next("PUT", std::vector<Fault>(2, Fault::unavailable));
  const Error error = error_of([&] { store->put_object(bytes("abc")); });
  EXPECT_EQ(error.code(), ErrorCode::transport);
  EXPECT_TRUE(error.is_worth_retrying());
  EXPECT_THAT(error.what(), HasSubstr("after 2 attempts (status 503)"));
  EXPECT_EQ(store->put_object(bytes("abc")), hash_of_abc);
}

TEST_F(ObjectsInS3, AreCheckedWhenTheyAreRead) {
  const Opened store = open();
  store->put_object(bytes("abc"));
  between.next("GET", {Fault::spoil});
  EXPECT_EQ(store->get_object(hash_of_abc), bytes("abc"));  // it was damaged on its way only
  between.next("GET", {Fault::spoil, Fault::spoil});
  const Error damaged = error_of([&] { store->get_object(hash_of_abc); });
  EXPECT_EQ(damaged.code(), ErrorCode::storage);
  EXPECT_THAT(damaged.what(), HasSubstr("no longer has its hash"));
}

TEST_F(ObjectsInS3, GoOnWithAnUploadThatBrokeOff) {
  const Bytes content = large(11 << 20);  // three parts of the least size that S3 takes
  const Value in_parts = Value(s3()).set("part_size_mib", 5);
  {
    const Opened store = open(Value(in_parts).set("attempts", 1));
    between.next("PUT", {Fault::none, Fault::cut_request});
    EXPECT_EQ(error_of([&] { store->put_object(content); }).code(), ErrorCode::transport);
  }
  const std::size_t before = between.seen("PUT").size();
  EXPECT_EQ(before, 2U);
  const Opened store = open(in_parts);  // as another process would
  const ObjectId id = store->put_object(content);
  EXPECT_EQ(between.seen("PUT").size() - before, 2U);  // the second and the last: one of three was there
  EXPECT_EQ(store->get_object(id), content);
  EXPECT_EQ(between.seen("POST").size(), 2U);  // begun once, completed once
}

TEST_F(ObjectsInS3, AreWholeAlsoWhenTheAnswerToTheLastRequestIsLost) {
  const Bytes content = large(6 << 20);
  const Opened store = open(Value(s3()).set("part_size_mib", 5));
  between.next("POST", {Fault::none, Fault::lose_answer});
  const ObjectId id = store->put_object(content);
  EXPECT_EQ(store->get_object(id), content);
}

TEST_F(ObjectsInS3, AskTheServerToEncryptThem) {
  const Opened store = open(Value(s3()).set("encryption", "AES256"));
  const ObjectId id = store->put_object(bytes("abc"));
  EXPECT_THAT(between.seen("PUT").at(0), HasSubstr("x-amz-server-side-encryption: AES256"));
  EXPECT_EQ(store->get_object(id), bytes("abc"));
}

TEST_F(ObjectsInS3, ExplainWhyTheyAreRefused) {
  const Error wrong_key = error_of([&] { open(Value(s3()).set("secret_key", "guessed")); });
  EXPECT_EQ(wrong_key.code(), ErrorCode::storage);
  EXPECT_THAT(wrong_key.what(), HasSubstr("check the keys"));
  EXPECT_THAT(wrong_key.what(), Not(HasSubstr("guessed")));
  const Error no_bucket = error_of([&] { open(Value(s3()).set("bucket", "absent")); });
  EXPECT_EQ(no_bucket.code(), ErrorCode::storage);
  EXPECT_THAT(no_bucket.what(), HasSubstr("no such bucket"));
}

TEST_F(ObjectsInS3, DoNotKeepRecordsFromBeingStoredWhenTheServerIsAway) {
  const Opened store = open(Value(s3()).set("endpoint", "http://127.0.0.1:1").set("attempts", 1));
  EXPECT_THAT(store.logged(), ::testing::ElementsAre(HasSubstr("objects are not until it answers")));
  EXPECT_EQ(store.insert<Counted>({{1, "a"}}), 1U);
  EXPECT_EQ(error_of([&] { store->put_object(bytes("abc")); }).code(), ErrorCode::transport);
}

}  // namespace
}  // namespace astro::testing
