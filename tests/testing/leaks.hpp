// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// Included once in a program: what libraries of others lose is not ours to find. Avro C loses a few bytes of each
/// schema that it refuses, Paho of subscriptions whose connection broke, SEP two buffers of each blend that it takes
/// apart.
// NOLINTNEXTLINE(bugprone-reserved-identifier): the sanitizer asks for this name
extern "C" __attribute__((visibility("default"), used)) const char* __lsan_default_suppressions() {
  return "leak:libavro\nleak:libpaho-mqtt3\nleak:libsep\n";
}
