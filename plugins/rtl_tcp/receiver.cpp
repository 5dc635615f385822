// SPDX-License-Identifier: BSD-3-Clause
#include "receiver.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "astro/error.hpp"

namespace rtl_tcp {

namespace {

constexpr std::chrono::seconds first_bound(5);          // of connecting and of the greeting, when it is opened
constexpr std::chrono::milliseconds again_bound(1500);  // and later, by the thread that looks for it
constexpr std::chrono::milliseconds patience(60);       // of a call of `fill`
constexpr std::chrono::milliseconds slice(15);          // of a read within it, so that a stop is seen
constexpr std::chrono::milliseconds gather(8);          // small packets are read together
constexpr std::chrono::seconds first_silence(5);        // rtl_tcp begins slowly
constexpr std::chrono::seconds later_silence(2);        // what is silent for so long is gone
constexpr std::chrono::milliseconds between_looks(500);
constexpr std::chrono::seconds short_life(10);       // of a connection: who breaks it off again and again
constexpr std::chrono::seconds after_short_life(2);  // is not asked so soon
constexpr std::size_t sample_bytes = 2;

astro::Duration left_until(Steady::time_point deadline) {
  return std::max<astro::Duration>(deadline - Steady::now(), astro::Duration::zero());
}

std::uint32_t rounded(double number) { return static_cast<std::uint32_t>(std::llround(number)); }

/// A signed number, as the protocol puts it into 32 bits.
std::uint32_t bits_of(double number) {
  return static_cast<std::uint32_t>(static_cast<std::int32_t>(std::llround(number)));
}

std::optional<double> option(const astro::Tuning& tuning, const char* name) {
  const astro::Value* value = tuning.options.find(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return value->as_number();
}

astro::Field number_option(const char* name, const char* unit, double min, double max, const char* says) {
  astro::Field field;
  field.name = name;
  field.type = astro::FieldType::number;
  field.unit = unit;
  field.min = min;
  field.max = max;
  field.says = says;
  return field;
}

constexpr std::array if_stages{"if_gain_1", "if_gain_2", "if_gain_3", "if_gain_4", "if_gain_5", "if_gain_6"};

}  // namespace

astro::ReceiverDescription Receiver::description() {
  return {.lowest = astro::Frequency{},
          .highest = astro::hertz(4294967295.0),
          .slowest = slowest_rate,
          .fastest = fastest_rate,
          .min_gain_db = -10.0,
          .max_gain_db = 50.0,
          .hook_bound = std::chrono::seconds(4),
          .open_bound = std::chrono::seconds(15)};
}

astro::ReceiverDescription Receiver::description_of(const Tuner& tuner) const {
  astro::ReceiverDescription can = description();
  const bool is_direct = settings_.direct_sampling != DirectSampling::off;
  can.lowest = is_direct ? astro::Frequency{} : tuner.lowest;
  can.highest = is_direct ? highest_direct : tuner.highest;
  if (!tuner.gains_tenth_db.empty()) {
    can.min_gain_db = tuner.gains_tenth_db.front() / 10.0;
    can.max_gain_db = tuner.gains_tenth_db.back() / 10.0;
  }
  if (gains_ > 0) {
    astro::Field index = number_option("gain_index", "", 0, gains_ - 1.0, "which of the tuner's gains, from the least");
    index.type = astro::FieldType::integer;
    can.options.push_back(std::move(index));
  }
  for (const char* stage : if_stages)
    can.options.push_back(number_option(stage, "dB", -3, 15, "gain of a stage behind the mixer, of an E4000 alone"));
  return can;
}

/// The server tells nothing of what its tuner took.
void Receiver::check_reach(astro::Frequency wanted) const {
  const astro::ReceiverDescription can = description_of(tuner_);
  if (wanted == astro::Frequency{} || (wanted >= can.lowest && wanted <= can.highest)) return;
  throw astro::Error(astro::ErrorCode::out_of_limits, "tuning: the frequency " + std::to_string(wanted.hertz()) +
                                                          " Hz cannot be had; a " + tuner_.name + " reaches from " +
                                                          std::to_string(can.lowest.hertz()) + " to " +
                                                          std::to_string(can.highest.hertz()) + " Hz");
}

std::unique_ptr<Receiver::Line> Receiver::connect(astro::Duration at_most) const {
  const auto deadline = Steady::now() + at_most;
  auto line = std::make_unique<Line>();
  line->connection.open(settings_.host, static_cast<std::uint16_t>(settings_.port), at_most);
  GreetingBytes bytes{};
  for (std::size_t got = 0; got < bytes.size();) {
    const std::size_t more = line->connection.read_some(std::span(bytes).subspan(got), left_until(deadline));
    if (more == 0) {
      throw astro::Error(astro::ErrorCode::timeout,
                         "rtl_tcp at " + place() + ": no greeting came, only " + std::to_string(got) +
                             " bytes; see that rtl_tcp runs there, and serves no other program");
    }
    got += more;
  }
  const auto greeting = greeting_in(bytes);
  if (!greeting || greeting->gains > 1000) {
    throw astro::Error(astro::ErrorCode::device_fault,
                       "rtl_tcp at " + place() +
                           ": what answers there does not greet as rtl_tcp does, by \"RTL0\"; "
                           "see that host and port are right");
  }
  line->greeting = *greeting;
  return line;
}

void Receiver::open(astro::Emitter& host) {
  const std::unique_ptr<Line> line = connect(first_bound);
  const std::lock_guard lock(mutex_);
  tuner_ = tuner_of(line->greeting.tuner);
  gains_ = line->greeting.gains;
  check_reach(settings_.frequency);
  host.describe(description_of(tuner_));
  tuning_ = {};
  tuning_ =
      real({.frequency = settings_.frequency, .sample_rate = settings_.sample_rate, .gain_db = settings_.gain_db});
  host_ = &host;
  host.log(astro::LogLevel::info, "rtl_tcp at " + place() + " has " + tuner_.name);
}

void Receiver::close() noexcept {
  stop();
  seeker_ = {};
  const std::lock_guard lock(mutex_);
  line_.reset();
  host_ = nullptr;
}

void Receiver::stop() noexcept {
  streaming_ = false;
  woken_.notify_all();
  // A hook that works with the line ends soon; then the host calls this again.
  const std::unique_lock lock(mutex_, std::try_to_lock);
  if (lock) line_.reset();
}

/// What becomes of a wish: rtl_tcp answers nothing, but the chips are known.
astro::Tuning Receiver::real(const astro::Tuning& wanted) const {
  astro::Tuning tuning = tuning_;
  if (wanted.frequency != astro::Frequency{}) tuning.frequency = astro::hertz(std::round(wanted.frequency.hertz()));
  if (wanted.sample_rate != astro::Frequency{}) {
    const auto rate = real_rate(wanted.sample_rate);
    if (!rate) {
      throw astro::Error(astro::ErrorCode::out_of_limits,
                         "tuning: an RTL-SDR cannot be sampled at " + std::to_string(wanted.sample_rate.hertz()) +
                             " Hz; it can from 225001 to 300000 Hz and from 900001 Hz to 3.2 MHz");
    }
    tuning.sample_rate = *rate;
  }
  tuning.bandwidth = tuning.sample_rate;
  if (const auto index = option(wanted, "gain_index"); index) {
    const auto which = static_cast<std::size_t>(*index);
    tuning.gain_db.reset();
    if (which < tuner_.gains_tenth_db.size()) tuning.gain_db = tuner_.gains_tenth_db[which] / 10.0;
  } else if (wanted.gain_db) {
    tuning.gain_db = tuner_.nearest_gain_db(*wanted.gain_db);
  }
  astro::Map* known = tuning.options.get_if<astro::Map>();
  if (known != nullptr && wanted.gain_db)
    std::erase_if(*known, [](const auto& each) { return each.first == "gain_index"; });
  if (const astro::Map* asked = wanted.options.get_if<astro::Map>()) {
    for (const auto& [name, value] : *asked) {
      if (!value.is_null()) tuning.options.set(name, value);
    }
  }
  return tuning;
}

void Receiver::tell_server(Line& line, const astro::Tuning& wanted, const astro::Tuning* before) const {
  std::string text;
  const auto say = [&](Command command, std::uint32_t number) {
    const Packet packet = packet_of(command, number);
    text.append(reinterpret_cast<const char*>(packet.data()), packet.size());
  };
  if (before == nullptr) {
    if (settings_.correction_ppm != 0) say(Command::correction, bits_of(static_cast<double>(settings_.correction_ppm)));
    say(Command::direct_sampling, static_cast<std::uint32_t>(settings_.direct_sampling));
    say(Command::agc, settings_.agc ? 1 : 0);
    say(Command::bias_tee, settings_.bias_tee ? 1 : 0);
  }
  if (before == nullptr || wanted.sample_rate != before->sample_rate)
    say(Command::sample_rate, rounded(wanted.sample_rate.hertz()));
  if (before == nullptr || wanted.frequency != before->frequency)
    say(Command::frequency, rounded(wanted.frequency.hertz()));
  const bool other_gain = before == nullptr || wanted.gain_db != before->gain_db || wanted.options != before->options;
  if (other_gain) {
    const auto index = option(wanted, "gain_index");
    say(Command::gain_mode, index || wanted.gain_db ? 1 : 0);
    if (index) say(Command::gain_index, rounded(*index));
    else if (wanted.gain_db) say(Command::gain, bits_of(*wanted.gain_db * 10.0));
    for (std::uint32_t stage = 1; stage <= if_stages.size(); ++stage) {
      if (const auto gain = option(wanted, if_stages.at(stage - 1)))
        say(Command::if_gain, (stage << 16U) | (bits_of(*gain * 10.0) & 0xffffU));
    }
  }
  if (!text.empty()) line.connection.write(text);
}

std::uint64_t Receiver::samples_of_settling() const {
  return static_cast<std::uint64_t>(astro::seconds(settings_.settle) * tuning_.sample_rate.hertz());
}

astro::StreamSettings Receiver::tune(const astro::Tuning& wanted) {
  const std::lock_guard lock(mutex_);
  check_reach(wanted.frequency);
  const astro::Tuning before = std::exchange(tuning_, real(wanted));
  if (line_ && tuning_ != before) {
    try {
      tell_server(*line_, tuning_, &before);
      arrivals_.begin(tuning_.sample_rate.hertz(), Steady::now());
      to_throw_away_ = samples_of_settling();
    } catch (const astro::Error& error) {
      lose(error.what());  // it is told when the server is back
    }
  }
  astro::StreamSettings stream;
  stream.tuning = tuning_;
  stream.dtype = astro::Dtype::cu8;
  stream.item_period = astro::from_seconds(1.0 / tuning_.sample_rate.hertz());
  return stream;
}

void Receiver::start() {
  seeker_ = {};  // of the stream before: it may want the lock
  const std::lock_guard lock(mutex_);
  streaming_ = true;
  arrivals_.begin(tuning_.sample_rate.hertz(), Steady::now());
  has_come_ = false;
  begin_seeking(astro::Duration::zero());
}

astro::Filled Receiver::fill(std::span<std::byte> buffer) {
  std::unique_lock lock(mutex_);
  if (!line_) {
    woken_.wait_for(lock, patience, [this] { return line_ != nullptr || !streaming_; });
    return {};
  }
  try {
    return read(buffer);
  } catch (const astro::Error& error) {
    lose(error.what());
    return {};
  }
}

/// Packets of a network are small, and each wait costs: after the first of them the others are waited for together.
std::size_t Receiver::receive(std::span<std::byte> buffer) {
  const auto deadline = Steady::now() + patience;
  const std::size_t kept = half_ ? 1 : 0;
  if (half_) buffer[0] = *half_;
  std::size_t got = kept;
  while (streaming_ && got == kept && Steady::now() < deadline)
    got += line_->connection.read_some(buffer.subspan(got), slice);
  if (got == kept) return 0;
  if (got < buffer.size()) {
    const double missing_s = static_cast<double>(buffer.size() - got) / (sample_bytes * tuning_.sample_rate.hertz());
    std::this_thread::sleep_for(std::min<astro::Duration>(gather, astro::from_seconds(missing_s)));
  }
  for (std::size_t more = 1; streaming_ && more > 0 && got < buffer.size(); got += more)
    more = line_->connection.read_some(buffer.subspan(got), astro::Duration::zero());
  half_.reset();
  if (got % sample_bytes != 0) half_ = buffer[--got];
  return got / sample_bytes;
}

/// The first of these: they were on their way when it was tuned.
std::size_t Receiver::throw_away(std::span<std::byte> buffer, std::size_t samples) {
  const auto thrown = static_cast<std::size_t>(std::min<std::uint64_t>(to_throw_away_, samples));
  to_throw_away_ -= thrown;
  if (has_come_) arrivals_.threw_away(thrown);
  std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(thrown * sample_bytes),
            buffer.begin() + static_cast<std::ptrdiff_t>(samples * sample_bytes), buffer.begin());
  return samples - thrown;
}

astro::Filled Receiver::read(std::span<std::byte> buffer) {
  std::size_t samples = receive(buffer);
  const auto now = Steady::now();
  if (samples == 0) {
    if (streaming_ && now - silent_ > (has_come_ ? astro::Duration(later_silence) : astro::Duration(first_silence)))
      lose("no samples came");
    return {};
  }
  silent_ = now;
  if (to_throw_away_ > 0) samples = throw_away(buffer, samples);
  if (samples == 0) return {};
  if (!has_come_) arrivals_.begin(tuning_.sample_rate.hertz(), now);
  has_come_ = true;
  const astro::Filled filled{.items = samples, .lost = arrivals_.lost_before(samples, now)};
  if (const auto rate = arrivals_.wrong_rate()) {
    host_->log(astro::LogLevel::warning, "rtl_tcp at " + place() + " sends " + std::to_string(std::llround(*rate)) +
                                             " samples a second, and not " +
                                             std::to_string(std::llround(tuning_.sample_rate.hertz())) +
                                             "; the network is too slow for them, or the server does not obey");
  }
  return filled;
}

/// The server is gone: from now on it is looked for.
void Receiver::lose(const std::string& why) {
  line_.reset();
  if (!streaming_) return;
  host_->log(astro::LogLevel::error,
             "the samples of rtl_tcp at " + place() + " have ended: " + why + "; it is asked until it is back");
  arrivals_.was_away();
  begin_seeking(Steady::now() - connected_ < short_life ? astro::Duration(after_short_life) : between_looks);
}

void Receiver::begin_seeking(astro::Duration after) {
  half_.reset();
  seeker_ = std::jthread([this, after](const std::stop_token& stop) { seek(stop, after); });
}

void Receiver::seek(const std::stop_token& stop, astro::Duration after) {
  const auto rest = [&](astro::Duration duration) {
    std::unique_lock lock(mutex_);
    woken_.wait_for(lock, stop, duration, [this] { return !streaming_; });
  };
  rest(after);
  bool is_told = false;
  while (!stop.stop_requested() && streaming_) {
    try {
      auto line = connect(again_bound);
      const std::lock_guard lock(mutex_);
      if (stop.stop_requested() || !streaming_) return;
      tell_server(*line, tuning_, nullptr);
      to_throw_away_ = samples_of_settling();
      silent_ = connected_ = Steady::now();
      line_ = std::move(line);
      woken_.notify_all();
      if (has_come_ || is_told) host_->log(astro::LogLevel::warning, "rtl_tcp at " + place() + " is back");
      return;
    } catch (const std::exception& error) {
      if (!is_told && !has_come_) host_->log(astro::LogLevel::error, std::string(error.what()) + "; it is tried again");
      is_told = true;
    }
    rest(between_looks);
  }
}

}  // namespace rtl_tcp
