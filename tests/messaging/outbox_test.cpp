// SPDX-License-Identifier: BSD-3-Clause
#include "astro/messaging/outbox.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "astro/error.hpp"
#include "testing/small_disk.hpp"
#include "testing/testing.hpp"

namespace astro::messaging {
namespace {

using namespace std::chrono_literals;

struct Taken {
  std::string topic;
  std::string body;
};

/// The other side of a network that a test cuts and mends: what is handed over while it is cut stays with the
/// transport, unconfirmed, as a real one keeps it.
class Network final : public Transport {
 public:
  void open(Emitter&) override {}
  void close() noexcept override {}
  Published publish(std::span<const Message> batch) override {
    const std::lock_guard lock(mutex_);
    Published published;
    for (const Message& message : batch) {
      if (largest_ != 0 && message.body.size() > largest_) {
        if (published.accepted == 0) throw Error(ErrorCode::invalid_argument, "too large");
        break;
      }
      waiting_.push_back(
          {std::string(message.topic), {reinterpret_cast<const char*>(message.body.data()), message.body.size()}});
      ++published.accepted;
    }
    published.ticket = taken_.size() + waiting_.size();
    carry();
    return published;
  }
  Ticket confirmed(Ticket ticket, Duration at_most) override {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [&] { return taken_.size() >= ticket; });
    return taken_.size();
  }
  void subscribe(const std::string&, Subscriber&, const std::string&) override {}
  void unsubscribe(Subscriber&) noexcept override {}

  void cut() {
    const std::lock_guard lock(mutex_);
    is_cut_ = true;
  }
  void mend() {
    const std::lock_guard lock(mutex_);
    is_cut_ = false;
    carry();
  }
  void take_bodies_up_to(std::size_t largest) {
    const std::lock_guard lock(mutex_);
    largest_ = largest;
  }
  std::vector<Taken> taken() const {
    const std::lock_guard lock(mutex_);
    return taken_;
  }

 private:
  void carry() {
    if (is_cut_) return;
    taken_.insert(taken_.end(), waiting_.begin(), waiting_.end());
    waiting_.clear();
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool is_cut_ = false;
  std::size_t largest_ = 0;
  std::vector<Taken> waiting_;
  std::vector<Taken> taken_;
};

class ClosedNetwork final : public Transport {
 public:
  void open(Emitter&) override {}
  void close() noexcept override { is_closed_ = true; }
  Published publish(std::span<const Message> batch) override {
    check();
    return {batch.size(), 1};
  }
  Ticket confirmed(Ticket, Duration) override {
    check();
    return 0;
  }
  void subscribe(const std::string&, Subscriber&, const std::string&) override {}
  void unsubscribe(Subscriber&) noexcept override {}
  int refused() const { return refused_; }

 private:
  void check() {
    if (!is_closed_) return;
    ++refused_;
    throw Error(ErrorCode::transport, "publishing: the transport is closed; open it first");
  }
  std::atomic<bool> is_closed_ = false;
  std::atomic<int> refused_ = 0;
};

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

Outgoing point(const std::string& body, std::int64_t sequence) {
  return {.topic = "data/dish/azimuth",
          .key = "dish",
          .body = bytes_of(body),
          .keeping = Keeping::telemetry,
          .time = Time(std::chrono::seconds(sequence)),
          .source = "dish",
          .boot = 3,
          .sequence = sequence};
}

Outgoing acknowledgment(const std::string& body) {
  return {.topic = "acknowledgment/dish", .key = "dish", .body = bytes_of(body)};
}

void put_points(Outbox& outbox, std::int64_t from, std::int64_t to) {
  std::vector<std::string> bodies;
  for (std::int64_t i = from; i < to; ++i) bodies.push_back("p" + std::to_string(i));
  std::vector<Outgoing> batch;
  for (std::int64_t i = from; i < to; ++i) batch.push_back(point(bodies[static_cast<std::size_t>(i - from)], i));
  outbox.put(batch);
}

std::vector<std::string> bodies_of(const std::vector<Taken>& taken, const std::string& topic) {
  std::vector<std::string> bodies;
  for (const Taken& one : taken) {
    if (one.topic == topic) bodies.push_back(one.body);
  }
  return bodies;
}

class OutboxTest : public ::testing::Test {
 protected:
  OutboxOptions options() const {
    OutboxOptions made;
    made.folder = folder_.path();
    made.shed_topic = "shed";
    made.source = "test";
    made.historical = [](std::string_view body) { return "late " + std::string(body); };
    return made;
  }

