// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "astro/observatory.hpp"

namespace astro::messaging {

/// Sends the blocks of receivers for as long as somebody asks for them.
class NodeStreams {
 public:
  /// `send`: a body to `blocks/{device}`; whether there was room for it.
  using Send = std::function<bool(const std::string& device, const Bytes& body)>;

  explicit NodeStreams(Send send) : send_(std::move(send)) {}
  ~NodeStreams();
  NodeStreams(const NodeStreams&) = delete;
  NodeStreams& operator=(const NodeStreams&) = delete;

  /// From now for so long; again: longer. Zero ends it. Who asks first has to be allowed to start the receiver.
  void ask(const Observatory& observatory, const std::string& device, Duration lasting, const Issuer& issuer);

 private:
  struct Stream {
    std::mutex mutex;
    std::chrono::steady_clock::time_point until;
    bool ended = false;
    std::thread thread;
  };
  void run(Stream& stream, const ReceiverHandle& receiver);

  const Send send_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Stream>> streams_;
};

}  // namespace astro::messaging
