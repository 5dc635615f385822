// SPDX-License-Identifier: BSD-3-Clause
#include "astro/messaging/outbox.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "messaging/outbox_file.hpp"
#include "messaging/wire.hpp"

namespace astro::messaging {

namespace {

using Steady = std::chrono::steady_clock;

constexpr Duration look_every = std::chrono::milliseconds(50);
// Who confirms nothing for so long is away: what comes meanwhile will be late.
constexpr auto patience = std::chrono::seconds(3);
constexpr std::size_t most_read = 500;
// What goes at once when there is no room: so that not each message makes room for itself.
constexpr std::uint64_t part_shed = 64;
constexpr auto remove_every = std::chrono::milliseconds(500);

}  // namespace

struct Outbox::State {
 public:
  State(std::shared_ptr<Transport> transport, OutboxOptions options)
      : options_(std::move(options)), transport_(std::move(transport)), file_(options_.folder) {
    bytes_ = file_.bytes();
    waiting_ = file_.count(Keeping::telemetry) + file_.count(Keeping::always);
    const std::int64_t last = file_.last_id(Keeping::telemetry);
    backlogs_.push_back({Keeping::telemetry, 0, last});
    live_.sent = live_.up_to = last;
    always_.up_to = file_.last_id(Keeping::always);
    sender_ = std::thread([this] { send_all(); });
  }
  ~State() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      work_.notify_all();
    }
    sender_.join();
  }

  void put(std::span<const Outgoing> batch);
  OutboxCounts counts() const {
    const std::lock_guard lock(mutex_);
    OutboxCounts counts = counts_;
    counts.waiting = waiting_;
    counts.bytes = bytes_;
    counts.is_down = is_down_;
    return counts;
  }
  bool wait_empty(Duration at_most) const {
    std::unique_lock lock(mutex_);
    return emptied_.wait_for(lock, at_most, [this] { return waiting_ == 0; });
  }

 private:
  /// A part of a table that is sent in order: (sent, up_to].
  struct Lane {
    Keeping keeping = Keeping::telemetry;
    std::int64_t sent = 0;  ///< handed to the transport
    std::int64_t up_to = 0;
  };
  struct InFlight {
    Ticket ticket = 0;
    Keeping keeping = Keeping::telemetry;
    std::int64_t from = 0;
    std::int64_t to = 0;
    std::size_t count = 0;
  };

  // All that follow are called with the mutex held.
  void write(std::span<const Outgoing> batch);
  void note_put(std::span<const Outgoing> batch);
  void make_room(std::uint64_t wanted);
  std::uint64_t shed(std::uint64_t wanted);
  void write_shed();
  void remember_shed(const Outgoing& message);
  void remove_confirmed();
  bool send(Lane& lane, std::size_t at_most, bool is_late);
  bool send_some();
  void settle(Ticket confirmed);

  void send_all();
  void refused(const Error& error);

  const OutboxOptions options_;
  const std::shared_ptr<Transport> transport_;

  mutable std::mutex mutex_;
  std::condition_variable work_;
  mutable std::condition_variable emptied_;
  OutboxFile file_;
  Lane always_{Keeping::always};
  Lane live_{Keeping::telemetry};
  std::deque<Lane> backlogs_;  // what waited while nobody answered, the oldest first
  std::deque<InFlight> in_flight_;
  std::size_t in_flight_count_ = 0;
  std::vector<InFlight> to_remove_;
  Steady::time_point removed_{};
  std::vector<Shed> shed_;  // not yet written down
  OutboxCounts counts_;
  std::uint64_t bytes_ = 0;
  std::uint64_t waiting_ = 0;
  bool is_down_ = false;
  Steady::time_point confirmed_at_ = Steady::now();
  Steady::time_point backlog_at_ = Steady::now();
  double backlog_due_ = 0.0;
  bool ending_ = false;
  std::string told_;
  std::thread sender_;
};

void Outbox::State::note_put(std::span<const Outgoing> batch) {
  for (const Outgoing& message : batch) {
    bytes_ += message.body.size();
    ++(message.keeping == Keeping::telemetry ? live_ : always_).up_to;
  }
  waiting_ += batch.size();
}

void Outbox::State::write(std::span<const Outgoing> batch) {
  file_.begin();
  try {
    remove_confirmed();
    write_shed();
    for (const Outgoing& message : batch) file_.insert(message);
    file_.commit();
  } catch (...) {
    file_.roll_back();
    throw;
  }
  note_put(batch);
  to_remove_.clear();
  removed_ = Steady::now();
  shed_.clear();
}

