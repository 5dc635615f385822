// SPDX-License-Identifier: BSD-3-Clause
#include "observing/collector.hpp"

#include <utility>

#include "astro/error.hpp"
#include "astro/sky/frames.hpp"

namespace astro::detail {

using namespace std::chrono_literals;

namespace {

constexpr auto between_glances = 20ms;  // at what is integrated, for whoever watches

/// Where the beam of a receiver was, from its mount's history; not known when it has no mount or
/// the mount was not read then.
Pointing pointing_at(const Observatory& site, const StreamSettings& settings, Time time) {
  Pointing pointing{.direction = {}, .place = {}, .site = site.location(), .known = false};
  if (settings.mount.empty()) return pointing;
  // A recording brings its own times, of which the mount knows nothing: what it shows was taken here.
  const Time of_mount = settings.recorded ? site.clock()->now() : time;
  const std::optional<AltAz> apparent = site.mount(settings.mount).place_at(of_mount);
  if (!apparent) return pointing;
  pointing.direction = sky::icrs(*apparent, site.location(), time, sky::standard_weather(site.location()));
  pointing.place = sky::altaz(pointing.direction, site.location(), time);
  pointing.known = true;
  return pointing;
}

}  // namespace

Collector::Collector(const Observatory& site, ReceiverHandle receiver, const Spectrometer& spectrometer)
    : site_(site), receiver_(std::move(receiver)), spectrometer_(spectrometer) {}

void Collector::rest() noexcept {
  if (stream_ && receiver_.settings()->recorded) receiver_.stop();  // it begins anew
  held_.reset();
  stream_.reset();
}

void Collector::start_afresh() { start_afresh(site_.clock()->now()); }

void Collector::start_afresh(Time from) {
  rest();
  not_before_ = from;
  is_fresh_ = true;
  spectrometer_.reset();
  stream_.emplace(receiver_.stream());
}

BlockPtr Collector::next_block(const std::stop_token& stop) {
  if (held_) return std::exchange(held_, nullptr);
  const Duration patience = 5s + 2 * receiver_.settings()->item_period;  // a spectrum comes when it is complete
  const auto started = std::chrono::steady_clock::now();
  while (true) {
    if (stop.stop_requested()) throw Error(ErrorCode::cancelled, "integrating '" + receiver_.name() + "': cancelled");
    if (BlockPtr block = stream_->next(100ms)) return block;
    if (std::chrono::steady_clock::now() - started > patience) {
      throw Error(ErrorCode::timeout, "integrating '" + receiver_.name() + "': no samples for " +
                                          std::to_string(patience / 1s) +
                                          " s; look at the receiver's cable and at its log lines");
    }
  }
}

/// Whether it was taken before the last fresh start. Once something was not, nothing is: a clock that is
/// set back makes nothing old.
bool Collector::is_of_before(const Block& block) {
  const bool is_old = is_fresh_ && block.time < not_before_ && !block.settings().recorded;
  if (!is_old) is_fresh_ = false;
  return is_old;
}

/// What was integrated so far, with where the dish pointed.
Spectrum Collector::placed() const {
  Spectrum spectrum = spectrometer_.spectrum();
  spectrum.pointing = pointing_at(site_, *receiver_.settings(), spectrum.mid);
  return spectrum;
}

Spectrum Collector::next(Duration duration, const std::stop_token& stop, const std::function<void(const Block&)>& tap,
                         const std::function<void(const Spectrum&)>& look) {
  if (!stream_) start_afresh();
  spectrometer_.reset();
  Duration taken{};
  std::uint64_t begun = 0;  // the clock may be set meanwhile: samples count the time
  bool any = false;
  auto looked = std::chrono::steady_clock::now();
  while (!any || taken < duration) {
    const BlockPtr block = next_block(stop);
    if (is_of_before(*block)) continue;
    if (block->items() > 0) {
      if (any && block->settings().duration_of(block->first - begun) >= duration) {
        held_ = block;  // it lies behind a gap that reaches past the end
        break;
      }
      if (!any) begun = block->first;
      any = true;
      spectrometer_.add(*block);
      if (tap) tap(*block);
      taken = block->settings().duration_of(block->first + block->items() - begun);
    }
    if (block->last) break;
    const auto now = std::chrono::steady_clock::now();
    if (!look || now - looked < between_glances || spectrometer_.exposure() == Duration::zero()) continue;
    looked = now;
    try {
      look(placed());
    } catch (const Error&) {
      // There is not yet enough for a spectrum.
    }
  }
  return placed();
}

}  // namespace astro::detail
