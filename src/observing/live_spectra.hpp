// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

#include "astro/observing/observe.hpp"
#include "observing/reduction.hpp"

namespace astro::detail {

/// Makes of what a receiver has integrated so far what people watch. Nothing here throws: who watches must not end an
/// observation.
class LiveSpectra {
 public:
  using Tell = std::function<void(const LiveSpectrum&)>;

  /// `observation` must live as long. Tells at most once in `every`, of real time; zero: never.
  LiveSpectra(const Observation& observation, const Location& site, Duration every, Tell tell);

  bool are_wanted() const noexcept { return every_ > Duration::zero(); }
  /// Of a load, from before a resume.
  void remember(const Integration& load);
  /// What is seen from now on belongs to this step.
  void begin(std::size_t step);
  /// An integration so far.
  void see(const Spectrum& so_far) noexcept;
  /// That integration when it is whole, with its place in the sequence.
  void keep(const Spectrum& whole, std::int64_t sequence) noexcept;

 private:
  struct Shown {
    std::string unit{};
    FrequencyAxis axis{};
    std::vector<float> value{};
    std::vector<float> sigma{};
    std::vector<float> weight{};
    std::optional<CalibratedSpectrum> calibrated{};
  };

  bool is_due() const noexcept;
  void tell(const Spectrum& so_far);
  Shown shown(const Spectrum& spectrum);
  std::optional<CalibratedSpectrum> calibrated(const Spectrum& spectrum);
  static Spectrum difference(const Spectrum& now, const Spectrum& before);
  template <class Work>
  void quietly(Work work) noexcept;

  const Observation& observation_;
  const Location site_;
  const Duration every_;
  const Tell tell_;
  std::optional<std::size_t> step_{};
  std::int64_t sequence_ = 0;
  std::int64_t number_ = 0;
  std::optional<std::chrono::steady_clock::time_point> told_{};
  std::optional<Spectrum> sum_{};        // whole integrations of this step
  std::optional<Spectrum> before_{};     // as it was told last of the one that is under way
  std::optional<Spectrum> reference_{};  // the last one, of switched modes
  std::vector<Integration> loads_{};
  std::optional<Calibrations> calibrations_{};
  bool is_calibration_known_ = false;
};

}  // namespace astro::detail
