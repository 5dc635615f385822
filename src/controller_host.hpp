// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "astro/handles.hpp"
#include "astro/telemetry.hpp"
#include "device_host.hpp"

namespace astro {

class ControllerHost final : public DeviceHost {
 public:
  explicit ControllerHost(detail::HostSetup setup);
  ~ControllerHost() override;

  ControllerDescription description() const;
  Point latest(const std::string& point) const;
  std::shared_ptr<Execution::State> perform(const Issuer& issuer, const std::string& command, const Value& parameters);

  std::vector<CommandDescription> commands() const override { return description().commands; }
  std::vector<Field> points() const override { return description().points; }
  using DeviceHost::describe;
  void describe(const ControllerDescription& description) override;

 private:
  using Executions = std::map<std::string, std::shared_ptr<Execution::State>>;

  Action prepare(const std::string& command, const Value& parameters) override;
  Duration hook_bound() const override;
  Duration open_bound() const override;
  void poll() override;
  void on_stop() override;
  void on_lost() override;
  void on_close() override;
  void opened() override;
  void on_command(const std::string& command_id) override;
  void on_finished(const std::string& command_id, const Outcome& outcome) override;
  void on_progress(const std::string& command_id, double percent, const std::string& message) override;

  class Ears;
  class MailJob;
  void listen();
  void deliver(std::span<const Point> points);
  void deliver(const Acknowledgment& acknowledgment);
  void post();
  void open_mail() noexcept;
  static bool wants(const std::vector<std::string>& ids, const std::string& id);

  Controller& controller() { return static_cast<Controller&>(driver()); }
  std::shared_ptr<Execution::State> take_running(const std::string& id);
  void fail_running(const Error& why);

  mutable std::mutex mutex_;
  ControllerDescription description_;
  Executions running_;

  // What the driver hears of other devices, until its thread comes to it.
  std::mutex mail_mutex_;
  std::vector<Point> points_heard_;
  std::deque<Acknowledgment> acknowledgments_heard_;
  std::set<std::string> given_;  ///< commands that have not ended
  bool mail_is_posted_ = false;
  std::atomic<bool> is_opened_ = false;
  std::mutex ears_mutex_;
  std::unique_ptr<Ears> ears_;
  Subscription hearing_;
};

}  // namespace astro