void Outbox::State::put(std::span<const Outgoing> batch) {
  std::uint64_t size = 0;
  for (const Outgoing& message : batch) size += message.body.size();
  const std::lock_guard lock(mutex_);
  if (bytes_ + size > static_cast<std::uint64_t>(options_.largest)) {
    make_room(bytes_ + size - static_cast<std::uint64_t>(options_.largest));
  }
  const bool has_room = bytes_ + size <= static_cast<std::uint64_t>(options_.largest);
  std::optional<Error> failure;
  for (int attempt = 0; has_room && attempt < 2; ++attempt) {
    try {
      write(batch);
      counts_.put += batch.size();
      if (std::exchange(counts_.is_failing, false)) {
        file_.make_reserve();
        log(LogLevel::warning, options_.source, "the outbox is written again");
      }
      work_.notify_one();
      return;
    } catch (const Error& error) {
      failure = error;
      file_.use_reserve();
      try {
        make_room(size);
      } catch (const Error&) {  // the disk is gone altogether
      }
    }
  }
  if (!failure) {
    failure.emplace(ErrorCode::storage, "the outbox " + options_.folder.string() + " holds " + std::to_string(bytes_) +
                                            " bytes of what is never let go; see why nothing confirms it, or give it "
                                            "more room");
  }
  if (!std::exchange(counts_.is_failing, true)) log(LogLevel::error, options_.source, failure->what());
  if (std::ranges::any_of(batch, [](const Outgoing& one) { return one.keeping == Keeping::always; })) throw *failure;
  for (const Outgoing& message : batch) remember_shed(message);
}

void Outbox::State::make_room(std::uint64_t wanted) {
  const std::uint64_t at_once = std::max(wanted, static_cast<std::uint64_t>(options_.largest) / part_shed);
  file_.begin();
  try {
    remove_confirmed();
    if (shed(at_once) > 0) write_shed();
    file_.commit();
  } catch (...) {
    file_.roll_back();
    throw;
  }
  to_remove_.clear();
  shed_.clear();
}

// The oldest that is not with the transport: what is with it may be delivered all the same.
std::uint64_t Outbox::State::shed(std::uint64_t wanted) {
  std::uint64_t freed = 0;
  std::uint64_t count = 0;
  const auto shed_lane = [&](const Lane& lane) {
    if (freed >= wanted) return;
    for (Shed& one : file_.shed(lane.sent, lane.up_to, wanted, freed, count)) shed_.push_back(std::move(one));
  };
  for (const Lane& lane : backlogs_) shed_lane(lane);
  shed_lane(live_);
  bytes_ -= std::min(bytes_, freed);
  waiting_ -= std::min(waiting_, count);
  counts_.shed += count;
  return count;
}

void Outbox::State::remember_shed(const Outgoing& message) {
  ++counts_.shed;
  const std::string_view source = message.source;
  auto mine =
      std::ranges::find_if(shed_, [&](const Shed& one) { return one.source == source && one.boot == message.boot; });
  if (mine == shed_.end()) {
    mine = shed_.insert(shed_.end(), Shed{std::string(source), message.boot, message.sequence, message.sequence, 0,
                                          message.time, message.time});
  }
  mine->last = message.sequence;
  mine->to = message.time;
  ++mine->count;
}

void Outbox::State::write_shed() {
  for (const Shed& one : shed_) {
    const std::string body = json_of(one);
    const Outgoing record{.topic = options_.shed_topic, .key = one.source, .body = bytes_of(body), .time = one.to};
    file_.insert(record);
    note_put(std::span(&record, 1));
  }
}

void Outbox::State::remove_confirmed() {
  for (const InFlight& one : to_remove_) {
    const std::uint64_t bytes = file_.erase(one.keeping, one.from, one.to);
    bytes_ -= std::min(bytes_, bytes);
  }
}

bool Outbox::State::send(Lane& lane, std::size_t at_most, bool is_late) {
  if (lane.sent >= lane.up_to || at_most == 0) return false;
  std::vector<Kept> rows = file_.read(lane.keeping, lane.sent, lane.up_to, std::min(at_most, most_read));
  if (rows.empty()) {
    lane.sent = lane.up_to;  // the rest was shed
    return false;
  }
  std::vector<Message> messages;
  for (Kept& row : rows) {
    if (is_late && options_.historical) {
      const auto late = bytes_of(options_.historical(text_of(row.body)));
      row.body.assign(late.begin(), late.end());
    }
    Message message;
    message.topic = row.topic;
    message.key = row.key;
    message.body = row.body;
    message.time = row.time;
    messages.push_back(message);
  }
  Published published;
  try {
    published = transport_->publish(messages);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid_argument) throw;
    if (rows.size() > 1) return send(lane, 1, is_late);
    log(LogLevel::error, options_.source, std::string("a message can never be sent: ") + error.what());
    ++counts_.refused;
    to_remove_.push_back({0, lane.keeping, lane.sent + 1, rows.front().id, 1});
    lane.sent = rows.front().id;
    --waiting_;
    return true;
  }
  if (published.accepted == 0) return false;
  const std::int64_t last = rows[published.accepted - 1].id;
  in_flight_.push_back({published.ticket, lane.keeping, lane.sent + 1, last, published.accepted});
  in_flight_count_ += published.accepted;
  lane.sent = last;
  return true;
}

