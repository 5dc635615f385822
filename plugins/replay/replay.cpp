// SPDX-License-Identifier: BSD-3-Clause
#include "replay.hpp"

#include <algorithm>
#include <cmath>

#include "astro/plugin.hpp"
#include "mount.hpp"

namespace replay {
namespace {

constexpr std::chrono::milliseconds patience(80);
/// A call brings about this much real time's items, where it plays as fast as it was recorded.
constexpr double portion_s = 0.05;

std::optional<astro::Dtype> dtype_of(std::optional<Kind> kind) {
  constexpr std::array dtypes{astro::Dtype::cu8, astro::Dtype::ci8, astro::Dtype::ci16, astro::Dtype::cf32};
  if (!kind) return std::nullopt;
  return dtypes[static_cast<std::size_t>(*kind)];
}

}  // namespace

void Replay::open(astro::Emitter& host) {
  recordings_ = open_recordings(
      settings_.files, {dtype_of(settings_.samples), settings_.sample_rate, settings_.frequency, settings_.start});
  const astro::Surroundings& here = host.surroundings();
  clock_ = here.clock;
  mount_ = here.mount;
  if (!mount_.empty()) stand_ = Stand::of(here.observatory, mount_);
  host.describe(description());
}

/// It can be tuned within its band; where the file does not say which that is, anywhere.
astro::ReceiverDescription Replay::description() const {
  const astro::Tuning& tuning = recordings_.front()->stream().tuning;
  if (tuning.frequency == astro::Frequency{}) return {};
  return {.lowest = tuning.frequency - tuning.sample_rate * 0.5,
          .highest = tuning.frequency + tuning.sample_rate * 0.5};
}

void Replay::close() noexcept {
  stop();
  playing_.clear();
  recordings_.clear();
  stand_.reset();
  clock_.reset();
}

void Replay::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
}

/// A recording is as it is: a wish within its band is answered with what it has.
astro::StreamSettings Replay::tune(const astro::Tuning& wanted) {
  astro::StreamSettings stream = recordings_.front()->stream();
  stream.recorded = true;
  if (stream.tuning.frequency == astro::Frequency{}) stream.tuning.frequency = wanted.frequency;
  const double off_hz = std::abs((wanted.frequency - stream.tuning.frequency).hertz());
  if (wanted.frequency == astro::Frequency{} || off_hz <= 0.5 * stream.tuning.sample_rate.hertz()) return stream;
  throw astro::Error(astro::ErrorCode::out_of_limits,
                     "tuning to " + std::to_string(wanted.frequency.megahertz()) + " MHz: the recording " +
                         recordings_.front()->name() + " is of " + std::to_string(stream.tuning.frequency.megahertz()) +
                         " MHz, " + std::to_string(stream.tuning.sample_rate.megahertz()) + " MHz wide");
}

/// Those that were taken where the mount stands; all where no mount says it.
void Replay::choose() {
  const auto place = stand_ ? stand_->place() : std::nullopt;
  playing_.clear();
  for (const auto& recording : recordings_) {
    if (place) {
      const auto there = recording->place();
      if (!there || astro::separation(*there, *place) > same_place) continue;
    }
    recording->rewind();
    playing_.push_back(recording.get());
  }
  if (!playing_.empty()) return;
  throw astro::Error(astro::ErrorCode::not_found, "playing: none of the recordings was taken where the mount '" +
                                                      mount_ + "' stands; expected the files of the mount");
}

void Replay::start() {
  choose();
  current_ = 0;
  position_ = played_ = 0;
  shift_ = {};
  began_ = clock_->now();
  const std::lock_guard lock(mutex_);
  stopped_ = false;
}

/// Goes on to the next recording at the end of one; false when there is none.
bool Replay::find_next() {
  while (position_ == playing_[current_]->items()) {
    if (++current_ == playing_.size()) {
      if (!settings_.repeat || played_ == 0) return --current_, false;
      current_ = 0;
      const auto last = playing_.back()->start();
      const auto first = playing_.front()->start();
      if (last && first) shift_ += *last - *first + playing_.back()->stream().duration_of(playing_.back()->items());
    }
    position_ = 0;
    playing_[current_]->rewind();
  }
  return true;
}

/// When the next item was taken; a repetition goes on where the recordings ended.
std::optional<astro::Time> Replay::time_of_next() const {
  const Recording& recording = *playing_[current_];
  if (!recording.start()) return std::nullopt;
  return *recording.start() + shift_ + recording.stream().duration_of(position_);
}

std::size_t Replay::portion(std::size_t room) const noexcept {
  const std::uint64_t left = playing_[current_]->items() - position_;
  const double period_s = astro::seconds(playing_[current_]->stream().item_period);
  const double at_once =
      settings_.pace == Pace::fast ? static_cast<double>(room) : portion_s * clock_->speed() / period_s;
  const auto wanted =
      static_cast<std::uint64_t>(std::clamp(at_once, 1.0, static_cast<double>(std::max<std::size_t>(room, 1))));
  return static_cast<std::size_t>(std::min({wanted, left, static_cast<std::uint64_t>(room)}));
}

/// Waits until the last of them would have been recorded; how many are there by then.
std::size_t Replay::wait_for(std::size_t items, Steady::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (settings_.pace == Pace::fast) return stopped_ ? 0 : items;
  const astro::Time due = began_ + playing_[current_]->stream().duration_of(played_ + items);
  while (!stopped_) {
    const astro::Time now = clock_->now();
    if (now >= due) return items;
    if (Steady::now() >= deadline) return 0;
    const std::chrono::duration<double> left(std::min(1.0, astro::seconds(due - now) / clock_->speed()));
    const auto slice = std::max(std::chrono::round<std::chrono::nanoseconds>(left), std::chrono::nanoseconds(50'000));
    wake_.wait_until(lock, std::min(deadline, Steady::now() + slice));
  }
  return 0;
}

void Replay::rest(Steady::time_point deadline) {
  std::unique_lock lock(mutex_);
  wake_.wait_until(lock, deadline, [this] { return stopped_; });
}

astro::Filled Replay::fill(std::span<std::byte> buffer) {
  const auto deadline = Steady::now() + patience;
  if (!find_next()) {
    rest(deadline);
    return {.ended = true};
  }
  Recording& recording = *playing_[current_];
  const std::size_t bytes = recording.stream().item_bytes();
  const std::size_t items = wait_for(portion(buffer.size() / bytes), deadline);
  if (items == 0) return {};
  const auto time = time_of_next();
  const std::size_t read = recording.read(buffer.first(items * bytes));
  if (read < items) {
    throw astro::Error(astro::ErrorCode::invalid_file, "playing " + recording.name() + ": it ends after item " +
                                                           std::to_string(position_ + read) + ", but had " +
                                                           std::to_string(recording.items()) + " when it was opened");
  }
  position_ += read;
  played_ += read;
  const bool ended = !settings_.repeat && current_ + 1 == playing_.size() && position_ == recording.items();
  return {.items = read, .time = time, .ended = ended};
}

}  // namespace replay

ASTRO_PLUGIN(replay, "1.0.0", registry) {
  registry.add<replay::Mount>("replay", replay::Mount::description(), "Points where something was recorded");
  registry.add<replay::Replay>("replay", {}, "Plays IQ and spectra that were recorded");
}
