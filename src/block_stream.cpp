// SPDX-License-Identifier: BSD-3-Clause
#include "block_stream.hpp"

#include <utility>

#include "steady.hpp"

namespace astro {

void BlockStream::State::put(const BlockPtr& block) {
  const std::lock_guard lock(mutex_);
  if (closed_ || ended_) return;
  blocks_.push_back(block);
  if (waiting_) came_.notify_one();
}

void BlockStream::State::end(std::optional<Error> why) {
  const std::lock_guard lock(mutex_);
  if (ended_ || closed_) return;
  ended_ = true;
  error_ = std::move(why);
  came_.notify_all();
}

BlockPtr BlockStream::State::next(Duration at_most) {
  std::unique_lock lock(mutex_);
  if (blocks_.empty() && !ended_ && !closed_) {
    waiting_ = true;
    came_.wait_until(lock, detail::after(at_most), [this] { return !blocks_.empty() || ended_ || closed_; });
    waiting_ = false;
  }
  if (closed_) throw Error(ErrorCode::interrupted, "the stream was closed by its consumer");
  if (!blocks_.empty()) {
    BlockPtr block = std::move(blocks_.front());
    blocks_.pop_front();
    return block;
  }
  if (error_) throw Error(*error_);
  return nullptr;
}

void BlockStream::State::close() noexcept {
  std::deque<BlockPtr> blocks;
  std::function<void()> on_close;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    blocks.swap(blocks_);
    on_close.swap(on_close_);
    came_.notify_all();
  }
  if (on_close) on_close();
}

bool BlockStream::State::is_closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

BlockStream::BlockStream(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
BlockStream::BlockStream(BlockStream&&) noexcept = default;

BlockStream& BlockStream::operator=(BlockStream&& other) noexcept {
  if (this == &other) return *this;
  close();
  state_ = std::move(other.state_);
  return *this;
}

BlockStream::~BlockStream() { close(); }

BlockPtr BlockStream::next(Duration at_most) {
  if (!state_) throw Error(ErrorCode::interrupted, "the stream was moved elsewhere");
  const std::shared_ptr<State> kept = state_;
  return kept->next(at_most);
}

void BlockStream::close() noexcept {
  if (state_) state_->close();
}

}  // namespace astro
