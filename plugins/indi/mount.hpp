// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "astro/mount.hpp"
#include "astro/record.hpp"
#include "session.hpp"
#include "telescope_kit/equator.hpp"

namespace indi {

/// A telescope behind indiserver. INDI speaks right ascension and declination of date; the axes are hour angle and
/// declination, which stand still when the telescope does.
class Mount final : public astro::Mount {
 public:
  struct Settings {
    std::string host = "localhost";
    std::int64_t port = 7624;
    std::string device{};
    bool connect = true;
    astro::Duration silence = default_silence;
    astro::Angle accuracy = astro::degrees(0.05);
    astro::Duration poll_every = std::chrono::milliseconds(250);
    bool set_place = true;
    bool refracts = false;
  };
  static astro::MountDescription description();

  explicit Mount(Settings settings) : settings_(std::move(settings)), session_(peer_of(settings_)) {}

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;
  void move_to(astro::Axes target) override;
  void move_rate(astro::AxisRates rates, astro::Duration lifetime) override;
  void park() override;
  void self_track(bool on) override;
  astro::MountStatus status() override;

 private:
  void prepare();
  void describe(astro::Emitter& host);
  void send_goal(const astro::Axes& goal);
  bool is_sent_already(const telescope_kit::Equatorial& place, bool is_moving) const;
  void let_rate_die();
  void send_rates();
  void watch_rates(const astro::Axes& position);
  astro::Axes position(const Property& place) const;
  bool is_parked() const;
  void unpark();

  const Settings settings_;
  Session session_;
  std::shared_ptr<astro::Clock> clock_;
  astro::Location location_{};
  std::optional<telescope_kit::Equator> equator_;
  std::string stop_xml_;
  std::atomic<bool> owes_stop_ = false;      ///< it was asked for while nobody heard
  std::atomic<bool> stopped_ = false;        ///< since the last command
  std::atomic<std::int64_t> rate_ends_ = 0;  ///< steady nanoseconds; 0: there is none

  // Of the hooks alone.
  telescope_kit::Approach approach_;
  std::optional<telescope_kit::Equatorial> sent_;
  std::uint64_t changes_at_sending_ = 0;
  astro::Time sent_time_{};
  bool unparking_ = false;  ///< the goal goes out when it is unparked
  bool follows_sky_ = false;
  astro::AxisRates rates_{};
  std::optional<astro::Axes> rates_from_;               ///< where it was when they began
  std::chrono::steady_clock::time_point rates_hold_{};  ///< from then on it moves at them
  std::array<bool, 2> is_reversed_{};                   ///< its rates count against its coordinates
};

}  // namespace indi

template <>
struct astro::Description<indi::Mount::Settings> {
  using S = indi::Mount::Settings;
  static constexpr std::array fields{
      INDI_PEER_FIELDS(S),
      field<&S::accuracy>("accuracy",
                          {.min = 0.001, .max = 5, .says = "how near the telescope comes to where it is sent"}),
      field<&S::poll_every>("poll_every", {.min = 0.05, .max = 10, .says = "how often it is asked where it is"}),
      field<&S::set_place>("set_place", {.says = "tells it the site's place and the time, where it takes them"}),
      field<&S::refracts>("refracts", {.says = "its electronics add refraction themselves"})};
};
