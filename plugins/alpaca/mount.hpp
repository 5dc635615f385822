// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "astro/mount.hpp"
#include "astro/record.hpp"
#include "client.hpp"
#include "telescope_kit/equator.hpp"

namespace alpaca {

/// A telescope behind an Alpaca server. It is sent to right ascension and declination, in its own system; the axes are
/// hour angle and declination, which stand still when it does. `AltAzMount` is sent to azimuth and altitude.
class Mount : public astro::Mount {
 public:
  struct Settings {
    std::string address{};
    std::int64_t port = usual_port;
    std::int64_t number = 0;
    astro::Duration timeout = std::chrono::seconds(1);
    std::int64_t discovery = discovery_port;
    astro::Angle accuracy = astro::degrees(0.05);
    astro::Duration poll_every = std::chrono::milliseconds(250);
    bool set_place = true;
  };
  static astro::MountDescription description();

  explicit Mount(const Settings& settings) : Mount(settings, astro::Geometry::hour_angle_dec) {}
  ~Mount() override { close(); }

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;
  void move_to(astro::Axes target) override;
  void move_rate(astro::AxisRates rates, astro::Duration lifetime) override;
  void park() override;
  void home() override;
  void self_track(bool on) override;
  astro::MountStatus status() override;

 protected:
  Mount(const Settings& settings, astro::Geometry geometry)
      : settings_(settings),
        geometry_(geometry),
        client_(peer_of(settings), "telescope"),
        urgent_(peer_of(settings), "telescope") {}

 private:
  void describe(astro::Emitter& host);
  void tell_place(const astro::Location& site);
  void send_goal(const astro::Axes& goal);
  void begin_command();
  void unpark();
  void track(bool on);
  void end_motion(Client& by, Deadline ends = {});
  void make_owed_stop();
  void let_rates_die(const std::stop_token& stop);
  bool turns_its_axes();
  astro::Axes position();
  bool is_on_its_way_to(const astro::Axes& target) const;

  const Settings settings_;
  const astro::Geometry geometry_;
  Client client_;
  Client urgent_;  ///< for a stop beside a hook that waits
  astro::MountDescription described_;
  std::shared_ptr<astro::Clock> clock_;
  std::optional<telescope_kit::Equator> equator_;
  bool can_set_tracking_ = false;
  bool can_unpark_ = false;

  std::atomic<bool> owes_stop_ = false;  ///< nobody heard it
  std::atomic<bool> stopped_ = false;    ///< since the last command

  std::mutex rate_mutex_;
  std::condition_variable_any rate_changed_;
  std::optional<std::chrono::steady_clock::time_point> rate_ends_;
  std::jthread rate_watch_;

  // Of the hooks alone.
  telescope_kit::Approach approach_;
  std::optional<telescope_kit::Equatorial> sent_;
  bool follows_sky_ = false;
};

/// The same by azimuth and altitude, for forks and rotators that stand upright.
class AltAzMount final : public Mount {
 public:
  using Settings = Mount::Settings;
  static astro::MountDescription description();
  explicit AltAzMount(const Settings& settings) : Mount(settings, astro::Geometry::alt_az) {}
};

}  // namespace alpaca

template <>
struct astro::Description<alpaca::Mount::Settings> {
  using S = alpaca::Mount::Settings;
  static constexpr std::array fields{
      ALPACA_PEER_FIELDS(S),
      field<&S::accuracy>("accuracy",
                          {.min = 0.001, .max = 5, .says = "how near the telescope comes to where it is sent"}),
      field<&S::poll_every>("poll_every", {.min = 0.05, .max = 10, .says = "how often it is asked where it is"}),
      field<&S::set_place>("set_place", {.says = "tells it the site's place, where it takes it"})};
};
