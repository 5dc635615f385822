// SPDX-License-Identifier: BSD-3-Clause
#include "astro/telemetry/live_feed.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <limits>
#include <map>
#include <mutex>
#include <set>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "astro/error.hpp"
#include "astro/metrics.hpp"
#include "telemetry/live_messages.hpp"
#include "telemetry/thinning.hpp"

namespace astro::telemetry {

namespace detail {

using Steady = std::chrono::steady_clock;

/// Becomes readable when it is raised, until it is lowered.
class LiveSignal {
 public:
  LiveSignal() : descriptor_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (descriptor_ >= 0) return;
    throw Error(ErrorCode::internal, "making a live feed: the system gives no descriptor to wake its reader (" +
                                         std::error_code(errno, std::generic_category()).message() +
                                         "); close something, or raise the limit of open files");
  }
  ~LiveSignal() { ::close(descriptor_); }
  LiveSignal(const LiveSignal&) = delete;
  LiveSignal& operator=(const LiveSignal&) = delete;

  int descriptor() const noexcept { return descriptor_; }
  void raise() noexcept {
    if (!std::exchange(is_raised_, true)) ::eventfd_write(descriptor_, 1);
  }
  void lower() noexcept {
    eventfd_t ignored = 0;
    if (std::exchange(is_raised_, false)) ::eventfd_read(descriptor_, &ignored);
  }

 private:
  int descriptor_;
  bool is_raised_ = false;
};

/// In which form a client gets what waits.
enum class LiveForm : std::uint8_t { array, frames, framed_array };

struct LiveEntry {
  std::uint32_t id = 0;  // its number among the known ids
  LiveText text{};
};

/// What is known of an id: of a point, or of an event.
struct LiveId {
  std::string id{};
  bool is_point = true;
  std::string begin{};
  std::uint64_t newest = 0;  // message
  LiveText text{};           // of that message
};

/// Which points some clients want. Clients with the same wish share it, and what is made for one of them.
struct LiveWish {
  struct Made {
    LiveForm form = LiveForm::array;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
    std::size_t count = 0;  // messages
    LiveText text{};
  };

  std::optional<std::vector<std::string>> patterns{};
  std::vector<char> wanted{};  // by the number of the id
  std::uint64_t end = 0;       // after the newest message that is wanted
  std::array<Made, 4> made{};  // what was made last
  std::size_t next_made = 0;

  bool wants(const LiveId& known) const {
    if (!known.is_point || !patterns) return true;
    return std::ranges::any_of(*patterns, [&](const std::string& each) { return pattern_matches(each, known.id); });
  }
};

/// How far one client is.
struct LiveWatcher {
  std::shared_ptr<LiveWish> wish{};
  bool batches = false;
  std::uint64_t next = 0;                                              // message
  std::map<std::uint32_t, std::pair<std::uint64_t, LiveText>> kept{};  // of what no longer waits: newest of each id
  std::uint64_t missed = 0;                                            // of which it has not been told
  std::optional<Steady::time_point> waiting_since{};
  LiveClientStatus status{};
  bool is_drop_told = false;

  bool has_something() const noexcept { return next < wish->end || !kept.empty() || missed != 0; }
};

}  // namespace detail

using detail::LiveEntry;
using detail::LiveForm;
using detail::LiveId;
using detail::LiveSignal;
using detail::LiveWatcher;
using detail::LiveWish;

namespace {

constexpr std::size_t points_at_once = 256;  // that are encoded while clients wait for the lock

}  // namespace

struct LiveFeed::State final : Listener {
  explicit State(const LiveOptions& with) : options(with) {}

  void points(std::span<const Point> points, std::uint64_t) override { add(points); }
  void acknowledgment(const Acknowledgment& acknowledgment) override;
  void notice(const Notice& notice) override;

