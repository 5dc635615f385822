// SPDX-License-Identifier: BSD-3-Clause
#include "messaging/node_streams.hpp"

#include <optional>
#include <utility>

#include "astro/error.hpp"
#include "astro/metrics.hpp"
#include "description_value.hpp"
#include "messaging/wire.hpp"

namespace astro::messaging {

namespace {
constexpr Duration look_every = std::chrono::milliseconds(200);
}

NodeStreams::~NodeStreams() {
  for (auto& [device, stream] : streams_) {
    {
      const std::lock_guard lock(stream->mutex);
      stream->until = {};
    }
    stream->thread.join();
  }
}

void NodeStreams::ask(const Observatory& observatory, const std::string& device, Duration lasting,
                      const Issuer& issuer) {
  const std::lock_guard lock(mutex_);
  auto& stream = streams_[device];
  const auto until = std::chrono::steady_clock::now() + lasting;
  if (stream) {
    std::unique_lock stream_lock(stream->mutex);
    stream->until = until;
    if (!stream->ended) return;
    stream_lock.unlock();
    stream->thread.join();
    stream.reset();
  }
  if (lasting <= Duration::zero()) {
    streams_.erase(device);
    return;
  }
  const ReceiverHandle receiver = observatory.receiver(device, issuer);
  stream = std::make_unique<Stream>();
  stream->until = until;
  stream->thread = std::thread([this, stream = stream.get(), receiver] { run(*stream, receiver); });
}

void NodeStreams::run(Stream& stream, const ReceiverHandle& receiver) {
  const Counter lost =
      counter("astro_blocks_lost_total", "Blocks for which there was no room on their way to another machine",
              {{"device", receiver.name()}});
  BlockMessage message;
  try {
    BlockStream blocks = receiver.stream();
    for (;;) {
      if (const BlockPtr block = blocks.next(look_every)) {
        message.first = block->first;
        message.time = block->time;
        message.time_is_exact = block->time_is_exact;
        message.last = block->last;
        message.settings = detail::value_of(block->settings());
        if (!send_(receiver.name(), packed(message, block->bytes()))) lost.add();  // its reader sees the gap
      }
      const std::lock_guard lock(stream.mutex);
      if (std::chrono::steady_clock::now() < stream.until && !message.last) continue;
      stream.ended = true;
      return;
    }
  } catch (const Error& error) {
    message.error = error.what();
    message.error_code = to_string(error.code());
    (void)send_(receiver.name(), packed(message, {}));
  }
  const std::lock_guard lock(stream.mutex);
  stream.ended = true;
}

}  // namespace astro::messaging
