// SPDX-License-Identifier: BSD-3-Clause
#include "astro/messaging/outbox.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/metrics.hpp"
#include "messaging/outbox_file.hpp"
#include "messaging/wire.hpp"

namespace astro::messaging {

namespace {

using Steady = std::chrono::steady_clock;

constexpr Duration outbox_look_every = std::chrono::milliseconds(50);
// Who confirms nothing for so long is away: what comes meanwhile will be late.
constexpr auto patience = std::chrono::seconds(3);
constexpr std::size_t most_read = 500;
// What goes at once when there is no room: so that not each message makes room for itself.
constexpr std::uint64_t part_shed = 64;
constexpr auto remove_every = std::chrono::milliseconds(500);
constexpr double backlog_burst_s = 0.1;
constexpr std::uint64_t widest_margin = 64 << 20;  // of the disk, that telemetry leaves free

void add(std::vector<Shed>& all, const Shed& one) {
  const auto mine = std::ranges::find_if(
      all, [&](const Shed& other) { return other.source == one.source && other.boot == one.boot; });
  if (mine == all.end()) {
    all.push_back(one);
    return;
  }
  mine->first = std::min(mine->first, one.first);
  mine->last = std::max(mine->last, one.last);
  mine->from = std::min(mine->from, one.from);
  mine->to = std::max(mine->to, one.to);
  mine->count += one.count;
}

}  // namespace

struct Outbox::State {
 public:
  State(std::shared_ptr<Transport> transport, OutboxOptions options)
      : options_(std::move(options)), transport_(std::move(transport)), file_(options_.folder) {
    bytes_ = file_.bytes();
    shed_ = file_.kept_shed();
    waiting_ = file_.count(Keeping::telemetry) + file_.count(Keeping::always);
    const std::int64_t last = file_.last_id(Keeping::telemetry);
    backlogs_.push_back({.up_to = last, .is_inherited = true});
    live_.sent = live_.up_to = last;
    always_.up_to = file_.last_id(Keeping::always);
    sender_ = std::thread([this] { send_all(); });
  }
  ~State() { end_sending(); }

  void end_sending() {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
      work_.notify_all();
    }
    if (sender_.joinable()) sender_.join();
  }

  void put(std::span<const Outgoing> batch);
  OutboxCounts counts() const {
    const std::unique_lock lock = enter();
    OutboxCounts counts = counts_;
    counts.waiting = waiting_;
    counts.bytes = bytes_;
    counts.is_down = is_down_;
    return counts;
  }
  bool wait_empty(Duration at_most) const {
    std::unique_lock lock = enter();
    return emptied_.wait_for(lock, at_most, [this] { return waiting_ == 0 && shed_.empty(); });
  }

 private:
  /// A part of a table that is sent in order: (sent, up_to].
  struct Lane {
    Keeping keeping = Keeping::telemetry;
    std::int64_t sent = 0;  ///< handed to the transport
    std::int64_t up_to = 0;
    bool is_inherited = false;  ///< a process before may have handed it over: shed it would be counted twice
  };
  struct InFlight {
    Ticket ticket = 0;
    Keeping keeping = Keeping::telemetry;
    std::int64_t from = 0;
    std::int64_t to = 0;
    std::size_t count = 0;
  };

  /// What a transaction changes, once it is durable.
  struct Change {
    std::int64_t bytes = 0;
    std::int64_t waiting = 0;
    std::int64_t telemetry = 0;
    std::int64_t always = 0;
    std::uint64_t shed_count = 0;
    std::size_t removed = 0;
    bool tells_shed = false;
    std::vector<Shed> shed{};  ///< that nobody was told of yet
  };

  /// The sender holds the mutex most of the time, and lets in who waits for it.
  std::unique_lock<std::mutex> enter() const {
    ++entering_;
    std::unique_lock lock(mutex_);
    --entering_;
    return lock;
  }

  // All that follow are called with the mutex held.
  template <class Work>
  void transact(Work work);
  void write(std::span<const Outgoing> batch);
  std::uint64_t make_room(std::uint64_t wanted, bool takes_inherited);
  bool make_room_for(std::uint64_t size, bool may_use_margin);
  void insert(const Outgoing& message, Change& change);
  void remove_confirmed(Change& change);
  void tidy();
  void shed(std::uint64_t wanted, bool takes_inherited, Change& change);
  void tell_shed(Change& change);
  bool send(Lane& lane, std::size_t at_most, bool is_late);
  bool send_some();
  void settle(Ticket confirmed);

  void send_all();
  void refused(const Error& error);
  void tell(MetricWriter& writer) const;

  const OutboxOptions options_;
  const std::shared_ptr<Transport> transport_;

