// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <MQTTAsync.h>

#include <string>
#include <string_view>
#include <vector>

#include "astro/transport.hpp"

/// \file
/// What of a message is beside its body: MQTT 5 properties (OASIS 2019, section 3.3.2.3). Headers are
/// user properties of their name; key, time and lifetime are user properties of the names below.
namespace astro::mqtt {

inline constexpr std::string_view key_property = "astro-key";
inline constexpr std::string_view time_property = "astro-time";          // ISO 8601, UTC
inline constexpr std::string_view lifetime_property = "astro-lifetime";  // seconds

/// To be given to Paho, which copies them. They are not put together by Paho's own functions: those keep a
/// list of all that they ever allocated, under a lock that all of its threads want.
class Properties final {
 public:
  Properties() = default;
  Properties(const Properties&) = delete;
  Properties& operator=(const Properties&) = delete;

  void add(MQTTPropertyCodes code, std::uint32_t value);
  /// Borrows both.
  void add_user(std::string_view name, std::string_view value);
  /// Of a message to be sent, which it borrows from; the broker drops it after `left`, if that is not zero.
  void add_message(const Message& message, Duration left);
  /// Good until something is added.
  MQTTProperties* get() noexcept;

 private:
  std::vector<MQTTProperty> all_;
  std::string time_;
  std::string lifetime_;
  MQTTProperties view_ = MQTTProperties_initializer;
};

/// Copies into `message` what the properties say; `headers` holds what it then borrows, of the
/// properties' memory.
void read(const MQTTProperties& properties, Message& message, std::vector<Header>& headers);

/// What keeps a text from being one of MQTT's, or nothing: brokers close the connection on one that
/// is not UTF-8 or has control characters (1.5.4).
std::string complaint_about_text(std::string_view text);

}  // namespace astro::mqtt
