// SPDX-License-Identifier: BSD-3-Clause
#include "protocol.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>

namespace rtl_tcp {

namespace {

constexpr std::string_view magic = "RTL0";

void put_big_endian(std::span<std::byte> into, std::uint32_t number) {
  for (int i = 3; i >= 0; --i, number >>= 8) into[static_cast<std::size_t>(i)] = static_cast<std::byte>(number & 0xff);
}

// Which tuner has which gains (tenths of a decibel): facts of the chips, as librtlsdr lists them.
constexpr std::array e4000{-10, 15, 40, 65, 90, 115, 140, 165, 190, 215, 240, 290, 340, 420};
constexpr std::array fc0012{-99, -40, 71, 179, 192};
constexpr std::array fc0013{-99, -73, -65, -63, -60, -58, -54, 58,  61,  63,  65, 67,
                            68,  70,  71,  179, 181, 182, 184, 186, 188, 191, 197};
constexpr std::array fc2580{0};
constexpr std::array r82xx{0,   9,   14,  27,  37,  77,  87,  125, 144, 157, 166, 197, 207, 229, 254,
                           280, 297, 328, 338, 364, 372, 386, 402, 421, 434, 439, 445, 480, 496};

Tuner tuner(const char* name, double lowest_mhz, double highest_mhz, std::span<const int> gains) {
  return {name, astro::megahertz(lowest_mhz), astro::megahertz(highest_mhz), gains};
}

}  // namespace

Packet packet_of(Command command, std::uint32_t number) {
  Packet packet{};
  packet[0] = static_cast<std::byte>(command);
  put_big_endian(std::span(packet).subspan(1), number);
  return packet;
}

std::uint32_t big_endian_in(std::span<const std::byte> four) {
  std::uint32_t number = 0;
  for (const std::byte each : four.first(4)) number = (number << 8) | std::to_integer<std::uint32_t>(each);
  return number;
}

GreetingBytes bytes_of(const Greeting& greeting) {
  GreetingBytes bytes{};
  std::memcpy(bytes.data(), magic.data(), magic.size());
  put_big_endian(std::span(bytes).subspan(4), greeting.tuner);
  put_big_endian(std::span(bytes).subspan(8), greeting.gains);
  return bytes;
}

std::optional<Greeting> greeting_in(std::span<const std::byte, greeting_bytes> bytes) {
  if (std::memcmp(bytes.data(), magic.data(), magic.size()) != 0) return std::nullopt;
  return Greeting{big_endian_in(bytes.subspan(4)), big_endian_in(bytes.subspan(8))};
}

Tuner tuner_of(std::uint32_t number) {
  switch (number) {
    case 1:
      return tuner("an E4000", 52, 2200, e4000);
    case 2:
      return tuner("a FC0012", 22, 948.6, fc0012);
    case 3:
      return tuner("a FC0013", 22, 1100, fc0013);
    case 4:
      return tuner("a FC2580", 146, 924, fc2580);
    case r820t:
      return tuner("a R820T", 24, 1766, r82xx);
    case 6:
      return tuner("a R828D", 0, 1766, r82xx);  // with a mixer before it for what is below 24 MHz
    default:
      return {};
  }
}

double Tuner::nearest_gain_db(double wanted_db) const {
  if (gains_tenth_db.empty()) return std::round(wanted_db * 10.0) / 10.0;
  return *std::ranges::min_element(gains_tenth_db, {}, [&](int tenth) { return std::abs(tenth - wanted_db * 10.0); }) /
         10.0;
}

std::optional<astro::Frequency> real_rate(astro::Frequency wanted) {
  const double hertz = wanted.hertz();
  const bool slow = hertz >= slowest_rate.hertz() && hertz <= 300e3;
  const bool fast = hertz > 900e3 && hertz <= fastest_rate.hertz();
  if (!slow && !fast) return std::nullopt;
  const double cycles = 28.8e6 * 4194304.0;
  auto ratio = static_cast<std::uint64_t>(cycles / std::round(hertz)) & 0x0ffffffcU;
  ratio |= (ratio & 0x08000000U) << 1U;
  return astro::hertz(cycles / static_cast<double>(ratio));
}

}  // namespace rtl_tcp
