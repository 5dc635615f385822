// SPDX-License-Identifier: BSD-3-Clause
#include "apart_link.hpp"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "apart_wire.hpp"
#include "astro/error.hpp"
#include "astro/log.hpp"
#include "clock_sharing.hpp"
#include "description_value.hpp"

namespace astro::detail {

namespace {

// The host gives a device up a second after its bound: until then the process is gone and the hook has returned.
constexpr Duration grace = std::chrono::milliseconds(700);
constexpr Duration stop_bound = std::chrono::seconds(1);
constexpr Duration slice = std::chrono::milliseconds(200);
constexpr Duration end_wait = std::chrono::seconds(2);
constexpr Duration exit_wait = std::chrono::milliseconds(200);  // a process that hung up is about to end
constexpr const char* unwanted = "was no longer wanted";
constexpr int most_events = 256;
constexpr Duration lives_well = std::chrono::seconds(2);
constexpr Duration shortest_pause = std::chrono::milliseconds(100);
constexpr Duration longest_pause = std::chrono::seconds(10);
constexpr Duration describe_bound = std::chrono::seconds(20);

std::string milliseconds(Duration time) {
  return std::to_string(std::chrono::round<std::chrono::milliseconds>(time).count()) + " ms";
}

Value answer_of(const Value& packet) {
  if (const Value* thrown = packet.find("throw")) throw wire::error(*thrown);
  const Value* answer = packet.find("return");
  return answer == nullptr ? Value() : *answer;
}

/// What the other side of the greeting must be.
DriverDescription greeted(const Value& answer, DeviceKind kind) {
  const std::int64_t spoken = wire::member(answer, "protocol").as_integer();
  if (spoken != wire::protocol) {
    throw Broken("speaks protocol " + std::to_string(spoken) + "; expected " + std::to_string(wire::protocol));
  }
  DriverDescription described = wire::driver_description(wire::member(answer, "driver"));
  if (described.kind != kind) {
    throw Broken("has a driver of a " + std::string(to_string(described.kind)) + "; expected one of a " +
                 std::string(to_string(kind)));
  }
  return described;
}

Value greeting(DeviceKind kind, const std::string& driver) {
  Value made;
  made.set("id", 0).set("hook", "hello").set("protocol", wire::protocol).set("kind", to_string(kind));
  made.set("driver", driver).set("beat_every", seconds(wire::beat_every)).set("dead_after", seconds(wire::dead_after));
  return made;
}

std::string ended(const std::string& how) { return "ended (" + how + ")"; }

}  // namespace

DriverDescription describe_apart(const Program& program, DeviceKind kind, const std::string& driver) {
  Process process(program);
  const std::string place = "asking " + program.arguments.at(0) + " what its driver can do: the process ";
  const auto end = after(describe_bound);
  try {
    process.calls.send(greeting(kind, driver));
    while (const auto packet = process.calls.receive(end - Steady::now())) {
      if (packet->value.find("event") == nullptr) return greeted(answer_of(packet->value), kind);
    }
    throw Broken("did not answer in " + std::to_string(describe_bound / std::chrono::seconds(1)) + " s");
  } catch (const Broken& broken) {
    std::string printed;
    const std::string how = process.end(std::chrono::milliseconds(200));
    process.read_output([&](const std::string& line) { printed += "; it printed: " + line; });
    throw Error(ErrorCode::device_fault, place + broken.what() + " (" + how + ")" + printed);
  }
}

ApartLink::ApartLink(ApartSetup setup) : setup_(std::move(setup)), description_(setup_.description) { take_bounds(); }

ApartLink::~ApartLink() { close(); }

void ApartLink::take_bounds() {
  const auto take = [this](const auto& description) {
    hook_bound_ = description.hook_bound.count();
    open_bound_ = description.open_bound.count();
  };
  if (description_.kind == DeviceKind::mount) take(description_.mount);
  else if (description_.kind == DeviceKind::receiver) take(description_.receiver);
  else take(description_.controller);
}

Value ApartLink::hello() const {
  const Surroundings& here = host_->surroundings();
  List folders;
  for (const auto& folder : setup_.plugin_folders) folders.emplace_back(folder.string());
  Value made = greeting(setup_.description.kind, setup_.driver);
  made.set("settings", setup_.settings).set("surroundings", wire::of(here));
  made.set("plugin_folders", std::move(folders));
  if (here.clock->is_simulated()) made.set("clock", Value().set("simulated", true).set("speed", here.clock->speed()));
  return made;
}

ApartLink::ProcessPtr ApartLink::current() const {
  const std::lock_guard lock(mutex_);
  return process_;
}

std::string ApartLink::take_news() {
  const std::lock_guard lock(mutex_);
  return std::exchange(news_, {});
}

void ApartLink::expect_end(const std::string& command_id) {
  const std::lock_guard lock(mutex_);
  running_.insert(command_id);
}

void ApartLink::ends(const std::string& command_id) {
  const std::lock_guard lock(mutex_);
  running_.erase(command_id);
}

void ApartLink::open(Emitter& host) {
  host_ = &host;
  {
    const std::lock_guard lock(mutex_);
    description_ = setup_.description;
    take_bounds();
    ending_ = false;
    down_ = "the driver's process is not open";
    news_.clear();
  }
  back_off_ = {};
  const ProcessPtr opened = start(after(Duration(open_bound_.load()) + grace));
  const std::lock_guard lock(mutex_);
  process_ = opened;
  starting_.reset();
  started_ = Steady::now();
  ++generation_;
  keeper_ = std::thread([this] { keep(); });
}

ApartLink::ProcessPtr ApartLink::start(Steady::time_point deadline) {
  auto process = std::make_shared<Process>(setup_.program);
  {
    const std::lock_guard lock(mutex_);
    starting_ = process;
    hears_stops_ = false;
  }
  const auto give_up = [&](const std::string& why) {
    const bool hung_up = why.starts_with("hung up");
    // One that nobody wants any more stops its device by itself.
    const std::string how = process->end(hung_up ? exit_wait : why == unwanted ? end_wait : Duration());
    log_output(*process);
    clock_sharing.release_holds(*host_->surroundings().clock, process->id());
    const std::lock_guard lock(mutex_);
    starting_.reset();
    return Error(ErrorCode::device_fault, "the driver's process " + setup_.program.arguments.at(0) + ' ' +
                                              (hung_up ? ended(how) : why) + " before it was open");
  };
  try {
    const int clock = clock_sharing.file(*host_->surroundings().clock);
    (void)greeted(transact(*process, hello(), deadline, clock), setup_.description.kind);
    {
      const std::lock_guard lock(mutex_);
      hears_stops_ = true;
    }
    transact(*process, Value().set("hook", "open"), deadline, -1);
  } catch (const Broken& broken) {
    throw give_up(broken.what());
  } catch (...) {
    (void)give_up({});
    throw;
  }
  return process;
}

void ApartLink::close() noexcept {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    changed_.notify_all();
  }
  if (keeper_.joinable()) keeper_.join();
  if (const ProcessPtr process = current()) {
    try {
      const std::lock_guard lock(calls_);
      transact(*process, Value().set("hook", "close"), after(Duration(open_bound_.load()) + grace), -1);
    } catch (const std::exception& error) {
      host_->log(LogLevel::warning, std::string("closing the driver's process: it ") + error.what());
      process->kill();
    }
    process->end(end_wait);
    log_output(*process);
    clock_sharing.release_holds(*host_->surroundings().clock, process->id());
  }
  const std::lock_guard lock(mutex_);
  process_.reset();
  running_.clear();
  down_ = "the driver's process is not open";
}

