// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <atomic>
#include <cmath>
#include <future>
#include <optional>
#include <thread>

#include "conformance/trial.hpp"

namespace astro::conformance {

namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr const char* receiver_header = "astro/receiver.hpp";
constexpr const char* tune_promise =
    "Sets the receiver and says what the hardware really took, and what its stream looks like.";
constexpr const char* fill_promise = "Returns after at most 100 ms, also with fewer items or none.";
constexpr const char* gap_promise = "It returns before a gap: `lost` cannot lie inside a buffer.";
constexpr Duration fill_bound = 100ms;
constexpr Duration first_items = 8s;  // the first reads after a start may bring nothing
constexpr std::size_t most_bytes = std::size_t{64} << 20;
constexpr std::byte canary{0xA5};
constexpr std::size_t margin = 4096;

/// A receiver that is open, and a buffer between two margins that nobody may touch.
class OpenReceiver : public Opened<Receiver> {
 public:
  explicit OpenReceiver(Trial& trial) : Opened<Receiver>(trial) {}

  ReceiverDescription can() { return host().description().receiver; }

  const StreamSettings& tune(const Tuning& wanted = {}) {
    settings_ = call("tune", &Receiver::tune, wanted);
    return settings_;
  }
  const StreamSettings& settings() const { return settings_; }

  /// A buffer of so much time, at least an item.
  void make_room(Duration time) {
    require(settings_.item_bytes() > 0, "`tune` tells of items without a size");
    const double wanted = settings_.is_iq()                    ? settings_.tuning.sample_rate.hertz() * seconds(time)
                          : settings_.item_period > Duration{} ? seconds(time) / seconds(settings_.item_period)
                                                               : 1.0;
    const auto most = std::max<std::size_t>(1, most_bytes / settings_.item_bytes());
    capacity_ = static_cast<std::size_t>(std::clamp(wanted, 1.0, static_cast<double>(most)));
    memory_.assign(capacity_ * settings_.item_bytes() + 2 * margin, canary);
  }
  void start() { call("start", &Receiver::start); }

  Filled fill() {
    const std::span<std::byte> room(memory_.data() + margin, capacity_ * settings_.item_bytes());
    const Filled filled = trial().call("fill", fill_bound, [&] { return driver().fill(room); });
    require(filled.items <= capacity_, "`fill` says that it brought " + std::to_string(filled.items) +
                                           " items into room for " + std::to_string(capacity_));
    return filled;
  }
  bool is_margin_untouched() const {
    const auto is_canary = [](std::byte each) { return each == canary; };
    return std::all_of(memory_.begin(), memory_.begin() + margin, is_canary) &&
           std::all_of(memory_.end() - margin, memory_.end(), is_canary);
  }

  /// Tuned as it likes, started, and the first items have come.
  Filled begin(Duration room = 100ms) {
    tune();
    make_room(room);
    start();
    return first();
  }
  Filled first() {
    const auto end = Steady::now() + first_items;
    while (Steady::now() < end) {
      const Filled filled = fill();
      if (filled.items > 0 || filled.ended) return filled;
    }
    broke("no items came for " + shown(seconds(first_items)) + " s after the start");
  }

  /// Items a second, those that were lost too, over so long, or until several have come; before, nobody fills for the
  /// pause.
  double measure(Duration over, Duration pause = {}) {
    constexpr std::uint64_t several = 6;
    const auto began = Steady::now();
    std::this_thread::sleep_for(pause);
    std::uint64_t items = 0;
    auto last = began;
    while (Steady::now() < began + pause + over || (items < several && Steady::now() < began + pause + first_items)) {
      const Filled filled = fill();
      if (filled.ended) throw NotOffered{"its recording ended before anything could be measured"};
      if (filled.items == 0 && filled.lost == 0) continue;
      items += filled.items + filled.lost;
      last = Steady::now();
    }
    return static_cast<double>(items) / std::max(1e-3, std::chrono::duration<double>(last - began).count()) /
           trial().clock().speed();
  }
  double claimed_rate() const {
    return settings_.is_iq() ? settings_.tuning.sample_rate.hertz()
                             : 1.0 / std::max(1e-9, seconds(settings_.item_period));
  }
  void need_live() const {
    if (settings_.recorded) throw NotOffered{"it plays a recording, whose time is not the clock's"};
  }

