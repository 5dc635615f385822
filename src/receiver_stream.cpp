// SPDX-License-Identifier: BSD-3-Clause
// The receiver's data path: from the driver's `fill` to the consumers' queues.
#include <algorithm>
#include <cmath>
#include <utility>

#include "astro/error.hpp"
#include "receiver_host.hpp"
#include "text.hpp"

namespace astro {

namespace {
constexpr Duration fill_bound = std::chrono::milliseconds(100);
constexpr Duration hold_at_most = std::chrono::milliseconds(10);
constexpr Duration clock_look = std::chrono::milliseconds(1);
constexpr Duration least_clock_step = std::chrono::milliseconds(50);
constexpr Duration simulated_patience = std::chrono::seconds(2);
constexpr Duration show_stream_every = std::chrono::seconds(1);
// A driver that has nothing and does not wait either must not keep a processor busy.
constexpr Duration nap = std::chrono::milliseconds(1);
}  // namespace

Duration ReceiverHost::turn() noexcept {
  try {
    if (detail::Steady::now() - shown_ >= show_stream_every) show();
    if (!streaming_) return show_stream_every;
    if (open_streams().empty()) {
      streaming_ = false;
      worker().hook("stop", hook_bound(), [this] { receiver().stop(); });
      show();
      if (open_streams().empty()) return show_stream_every;
      // Somebody came just then and found it still streaming: it goes on for him.
      begin_stream();
      worker().moving_hook("start", hook_bound(), [this] { receiver().start(); });
      streaming_ = !worker().was_stopped();
    }
    return fill_once() ? Duration::zero() : nap;
  } catch (...) {
    if (is_lost() || worker().was_stopped()) return Duration::zero();
    const Error error = translated(std::current_exception());
    streaming_ = false;
    notice("fault", LogLevel::error, error.what());
    end_streams(error);
    try {
      worker().hook("stop", hook_bound(), [this] { receiver().stop(); });
    } catch (const Error&) {  // it is lost, and that is told elsewhere
    }
    return show_stream_every;
  }
}

std::span<std::byte> ReceiverHost::room() {
  if (!pending_.buffer) {
    pending_ = {};
    pending_.buffer = pool_->take();
  }
  if (!pending_.buffer) return {scratch_.get(), pool_->buffer_bytes()};
  return pending_.buffer->subspan(pending_.end);
}

/// A recording waits for who reads it. So does a simulated sky, whose clock its receiver holds meanwhile: no sample is
/// lost for want of processor time. Not for ever, since a reader may wait for that clock.
bool ReceiverHost::waits_for_readers() {
  if (settings()->recorded) return true;
  if (!clock().is_simulated()) return false;
  const auto now = detail::Steady::now();
  if (!starved_since_) starved_since_ = now;
  return now - *starved_since_ < simulated_patience;
}

bool ReceiverHost::fill_once() {
  const std::span<std::byte> buffer = room();
  const bool into_scratch = pending_.buffer == nullptr;
  if (into_scratch && waits_for_readers()) return false;
  if (!into_scratch) starved_since_.reset();
  const auto began = detail::Steady::now();
  const Filled filled = worker().hook("fill", fill_bound, [&] { return receiver().fill(buffer); });
  if (worker().was_stopped()) return true;  // it belongs to a stream that is over
  account(filled, buffer.size(), into_scratch);
  const auto now = detail::Steady::now();
  const bool full = pending_.buffer && pending_.end == pending_.buffer->size();
  if (full || filled.ended || (!pending_.empty() && now - pending_.since >= hold_at_most)) hand_out(filled.ended);
  if (filled.ended) {
    streaming_ = false;
    end_streams(std::nullopt);
    worker().hook("stop", hook_bound(), [this] { receiver().stop(); });
    show();
  }
  return filled.items != 0 || now - began > std::chrono::microseconds(100);
}

void ReceiverHost::account(const Filled& filled, std::size_t capacity, bool into_scratch) {
  const auto now_settings = settings();
  const std::size_t item_bytes = now_settings->item_bytes();
  if (filled.items > capacity / item_bytes) {
    throw Error(ErrorCode::device_fault, "the driver says that it filled " + std::to_string(filled.items) +
                                             " items into a buffer of " + std::to_string(capacity / item_bytes));
  }
  if (filled.lost != 0 || filled.time) hand_out();  // a block has no gap inside, and one time
  if (filled.lost != 0) {
    position_ += filled.lost;
    gap_ += filled.lost;
    lost_ += filled.lost;
    samples_lost_total_.add(filled.lost);
  }
  if (filled.items == 0) return;
  if (!filled.time) follow_clock();
  if (filled.time) anchor_ = Anchor{position_, *filled.time, true};
  else if (!anchor_) anchor_ = Anchor{position_, clock().now() - now_settings->duration_of(filled.items), false};
  items_ += filled.items;
  samples_total_.add(filled.items);
  if (into_scratch) {
    position_ += filled.items;
    gap_ += filled.items;
    lost_ += filled.items;
    dropped_ += filled.items;
    samples_lost_total_.add(filled.items);
    return;
  }
  if (pending_.empty()) {
    pending_.first = position_;
    pending_.lost = std::exchange(gap_, 0);
    pending_.exact = filled.time;
    pending_.since = detail::Steady::now();
  }
  pending_.end += filled.items * item_bytes;
  position_ += filled.items;
}

/// Counts of a receiver without a clock of its own are anchored to the machine's. When that is set, the times of what
/// comes from now on are those of the new clock; a slow correction moves nothing.
void ReceiverHost::follow_clock() {
  if (clock().is_simulated() || (anchor_ && anchor_->exact)) return;
  const auto before = detail::Steady::now();
  const Time now = clock().now();
  if (detail::Steady::now() - before > clock_look)
    return;  // another thread had the processor: it would look like a step
  const Duration ahead = now.time_since_epoch() - before.time_since_epoch();
  const Duration step = clock_ahead_ ? ahead - *clock_ahead_ : Duration::zero();
  clock_ahead_ = ahead;
  if (std::chrono::abs(step) < least_clock_step || !anchor_) return;
  hand_out();
  anchor_ = Anchor{position_, time_of(position_) + step, false};
  settings_changed_ = true;
  notice("clock", LogLevel::warning,
         "the machine's clock was set by " + text::of(std::round(1e3 * seconds(step)) / 1e3) +
             " s; the times of the samples go on from the new one");
}

void ReceiverHost::hand_out(bool last) {
  if (pending_.empty() && !last) return;
  std::span<const std::byte> bytes;
  if (pending_.buffer) bytes = pending_.buffer->subspan(pending_.begin, pending_.end - pending_.begin);
  const auto block = std::make_shared<Block>(pending_.buffer, bytes, settings());
  block->first = pending_.empty() ? position_ : pending_.first;
  block->lost = pending_.empty() ? std::exchange(gap_, 0) : pending_.lost;
  block->time = pending_.exact.value_or(time_of(block->first));
  block->time_is_exact = pending_.exact.has_value();
  block->settings_changed = std::exchange(settings_changed_, false);
  block->last = last;
  // What is left of the buffer goes on with the next block; a full one goes back when its readers are done.
  pending_.begin = pending_.end;
  if (!pending_.buffer || pending_.end == pending_.buffer->size()) pending_ = {};
  blocks_total_.add();
  for (const StreamState& stream : open_streams()) stream->put(block);
}

Time ReceiverHost::time_of(std::uint64_t first) const {
  if (!anchor_) return clock().now();
  const auto now = settings();
  if (first < anchor_->first) return anchor_->time - now->duration_of(anchor_->first - first);
  return anchor_->time + now->duration_of(first - anchor_->first);
}

void ReceiverHost::poll() { show(); }

void ReceiverHost::show() {
  shown_ = detail::Steady::now();
  const Time now = clock().now();
  const Tuning tuning = settings()->tuning;
  emit("streaming", streaming_.load(), Quality::good, now);
  emit("frequency", tuning.frequency.hertz(), Quality::good, now);
  emit("sample_rate", tuning.sample_rate.hertz(), Quality::good, now);
  emit("gain", tuning.gain_db ? Value(*tuning.gain_db) : Value(), Quality::good, now);
  emit("items", items_.load(), Quality::good, now);
  emit("lost", lost_.load(), Quality::good, now);
  emit("dropped", dropped_.load(), Quality::good, now);
}

}  // namespace astro
