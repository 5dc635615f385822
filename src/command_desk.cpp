// SPDX-License-Identifier: BSD-3-Clause
#include "command_desk.hpp"

#include <utility>

namespace astro::detail {

namespace {
constexpr std::size_t most_handed_in = 1000;
}  // namespace

bool CommandDesk::hand_in(Command command) {
  const std::lock_guard lock(mutex_);
  if (ending_) return true;  // nobody moves any more, and all are stopped
  if (command.name == "stop") waiting_.push_front(std::move(command));
  else if (waiting_.size() < most_handed_in) waiting_.push_back(std::move(command));
  else return false;
  if (execute_ && !thread_.joinable()) thread_ = std::thread([this] { work(); });
  wake_.notify_one();
  return true;
}

void CommandDesk::begin(Execute execute) {
  const std::lock_guard lock(mutex_);
  execute_ = std::move(execute);
  if (!waiting_.empty() && !ending_) thread_ = std::thread([this] { work(); });
}

void CommandDesk::end() noexcept {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    waiting_.clear();
    wake_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void CommandDesk::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (ending_) return;
    Command command = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    execute_(std::move(command));
    lock.lock();
  }
}

}  // namespace astro::detail
