// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "astro/receiver.hpp"
#include "recording.hpp"
#include "stand.hpp"

namespace replay {

enum class Pace : std::uint8_t { real, fast };
enum class Kind : std::uint8_t { cu8, ci8, ci16, cf32 };

/// A receiver that plays recordings, one after the other, at the times at which they were taken. On a mount
/// that replays as well it plays those that were taken where the mount stands when it starts.
class Replay final : public astro::Receiver {
 public:
  struct Settings {
    std::vector<std::string> files{};
    Pace pace = Pace::real;
    bool repeat = false;
    std::optional<Kind> samples{};
    astro::Frequency sample_rate{};
    astro::Frequency frequency{};
    std::optional<astro::Time> start{};
  };

  explicit Replay(Settings settings) : settings_(std::move(settings)) {}

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;
  astro::StreamSettings tune(const astro::Tuning& wanted) override;
  void start() override;
  astro::Filled fill(std::span<std::byte> buffer) override;

 private:
  using Steady = std::chrono::steady_clock;

  astro::ReceiverDescription description() const;
  std::size_t portion(std::size_t room) const noexcept;
  std::size_t wait_for(std::size_t items, Steady::time_point deadline);
  void rest(Steady::time_point deadline);
  bool find_next();
  void choose();
  std::optional<astro::Time> time_of_next() const;

  Settings settings_;
  std::shared_ptr<astro::Clock> clock_{};
  std::string mount_{};
  std::shared_ptr<const Stand> stand_{};
  std::vector<std::unique_ptr<Recording>> recordings_{};
  std::vector<Recording*> playing_{};
  std::size_t current_ = 0;     ///< which of those that play
  std::uint64_t position_ = 0;  ///< item of it that comes next
  std::uint64_t played_ = 0;    ///< items since the start, of all
  astro::Duration shift_{};     ///< of time, after repetitions
  astro::Time began_{};         ///< on the clock

  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopped_ = true;
};

}  // namespace replay

template <>
struct astro::Description<replay::Pace> {
  static constexpr std::array choices{"real", "fast"};
};

template <>
struct astro::Description<replay::Kind> {
  static constexpr std::array choices{"cu8", "ci8", "ci16", "cf32"};
};

template <>
struct astro::Description<replay::Replay::Settings> {
  using S = replay::Replay::Settings;
  static constexpr std::array fields{
      field<&S::files>("files", {.unit = "path", .says = "recordings, or folders of them", .required = true}),
      field<&S::pace>("pace", {.says = "as fast as it was recorded, or as fast as it is read"}),
      field<&S::repeat>("repeat", {.says = "begins again at the end"}),
      field<&S::samples>("samples", {.says = "kind of the samples, where the file's ending does not say it"}),
      field<&S::sample_rate>("sample_rate", {.min = 0, .says = "where the file does not say it"}),
      field<&S::frequency>("frequency", {.min = 0, .says = "centre of the band, where the file does not say it"}),
      field<&S::start>("start", {.says = "UTC of the first sample, where the file does not say it"})};
};
