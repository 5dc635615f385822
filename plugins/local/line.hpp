// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "astro/transport.hpp"
#include "chunk.hpp"

namespace astro::local {

struct Worker;

/// One subscription, or that of a group: how far in the stream of messages it has come.
struct Line {
  std::string pattern;
  std::string group;
  std::uint64_t next = 0;                              // the first message that is not delivered yet
  std::vector<std::shared_ptr<const Chunk>> retained;  // of before, one message each; they go first
  std::vector<const Worker*> members;                  // of one only, unless it is a group
  bool busy = false;                                   // a member is delivering: order is kept by waiting
  unsigned failures = 0;                               // in a row
  std::chrono::steady_clock::time_point not_before{};  // after a failure

  // For whoever is busy with it.
  std::shared_ptr<const Topics> compared;
  std::vector<std::uint8_t> answers;  // by the topic's number: not compared yet, yes, no
  std::vector<Message> chosen;

  /// Those of the chunk's messages that are for this line and still alive; as they lie when all are.
  std::span<const Message> choose(const Chunk& chunk, std::uint64_t from, std::uint64_t to, Time now);
  std::span<const Message> choose_retained(Time now);

 private:
  bool wants(const Message& message, std::uint32_t number);
};

}  // namespace astro::local
