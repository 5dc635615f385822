// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>

#include "astro/error.hpp"
#include "astro/handles.hpp"

namespace astro {

/// The queue of one consumer. It needs no bound of its own: the pools that its blocks come from have one.
struct BlockStream::State {
 public:
  /// `on_close` is called once, when the consumer needs no more.
  explicit State(std::function<void()> on_close) : on_close_(std::move(on_close)) {}

  void put(const BlockPtr& block);
  /// No more blocks will come: an error, or the end of a recording.
  void end(std::optional<Error> why);
  BlockPtr next(Duration at_most);
  void close() noexcept;
  bool is_closed() const;

 private:
  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::deque<BlockPtr> blocks_;
  bool waiting_ = false;
  bool closed_ = false;
  bool ended_ = false;
  std::optional<Error> error_;
  std::function<void()> on_close_;
};

}  // namespace astro
