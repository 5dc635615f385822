// SPDX-License-Identifier: BSD-3-Clause
#include "controller_host.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "astro/error.hpp"

namespace astro {

/// Hears for the driver what happens in the observatory.
class ControllerHost::Ears final : public Listener {
 public:
  explicit Ears(ControllerHost& host) : host_(host) {}
  void points(std::span<const Point> points, std::uint64_t) override { host_.deliver(points); }
  void acknowledgment(const Acknowledgment& acknowledgment) override { host_.deliver(acknowledgment); }

 private:
  ControllerHost& host_;
};

/// Brings the driver what it was told.
class ControllerHost::MailJob final : public detail::Job {
 public:
  explicit MailJob(ControllerHost& host) : host_(host) { ends_with_stop = false; }
  void run() noexcept override { host_.open_mail(); }
  void fail(const Error&) noexcept override {}

 private:
  ControllerHost& host_;
};

ControllerHost::ControllerHost(detail::HostSetup setup) : DeviceHost(std::move(setup)) {}
ControllerHost::~ControllerHost() = default;

void ControllerHost::describe(const ControllerDescription& description) {
  {
    const std::lock_guard lock(mutex_);
    description_ = description;
  }
  set_poll_interval(description.poll_every);
  set_points(description.points);
  if (is_opened_ && !description.hears.empty()) listen();
}

ControllerDescription ControllerHost::description() const {
  const std::lock_guard lock(mutex_);
  return description_;
}

Duration ControllerHost::hook_bound() const {
  const std::lock_guard lock(mutex_);
  return description_.hook_bound;
}

Duration ControllerHost::open_bound() const {
  const std::lock_guard lock(mutex_);
  return description_.open_bound;
}

void ControllerHost::poll() {
  worker().hook("poll", hook_bound(), [this] { controller().poll(); });
}

Point ControllerHost::latest(const std::string& name) const {
  std::vector<std::string> known;
  for (const Field& field : points()) known.push_back(field.name);
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    const std::string near = nearest(name, known);
    throw Error(ErrorCode::not_found,
                place() + ": it has no point " + name + (near.empty() ? "" : "; did you mean " + near + "?"));
  }
  if (auto point = latest_point(name)) return *std::move(point);
  throw Error(ErrorCode::timeout, place() + ": point " + name + " has not been read yet");
}

std::shared_ptr<Execution::State> ControllerHost::perform(const Issuer& issuer, const std::string& command,
                                                          const Value& parameters) {
  std::vector<std::string> known;
  for (const CommandDescription& description : commands()) {
    known.push_back(description.name);
    if (description.name != command) continue;
    Value checked;
    try {
      checked = canonical(Schema{command, description.parameters}, parameters.is_null() ? Value(Map{}) : parameters);
    } catch (const Error& error) {
      throw error.at(place() + ": command " + command);
    }
    auto execution = begin(issuer, command, checked);
    issue(execution, prepare(command, checked));
    return execution;
  }
  const std::string near = nearest(command, known);
  throw Error(ErrorCode::not_found,
              place() + ": it has no command " + command + (near.empty() ? "" : "; did you mean " + near + "?"));
}

DeviceHost::Action ControllerHost::prepare(const std::string& command, const Value& parameters) {
  return {.run = [this, command, parameters](const std::shared_ptr<Execution::State>& execution) {
    const Call call{execution->command().id, command, parameters};
    {
      const std::lock_guard lock(mutex_);
      running_.emplace(call.id, execution);  // before: its end may come from within the hook
    }
    try {
      const auto act = [&] { return controller().perform(call); };
      Performed performed = worker().moving_hook("perform", hook_bound(), act);
      if (!performed.running) take_running(call.id);
      return performed;
    } catch (...) {
      take_running(call.id);
      throw;
    }
  }};
}

std::shared_ptr<Execution::State> ControllerHost::take_running(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = running_.find(id);
  if (found == running_.end()) return nullptr;
  auto taken = std::move(found->second);
  running_.erase(found);
  return taken;
}

void ControllerHost::on_finished(const std::string& command_id, const Outcome& outcome) {
  const auto execution = take_running(command_id);
  if (!execution) return;
  if (outcome.succeeded) execution->succeed(outcome.message, outcome.details);
  else execution->fail(Error(outcome.code, place() + ": " + outcome.message), outcome.details);
}