  void add(std::span<const Point> points);
  void tell(std::string_view id, const Value& value, Time time);
  std::uint64_t enter(const LiveClientOptions& wanted);
  void leave(std::uint64_t client) noexcept;
  std::vector<std::uint64_t> ready();
  std::vector<LiveText> take(std::uint64_t client, std::size_t limit);
  LiveText take_websocket(std::uint64_t client, std::size_t limit);
  LiveClientStatus status_of(std::uint64_t client) const;
  void tell(MetricWriter& into) const;

  const LiveOptions options;
  std::set<std::string> bare;
  LiveSignal signal;

  mutable std::mutex mutex;
  std::deque<LiveEntry> messages;
  std::uint64_t first = 0;  // number of the first of them
  std::vector<LiveId> known;
  std::unordered_map<std::string, std::uint32_t> of_points;
  std::unordered_map<std::string, std::uint32_t> of_events;
  std::vector<std::weak_ptr<LiveWish>> wishes;
  std::map<std::uint64_t, LiveWatcher> watchers;
  std::uint64_t next_watcher = 1;
  std::uint64_t missed = 0;  // of all
  std::uint64_t dropped = 0;
  Subscription subscription;
  const MetricSource metrics{[this](MetricWriter& into) { tell(into); }};

 private:
  std::uint64_t end() const noexcept { return first + messages.size(); }
  std::uint32_t number_of(std::string_view id, bool is_point);
  void put(std::uint32_t id, std::string text);
  void settle();
  void fall_behind(LiveWatcher& watcher, std::uint64_t to);
  std::shared_ptr<LiveWish> wish_for(const LiveClientOptions& wanted);
  LiveWatcher* find(std::uint64_t client);
  std::vector<LiveText> take_late(LiveWatcher& watcher);
  std::uint64_t end_of(const LiveWatcher& watcher, std::size_t limit) const;
  void append_wanted(std::vector<LiveText>& texts, const LiveWatcher& watcher, std::uint64_t to) const;
  LiveText together(LiveWatcher& watcher, LiveForm form, std::uint64_t to);
  void took(LiveWatcher& watcher, std::size_t count, std::uint64_t to);
};

// What comes.

std::uint32_t LiveFeed::State::number_of(std::string_view id, bool is_point) {
  auto& numbers = is_point ? of_points : of_events;
  const auto [found, is_new] = numbers.try_emplace(std::string(id), static_cast<std::uint32_t>(known.size()));
  if (!is_new) return found->second;
  known.push_back({.id = std::string(id), .is_point = is_point, .begin = is_point ? detail::point_begin(id) : ""});
  for (const auto& each : wishes) {
    if (const auto wish = each.lock()) wish->wanted.push_back(wish->wants(known.back()) ? 1 : 0);
  }
  return found->second;
}

void LiveFeed::State::put(std::uint32_t id, std::string text) {
  LiveId& of = known[id];
  of.newest = end();
  of.text = std::make_shared<const std::string>(std::move(text));
  messages.push_back({id, of.text});
  for (const auto& each : wishes) {
    const auto wish = each.lock();
    if (wish && wish->wanted[id] != 0) wish->end = end();
  }
}

void LiveFeed::State::add(std::span<const Point> points) {
  std::string text;
  while (!points.empty()) {
    const std::lock_guard lock(mutex);
    for (const Point& point : points.first(std::min(points.size(), points_at_once))) {
      const std::uint32_t id = number_of(point.id, true);
      text.clear();
      detail::append_point(text, known[id].begin, point);
      put(id, text);
    }
    points = points.subspan(std::min(points.size(), points_at_once));
    settle();
  }
}

void LiveFeed::State::tell(std::string_view id, const Value& value, Time time) {
  std::string text = event_message(id, value, time);
  const std::lock_guard lock(mutex);
  put(number_of(id, false), std::move(text));
  settle();
}

void LiveFeed::State::acknowledgment(const Acknowledgment& acknowledgment) {
  if (!detail::is_told(acknowledgment)) return;
  tell("command_result", detail::confirmation(acknowledgment, bare.contains(acknowledgment.device)),
       acknowledgment.time);
}