 private:
  StreamSettings settings_;
  std::size_t capacity_ = 0;
  std::vector<std::byte> memory_;
};

bool is_near(double a, double b) { return std::abs(a - b) <= 0.25 * b; }

void says_what_it_took(Trial& trial) {
  OpenReceiver receiver(trial);
  const StreamSettings taken = receiver.tune();
  const ReceiverDescription can = receiver.can();
  const Tuning& tuning = taken.tuning;
  require(tuning.frequency >= can.lowest && tuning.frequency <= can.highest,
          "it took " + shown(tuning.frequency.hertz()) + " Hz, which its description does not reach");
  require(!taken.is_iq() || (tuning.sample_rate >= can.slowest && tuning.sample_rate <= can.fastest),
          "it took a sample rate of " + shown(tuning.sample_rate.hertz()) + " Hz, which its description does not have");
  require(!tuning.gain_db || (*tuning.gain_db >= can.min_gain_db && *tuning.gain_db <= can.max_gain_db),
          "it took a gain of " + shown(tuning.gain_db.value_or(0)) + " dB, which its description does not have");
  require(tuning.antenna.empty() || can.antennas.empty() ||
              std::ranges::find(can.antennas, tuning.antenna) != can.antennas.end(),
          "it took the antenna \"" + tuning.antenna + "\", which its description does not have");
  require(taken.item_bytes() > 0, "the items of its stream have no size");
  require(taken.is_iq() || taken.recorded || taken.item_period > Duration{}, "its items have no period");
  // Asked for what it took, it takes the same.
  const StreamSettings again = receiver.tune(tuning);
  require(again.tuning.frequency == tuning.frequency && again.tuning.sample_rate == tuning.sample_rate,
          "asked for the very tuning that it took, it took another");
}

void has_the_rate_it_says(Trial& trial) {
  OpenReceiver receiver(trial);
  receiver.begin();
  receiver.need_live();
  double rate = 0;
  for (int attempt = 0; attempt < 3; ++attempt) {
    rate = receiver.measure(700ms);
    if (is_near(rate, receiver.claimed_rate())) return;
    // A camera reads its frames out after they were exposed.
    if (!receiver.settings().is_iq() && rate > 0.0 && rate < receiver.claimed_rate()) return;
  }
  broke("it says that " + shown(receiver.claimed_rate()) + " items come a second, and " + shown(rate) + " come");
}

void refuses_what_cannot_be_had(Trial& trial) {
  OpenReceiver receiver(trial);
  const ReceiverDescription can = receiver.can();
  Tuning wanted = receiver.tune().tuning;
  wanted.frequency = can.highest * 4.0;
  try {
    const StreamSettings taken = receiver.tune(wanted);
    require(taken.tuning.frequency <= can.highest,
            "asked for four times its highest frequency it says that it took that");
  } catch (const Error& error) {
    require(error.code() == ErrorCode::out_of_limits,
            "a frequency that cannot be had is " + std::string(to_string(error.code())) + " (" + error.what() + ')');
  }
}

void fills_at_once(Trial& trial) {
  OpenReceiver receiver(trial);
  receiver.begin(1s);
  std::vector<Duration> took;
  for (int i = 0; i < 9; ++i) {
    const auto began = Steady::now();
    if (receiver.fill().ended) break;
    took.push_back(Steady::now() - began);
  }
  if (took.empty()) return;
  std::ranges::nth_element(took, took.begin() + static_cast<std::ptrdiff_t>(took.size() / 2));
  const Duration median = took[took.size() / 2];
  require(median <= fill_bound + 20ms,
          "with room for a second of items `fill` mostly takes " + shown(seconds(median)) + " s");
}

void stops_a_fill(Trial& trial) {
  constexpr Duration at_once = 60ms;
  OpenReceiver receiver(trial);
  receiver.begin(1s);
  receiver.need_live();
  std::vector<Duration> took;
  for (int i = 0; i < 5; ++i) {
    std::atomic<bool> is_filling = false;
    auto filling = std::async(std::launch::async, [&] {
      is_filling = true;
      (void)receiver.fill();
      return Steady::now();
    });
    while (!is_filling) std::this_thread::yield();
    std::this_thread::sleep_for(10ms);
    const auto stopped = Steady::now();
    receiver.stop();
    took.push_back(filling.get() - stopped);
    receiver.stop();  // as the host does when the hook has returned
    receiver.start();
  }
  std::ranges::sort(took);
  const Duration median = took[took.size() / 2];
  require(median <= at_once, "`fill` mostly goes on for " + shown(seconds(median)) + " s after a stop beside it");
}

void keeps_to_its_buffer(Trial& trial) {
  OpenReceiver receiver(trial);
  receiver.begin(2ms);
  for (int i = 0; i < 50; ++i) {
    if (receiver.fill().ended) break;
  }
  require(receiver.is_margin_untouched(), "`fill` wrote outside the buffer that it was given");
}

void counts_its_gaps(Trial& trial) {
  OpenReceiver receiver(trial);
  receiver.begin();
  receiver.need_live();
  double usual = 0;
  double rate = 0;
  for (int attempt = 0; attempt < 4; ++attempt) {
    usual = receiver.measure(500ms);
    rate = receiver.measure(700ms, 1s);
    if (is_near(rate, usual)) return;
  }
  broke("after nobody had filled for a second, items and `lost` together came to " + shown(rate) +
        " a second; usually " + shown(usual) + ": what is dropped has to be counted");
}

void tunes_while_it_streams(Trial& trial) {
  OpenReceiver receiver(trial);
  receiver.begin();
  receiver.tune(receiver.settings().tuning);
  receiver.make_room(100ms);
  (void)receiver.first();
}

void starts_again(Trial& trial) {
  OpenReceiver receiver(trial);
  for (int i = 0; i < 3; ++i) {
    receiver.begin();
    receiver.stop();
  }
}

void stands_still_after_a_stop(Trial& trial) {
  OpenReceiver receiver(trial);
  receiver.begin();
  receiver.stop();
  std::this_thread::sleep_for(50ms);
  (void)receiver.fill();  // what was under way
  std::size_t items = 0;
  for (int i = 0; i < 3; ++i) items += receiver.fill().items;
  require(items == 0, "after a stop " + std::to_string(items) + " items still came");
}

void stamps_items(Trial& trial) {
  OpenReceiver receiver(trial);
  std::optional<Time> before = receiver.begin().time;
  receiver.need_live();
  if (!before) throw NotOffered{"its items carry no time: the host estimates it"};
  for (int i = 0; i < 5; ++i) {
    const Filled filled = receiver.fill();
    if (filled.items == 0 || !filled.time) continue;
    require(*filled.time >= *before, "an item is stamped earlier than one before it");
    const double behind = seconds(trial.clock().now() - *filled.time);
    require(std::abs(behind) < 5.0 * std::max(1.0, trial.clock().speed()),
            "an item is stamped " + shown(behind) + " s before now");
    before = filled.time;
  }
}

void ends_only_recordings(Trial& trial) {
  OpenReceiver receiver(trial);
  bool ended = receiver.begin().ended;
  for (int i = 0; i < 10 && !ended; ++i) ended = receiver.fill().ended;
  require(!ended || receiver.settings().recorded, "it says that its recording is over, and plays none");
}

}  // namespace

