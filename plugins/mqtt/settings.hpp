// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>

#include "astro/record.hpp"
#include "astro/time.hpp"

namespace astro::mqtt {

enum class Version : std::uint8_t { v5, v3_1_1 };

struct Settings {
  std::string url = "mqtt://localhost:1883";
  Version version = Version::v5;
  std::string user;
  std::string password;
  std::string ca;
  std::string certificate;
  std::string key;
  std::string key_password;
  bool verify = true;
  std::string client_id;
  Duration keep_alive = std::chrono::seconds(20);
  Duration timeout = std::chrono::seconds(5);
  Duration session = std::chrono::hours(24 * 7);
  std::int64_t in_flight = 100;
  std::int64_t queue = 65536;
  std::int64_t memory = 64 << 20;
  std::int64_t largest_body = 8 << 20;

  bool is_v5() const noexcept { return version == Version::v5; }
};

}  // namespace astro::mqtt

template <>
struct astro::Description<astro::mqtt::Version> {
  static constexpr std::array choices{"5", "3.1.1"};
};

template <>
struct astro::Description<astro::mqtt::Settings> {
  using Settings = astro::mqtt::Settings;
  static constexpr std::array fields{
      field<&Settings::url>(
          "url", {.says = "the broker: mqtt://host:port, mqtts:// for TLS, ws:// and wss:// for web sockets"}),
      field<&Settings::version>("version",
                                {.says = "of MQTT; with 3.1.1 headers, key, time and lifetime are not carried"}),
      field<&Settings::user>("user", {.says = "user name, if the broker asks for one"}),
      field<&Settings::password>("password", {.says = "of that user", .secret = true}),
      field<&Settings::ca>(
          "ca",
          {.unit = "path",
           .says = "file of the authorities that may have signed the broker's certificate; without it the system's"}),
      field<&Settings::certificate>(
          "certificate", {.unit = "path", .says = "file of our own certificate, if the broker asks for one"}),
      field<&Settings::key>("key", {.unit = "path", .says = "file of that certificate's private key"}),
      field<&Settings::key_password>("key_password", {.says = "of that file", .secret = true}),
      field<&Settings::verify>(
          "verify",
          {.says = "whether the broker's certificate must be signed by an authority and be for the host of the URL"}),
      field<&Settings::client_id>("client_id", {.says = "by which the broker knows us, unlike any other client's; "
                                                        "without it one is made up and kept in the state folder"}),
      field<&Settings::keep_alive>(
          "keep_alive",
          {.min = 1, .max = 3600, .says = "the connection counts as broken when nothing is heard for about so long"}),
      field<&Settings::timeout>("timeout",
                                {.min = 0.1, .max = 300, .says = "wait at most so long for the broker's answer"}),
      field<&Settings::session>(
          "session",
          {.min = 1, .max = 4e9, .says = "how long the broker keeps messages for a group that is away (MQTT 5)"}),
      field<&Settings::in_flight>(
          "in_flight",
          {.min = 1, .max = 65535, .says = "messages on their way at a time, unless the broker wants fewer"}),
      field<&Settings::queue>("queue",
                              {.min = 1,
                               .max = 1e9,
                               .says = "messages that may wait to be sent, and for each subscription to be delivered"}),
      field<&Settings::memory>(
          "memory", {.unit = "B", .min = 4096, .max = 1e12, .says = "bytes of messages that may wait to be sent"}),
      field<&Settings::largest_body>("largest_body",
                                     {.unit = "B",
                                      .min = 1,
                                      .max = 8 << 20,
                                      .says = "larger ones are refused at once; make it the broker's own limit"})};
};
