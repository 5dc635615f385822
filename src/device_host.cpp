// SPDX-License-Identifier: BSD-3-Clause
#include "device_host.hpp"

#include <utility>

#include "astro/log.hpp"

namespace astro {

namespace {

// Drivers that hang are kept until the process ends: they may still use what they were given.
void keep_for_ever(std::shared_ptr<DeviceHost> host) {
  static std::mutex mutex;
  static auto& kept = *new std::vector<std::shared_ptr<DeviceHost>>;
  const std::lock_guard lock(mutex);
  kept.push_back(std::move(host));
}

std::shared_ptr<detail::Hands> hands_of(const Driver* driver) {
  const auto* elsewhere = dynamic_cast<const detail::HasHands*>(driver);
  return elsewhere == nullptr ? nullptr : elsewhere->hands();
}

constexpr Duration stop_wait = std::chrono::milliseconds(40);
constexpr Duration end_wait = std::chrono::seconds(2);

struct Take {
  Duration lease = default_lease;
};

}  // namespace

template <>
struct Description<Take> {
  static constexpr std::array fields{
      field<&Take::lease>("lease", {.min = 0.1, .max = 86400.0 * 30, .says = "the device is held for so long"})};
};

std::string detail::place_of(const HostSetup& setup) {
  const DriverDescription& driver = setup.description;
  return (driver.plugin.empty() ? "" : driver.plugin + "/") + driver.name + " device '" + setup.entry.name + "'";
}

Surroundings detail::surroundings_of(const HostSetup& setup) {
  Surroundings made;
  made.device = setup.entry.name;
  made.observatory = setup.context->observatory;
  made.location = setup.context->location;
  made.mount = setup.entry.mount;
  made.clock = setup.context->clock;
  made.state_folder = setup.context->state_folder;
  made.twin_of = setup.twin_of;
  made.transports = setup.context->transports;
  return made;
}

Error detail::translated(const std::exception_ptr& thrown, const std::string& place) {
  try {
    std::rethrow_exception(thrown);
  } catch (const Error& error) {
    return error.at(place);
  } catch (const std::exception& error) {
    return Error(ErrorCode::device_fault, place + ": " + error.what());
  } catch (...) {
    return Error(ErrorCode::device_fault, place + ": the driver threw something that is no std::exception");
  }
}

/// A command in the queue.
class DeviceHost::CommandJob final : public detail::Job {
 public:
  CommandJob(DeviceHost& host, std::shared_ptr<Execution::State> execution, Action action)
      : host_(host), execution_(std::move(execution)), action_(std::move(action)) {
    ends_with_stop = action_.ends_with_stop;
  }

  void run() noexcept override {
    const Command& command = execution_->command();
    if (command.expires != Time{} && host_.clock().now() >= command.expires) {
      execution_->time_out("it expired at " + format_time(command.expires) + ", before it could begin");
      return;
    }
    const TraceScope scope(execution_->trace());
    host_.set_cause(execution_);
    execution_->start();
    try {
      Performed performed = action_.run(execution_);
      if (action_.ends_with_stop) host_.worker().check_not_stopped();
      if (performed.running) execution_->goes_on();
      else execution_->succeed(std::move(performed.message), std::move(performed.details));
    } catch (...) {
      fail_with(host_.translated(std::current_exception()));
    }
    host_.set_cause(nullptr);
  }

  void fail(const Error& reason) noexcept override { fail_with(reason.at(host_.place())); }

 private:
  void fail_with(const Error& error) { execution_->fail(error); }

