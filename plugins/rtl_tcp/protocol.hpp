// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "astro/frequency.hpp"
#include "astro/record.hpp"

// What Osmocom's rtl_tcp speaks: twelve bytes of greeting from the server, then samples (cu8) without end and without
// a frame around them; five bytes a command from the client, which nobody answers. Numbers are big endian.
namespace rtl_tcp {

enum class Command : std::uint8_t {
  frequency = 0x01,    ///< Hz
  sample_rate = 0x02,  ///< Hz
  gain_mode = 0x03,    ///< 0 automatic, 1 by hand
  gain = 0x04,         ///< tenths of a decibel
  correction = 0x05,   ///< ppm
  if_gain = 0x06,      ///< stage in the high, tenths of a decibel in the low 16 bits
  agc = 0x08,          ///< of the demodulator, behind the tuner
  direct_sampling = 0x09,
  gain_index = 0x0d,
  bias_tee = 0x0e,
};

inline constexpr std::size_t command_bytes = 5;
using Packet = std::array<std::byte, command_bytes>;

Packet packet_of(Command command, std::uint32_t number);

/// Of the greeting: which chip tunes (librtlsdr's enum rtlsdr_tuner), and how many gains it has.
struct Greeting {
  std::uint32_t tuner = 0;
  std::uint32_t gains = 0;
};

inline constexpr std::size_t greeting_bytes = 12;
using GreetingBytes = std::array<std::byte, greeting_bytes>;

GreetingBytes bytes_of(const Greeting& greeting);
/// Nothing where the bytes are no greeting.
std::optional<Greeting> greeting_in(std::span<const std::byte, greeting_bytes> bytes);

std::uint32_t big_endian_in(std::span<const std::byte> four);

/// A tuner chip: its name, its band and the gains that it has, in tenths of a decibel (librtlsdr).
struct Tuner {
  const char* name = "an unknown tuner";
  astro::Frequency lowest{};
  astro::Frequency highest = astro::hertz(4294967295.0);  // what a command can say
  std::span<const int> gains_tenth_db{};

  /// What it makes of a wish: the nearest that it has.
  double nearest_gain_db(double wanted_db) const;
};

inline constexpr std::uint32_t r820t = 5;  ///< of nearly all RTL-SDRs
Tuner tuner_of(std::uint32_t number);

/// What the demodulator (RTL2832U, crystal of 28.8 MHz) makes of a wish: a ratio of 22 binary digits, of which the
/// last two are not kept (librtlsdr). Nothing for a rate that it cannot do.
std::optional<astro::Frequency> real_rate(astro::Frequency wanted);

inline constexpr astro::Frequency slowest_rate = astro::hertz(225001);
inline constexpr astro::Frequency fastest_rate = astro::megahertz(3.2);
inline constexpr astro::Frequency highest_direct = astro::megahertz(28.8);

}  // namespace rtl_tcp
