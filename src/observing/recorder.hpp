// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <memory>

#include "astro/observing/observe.hpp"

namespace astro::detail {

/// Writes the samples of one step as SigMF while they are integrated, when the request wants it.
class Recorder {
 public:
  Recorder(const Observatory& site, const ReceiverHandle& receiver, const Observation& observation, std::size_t step,
           Product product);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  /// What takes each block; null when nothing is recorded.
  const std::function<void(const Block&)>& tap() const noexcept { return tap_; }
  /// The files are whole, and the store gets their record. Without it they can be read all the same, marked as
  /// unfinished, and `adopt` finds them.
  void finish(const StoreHandle& store);
  /// The same once a minute is in them, and then others begin: what a power cut takes is bounded.
  void finish_when_long(const StoreHandle& store);

  /// Gives the store records of what an observation recorded before a kill or a power cut.
  static void adopt(const Observatory& site, const StoreHandle& store, const Observation& cut_short);

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::function<void(const Block&)> tap_;
};

}  // namespace astro::detail