  DeviceHost& host_;
  std::shared_ptr<Execution::State> execution_;
  Action action_;
};

DeviceHost::DeviceHost(detail::HostSetup setup)
    : entry_(std::move(setup.entry)),
      place_(detail::place_of({entry_, setup.description, nullptr, nullptr, setup.context})),
      surroundings_(detail::surroundings_of({entry_, setup.description, setup.twin_of, nullptr, setup.context})),
      context_(std::move(setup.context)),
      driver_(std::move(setup.driver)),
      device_(dynamic_cast<Device*>(driver_.get())),
      authority_(
          entry_.name, context_->clock,
          [this](const std::string& change) { notice("authority", LogLevel::info, change); }, hands_of(driver_.get())),
      poll_every_(Duration(std::chrono::seconds(1)).count()) {}

DeviceHost::~DeviceHost() {
  if (is_lost()) (void)driver_.release();  // something may still run in it
}

void DeviceHost::open() {
  worker_.start(shared_from_this());
  context_->watchdog->add(std::shared_ptr<detail::Worker>(shared_from_this(), &worker_));
  bool is_open = false;
  try {
    worker_.call([&] {
      may_stop_ = true;
      worker_.hook("open", open_bound(), [this] { driver_->open(*this); });
      is_open = true;
      opened();
    });
  } catch (...) {
    const Error error = translated(std::current_exception());
    if (is_open) {
      close();
    } else {
      may_stop_ = false;
      is_closed_ = true;
      if (!worker_.end(is_lost() ? Duration::zero() : end_wait)) leave_behind();
    }
    throw error;
  }
  worker_.take_turn();
}

void DeviceHost::close() noexcept {
  if (is_closed_.exchange(true)) return;
  worker_.refuse(Error(ErrorCode::device_lost, "the observatory is closed; open the site again"));
  act_stop();
  on_close();
  if (!is_lost()) {
    try {
      worker_.end_stops(end_wait);
      worker_.call([this] {
        worker_.hook("close", open_bound(), [this] {
          driver_->close();
          may_stop_ = false;
        });
      });
    } catch (const std::exception&) {  // it is lost: what follows says so
    }
  }
  if (!is_lost()) may_stop_ = false;  // a hook that comes back later is followed by a stop, all the same
  if (worker_.end(is_lost() ? Duration::zero() : end_wait)) driver_.reset();
  else leave_behind();
}

void DeviceHost::leave_behind() noexcept {
  keep_for_ever(shared_from_this());
  notice("state", LogLevel::error,
         "the driver hangs: its thread and the driver are left behind until this process ends (" + place_ + ")");
}

void DeviceHost::act_stop() noexcept {
  worker_.announce_stop();
  on_stop();  // what the host itself would begin again is ended before the driver is stopped
  worker_.stop(stop_wait);
}

void DeviceHost::stop(const Issuer& issuer) noexcept {
  if (is_closed_) return;
  if (!is_kept_from(issuer)) act_stop();
  begin(issuer, "stop", {})->succeed();
}

void DeviceHost::stop_now() noexcept {
  if (!is_closed_) act_stop();
}

void DeviceHost::stop_driver() noexcept {
  if (may_stop_ && device_ != nullptr) device_->stop();
}

void DeviceHost::became_lost(const std::string& hook) noexcept {
  notice("state", LogLevel::error,
         hook + "() has not returned; the device is given up. Open the site again when it answers (" + place_ + ")");
  on_lost();
}

std::shared_ptr<Execution::State> DeviceHost::begin(const Issuer& issuer, const std::string& command,
                                                    Value parameters) {
  Command made;
  made.id = new_id();
  made.device = entry_.name;
  made.name = command;
  made.parameters = std::move(parameters);
  made.issuer = issuer;
  made.issued = clock().now();
  return std::make_shared<Execution::State>(std::move(made), false, context_->book);
}

void DeviceHost::issue(const std::shared_ptr<Execution::State>& execution, Action action) {
  authority_.pass(execution->command().issuer);
  try {
    worker_.push(std::make_shared<CommandJob>(*this, execution, std::move(action)));
  } catch (const Error& error) {
    throw error.at(place_);
  }
}

void DeviceHost::call(const Issuer& issuer, const char* command, Value parameters, Action action) {
  const auto execution = begin(issuer, command, std::move(parameters));
  issue(execution, std::move(action));
  execution->wait_returned();
}

/// What any device is asked for past its queue: who holds it. Where that is another process's to say, the queue waits
/// for the answer, since whoever gave the command does not.
bool DeviceHost::change_hands(const std::shared_ptr<Execution::State>& execution) {
  const Command& command = execution->command();
  std::function<void()> change;
  if (command.name == "take") {
    const Value given = command.parameters.is_null() ? Value(Map{}) : command.parameters;
    change = [this, issuer = command.issuer, lease = from_value<Take>(given).lease] { authority_.take(issuer, lease); };
  } else if (command.name == "release") {
    change = [this, issuer = command.issuer] { authority_.release(issuer); };
  } else {
    return false;
  }
  if (authority_.is_elsewhere()) {
    const auto ask = [change](const auto&) {
      change();
      return Performed{};
    };
    issue(execution, {.run = ask, .ends_with_stop = false});
    return true;
  }
  change();
  execution->start();
  execution->succeed();
  return true;
}

void DeviceHost::carry_out(const std::shared_ptr<Execution::State>& execution) noexcept {
  const Command& command = execution->command();
  try {
    std::vector<std::string> known{"stop", "take", "release"};
    for (const CommandDescription& description : commands()) {
      known.push_back(description.name);
      if (description.name != command.name) continue;
      const Value given = command.parameters.is_null() ? Value(Map{}) : command.parameters;
      issue(execution, prepare(command.name, canonical(Schema{description.name, description.parameters}, given)));
      return;
    }
    if (change_hands(execution)) return;
    const std::string near = nearest(command.name, known);
    throw Error(ErrorCode::not_found, "device '" + entry_.name + "' has no command " + command.name +
                                          (near.empty() ? "" : "; did you mean " + near + "?"));
  } catch (...) {
    execution->refuse(translated(std::current_exception()));
  }
}

Duration DeviceHost::turn() noexcept {
  const Clock& time = clock();
  if (time.is_simulated()) {
    const Time now = time.now();
    if (now < next_poll_) return detail::real_time(time, next_poll_ - now);
    next_poll_ = now + poll_interval();
  }
  try {
    poll();
    poll_succeeded();
  } catch (...) {
    if (!is_lost() && !worker_.was_stopped()) poll_failed(translated(std::current_exception()));
  }
  return time.is_simulated() ? detail::real_time(time, poll_interval()) : poll_interval();
}

}  // namespace astro