bool Outbox::State::send_some() {
  const auto most = static_cast<std::size_t>(options_.in_flight);
  if (is_down_ || in_flight_count_ >= most) return false;
  bool sent = send(always_, most - in_flight_count_, false);
  if (in_flight_count_ < most) sent = send(live_, most - in_flight_count_, false) || sent;
  const auto now = Steady::now();
  backlog_due_ =
      std::min(options_.backlog_rate,
               backlog_due_ + options_.backlog_rate * std::chrono::duration<double>(now - backlog_at_).count());
  backlog_at_ = now;
  while (!backlogs_.empty() && backlogs_.front().sent >= backlogs_.front().up_to) backlogs_.pop_front();
  if (in_flight_count_ < most && backlog_due_ >= 1.0 && !backlogs_.empty()) {
    const std::size_t before = in_flight_count_;
    sent = send(backlogs_.front(), std::min(most - before, static_cast<std::size_t>(backlog_due_)), true) || sent;
    backlog_due_ -= static_cast<double>(in_flight_count_ - before);
  }
  return sent;
}

void Outbox::State::settle(Ticket confirmed) {
  const auto now = Steady::now();
  bool has_moved = false;
  while (!in_flight_.empty() && in_flight_.front().ticket <= confirmed) {
    const InFlight& done = in_flight_.front();
    counts_.confirmed += done.count;
    waiting_ -= std::min<std::uint64_t>(waiting_, done.count);
    in_flight_count_ -= done.count;
    to_remove_.push_back(done);
    in_flight_.pop_front();
    has_moved = true;
  }
  if (has_moved || in_flight_.empty()) confirmed_at_ = now;
  if (has_moved && std::exchange(is_down_, false)) {
    // What came while nobody answered is late; what comes from now on is live.
    backlogs_.push_back(live_);
    live_.sent = live_.up_to;
    log(LogLevel::info, options_.source,
        "the other side answers again; " + std::to_string(waiting_) + " messages waited meanwhile");
  }
  if (!is_down_ && now - confirmed_at_ > patience) {
    is_down_ = true;
    log(LogLevel::warning, options_.source, "nothing is confirmed any more; messages are kept until it is");
  }
  if (waiting_ == 0) emptied_.notify_all();
}

// Told once of each message that is refused for good; again and again by a transport that is closed.
void Outbox::State::refused(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (told_ != error.what()) {
    log(LogLevel::error, options_.source, told_ = error.what());
    ++counts_.refused;
  }
}

void Outbox::State::send_all() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    bool sent = false;
    try {
      sent = send_some();
      if (sent) told_.clear();
      if (!to_remove_.empty() && (waiting_ == 0 || Steady::now() - removed_ > remove_every)) write({});
    } catch (const Error& error) {
      if (told_ != error.what()) log(LogLevel::warning, options_.source, told_ = error.what());
    }
    const Ticket last = in_flight_.empty() ? 0 : in_flight_.front().ticket;
    if (last != 0) {
      lock.unlock();
      Ticket confirmed = 0;
      try {
        confirmed = transport_->confirmed(last, sent ? Duration::zero() : look_every);
      } catch (const Error& error) {
        refused(error);
      }
      lock.lock();
      settle(confirmed);
      if (confirmed == 0) work_.wait_for(lock, look_every);
    } else if (!sent) {
      confirmed_at_ = Steady::now();
      work_.wait_for(lock, look_every);
    }
  }
  try {
    if (!to_remove_.empty()) write({});
  } catch (const Error&) {  // they are sent once more by who comes next
  }
}

Outbox::Outbox(std::shared_ptr<Transport> transport, OutboxOptions options)
    : state_(std::make_unique<State>(std::move(transport), std::move(options))) {}
Outbox::~Outbox() = default;
void Outbox::put(std::span<const Outgoing> batch) { state_->put(batch); }
OutboxCounts Outbox::counts() const { return state_->counts(); }
bool Outbox::wait_empty(Duration at_most) const { return state_->wait_empty(at_most); }

}  // namespace astro::messaging