void ApartLink::stop() noexcept {
  ProcessPtr process;
  {
    const std::lock_guard lock(mutex_);
    process = process_ ? process_ : hears_stops_ ? starting_ : nullptr;
  }
  if (!process) return;  // the next one leaves the device stopped when it opens
  try {
    const std::lock_guard lock(stops_);
    const std::uint64_t mine = ++last_stop_;
    process->stops.send(Value().set("stop", static_cast<std::int64_t>(mine)), -1, false);
    const auto end = after(stop_bound);
    while (const auto packet = process->stops.receive(end - Steady::now())) {
      const Value* made = packet->value.find("stopped");
      if (made != nullptr && static_cast<std::uint64_t>(made->as_integer()) == mine) return;
    }
    throw Broken("did not stop in " + milliseconds(stop_bound) + " and was killed");
  } catch (const std::exception& error) {
    fail(process, error.what());
  }
}

Value ApartLink::call(const char* hook, const Value& parameters, Duration bound, int file) {
  ProcessPtr process;
  const auto fault = [this] {
    const std::lock_guard lock(mutex_);
    return Error(ErrorCode::device_fault, down_);
  };
  if (!current()) throw fault();
  const std::lock_guard lock(calls_);
  process = current();
  if (!process) throw fault();
  Value message;
  message.set("hook", hook);
  if (!parameters.is_null()) message.set("parameters", parameters);
  if (const Cause cause = host_->cause(); !cause.command_id.empty()) message.set("cause", wire::of(cause));
  try {
    return transact(*process, std::move(message), after(bound + grace), file);
  } catch (const Broken& broken) {
    fail(process, broken.what());
    throw fault();
  }
}