void ControllerHost::on_progress(const std::string& command_id, double percent, const std::string& message) {
  std::shared_ptr<Execution::State> execution;
  {
    const std::lock_guard lock(mutex_);
    const auto found = running_.find(command_id);
    if (found != running_.end()) execution = found->second;
  }
  if (execution) execution->progress(percent, message);
}

void ControllerHost::fail_running(const Error& why) {
  Executions running;
  {
    const std::lock_guard lock(mutex_);
    running.swap(running_);
  }
  for (const auto& [id, execution] : running) execution->fail(why);
}

void ControllerHost::on_stop() {
  fail_running(Error(ErrorCode::interrupted,
                     place() + ": the device was stopped; give the command again if it is still wanted"));
}

void ControllerHost::on_lost() {
  fail_running(Error(ErrorCode::device_lost,
                     place() + ": the driver no longer answers; look at its device, and open the site again"));
}

void ControllerHost::opened() {
  is_opened_ = true;
  if (!description().hears.empty()) listen();
}

void ControllerHost::listen() {
  {
    const std::lock_guard lock(ears_mutex_);
    if (ears_) return;
    ears_ = std::make_unique<Ears>(*this);
    hearing_ = detail::subscribe(context().hub, *ears_);
  }
  deliver(context().hub->latest());
}

void ControllerHost::on_command(const std::string& command_id) {
  listen();
  const std::lock_guard lock(mail_mutex_);
  given_.insert(command_id);
}

bool ControllerHost::wants(const std::vector<std::string>& ids, const std::string& id) {
  return std::ranges::any_of(ids, [&](const std::string& wanted) {
    return wanted.ends_with('*') ? id.starts_with(std::string_view(wanted).substr(0, wanted.size() - 1)) : id == wanted;
  });
}

void ControllerHost::deliver(std::span<const Point> points) {
  const std::vector<std::string> wanted = description().hears;
  if (wanted.empty()) return;
  bool any = false;
  {
    const std::lock_guard lock(mail_mutex_);
    for (const Point& point : points) {
      if (!wants(wanted, point.id)) continue;
      const auto known = std::ranges::find(points_heard_, point.id, &Point::id);
      if (known == points_heard_.end()) points_heard_.push_back(point);
      else *known = point;
      any = true;
    }
  }
  if (any) post();
}

void ControllerHost::deliver(const Acknowledgment& acknowledgment) {
  {
    const std::lock_guard lock(mail_mutex_);
    if (!given_.contains(acknowledgment.command_id)) return;
    if (is_final(acknowledgment.state)) given_.erase(acknowledgment.command_id);
    acknowledgments_heard_.push_back(acknowledgment);
  }
  post();
}

void ControllerHost::post() {
  {
    const std::lock_guard lock(mail_mutex_);
    if (std::exchange(mail_is_posted_, true)) return;
  }
  try {
    worker().push(std::make_shared<MailJob>(*this));
  } catch (const Error&) {  // its queue is full, or it is lost: the next that comes tries again
    const std::lock_guard lock(mail_mutex_);
    mail_is_posted_ = false;
  }
}

void ControllerHost::open_mail() noexcept {
  std::vector<Point> points;
  std::deque<Acknowledgment> acknowledgments;
  {
    const std::lock_guard lock(mail_mutex_);
    mail_is_posted_ = false;
    points.swap(points_heard_);
    acknowledgments.swap(acknowledgments_heard_);
  }
  try {
    if (!points.empty()) worker().hook("heard", hook_bound(), [&] { controller().heard(points); });
    for (const Acknowledgment& each : acknowledgments)
      worker().hook("commanded", hook_bound(), [&] { controller().commanded(each); });
  } catch (...) {
    if (!is_lost()) notice("fault", LogLevel::error, translated(std::current_exception()).what());
  }
}

void ControllerHost::on_close() {
  Subscription hearing;
  {
    const std::lock_guard lock(ears_mutex_);
    hearing = std::move(hearing_);
  }
  hearing = {};  // without the lock: it waits for who hears just now
  fail_running(Error(ErrorCode::interrupted, place() + ": the observatory was closed; open the site again"));
}

}  // namespace astro
