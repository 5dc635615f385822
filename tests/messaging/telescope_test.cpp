// SPDX-License-Identifier: BSD-3-Clause
#include "astro/messaging/telescope.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "astro/coordinates.hpp"
#include "astro/error.hpp"

namespace astro::messaging {
namespace {

using namespace std::chrono_literals;

Command slew() {
  return {.id = "7",
          .device = "dish",
          .name = "slew_to",
          .parameters = Map{{"target", "galactic 120 0"}},
          .issuer = {.name = "anna", .rank = Rank::handset},
          .issued = Time(1'700'000'000'123ms),
          .expires = Time(1'700'000'060'000ms)};
}

TEST(Telescope, CommandsToDevicesComeBackAsTheyWere) {
  const TelescopeCommand message = telescope_command(slew());
  EXPECT_EQ(message.command_type, "device_command");
  EXPECT_EQ(message.timestamp, 1'700'000'000'123);
  EXPECT_EQ(message.issuer_rank, "handset");
  EXPECT_EQ(to_value(command_of(message)), to_value(slew()));
  Command plain = slew();
  plain.parameters = {};
  plain.expires = {};
  EXPECT_EQ(to_value(command_of(telescope_command(plain))), to_value(plain));
}

TEST(Telescope, CommandsThatAreNoneOfOursAreRefused) {
  TelescopeCommand message = telescope_command(slew());
  message.parameters = "[1]";
  EXPECT_THROW((void)command_of(message), Error);
  message.parameters = "{";
  EXPECT_THROW((void)command_of(message), Error);
  message = telescope_command(slew());
  message.issuer_rank = "king";
  EXPECT_THROW((void)command_of(message), Error);
  message = telescope_command(slew());
  message.device.clear();
  EXPECT_THROW((void)command_of(message), Error);
  EXPECT_THROW((void)command_of(TelescopeCommand{.command_id = "8"}), Error);
}

TEST(Telescope, WhatNeverExpiresForOthersDoesNotExpireForUs) {
  TelescopeCommand message = telescope_command(slew());
  for (const std::int64_t never :
       {253402300799000, std::numeric_limits<std::int64_t>::max()}) {  // the year 9999, for one
    message.expires = never;
    EXPECT_GT(command_of(message).expires, parse_time("2262-01-01"));
  }
  message.timestamp = std::numeric_limits<std::int64_t>::min();
  EXPECT_LT(command_of(message).issued, parse_time("1678-01-01"));
}

TEST(Telescope, AcknowledgmentsComeBackAsTheyWere) {
  Acknowledgment done{.command_id = "7",
                      .device = "dish",
                      .command = "slew_to",
                      .state = CommandState::failed,
                      .time = Time(5ms),
                      .message = "it stalled",
                      .progress_percent = 40.0,
                      .error_code = "device_fault",
                      .details = Map{{"axis", 2}}};
  const CommandAcknowledgment message = telescope_acknowledgment(done, {"telescope-movement", "pi"});
  EXPECT_EQ(message.status, AckStatus::failed);
  EXPECT_EQ(message.error_details, "it stalled");
  EXPECT_EQ(message.source_hostname, "pi");
  done.issuer = {};  // who commanded does not travel back
  EXPECT_EQ(to_value(acknowledgment_of(message)), to_value(done));
  for (int state = 0; state <= static_cast<int>(CommandState::timeout); ++state) {
    done.state = static_cast<CommandState>(state);
    const CommandAcknowledgment each = telescope_acknowledgment(done, {});
    EXPECT_EQ(*to_value(each).find("status"), *to_value(done).find("state"));
  }
}

TEST(Telescope, ObservationsBecomeRequests) {
  ObservationBase asked;
  asked.target_name = "M 31";
  asked.ra = 10.6847;
  asked.dec = 41.2690;
  asked.center_frequency = 1420.4;
  asked.integration_time = 120;
  asked.observation_type = "TARGET_OBSERVATION";
  asked.user = UserBase{.username = "anna"};
  const ObservationRequest request = request_of(asked);
  const auto target = std::get<Icrs>(parse_target(request.target));
  EXPECT_NEAR(target.ra.degrees(), 10.6847, 1e-9);
  EXPECT_NEAR(target.dec.degrees(), 41.2690, 1e-9);
  EXPECT_EQ(request.mode, Mode::track);
  EXPECT_NEAR(request.center_frequency.megahertz(), 1420.4, 1e-9);
  EXPECT_EQ(request.rest_frequency, hydrogen_line);
  EXPECT_EQ(request.integration_time, 120s);
  EXPECT_EQ(request.observer, "anna");
  asked.observation_type = "hot_calibration";
  EXPECT_EQ(request_of(asked).mode, Mode::loads);
  asked.center_frequency = 1670;
  EXPECT_NEAR(request_of(asked).rest_frequency.megahertz(), 1667.359, 1e-9);
  asked.integration_time = -1;
  EXPECT_THROW((void)request_of(asked), Error);
}

}  // namespace
}  // namespace astro::messaging