void LiveFeed::State::notice(const Notice& notice) {
  tell(notice.kind == "log" ? "log" : "device_status", detail::notice_value(notice), notice.time);
}

/// After something came: what is too old goes, and clients for which something waits are told.
void LiveFeed::State::settle() {
  const std::size_t most = options.recent + options.waiting;
  const std::uint64_t begin = messages.size() > most ? end() - most : first;
  const auto now = std::chrono::steady_clock::now();
  bool has_news = false;
  for (auto& [number, watcher] : watchers) {
    if (watcher.status.is_dropped) continue;
    fall_behind(watcher, begin);
    if (!watcher.has_something()) continue;
    has_news = true;
    if (!watcher.waiting_since) watcher.waiting_since = now;
    if (now - *watcher.waiting_since <= options.patience) continue;
    watcher.status.is_dropped = true;
    watcher.kept.clear();
    ++dropped;
  }
  messages.erase(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(begin - first));
  first = begin;
  if (has_news) signal.raise();
}

/// Of what a client can no longer have the newest of each id stays.
void LiveFeed::State::fall_behind(LiveWatcher& watcher, std::uint64_t to) {
  for (; watcher.next < to; ++watcher.next) {
    const LiveEntry& entry = messages[watcher.next - first];
    if (watcher.wish->wanted[entry.id] == 0) continue;
    const bool is_newest = known[entry.id].newest == watcher.next;
    const auto older = watcher.kept.find(entry.id);
    if (older != watcher.kept.end() || !is_newest) ++watcher.missed, ++watcher.status.missed, ++missed;
    if (older != watcher.kept.end() && !is_newest) ++watcher.missed, ++watcher.status.missed, ++missed;
    if (is_newest) watcher.kept.insert_or_assign(entry.id, std::pair(watcher.next, entry.text));
    else if (older != watcher.kept.end()) watcher.kept.erase(older);
  }
}

// Clients.

std::shared_ptr<LiveWish> LiveFeed::State::wish_for(const LiveClientOptions& wanted) {
  std::erase_if(wishes, [](const auto& each) { return each.expired(); });
  auto patterns = wanted.ids;
  if (patterns) std::ranges::sort(*patterns);
  for (const auto& each : wishes) {
    if (auto wish = each.lock(); wish && wish->patterns == patterns) return wish;
  }
  auto wish = std::make_shared<LiveWish>();
  wish->patterns = std::move(patterns);
  for (const LiveId& each : known) wish->wanted.push_back(wish->wants(each) ? 1 : 0);
  for (std::size_t i = messages.size(); i > 0 && wish->end == 0; --i) {
    if (wish->wanted[messages[i - 1].id] != 0) wish->end = first + i;
  }
  wishes.push_back(wish);
  return wish;
}

std::uint64_t LiveFeed::State::enter(const LiveClientOptions& wanted) {
  const std::lock_guard lock(mutex);
  LiveWatcher watcher{.wish = wish_for(wanted), .batches = wanted.batches};
  watcher.next = end();
  if (wanted.start == LiveStart::recent) watcher.next -= std::min<std::uint64_t>(options.recent, messages.size());
  if (wanted.start == LiveStart::latest) {
    for (std::uint32_t id = 0; id < known.size(); ++id) {
      const LiveId& each = known[id];
      if (each.is_point && watcher.wish->wanted[id] != 0) watcher.kept.emplace(id, std::pair(each.newest, each.text));
    }
  }
  if (watcher.has_something()) {
    watcher.waiting_since = std::chrono::steady_clock::now();
    signal.raise();
  }
  watchers.emplace(next_watcher, std::move(watcher));
  return next_watcher++;
}

void LiveFeed::State::leave(std::uint64_t client) noexcept {
  const std::lock_guard lock(mutex);
  watchers.erase(client);
}

std::vector<std::uint64_t> LiveFeed::State::ready() {
  const std::lock_guard lock(mutex);
  signal.lower();
  std::vector<std::uint64_t> found;
  for (auto& [number, watcher] : watchers) {
    const bool is_due =
        watcher.status.is_dropped ? !std::exchange(watcher.is_drop_told, true) : watcher.has_something();
    if (is_due) found.push_back(number);
  }
  return found;
}