void ApartLink::refuse(const std::string& what) {
  if (const ProcessPtr process = current()) fail(process, "answered what it must not and was killed: " + what);
  throw Error(ErrorCode::device_fault, "the driver's process answered what it must not: " + what);
}

/// Throws `Broken` when the process is of no use any more, and what the driver threw.
Value ApartLink::transact(Process& process, Value message, Steady::time_point deadline, int file) {
  const std::string hook = message.find("hook")->as_text();
  const auto began = Steady::now();
  const Value mine = ++last_id_;
  message.set("id", mine);
  process.calls.send(message, file);
  for (;;) {
    while (const auto packet = process.calls.receive()) {
      if (packet->value.find("event") != nullptr) {
        dispatch(packet->value);
        continue;
      }
      const Value* id = packet->value.find("id");
      if (id != nullptr && *id == mine) return answer_of(packet->value);
      throw Broken("answered what nobody had asked");
    }
    if (Steady::now() >= deadline) {
      throw Broken("did not return from " + hook + "() in " + milliseconds(Steady::now() - began) + " and was killed");
    }
    wait(process, deadline);
  }
}

void ApartLink::wait(Process& process, Steady::time_point until) {
  pollfd both[] = {{process.calls.number(), POLLIN, 0}, {process.output(), POLLIN, 0}};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Steady::now());
  ::poll(both, 2, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, slice / std::chrono::milliseconds(1))));
  if (both[1].revents != 0) log_output(process);
  beat(process);
  const std::lock_guard lock(mutex_);
  if (ending_ && starting_.get() == &process) throw Broken(unwanted);
}

void ApartLink::beat(Process& process) {
  Steady::rep due = next_beat_.load(std::memory_order_relaxed);
  const auto now = Steady::now().time_since_epoch();
  const auto next = std::chrono::duration_cast<Steady::duration>(now + wire::beat_every).count();
  if (now.count() < due || !next_beat_.compare_exchange_strong(due, next)) return;
  process.stops.send(Value().set("beat", static_cast<std::int64_t>(now.count())), -1, false);
}

void ApartLink::log_output(Process& process) {
  if (process.output() < 0) return;
  process.read_output([this](const std::string& line) { host_->log(LogLevel::info, line); });
}

void ApartLink::dispatch(const Value& event) {
  try {
    const std::string& what = wire::member(event, "event").as_text();
    if (what == "point") {
      const Value* time = event.find("time");
      host_->point(wire::member(event, "name").as_text(), wire::member(event, "value"),
                   wire::quality(wire::member(event, "quality").as_text()),
                   time == nullptr || time->is_null() ? std::optional<Time>() : wire::time(*time));
    } else if (what == "progress") {
      host_->progress(wire::member(event, "command").as_text(), wire::member(event, "percent").as_number(),
                      wire::text(event, "message"));
    } else if (what == "finished") {
      const std::string& command = wire::member(event, "command").as_text();
      ends(command);
      host_->finished(command, wire::outcome(event));
    } else if (what == "poll_every") {
      host_->poll_every(from_seconds(wire::member(event, "interval").as_number()));
    } else if (what == "command") {
      host_->give(from_value<Command>(wire::member(event, "command")));
    } else if (what == "log") {
      host_->log(wire::level(wire::member(event, "level").as_text()), wire::text(event, "message"));
    } else if (what == "describe") {
      describe(event);
    } else {
      throw Broken("sent an event that there is not: " + what);
    }
  } catch (const Error& error) {
    throw Broken(std::string("sent an event that cannot be read: ") + error.what());
  }
}

