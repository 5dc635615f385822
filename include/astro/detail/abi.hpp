// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string_view>

#include "astro/registry.hpp"
#include "astro/serial_port.hpp"
#include "astro/tcp_connection.hpp"
#include "astro/tcp_listener.hpp"

// The ABI tag: what must be the same on both sides of a plugin's border, as text in an ELF note
// (System V ABI, "Note Section"), so that `readelf -p .note.astro` shows it too.
namespace astro::detail {

/// Counts up with every change of a virtual function or a crossing type. A test compares it.
inline constexpr unsigned interface_version = 2;

/// FNV-1a over the sizes and alignments of every type that crosses.
template <class... T>
consteval std::uint32_t layout_hash() {
  std::uint32_t hash = 2166136261u;
  for (const std::size_t number : {sizeof(T)..., alignof(T)...})
    hash = (hash ^ static_cast<std::uint32_t>(number)) * 16777619u;
  return hash;
}

inline constexpr std::uint32_t abi_layout = layout_hash<
    Clock, Clock::Hold, SerialPort, TcpConnection, TcpListener, Rows, Location, AxisRange, FieldOptions, Header, Cause,
    TransportDescription, Quality, LogLevel, Dtype, FieldType, ErrorCode, MountState, Geometry, Error, Angle, Frequency,
    Time, Target, Value, Array, Cell, Field, Schema, Member, Surroundings, Outcome, Driver, Device, Emitter, Axes,
    AxisRates, MountStatus, MountDescription, Mount, Tuning, StreamSettings, Filled, ReceiverDescription, Receiver,
    CommandDescription, ControllerDescription, Call, Performed, Controller, Message, Published, Subscriber, Transport,
    Condition, Query, Store, DriverDescription, SectionDescription, Registry, std::string, std::function<void()>>();

// One "key=value;" for each thing; the reader compares key by key and names the first that differs.
#define ASTRO_ABI_TEXT_(x) #x
#define ASTRO_ABI_TEXT(x) ASTRO_ABI_TEXT_(x)

#if defined(__x86_64__)
#define ASTRO_ABI_ARCHITECTURE "x86-64"
#elif defined(__aarch64__)
#define ASTRO_ABI_ARCHITECTURE "aarch64"
#elif defined(__arm__)
#define ASTRO_ABI_ARCHITECTURE "arm"
#elif defined(__i386__)
#define ASTRO_ABI_ARCHITECTURE "i386"
#elif defined(__riscv)
#define ASTRO_ABI_ARCHITECTURE "riscv"
#else
#error "name this architecture here"
#endif

#if defined(__GLIBCXX__)
#define ASTRO_ABI_LIBRARY "libstdc++-" ASTRO_ABI_TEXT(_GLIBCXX_RELEASE)
#elif defined(_LIBCPP_VERSION)
#define ASTRO_ABI_LIBRARY "libc++-" ASTRO_ABI_TEXT(_LIBCPP_VERSION)
#else
#error "name this standard library here"
#endif

#if defined(_GLIBCXX_USE_CXX11_ABI) && _GLIBCXX_USE_CXX11_ABI
#define ASTRO_ABI_STRING "cxx11"
#else
#define ASTRO_ABI_STRING "old"
#endif

#if defined(_GLIBCXX_DEBUG) || defined(_LIBCPP_ENABLE_DEBUG_MODE)
#define ASTRO_ABI_DEBUG "yes"
#else
#define ASTRO_ABI_DEBUG "no"
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ASTRO_ABI_SANITIZER "address"
#elif __has_feature(thread_sanitizer)
#define ASTRO_ABI_SANITIZER "thread"
#elif __has_feature(memory_sanitizer)
#define ASTRO_ABI_SANITIZER "memory"
#endif
#endif
#if !defined(ASTRO_ABI_SANITIZER)
#if defined(__SANITIZE_ADDRESS__)
#define ASTRO_ABI_SANITIZER "address"
#elif defined(__SANITIZE_THREAD__)
#define ASTRO_ABI_SANITIZER "thread"
#else
#define ASTRO_ABI_SANITIZER "none"
#endif
#endif

#if defined(__cpp_exceptions)
#define ASTRO_ABI_EXCEPTIONS "yes"
#else
#define ASTRO_ABI_EXCEPTIONS "no"
#endif
#if defined(__cpp_rtti)
#define ASTRO_ABI_RTTI "yes"
#else
#define ASTRO_ABI_RTTI "no"
#endif

struct AbiNote {
  std::uint32_t name_size;
  std::uint32_t text_size;
  std::uint32_t type;
  char name[8];
  char text[244];
};

consteval AbiNote make_abi_note() {
  AbiNote note{6, sizeof(AbiNote::text), 1, {'a', 's', 't', 'r', 'o', 0, 0, 0}, {}};
  std::size_t length = 0;
  const auto append = [&](std::string_view text) {
    for (const char c : text) note.text[length++] = c;  // too long: not a constant expression
  };
  const auto number = [&](std::uint64_t value) {
    char digits[20] = {};
    int count = 0;
    do digits[count++] = static_cast<char>('0' + value % 10);
    while ((value /= 10) != 0);
    while (count > 0) note.text[length++] = digits[--count];
  };
  append("interface="), number(interface_version);
  append(";architecture=" ASTRO_ABI_ARCHITECTURE ";endian=");
  append(std::endian::native == std::endian::little ? "little" : "big");
  append(";pointer="), number(sizeof(void*)), append(";long="), number(sizeof(long)), append(";time_t="),
      number(sizeof(std::time_t));
  append(";library=" ASTRO_ABI_LIBRARY ";strings=" ASTRO_ABI_STRING ";debug=" ASTRO_ABI_DEBUG
         ";sanitizer=" ASTRO_ABI_SANITIZER ";exceptions=" ASTRO_ABI_EXCEPTIONS ";rtti=" ASTRO_ABI_RTTI ";layout=");
  number(abi_layout);
  append(";");
  return note;
}

}  // namespace astro::detail