LiveWatcher* LiveFeed::State::find(std::uint64_t client) {
  LiveWatcher& watcher = watchers.at(client);
  if (watcher.status.is_dropped || !watcher.has_something()) return nullptr;
  return &watcher;
}

/// What stands before all that waits: the newest of what does not wait any more, and how much that was.
std::vector<LiveText> LiveFeed::State::take_late(LiveWatcher& watcher) {
  std::vector<std::pair<std::uint64_t, LiveText>> kept;
  for (auto& [id, each] : watcher.kept) kept.push_back(std::move(each));
  std::ranges::sort(kept, {}, &std::pair<std::uint64_t, LiveText>::first);
  watcher.kept.clear();
  std::vector<LiveText> texts;
  for (auto& [number, text] : kept) texts.push_back(std::move(text));
  if (const std::uint64_t count = std::exchange(watcher.missed, 0); count != 0) {
    Value told;
    told.set("messages", count);
    texts.push_back(std::make_shared<const std::string>(event_message("missed", told, Clock::system()->now())));
  }
  return texts;
}

void LiveFeed::State::append_wanted(std::vector<LiveText>& texts, const LiveWatcher& watcher, std::uint64_t to) const {
  for (std::uint64_t at = watcher.next; at < to; ++at) {
    const LiveEntry& entry = messages[at - first];
    if (watcher.wish->wanted[entry.id] != 0) texts.push_back(entry.text);
  }
}

/// Up to where a client takes, when it takes so many.
std::uint64_t LiveFeed::State::end_of(const LiveWatcher& watcher, std::size_t limit) const {
  if (limit == 0) return end();
  std::uint64_t at = watcher.next;
  for (std::size_t count = 0; at < end() && count < limit; ++at) {
    if (watcher.wish->wanted[messages[at - first].id] != 0) ++count;
  }
  return at;
}

void LiveFeed::State::took(LiveWatcher& watcher, std::size_t count, std::uint64_t to) {
  watcher.next = to;
  watcher.status.taken += count;
  watcher.waiting_since.reset();
  if (!watcher.has_something()) return;
  watcher.waiting_since = std::chrono::steady_clock::now();
  signal.raise();
}

namespace {

void append_array(std::string& out, std::span<const LiveText> texts) {
  out += '[';
  for (const LiveText& text : texts) {
    if (out.back() != '[') out += ',';
    out += *text;
  }
  out += ']';
}

std::string in_form(LiveForm form, std::span<const LiveText> texts) {
  std::string made;
  if (form == LiveForm::frames) {
    for (const LiveText& text : texts) detail::append_websocket_frame(made, *text);
    return made;
  }
  append_array(made, texts);
  if (form == LiveForm::array) return made;
  std::string framed;
  detail::append_websocket_frame(framed, made);
  return framed;
}

}  // namespace

/// All up to there as one text, made once for all who are equally far. Null when there is nothing.
LiveText LiveFeed::State::together(LiveWatcher& watcher, LiveForm form, std::uint64_t to) {
  LiveWish& wish = *watcher.wish;
  std::vector<LiveText> texts = take_late(watcher);
  const bool is_shared = texts.empty();
  if (is_shared) {
    for (const LiveWish::Made& each : wish.made) {
      if (!each.text || each.form != form || each.from != watcher.next || each.to != to) continue;
      took(watcher, each.count, to);
      return each.text;
    }
  }
  const std::uint64_t from = watcher.next;
  append_wanted(texts, watcher, to);
  took(watcher, texts.size(), to);
  if (texts.empty()) return nullptr;
  auto made = std::make_shared<const std::string>(in_form(form, texts));
  if (is_shared) wish.made[wish.next_made++ % wish.made.size()] = {form, from, to, texts.size(), made};
  return made;
}