void ApartLink::describe(const Value& event) {
  const Value& description = wire::member(event, "description");
  const auto take = [&](const auto& refined, auto DriverDescription::*member) {
    host_->describe(refined);
    const std::lock_guard lock(mutex_);
    description_.*member = refined;
    take_bounds();
  };
  switch (setup_.description.kind) {
    case DeviceKind::mount:
      return take(mount_of(description), &DriverDescription::mount);
    case DeviceKind::receiver:
      return take(receiver_of(description), &DriverDescription::receiver);
    default:
      return take(controller_of(description), &DriverDescription::controller);
  }
}

/// Ends a process that is of no use any more; the keeper starts another one. Whoever comes second does nothing.
void ApartLink::fail(const ProcessPtr& process, const std::string& why) {
  const bool hung_up = why.starts_with("hung up");
  std::set<std::string> running;
  if (!hung_up) process->kill();
  {
    const std::lock_guard lock(mutex_);
    if (process_ != process) return;  // one that is only starting is dealt with by who starts it
    process_.reset();
    down_ = std::string("the driver's process ") + (hung_up ? "ended" : why) + "; it is being started again";
    running.swap(running_);
  }
  const std::string how = process->end(hung_up ? exit_wait : Duration());
  const std::string what = "the driver's process " + (hung_up ? ended(how) : why);
  log_output(*process);
  clock_sharing.release_holds(*host_->surroundings().clock, process->id());
  {
    const std::lock_guard lock(mutex_);
    down_ = what + "; it is being started again";
    news_ = what + " and was started again, which stopped the device";
    changed_.notify_all();
  }
  host_->log(LogLevel::error, what + "; it is being started again");
  for (const std::string& id : running) {
    host_->finished(id, {.succeeded = false, .code = ErrorCode::interrupted, .message = what, .details = {}});
  }
}

void ApartLink::keep() {
  for (;;) {
    ProcessPtr process;
    {
      const std::lock_guard lock(mutex_);
      if (ending_) return;
      process = process_;
    }
    if (process) watch(process);
    else start_again();
  }
}

/// A while of what the driver does between hooks.
void ApartLink::watch(const ProcessPtr& process) {
  try {
    wait(*process, Steady::now() + slice);
    const std::lock_guard lock(calls_);
    for (int i = 0; i < most_events; ++i) {  // a hook may wait for its turn
      const auto packet = process->calls.receive();
      if (!packet) break;
      if (packet->value.find("event") == nullptr) throw Broken("answered what nobody had asked");
      dispatch(packet->value);
    }
  } catch (const Broken& broken) {
    fail(process, broken.what());
  }
}

void ApartLink::start_again() {
  bool lived_well = false;
  {
    const std::lock_guard lock(mutex_);
    lived_well = Steady::now() - started_ > lives_well;
  }
  if (lived_well) back_off_ = {};
  else if (!pause(back_off_)) return;
  back_off_ = std::clamp(2 * back_off_, shortest_pause, longest_pause);
  try {
    const ProcessPtr opened = start(after(Duration(open_bound_.load())));
    {
      const std::lock_guard lock(mutex_);
      process_ = opened;
      starting_.reset();
      started_ = Steady::now();
      ++generation_;
    }
    host_->log(LogLevel::warning, "the driver's process was started again; the device is open and stopped");
  } catch (const std::exception& error) {
    const std::lock_guard lock(mutex_);
    if (!ending_) host_->log(LogLevel::error, std::string("starting the driver's process again: ") + error.what());
  }
}

/// False when it was cut short by the end.
bool ApartLink::pause(Duration time) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, time, [this] { return ending_; });
}

}  // namespace astro::detail