  mutable std::atomic<int> entering_ = 0;  // who waits for the mutex
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
  std::vector<Shed> shed_;             // that nobody was told of yet
  bool shed_is_kept_ = true;           // and the disk has it
  std::int64_t shed_told_ = 0;         // id of the last record of what was shed
  std::int64_t always_confirmed_ = 0;  // and how far the other side has that lane
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
  const MetricSource metrics_{[this](MetricWriter& writer) { tell(writer); }};
};

void Outbox::State::insert(const Outgoing& message, Change& change) {
  file_.insert(message);
  change.bytes += static_cast<std::int64_t>(message.body.size());
  ++change.waiting;
  ++(message.keeping == Keeping::telemetry ? change.telemetry : change.always);
}

void Outbox::State::remove_confirmed(Change& change) {
  for (const InFlight& one : to_remove_) {
    change.bytes -= static_cast<std::int64_t>(file_.erase(one.keeping, one.from, one.to));
  }
  change.removed = to_remove_.size();
}

// The oldest that is not with the transport: what is with it may be delivered all the same.
void Outbox::State::shed(std::uint64_t wanted, bool takes_inherited, Change& change) {
  std::uint64_t freed = 0;
  std::uint64_t count = 0;
  const auto shed_lane = [&](const Lane& lane) {
    if (freed >= wanted) return;
    for (const Shed& one : file_.shed(lane.sent, lane.up_to, wanted, freed, count)) add(change.shed, one);
  };
  for (const Lane& lane : backlogs_) {
    if (takes_inherited || !lane.is_inherited) shed_lane(lane);
  }
  shed_lane(live_);
  change.bytes -= static_cast<std::int64_t>(freed);
  change.waiting -= static_cast<std::int64_t>(count);
  change.shed_count = count;
  if (count != 0) file_.keep_shed(change.shed);
}

// One record for each source, however often it was shed: as long as nobody hears it, it grows and stays one.
void Outbox::State::tell_shed(Change& change) {
  // One record of a source at a time: the next when the other side has this one.
  if (is_down_ || change.shed.empty() || always_confirmed_ < shed_told_) return;
  for (const Shed& one : change.shed) {
    const std::string body = to_json(one);
    insert({.topic = options_.shed_topic, .key = one.source, .body = bytes_of(body), .time = one.to}, change);
  }
  change.shed.clear();
  change.tells_shed = true;
  file_.keep_shed({});
}

template <class Work>
void Outbox::State::transact(Work work) {
  Change change{.shed = shed_};
  file_.begin();
  try {
    remove_confirmed(change);
    work(change);
    // With the first that comes after them: else a kill would leave a hole that nobody accounts for.
    if (!shed_is_kept_) file_.keep_shed(change.shed);
    file_.commit();
  } catch (...) {
    file_.roll_back();
    throw;
  }
  const auto plus = [](std::uint64_t& number, std::int64_t by) {
    number = static_cast<std::uint64_t>(std::max<std::int64_t>(0, static_cast<std::int64_t>(number) + by));
  };
  plus(bytes_, change.bytes);
  plus(waiting_, change.waiting);
  live_.up_to += change.telemetry;
  always_.up_to += change.always;
  if (change.tells_shed) shed_told_ = always_.up_to;
  counts_.shed += change.shed_count;
  shed_ = std::move(change.shed);
  shed_is_kept_ = true;
  to_remove_.erase(to_remove_.begin(), to_remove_.begin() + static_cast<std::ptrdiff_t>(change.removed));
  removed_ = Steady::now();
}

void Outbox::State::write(std::span<const Outgoing> batch) {
  transact([&](Change& change) {
    tell_shed(change);
    for (const Outgoing& message : batch) insert(message, change);
  });
}

std::uint64_t Outbox::State::make_room(std::uint64_t wanted, bool takes_inherited) {
  const std::uint64_t at_once = std::max(wanted, bytes_ / part_shed);
  const std::uint64_t before = bytes_;
  transact([&](Change& change) { shed(at_once, takes_inherited, change); });
  return before - std::min(before, bytes_);
}

// What is let go leaves room within the file, not on the disk: once the disk is nearly full, as much goes as comes.
bool Outbox::State::make_room_for(std::uint64_t size, bool may_use_margin) {
  const auto largest = static_cast<std::uint64_t>(options_.largest);
  std::error_code ignored;
  const std::filesystem::space_info disk = std::filesystem::space(options_.folder, ignored);
  const std::uint64_t margin = std::min<std::uint64_t>(disk.capacity / 4, widest_margin);
  const bool is_tight = disk.available < margin + size;
  std::uint64_t wanted = bytes_ + size > largest ? bytes_ + size - largest : 0;
  if (is_tight) wanted = std::max(wanted, size);
  // For what is always kept a count that is too high is the smaller evil.
  const bool takes_inherited = may_use_margin && bytes_ + size > largest;
  const std::uint64_t freed = wanted == 0 ? 0 : make_room(wanted, takes_inherited);
  if (bytes_ + size > largest) return false;
  return !is_tight || freed >= size || (may_use_margin && disk.available > margin / 2 + size);
}