  const testing::TemporaryFolder folder_;
  const std::shared_ptr<Network> network_ = std::make_shared<Network>();
};

TEST(OutboxEnd, AsksAClosedTransportForNothing) {
  const testing::TemporaryFolder folder;
  const auto network = std::make_shared<ClosedNetwork>();
  Outbox outbox(network, {.folder = folder.path(), .shed_topic = "shed", .source = "movement"});
  const std::string first_id = "first";
  const Outgoing first = acknowledgment(first_id);
  outbox.put(std::span(&first, 1));
  outbox.end_sending();
  network->close();
  const std::string last_id = "last";
  const Outgoing last = acknowledgment(last_id);
  outbox.put(std::span(&last, 1));
  EXPECT_FALSE(outbox.wait_empty(std::chrono::milliseconds(200)));
  EXPECT_EQ(network->refused(), 0);
  EXPECT_EQ(outbox.counts().waiting, 2u) << "they are there for who comes next";
}

TEST_F(OutboxTest, SendsWhatIsPutInOrderAndForgetsItWhenItIsConfirmed) {
  Outbox outbox(network_, options());
  put_points(outbox, 0, 1000);
  ASSERT_TRUE(outbox.wait_empty(10s));
  const auto bodies = bodies_of(network_->taken(), "data/dish/azimuth");
  ASSERT_EQ(bodies.size(), 1000U);
  for (std::size_t i = 0; i < bodies.size(); ++i) EXPECT_EQ(bodies[i], "p" + std::to_string(i));
  EXPECT_EQ(outbox.counts().confirmed, 1000U);
}

TEST_F(OutboxTest, KeepsWhatIsNotConfirmedForTheNextProcessAndSaysThatItIsLate) {
  network_->cut();
  {
    Outbox outbox(network_, options());
    put_points(outbox, 0, 10);
    const std::string body = "done";
    const Outgoing told = acknowledgment(body);
    outbox.put(std::span(&told, 1));
  }
  const auto other = std::make_shared<Network>();
  other->cut();
  Outbox outbox(other, options());
  EXPECT_EQ(outbox.counts().waiting, 11U);
  other->mend();
  ASSERT_TRUE(outbox.wait_empty(10s));
  EXPECT_THAT(bodies_of(other->taken(), "data/dish/azimuth"), ::testing::Each(::testing::StartsWith("late p")));
  EXPECT_THAT(bodies_of(other->taken(), "acknowledgment/dish"), ::testing::ElementsAre("done"));
}

TEST_F(OutboxTest, SendsWhatIsLiveBeforeWhatWaited) {
  OutboxOptions slow = options();
  slow.backlog_rate = 50.0;
  slow.in_flight = 10;
  Outbox outbox(network_, slow);
  network_->cut();
  put_points(outbox, 0, 300);
  std::this_thread::sleep_for(4s);
  ASSERT_TRUE(outbox.counts().is_down);
  network_->mend();
  while (outbox.counts().is_down) std::this_thread::sleep_for(5ms);
  put_points(outbox, 1000, 1010);
  ASSERT_TRUE(outbox.wait_empty(20s));
  const auto bodies = bodies_of(network_->taken(), "data/dish/azimuth");
  EXPECT_EQ(std::set<std::string>(bodies.begin(), bodies.end()).size(), 310U);
  const auto live = std::ranges::find(bodies, "p1009");
  ASSERT_NE(live, bodies.end());
  const auto late_after = std::count_if(live, bodies.end(), [](const std::string& b) { return b.starts_with("late"); });
  EXPECT_GT(late_after, 200) << "the backlog went before what is live";
}

TEST_F(OutboxTest, ShedsTheOldestTelemetryAndRecordsIt) {
  network_->cut();
  OutboxOptions small = options();
  small.largest = 2000;
  small.in_flight = 1;
  Outbox outbox(network_, small);
  const std::string body = "kept";
  const Outgoing told = acknowledgment(body);
  outbox.put(std::span(&told, 1));
  for (std::int64_t i = 0; i < 1000; i += 10) put_points(outbox, i, i + 10);
  EXPECT_GT(outbox.counts().shed, 100U);
  EXPECT_LE(outbox.counts().bytes, 3000U);  // with the records of what was shed
  network_->mend();
  ASSERT_TRUE(outbox.wait_empty(30s));
  std::int64_t shed = 0;
  for (const std::string& record : bodies_of(network_->taken(), "shed")) {
    const auto one = from_value<Shed>(parse_json(record));
    EXPECT_EQ(one.source, "dish");
    EXPECT_EQ(one.boot, 3);
    shed += one.count;
  }
  const auto stored = bodies_of(network_->taken(), "data/dish/azimuth");
  EXPECT_EQ(static_cast<std::int64_t>(stored.size()) + shed, 1000) << "measured = stored + recorded as shed";
  EXPECT_EQ(std::set<std::string>(stored.begin(), stored.end()).size(), stored.size());
  EXPECT_THAT(stored.back(), ::testing::HasSubstr("p999")) << "the newest stay";
  EXPECT_THAT(bodies_of(network_->taken(), "acknowledgment/dish"), ::testing::ElementsAre("kept"));
}

TEST_F(OutboxTest, RefusesWhatIsNeverShedWhenOnlySuchIsLeft) {
  network_->cut();
  OutboxOptions small = options();
  small.largest = 1000;
  Outbox outbox(network_, small);
  const std::string body(400, 'x');
  const Outgoing told = acknowledgment(body);
  outbox.put(std::span(&told, 1));
  outbox.put(std::span(&told, 1));
  try {
    outbox.put(std::span(&told, 1));
    FAIL() << "it took more than it may hold";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::storage);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("never let go is left"));
  }
  EXPECT_EQ(outbox.counts().waiting, 2U);
}