std::vector<LiveText> LiveFeed::State::take(std::uint64_t client, std::size_t limit) {
  const std::lock_guard lock(mutex);
  LiveWatcher* watcher = find(client);
  if (watcher == nullptr) return {};
  const std::uint64_t to = end_of(*watcher, limit);
  std::vector<LiveText> texts;
  if (watcher->batches) {
    if (LiveText text = together(*watcher, LiveForm::array, to)) texts.push_back(std::move(text));
    return texts;
  }
  texts = take_late(*watcher);
  append_wanted(texts, *watcher, to);
  took(*watcher, texts.size(), to);
  return texts;
}

LiveText LiveFeed::State::take_websocket(std::uint64_t client, std::size_t limit) {
  const std::lock_guard lock(mutex);
  LiveWatcher* watcher = find(client);
  if (watcher == nullptr) return nullptr;
  return together(*watcher, watcher->batches ? LiveForm::framed_array : LiveForm::frames, end_of(*watcher, limit));
}

LiveClientStatus LiveFeed::State::status_of(std::uint64_t client) const {
  const std::lock_guard lock(mutex);
  return watchers.at(client).status;
}

void LiveFeed::State::tell(MetricWriter& into) const {
  const std::lock_guard lock(mutex);
  into.counter("astro_live_messages_total", "Messages that were encoded for those who watch",
               static_cast<double>(end()));
  into.counter("astro_live_missed_total", "Messages that clients did not get because they were too slow",
               static_cast<double>(missed));
  into.counter("astro_live_dropped_total", "Clients that were dropped because they did not read",
               static_cast<double>(dropped));
  into.gauge("astro_live_clients", "Clients that watch", static_cast<double>(watchers.size()));
}

// The public side.

LiveFeed::LiveFeed(const LiveOptions& options) : state_(std::make_shared<State>(options)) {
  if (options.waiting != 0) return;
  throw Error(ErrorCode::invalid_argument,
              "making a live feed: `waiting` must be 1 or more; it is what may wait for a "
              "client that is slow");
}

LiveFeed::LiveFeed(const Observatory& site, const LiveOptions& options) : LiveFeed(options) {
  for (const DeviceEntry& device : site.site().devices) {
    if (device.bare) state_->bare.insert(device.name);
  }
  state_->subscription = site.subscribe(*state_);
}

LiveFeed::~LiveFeed() { close(); }

void LiveFeed::close() noexcept { state_->subscription = {}; }
void LiveFeed::add(std::span<const Point> points) { state_->add(points); }
void LiveFeed::tell(std::string_view id, const Value& value, Time time) { state_->tell(id, value, time); }
int LiveFeed::descriptor() const noexcept { return state_->signal.descriptor(); }
std::vector<std::uint64_t> LiveFeed::ready() { return state_->ready(); }

std::size_t LiveFeed::clients() const {
  const std::lock_guard lock(state_->mutex);
  return state_->watchers.size();
}

struct LiveClient::State {
  State(std::shared_ptr<LiveFeed::State> of, const LiveClientOptions& options)
      : feed(std::move(of)), id(feed->enter(options)) {}
  ~State() { feed->leave(id); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  std::shared_ptr<LiveFeed::State> feed;
  std::uint64_t id;
};

LiveClient LiveFeed::client(const LiveClientOptions& options) {
  return LiveClient(std::make_shared<LiveClient::State>(state_, options));
}

LiveClient::LiveClient(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
LiveClient::LiveClient(LiveClient&&) noexcept = default;
LiveClient& LiveClient::operator=(LiveClient&&) noexcept = default;
LiveClient::~LiveClient() = default;

std::uint64_t LiveClient::id() const noexcept { return state_->id; }
std::vector<LiveText> LiveClient::take(std::size_t limit) { return state_->feed->take(state_->id, limit); }
LiveText LiveClient::take_websocket(std::size_t limit) { return state_->feed->take_websocket(state_->id, limit); }
LiveClientStatus LiveClient::status() const { return state_->feed->status_of(state_->id); }

}  // namespace astro::telemetry