void exercise_receiver(Trial& trial, Receiver& receiver, ListeningHost& host) {
  const Duration bound = trial.hook_bound(host);
  const StreamSettings settings = trial.call("tune", bound, [&] { return receiver.tune({}); });
  trial.call("start", bound, [&] { receiver.start(); });
  const std::size_t item = std::max<std::size_t>(1, settings.item_bytes());
  const std::size_t items = std::clamp<std::size_t>(most_bytes / item, 1, 4096);
  std::vector<std::byte> memory(items * item + margin);
  const std::span room(memory.data(), memory.size() - margin);  // who writes behind it is found by another check
  for (int i = 0; i < 3; ++i) trial.call("fill", fill_bound, [&] { return receiver.fill(room); });
  trial.call("stop", Opened<Receiver>::stop_bound, [&] { receiver.stop(); });
}

std::vector<Check> receiver_checks() {
  return {
      {{"R-01", receiver_header, tune_promise,
        "tunes it as it likes, compares what it took with its description, and asks for the same again"},
       says_what_it_took},
      {{"R-02", receiver_header, tune_promise, "counts what comes in 0.7 s; the best of three counts"},
       has_the_rate_it_says},
      {{"R-03", receiver_header, "What cannot be had at all is `out_of_limits`.",
        "asks for four times its highest frequency"},
       refuses_what_cannot_be_had},
      {{"R-04", receiver_header, "May be called while it streams; the host marks the next block.",
        "tunes it while it streams, and waits for items"},
       tunes_while_it_streams},
      {{"R-05", receiver_header,
        "Waits for items and puts them into the buffer, which is a whole number of items long and belongs to the host.",
        "fills small buffers between margins that have to stay as they were"},
       keeps_to_its_buffer},
      {{"R-06", receiver_header, fill_promise, "fills room for a second nine times; the median counts"}, fills_at_once},
      {{"R-07", receiver_header, "`stop` beside it makes it return at once.",
        "stops it beside `fill`, timed; the median of five counts"},
       stops_a_fill},
      {{"R-08", receiver_header, gap_promise, "lets it stream for a second unread, and counts items and lost ones"},
       counts_its_gaps},
      {{"R-09", "astro/device.hpp",
        "What `fill` throws ends the streams; the host calls `stop`, and `start` may follow.",
        "starts and stops it three times"},
       starts_again},
      {{"R-10", "astro/device.hpp", "Ends whatever the device does, at once; harmless when it does nothing.",
        "stops the stream, and fills on"},
       stands_still_after_a_stop},
      {{"R-11", receiver_header, "UTC of the first item where the hardware knows it; else the host estimates",
        "compares the times of items with the clock and with each other"},
       stamps_items},
      {{"R-12", receiver_header, "a recording is over: no more will come", "fills for a while"}, ends_only_recordings},
  };
}

}  // namespace astro::conformance