TEST_F(OutboxTest, PassesByWhatCanNeverBeSent) {
  network_->take_bodies_up_to(10);
  Outbox outbox(network_, options());
  const std::string good = "good";
  const std::string large(100, 'x');
  const std::vector<Outgoing> batch{acknowledgment(good), acknowledgment(large), acknowledgment(good)};
  outbox.put(batch);
  ASSERT_TRUE(outbox.wait_empty(10s));
  EXPECT_EQ(network_->taken().size(), 2U);
  EXPECT_EQ(outbox.counts().refused, 1U);
}

TEST_F(OutboxTest, SaysThatItsFolderIsNotThere) {
  OutboxOptions unplugged = options();
  unplugged.folder = folder_.path() / "usb-stick";
  try {
    Outbox outbox(network_, unplugged);
    FAIL() << "it was made anew";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::storage);
    EXPECT_THAT(error.what(), ::testing::HasSubstr("usb-stick"));
  }
}

TEST_F(OutboxTest, ThinsTelemetryOnAFullDiskAndLosesNoCount) {
  ASTRO_NEEDS_ROOT();
  const testing::SmallDisk disk("12m");
  ASSERT_TRUE(disk.is_mounted());
  network_->cut();
  OutboxOptions full = options();
  full.folder = disk.path();
  full.in_flight = 1;
  auto outbox = std::make_unique<Outbox>(network_, full);
  const std::string padding(900, '.');
  std::int64_t measured = 0;
  for (int batch = 0; batch < 300; ++batch) {
    std::vector<Outgoing> points;
    for (int i = 0; i < 100; ++i) points.push_back(point(padding, measured++));
    outbox->put(points);
  }
  EXPECT_GT(outbox->counts().shed, 0U) << "27 MB fit on a disk of 12";
  const std::string body = "still";
  const Outgoing told = acknowledgment(body);
  outbox->put(std::span(&told, 1));
  network_->mend();
  ASSERT_TRUE(outbox->wait_empty(120s));
  put_points(*outbox, measured, measured + 1);  // whatever was shed and not yet written down is now
  ++measured;
  ASSERT_TRUE(outbox->wait_empty(60s));
  std::int64_t shed = 0;
  for (const std::string& record : bodies_of(network_->taken(), "shed")) {
    shed += from_value<Shed>(parse_json(record)).count;
  }
  EXPECT_EQ(static_cast<std::int64_t>(bodies_of(network_->taken(), "data/dish/azimuth").size()) + shed, measured);
  EXPECT_THAT(bodies_of(network_->taken(), "acknowledgment/dish"), ::testing::ElementsAre("still"));
}

}  // namespace
}  // namespace astro::messaging