void Outbox::State::put(std::span<const Outgoing> batch) {
  std::uint64_t size = 0;
  for (const Outgoing& message : batch) size += message.body.size();
  const bool has_kept = std::ranges::any_of(batch, [](const Outgoing& one) { return one.keeping == Keeping::always; });
  const std::unique_lock lock = enter();
  std::optional<Error> failure;
  for (int attempt = 0; attempt < 2; ++attempt) {
    try {
      if (!make_room_for(size, has_kept)) break;
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
    }
  }
  if (!failure) {
    failure.emplace(ErrorCode::storage, "the outbox " + options_.folder.string() + " holds " + std::to_string(bytes_) +
                                            " bytes, and no room can be made in it or on its disk: what is "
                                            "never let go is left; see why nothing confirms it, or give it more room");
  }
  if (!std::exchange(counts_.is_failing, true)) log(LogLevel::error, options_.source, failure->what());
  if (has_kept) throw *failure;
  for (const Outgoing& one : batch) {  // told with the next that can be written
    add(shed_, {std::string(one.source), one.boot, one.sequence, one.sequence, 1, one.time, one.time});
  }
  shed_is_kept_ = false;
  counts_.shed += batch.size();
}

// Removing needs room as well, at first.
void Outbox::State::tidy() {
  try {
    write({});
  } catch (const Error&) {
    file_.use_reserve();
    write({});
    file_.make_reserve();
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
      const std::string late = options_.historical(text_of(row.body));
      row.body.assign(bytes_of(late).begin(), bytes_of(late).end());
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
      std::min(std::max(1.0, options_.backlog_rate * backlog_burst_s),
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
    if (done.keeping == Keeping::always) always_confirmed_ = done.to;
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
  if (waiting_ == 0 && shed_.empty()) emptied_.notify_all();
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
      if (!(to_remove_.empty() && shed_.empty()) && Steady::now() - removed_ > remove_every) tidy();
    } catch (const Error& error) {
      if (told_ != error.what()) log(LogLevel::warning, options_.source, told_ = error.what());
      removed_ = Steady::now();  // not at once again
    }
    const Ticket last = in_flight_.empty() ? 0 : in_flight_.front().ticket;
    if (last != 0) {
      lock.unlock();
      Ticket confirmed = 0;
      try {
        confirmed = transport_->confirmed(last, sent ? Duration::zero() : outbox_look_every);
      } catch (const Error& error) {
        refused(error);
      }
      for (int i = 0; i < 20 && entering_ > 0; ++i) std::this_thread::sleep_for(std::chrono::microseconds(50));
      lock.lock();
      settle(confirmed);
      if (confirmed == 0) work_.wait_for(lock, outbox_look_every);
    } else if (!sent) {
      confirmed_at_ = Steady::now();
      work_.wait_for(lock, outbox_look_every);
    }
  }
  try {
    if (!to_remove_.empty()) write({});
  } catch (const Error&) {  // they are sent once more by who comes next
  }
}

void Outbox::State::tell(MetricWriter& writer) const {
  const OutboxCounts now = counts();
  const MetricLabels labels{{"source", options_.source}};
  const auto number = [](auto count) { return static_cast<double>(count); };
  writer.gauge("astro_outbox_bytes", "Bodies that wait in the outbox", number(now.bytes), labels);
  writer.gauge("astro_outbox_size_bytes", "Bodies that it takes before telemetry is let go",
               static_cast<double>(options_.largest), labels);
  writer.gauge("astro_outbox_messages", "Messages that wait in the outbox", number(now.waiting), labels);
  writer.gauge("astro_outbox_down", "1 while the other side confirms nothing", now.is_down ? 1 : 0, labels);
  writer.gauge("astro_outbox_failing", "1 while its disk takes nothing", now.is_failing ? 1 : 0, labels);
  writer.counter("astro_outbox_put_total", "Messages that were put, durably", number(now.put), labels);
  writer.counter("astro_outbox_confirmed_total", "Messages that the other side has", number(now.confirmed), labels);
  writer.counter("astro_outbox_refused_total", "Messages that it refused for good", number(now.refused), labels);
  writer.counter("astro_outbox_shed_total", "Points that were let go for want of room", number(now.shed), labels);
}

Outbox::Outbox(std::shared_ptr<Transport> transport, OutboxOptions options)
    : state_(std::make_unique<State>(std::move(transport), std::move(options))) {}
Outbox::~Outbox() = default;
void Outbox::put(std::span<const Outgoing> batch) { state_->put(batch); }
void Outbox::end_sending() { state_->end_sending(); }
OutboxCounts Outbox::counts() const { return state_->counts(); }
bool Outbox::wait_empty(Duration at_most) const { return state_->wait_empty(at_most); }

}  // namespace astro::messaging
