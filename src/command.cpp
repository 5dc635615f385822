// SPDX-License-Identifier: BSD-3-Clause
#include "astro/command.hpp"

#include <array>
#include <random>
#include <utility>

#include "command_traces.hpp"
#include "execution.hpp"
#include "journal.hpp"
#include "steady.hpp"
#include "telemetry_hub.hpp"

namespace astro {

std::string new_id() {
  // RFC 9562, section 5.7: 48 bits of milliseconds, then (method 3 of section 6.2) 12 bits of a finer
  // time, then chance. An id of this process that is not later than the one before counts on from it.
  static std::mutex mutex;
  static std::mt19937_64 chance{(std::uint64_t{std::random_device{}()} << 32) ^ std::random_device{}()};
  static std::uint64_t last = 0;
  std::uint64_t time = 0;
  std::uint64_t random = 0;
  {
    const std::lock_guard lock(mutex);
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto micro = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
    time = (micro / 1000) << 12 | (micro % 1000) * 4096 / 1000;
    if (time <= last) time = last + 1;
    last = time;
    random = chance();
  }
  const std::uint64_t high = (time >> 12) << 16 | 0x7000u | (time & 0xfffu);
  const std::uint64_t low = (random & 0x3fffffffffffffffu) | 0x8000000000000000u;
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (int i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) text += '-';
    text += digits[((i < 16 ? high : low) >> (60 - 4 * (i % 16))) & 0xf];
  }
  return text;
}

Execution::State::State(Command command, bool from_outside, std::shared_ptr<const detail::CommandBook> book)
    : command_(std::make_shared<const Command>(std::move(command))),
      from_outside_(from_outside),
      book_(std::move(book)) {
  latest_.command_id = command_->id;
  latest_.device = command_->device;
  latest_.command = command_->name;
  latest_.issuer = command_->issuer;
  latest_.time = book_->clock->now();
  if (!from_outside_ && !current_trace().is_none()) begin_span();
}

void Execution::State::begin_span() {
  span_.emplace(command_->name);
  span_->set("astro.device", command_->device);
  span_->set("astro.issuer", command_->issuer.name);
  span_->set("astro.command_id", command_->id);
  detail::remember_trace(command_->id, span_->context());
}

Execution::State::State(Acknowledgment known) : ended_(true), latest_(std::move(known)), has_returned_(true) {
  Command command;
  command.id = latest_.command_id;
  command.device = latest_.device;
  command.name = latest_.command;
  command.issuer = latest_.issuer;
  command_ = std::make_shared<const Command>(std::move(command));
  if (!latest_.error_code.empty()) error_.emplace(error_code_of(latest_.error_code), latest_.message);
}

void Execution::State::tell(const Acknowledgment& acknowledgment) {
  book_->hub->acknowledge(acknowledgment);
  if (from_outside_) book_->journal->write_later({command_, acknowledgment, {}});
}

void Execution::State::start() {
  const std::lock_guard lock(mutex_);
  if (ended_ || latest_.state == CommandState::started) return;
  latest_.state = CommandState::started;
  latest_.time = book_->clock->now();
  tell(latest_);  // under the lock: the end comes after it
}

void Execution::State::progress(double percent, std::string message) {
  const std::lock_guard lock(mutex_);
  if (ended_) return;
  latest_.state = CommandState::started;
  latest_.time = book_->clock->now();
  latest_.progress_percent = std::clamp(percent, 0.0, 100.0);
  latest_.message = std::move(message);
  book_->hub->acknowledge(latest_);
}

void Execution::State::goes_on() {
  {
    const std::lock_guard lock(mutex_);
    if (!ended_ && !from_outside_) book_->journal->write_later({command_, latest_, {}});
    if (!ended_ && from_outside_ && !latest_.progress_percent) {
      // Who is far away cannot see that the driver took it: until then it may have failed at once.
      latest_.progress_percent = 0.0;
      book_->hub->acknowledge(latest_);
    }
    has_returned_ = true;
  }
  returned_.notify_all();
}

void Execution::State::succeed(std::string message, Value details) {
  end(CommandState::completed, std::move(message), nullptr, std::move(details));
}

void Execution::State::fail(const Error& error, Value details) {
  end(CommandState::failed, error.what(), &error, std::move(details));
}

void Execution::State::refuse(const Error& error) { end(CommandState::rejected, error.what(), &error, {}); }

void Execution::State::time_out(std::string message) {
  const Error error(ErrorCode::expired, message);
  end(CommandState::timeout, std::move(message), &error, {});
}

void Execution::State::end(CommandState state, std::string message, const Error* error, Value details) {
  if (ended_.exchange(true)) return;
  const auto self = shared_from_this();
  {
    const std::lock_guard lock(mutex_);
    Acknowledgment last = latest_;
    last.state = state;
    last.time = book_->clock->now();
    last.message = std::move(message);
    last.details = std::move(details);
    if (state == CommandState::completed && last.progress_percent) last.progress_percent = 100.0;
    if (error != nullptr) last.error_code = to_string(error->code());
    if (error != nullptr) error_.emplace(*error);
    if (span_) span_->end(error != nullptr ? last.message : "");
    has_returned_ = true;
    const bool is_told_later =
        from_outside_ && book_->journal->write_later({command_, last, [self, last] { self->tell_end(last); }});
    if (!is_told_later) {
      latest_ = std::move(last);
      book_->hub->acknowledge(latest_);
      if (!from_outside_) book_->journal->write_later({command_, latest_, {}});
    }
  }
  // Without the lock: who is woken on this core would at once wait for it.
  told_.notify_all();
  returned_.notify_all();
}

/// Once it is written down.
void Execution::State::tell_end(const Acknowledgment& last) {
  {
    const std::lock_guard lock(mutex_);
    latest_ = last;
    book_->hub->acknowledge(latest_);
  }
  told_.notify_all();
}

void Execution::State::wait_returned() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [this] { return has_returned_; });
  if (error_) throw Error(*error_);
}

Acknowledgment Execution::State::latest() const {
  const std::lock_guard lock(mutex_);
  return latest_;
}

Acknowledgment Execution::State::wait(Duration at_most) const {
  std::unique_lock lock(mutex_);
  told_.wait_until(lock, detail::after(at_most), [this] { return is_final(latest_.state); });
  return latest_;
}

std::optional<ErrorCode> Execution::State::error_code() const {
  const std::lock_guard lock(mutex_);
  if (!error_) return std::nullopt;
  return error_->code();
}

Execution::Execution(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
const std::string& Execution::id() const noexcept { return state_->command().id; }
Acknowledgment Execution::latest() const { return state_->latest(); }
Acknowledgment Execution::wait(Duration at_most) const { return state_->wait(at_most); }

Acknowledgment Execution::wait_completed(Duration at_most) const {
  Acknowledgment last = state_->wait(at_most);
  if (last.state == CommandState::completed) return last;
  if (!is_final(last.state)) {
    throw Error(ErrorCode::timeout, "command " + last.command + " of device '" + last.device + "' has not ended in " +
                                        std::to_string(seconds(at_most)) + " s; it goes on");
  }
  throw Error(state_->error_code().value_or(ErrorCode::internal), last.message);
}

}  // namespace astro
