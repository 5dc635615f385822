// SPDX-License-Identifier: BSD-3-Clause
#include "properties.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "astro/error.hpp"
#include "astro/time.hpp"

namespace astro::mqtt {

namespace {

constexpr std::uint32_t for_ever = 0xFFFFFFFF;

// Paho copies what it is given; its structure only has no const.
MQTTLenString borrowed(std::string_view text) noexcept {
  return {static_cast<int>(text.size()), const_cast<char*>(text.data())};
}

std::string_view view(const MQTTLenString& text) noexcept { return {text.data, static_cast<std::size_t>(text.len)}; }

/// Foreign clients may have written anything.
void read_lifetime(std::string_view text, Duration& lifetime) {
  double value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec == std::errc() && value > 0 && value < 9e9) lifetime = from_seconds(value);
}

void read_time(std::string_view text, Time& time) try {
  time = parse_time(text);
} catch (const Error&) {  // then it counts from its arrival
}

/// The length of the code point that begins here, or 0 for what is none or none that MQTT lets pass.
std::size_t code_point(std::string_view rest) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
  const unsigned char first = byte(0);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length == 0 || length > rest.size()) return 0;
  std::uint32_t code = length == 1 ? first : first & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3FU);
  }
  const bool is_overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool is_surrogate = code >= 0xD800 && code < 0xE000;
  const bool is_control = code < 0x20 || (code >= 0x7F && code < 0xA0);
  const bool is_no_character = (code & 0xFFFE) == 0xFFFE || (code >= 0xFDD0 && code <= 0xFDEF);
  return is_overlong || is_surrogate || is_control || is_no_character || code > 0x10FFFF ? 0 : length;
}

}  // namespace

void Properties::add(MQTTPropertyCodes code, std::uint32_t value) {
  MQTTProperty property{};
  property.identifier = code;
  property.value.integer4 = value;
  all_.push_back(property);
}

void Properties::add_user(std::string_view name, std::string_view value) {
  MQTTProperty property{};
  property.identifier = MQTTPROPERTY_CODE_USER_PROPERTY;
  property.value.data = borrowed(name);
  property.value.value = borrowed(value);
  all_.push_back(property);
}

void Properties::add_message(const Message& message, Duration left) {
  for (const Header& header : message.headers) add_user(header.name, header.value);
  if (!message.key.empty()) add_user(key_property, message.key);
  if (message.time != Time{}) add_user(time_property, time_ = format_time(message.time, 9));
  if (message.lifetime > Duration::zero()) {
    char text[32];
    std::snprintf(text, sizeof text, "%.9g", seconds(message.lifetime));
    add_user(lifetime_property, lifetime_ = text);
  }
  if (left > Duration::zero()) {
    const auto whole = std::chrono::ceil<std::chrono::seconds>(left).count();
    add(MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL,
        static_cast<std::uint32_t>(std::min<long long>(whole, for_ever - 1)));
  }
}

MQTTProperties* Properties::get() noexcept {
  view_.count = view_.max_count = static_cast<int>(all_.size());
  view_.array = all_.data();
  return &view_;
}

void read(const MQTTProperties& properties, Message& message, std::vector<Header>& headers) {
  headers.clear();
  for (int i = 0; i < properties.count; ++i) {
    const MQTTProperty& property = properties.array[i];
    if (property.identifier == MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL && message.lifetime == Duration::zero()) {
      message.lifetime = std::chrono::seconds(property.value.integer4);
    }
    if (property.identifier != MQTTPROPERTY_CODE_USER_PROPERTY) continue;
    const std::string_view name = view(property.value.data);
    const std::string_view value = view(property.value.value);
    if (name == key_property) message.key = value;
    else if (name == time_property) read_time(value, message.time);
    else if (name == lifetime_property) read_lifetime(value, message.lifetime);
    else headers.push_back({name, value});
  }
  message.headers = headers;
}

std::string complaint_about_text(std::string_view text) {
  if (text.size() > 65535) return "it has more than 65535 bytes";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = code_point(text.substr(at));
    if (length == 0) return "byte " + std::to_string(at) + " is no character of UTF-8 that MQTT carries";
    at += length;
  }
  return {};
}

}  // namespace astro::mqtt
