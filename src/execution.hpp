// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "astro/clock.hpp"
#include "astro/command.hpp"
#include "astro/error.hpp"
#include "astro/trace.hpp"

namespace astro {

namespace detail {

class Journal;
class TelemetryHub;

/// Where what becomes of commands is written and told.
struct CommandBook {
  std::shared_ptr<Clock> clock;
  std::shared_ptr<TelemetryHub> hub;
  std::shared_ptr<Journal> journal;
};

}  // namespace detail

/// One command on its way. It ends exactly once, whoever comes first; the end of a command from
/// outside is told when it is durable, that of a typed call at once.
struct Execution::State final : std::enable_shared_from_this<Execution::State> {
 public:
  State(Command command, bool from_outside, std::shared_ptr<const detail::CommandBook> book);
  /// One that ended before, as the journal has it.
  explicit State(Acknowledgment known);

  const Command& command() const noexcept { return *command_; }
  bool is_from_outside() const noexcept { return from_outside_; }
  bool has_ended() const noexcept { return ended_.load(); }
  TraceContext trace() const { return span_ ? span_->context() : TraceContext{}; }

  void begin_span();  ///< as a part of what this thread does; before anybody else sees it
  void start();
  void progress(double percent, std::string message);
  /// The hook came back and the command goes on.
  void goes_on();
  void succeed(std::string message = {}, Value details = {});
  void fail(const Error& error, Value details = {});
  void refuse(const Error& error);
  void time_out(std::string message);

  /// Until the hook came back or the command ended; throws why it failed.
  void wait_returned();
  Acknowledgment latest() const;
  /// Until it has ended and that is told.
  Acknowledgment wait(Duration at_most) const;
  std::optional<ErrorCode> error_code() const;

 private:
  void end(CommandState state, std::string message, const Error* error, Value details);
  void tell(const Acknowledgment& acknowledgment);
  void tell_end(const Acknowledgment& last);

  std::shared_ptr<const Command> command_;
  bool from_outside_ = true;
  std::shared_ptr<const detail::CommandBook> book_;
  std::optional<Span> span_;
  std::atomic<bool> ended_ = false;

  mutable std::mutex mutex_;
  mutable std::condition_variable told_;
  std::condition_variable returned_;
  Acknowledgment latest_{};
  bool has_returned_ = false;
  std::optional<Error> error_;
};

}  // namespace astro
