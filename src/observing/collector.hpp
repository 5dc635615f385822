// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "astro/observatory.hpp"
#include "astro/signal/spectrometer.hpp"

namespace astro::detail {

/// Takes blocks off one receiver and makes spectra of them, one after the other.
class Collector {
 public:
  Collector(const Observatory& site, ReceiverHandle receiver, const Spectrometer& spectrometer);

  /// Everything that was taken before now does not count: a load was switched, a mount moved. Call
  /// `rest` before, so that what nobody takes meanwhile does not count as lost.
  void start_afresh();
  /// The same for everything before an instant, which may lie a little ahead.
  void start_afresh(Time from);
  /// Takes no more blocks until `start_afresh`.
  void rest() noexcept;

  /// The next spectrum of so long a time, with where the dish pointed. Shorter only when a recording
  /// ends, and when samples are missing to past its end: it ends before that gap, and what follows counts it as lost.
  /// Throws `timeout` when nothing comes for 5 s, `interrupted` when stop is requested, and
  /// what the receiver failed with. `tap` sees every block that goes in, `look` now and then what was integrated so
  /// far.
  Spectrum next(Duration duration, const std::stop_token& stop, const std::function<void(const Block&)>& tap = {},
                const std::function<void(const Spectrum&)>& look = {});

 private:
  BlockPtr next_block(const std::stop_token& stop);
  bool is_of_before(const Block& block);
  Spectrum placed() const;

  const Observatory& site_;
  ReceiverHandle receiver_;
  Spectrometer spectrometer_;
  std::optional<BlockStream> stream_;
  BlockPtr held_;  ///< taken off the stream, for the next spectrum
  Time not_before_;
  bool is_fresh_ = true;  ///< nothing was taken since the last fresh start
};

}  // namespace astro::detail
