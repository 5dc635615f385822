// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "astro/messaging/telescope.hpp"
#include "astro/messaging/telescope_topics.hpp"
#include "astro/observatory.hpp"
#include "astro/observing/observe.hpp"
#include "execution.hpp"
#include "messaging/telescope_sender.hpp"

namespace astro::messaging {

/// The observations that a control room asked for on the telescope's topics: done in the order in which they came, each
/// integration sent as it is there.
class ObservationDesk {
 public:
  using Running = std::shared_ptr<Execution::State>;

  ObservationDesk(const Observatory& site, const TelescopeSection& section, TelescopeSender& sender);
  ~ObservationDesk();
  ObservationDesk(const ObservationDesk&) = delete;
  ObservationDesk& operator=(const ObservationDesk&) = delete;

  /// From now on what waits is observed.
  void start();
  /// Nothing more begins, and what runs is cancelled.
  void end();
  /// Until nothing runs any more, after `end`.
  void wait();

  /// Throws when it cannot be planned, or too many wait.
  void add(const TelescopeCommand& message, const Running& execution);
  /// By the observation's id as the control room has it, or by the command that asked for it (`parent_id`). Throws
  /// `not_found`.
  void cancel(const TelescopeCommand& message, const Running& execution);

  /// The id of what is observed now; empty: nothing.
  std::string current() const;
  /// When what this command asked for will be done, where that is what is observed now.
  std::optional<Time> completion_of(const std::string& command_id) const;

 private:
  struct Job;
  struct Sent;

  void run();
  void observe_one(Job& job);
  void progressed(Job& job, const Progress& progress, Sent& sent);

  const Observatory site_;
  const TelescopeSection section_;
  TelescopeSender& sender_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool is_ending_ = false;
  std::deque<std::shared_ptr<Job>> waiting_;
  std::shared_ptr<Job> current_;
  std::thread thread_;
};

}  // namespace astro::messaging
