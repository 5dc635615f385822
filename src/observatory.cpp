// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observatory.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "astro/guard.hpp"
#include "astro/log.hpp"
#include "astro/sky/earth_orientation.hpp"
#include "controller_host.hpp"
#include "mount_host.hpp"
#include "placement.hpp"
#include "plain_emitter.hpp"
#include "receiver_host.hpp"
#include "state_folder.hpp"
#include "store_host.hpp"

namespace astro {

namespace {

/// A transport is handed out itself; this opens and closes it.
class TransportHost {
 public:
  explicit TransportHost(detail::HostSetup setup)
      : place_(detail::place_of(setup)), emitter_(setup), name_(setup.entry.name) {
    std::shared_ptr<Driver> driver = std::move(setup.driver);
    transport_ = std::dynamic_pointer_cast<Transport>(driver);
    if (!transport_) throw Error(ErrorCode::internal, place_ + ": the driver is no transport");
  }

  const std::string& name() const noexcept { return name_; }
  const std::shared_ptr<Transport>& transport() const noexcept { return transport_; }
  void open() {
    try {
      transport_->open(emitter_);
    } catch (...) {
      throw detail::translated(std::current_exception(), place_);
    }
  }
  void close() noexcept { transport_->close(); }

 private:
  std::string place_;
  detail::PlainEmitter emitter_;
  std::string name_;
  std::shared_ptr<Transport> transport_;
};

/// One thing of the site that is open, whatever it is.
struct Opened {
  DeviceKind kind = DeviceKind::mount;
  std::string name;
  std::shared_ptr<DeviceHost> device{};
  std::shared_ptr<StoreHost> store{};
  std::shared_ptr<TransportHost> transport{};
};

Issuer person() { return {"local", Rank::operator_}; }

std::shared_ptr<Clock> clock_for(const Site& site, const OpenOptions& options) {
  if (options.clock) return options.clock;
  if (site.clock_start) return Clock::simulated(*site.clock_start, site.clock_speed > 0 ? site.clock_speed : 1.0);
  if (site.clock_speed > 0) return Clock::simulated(Clock::system()->now(), site.clock_speed);
  return Clock::system();
}

/// Also over processes: drivers that run apart find each other by it.
std::string unique_name(const Site& site) {
  static std::atomic<unsigned> count = 0;
  return site.name + "#" + std::to_string(::getpid()) + "." + std::to_string(++count);
}

}  // namespace

struct Observatory::State {
 public:
  State(Site of, const OpenOptions& options, Registry& registry);
  ~State() { close(); }

  const Site site;
  const std::shared_ptr<Clock> clock;

  void close() noexcept;
  void stop_all() noexcept;
  bool is_open() const noexcept { return open_; }
  const std::filesystem::path& state_folder() const noexcept { return context_->state_folder; }
  void check_open() const;
  const Opened& find(DeviceKind kind, const std::string& name) const;
  template <class Host>
  std::shared_ptr<Host> host(DeviceKind kind, const std::string& name) const {
    return std::static_pointer_cast<Host>(find(kind, name).device);
  }
  const std::shared_ptr<DeviceHost>& device(const std::string& name) const;
  std::vector<std::string> names(DeviceKind kind) const;

  std::shared_ptr<Execution::State> execute(Command command);
  void execute_for_driver(Command command) noexcept;
  detail::TelemetryHub& hub() const { return *hub_; }
  const std::shared_ptr<detail::TelemetryHub>& shared_hub() const { return hub_; }
  detail::Journal& journal() const { return *journal_; }

 private:
  void open_all(const OpenOptions& options, Registry& registry);
  std::shared_ptr<MountGuard> guard_of(const std::string& mount, const Registry& registry) const;
  Opened open_one(const DeviceEntry& entry, const OpenOptions& options, Registry& registry);
  void remember(const std::shared_ptr<Execution::State>& execution);
  std::shared_ptr<Execution::State> remembered(const Acknowledgment& known);

  std::unique_ptr<detail::StateFolder> folder_;
  std::shared_ptr<detail::TelemetryHub> hub_ = std::make_shared<detail::TelemetryHub>();
  std::shared_ptr<detail::Journal> journal_;
  std::shared_ptr<detail::HostContext> context_ = std::make_shared<detail::HostContext>();
  std::shared_ptr<detail::Watchdog> watchdog_ = std::make_shared<detail::Watchdog>();
  std::vector<Opened> all_;
  Subscription listening_;
  std::atomic<bool> open_ = true;

  std::mutex receive_mutex_;
  std::mutex executions_mutex_;
  std::unordered_map<std::string, std::weak_ptr<Execution::State>> executions_;
};

Observatory::State::State(Site of, const OpenOptions& options, Registry& registry)
    : site(std::move(of)),
      clock(clock_for(site, options)),
      folder_(std::make_unique<detail::StateFolder>(options.state_folder.empty() ? site.state_folder
                                                                                 : options.state_folder)),
      journal_(std::make_shared<detail::Journal>(folder_->path(), clock->now())) {
  context_->observatory = unique_name(site);
  context_->location = site.location;
  context_->state_folder = folder_->path();
  context_->clock = clock;
  context_->hub = hub_;
  context_->book = std::make_shared<detail::CommandBook>(detail::CommandBook{clock, hub_, journal_});
  context_->watchdog = watchdog_;
  context_->desk = std::make_shared<detail::CommandDesk>();
  try {
    if (options.listener != nullptr) listening_ = detail::subscribe(hub_, *options.listener);
    open_all(options, registry);
    context_->desk->begin([this](Command command) { execute_for_driver(std::move(command)); });
  } catch (...) {
    close();
    throw;
  }
}

void Observatory::State::open_all(const OpenOptions& options, Registry& registry) {
  const auto open = [&](const DeviceEntry& entry) {
    try {
      all_.push_back(open_one(entry, options, registry));
    } catch (const Error& error) {
      throw error.at("opening " + std::string(to_string(entry.kind)) + " '" + entry.name + "'");
    }
  };
  const auto is_transport = [](const DeviceEntry& entry) { return entry.kind == DeviceKind::transport; };
  for (const DeviceEntry& entry : site.devices) {  // first, since devices on other machines are behind them
    if (!is_transport(entry)) continue;
    open(entry);
    context_->transports.push_back(all_.back().transport->transport());
  }
  for (const DeviceEntry& entry : site.devices) {
    if (!is_transport(entry)) open(entry);
  }
}

std::shared_ptr<MountGuard> Observatory::State::guard_of(const std::string& mount, const Registry& registry) const {
  const GuardedMount guarded{
      .name = mount,
      .location = site.location,
      .clock = clock,
      .latest = [hub = hub_](const std::string& id) { return hub->latest(id); },
  };
  std::shared_ptr<MountGuard> found;
  for (const SectionDescription& section : registry.sections()) {
    const auto given = std::ranges::find(site.sections, section.name, &Map::value_type::first);
    if (!section.guard || given == site.sections.end()) continue;
    const Value* record = given->second.find(mount);
    if (record == nullptr) continue;
    if (found) throw Error(ErrorCode::duplicate, "two sections of the site guard mount '" + mount + "'");
    found = section.guard(guarded, *record);
  }
  return found;
}

Opened Observatory::State::open_one(const DeviceEntry& entry, const OpenOptions& options, Registry& registry) {
  detail::HostSetup setup;
  setup.entry = entry;
  setup.description = registry.find(entry.kind, entry.driver);
  if (!entry.twin_of.empty()) {
    setup.twin_of = std::make_shared<const DriverDescription>(registry.find(entry.kind, entry.twin_of));
  }
  setup.driver = detail::make_placed(registry, setup.description, entry);
  setup.context = context_;
  const DriverDescription description = setup.description;
  Opened opened{entry.kind, entry.name};
  switch (entry.kind) {
    case DeviceKind::mount: {
      const auto host = std::make_shared<MountHost>(std::move(setup), guard_of(entry.name, registry));
      host->describe(description.mount);
      opened.device = host;
      break;
    }
    case DeviceKind::receiver: {
      const auto host = std::make_shared<ReceiverHost>(std::move(setup));
      host->describe(description.receiver);
      opened.device = host;
      break;
    }
    case DeviceKind::controller: {
      const auto host = std::make_shared<ControllerHost>(std::move(setup));
      host->describe(description.controller);
      opened.device = host;
      break;
    }
    case DeviceKind::store:
      opened.store = std::make_shared<StoreHost>(std::move(setup));
      break;
    case DeviceKind::transport:
      opened.transport = std::make_shared<TransportHost>(std::move(setup));
      break;
  }
  if (opened.device) opened.device->open();
  if (opened.store) opened.store->open();
  if (opened.transport) {
    if (options.before_transport) options.before_transport(*opened.transport->transport(), entry.name);
    opened.transport->open();
  }
  return opened;
}

void Observatory::State::close() noexcept {
  if (!open_.exchange(false)) return;
  context_->desk->end();
  for (const Opened& one : all_) {
    if (one.device) one.device->stop_now();
  }
  for (auto one = all_.rbegin(); one != all_.rend(); ++one) {
    if (one->device) one->device->close();
    if (one->store) one->store->close();
    if (one->transport) one->transport->close();
  }
  watchdog_->end();
  hub_->close();
  listening_ = {};
  journal_->close();
  folder_.reset();  // from here on another may open it, also while somebody still holds this one
}

void Observatory::State::stop_all() noexcept {
  for (const Opened& one : all_) {
    if (one.device) one.device->stop(person());
  }
}

void Observatory::State::check_open() const {
  if (!open_) throw Error(ErrorCode::device_lost, "observatory " + site.name + " is closed");
}

const Opened& Observatory::State::find(DeviceKind kind, const std::string& name) const {
  std::vector<std::string> known;
  for (const Opened& one : all_) {
    if (one.kind == kind && one.name == name) return one;
    if (one.kind == kind) known.push_back(one.name);
  }
  const std::string near = nearest(name, known);
  std::string list;
  for (const std::string& other : known) list += (list.empty() ? "" : ", ") + other;
  throw Error(ErrorCode::not_found, "the site has no " + std::string(to_string(kind)) + " '" + name + "'; " +
                                        (!near.empty()  ? "did you mean " + near + "?"
                                         : list.empty() ? "it has none"
                                                        : "it has " + list));
}

const std::shared_ptr<DeviceHost>& Observatory::State::device(const std::string& name) const {
  std::vector<std::string> known;
  for (const Opened& one : all_) {
    if (one.device && one.name == name) return one.device;
    if (one.device) known.push_back(one.name);
  }
  const std::string near = nearest(name, known);
  throw Error(ErrorCode::not_found,
              "the site has no device '" + name + "'" + (near.empty() ? "" : "; did you mean " + near + "?"));
}

std::vector<std::string> Observatory::State::names(DeviceKind kind) const {
  std::vector<std::string> found;
  for (const Opened& one : all_) {
    if (one.kind == kind) found.push_back(one.name);
  }
  return found;
}

void Observatory::State::remember(const std::shared_ptr<Execution::State>& execution) {
  const std::lock_guard lock(executions_mutex_);
  if (executions_.size() >= 1024) std::erase_if(executions_, [](const auto& one) { return one.second.expired(); });
  executions_[execution->command().id] = execution;
}

std::shared_ptr<Execution::State> Observatory::State::remembered(const Acknowledgment& known) {
  const std::lock_guard lock(executions_mutex_);
  const auto found = executions_.find(known.command_id);
  if (found != executions_.end()) {
    if (auto alive = found->second.lock()) return alive;
  }
  return std::make_shared<Execution::State>(known);
}

std::shared_ptr<Execution::State> Observatory::State::execute(Command command) {
  if (command.id.empty() || command.id.size() > 200) {
    throw Error(ErrorCode::invalid_argument, "a command has an id of 1 to 200 bytes that no other has");
  }
  if (command.device.empty() || command.name.empty()) {
    throw Error(ErrorCode::invalid_argument, "command " + command.id + " names no device or no command");
  }
  if (!command.parameters.is_null()) (void)command.parameters.as_map();
  check_open();
  if (command.issued == Time{}) command.issued = clock->now();
  const bool is_stop = command.name == "stop";
  if (is_stop) {  // acts first, whatever the journal says
    const auto found = std::find_if(all_.begin(), all_.end(),
                                    [&](const Opened& one) { return one.device && one.name == command.device; });
    if (found != all_.end()) found->device->stop_now();
  }
  auto execution = std::make_shared<Execution::State>(std::move(command), true, context_->book);
  {
    // Whoever comes with the same id meanwhile waits here and then finds it.
    const std::lock_guard lock(receive_mutex_);
    if (const auto known = journal_->receive(execution->command(), execution->latest())) return remembered(*known);
    execution->begin_span();
    remember(execution);
  }
  hub_->acknowledge(execution->latest());
  const Command& kept = execution->command();
  if (kept.expires != Time{} && clock->now() >= kept.expires && !is_stop) {
    execution->time_out("it expired at " + format_time(kept.expires) + ", before it came here");
    return execution;
  }
  try {
    const std::shared_ptr<DeviceHost>& host = device(kept.device);
    if (is_stop) execution->succeed();
    else host->carry_out(execution);
  } catch (const Error& error) {
    execution->refuse(error);
  }
  return execution;
}

/// Whoever gave it hears of its end by acknowledgment, also when it was not taken at all.
void Observatory::State::execute_for_driver(Command command) noexcept {
  Acknowledgment refused{.command_id = command.id,
                         .device = command.device,
                         .command = command.name,
                         .state = CommandState::rejected,
                         .time = clock->now(),
                         .issuer = command.issuer};
  try {
    (void)execute(std::move(command));
    return;
  } catch (const Error& error) {
    refused.message = error.what();
    refused.error_code = to_string(error.code());
  } catch (const std::exception& error) {
    refused.message = error.what();
    refused.error_code = to_string(ErrorCode::internal);
  }
  hub_->acknowledge(refused);
}

Observatory Observatory::open(const std::filesystem::path& site_file, const OpenOptions& options) {
  return open(load_site(site_file, {.simulate = options.simulate}), options);
}

Observatory Observatory::open(const Site& site, const OpenOptions& options, Registry& registry) {
  if (!site.earth_orientation.empty()) sky::use_earth_orientation(site.earth_orientation);
  return Observatory(std::make_shared<State>(site, options, registry));
}

Observatory::Observatory(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
const Site& Observatory::site() const noexcept { return state_->site; }
const std::shared_ptr<Clock>& Observatory::clock() const noexcept { return state_->clock; }
const std::filesystem::path& Observatory::state_folder() const noexcept { return state_->state_folder(); }

MountHandle Observatory::mount(const std::string& name) const { return mount(name, person()); }
MountHandle Observatory::mount(const std::string& name, Issuer issuer) const {
  return {state_->host<MountHost>(DeviceKind::mount, name), std::move(issuer)};
}
ReceiverHandle Observatory::receiver(const std::string& name) const { return receiver(name, person()); }
ReceiverHandle Observatory::receiver(const std::string& name, Issuer issuer) const {
  return {state_->host<ReceiverHost>(DeviceKind::receiver, name), std::move(issuer)};
}
ControllerHandle Observatory::controller(const std::string& name) const { return controller(name, person()); }
ControllerHandle Observatory::controller(const std::string& name, Issuer issuer) const {
  return {state_->host<ControllerHost>(DeviceKind::controller, name), std::move(issuer)};
}
StoreHandle Observatory::store(const std::string& name) const {
  return StoreHandle(state_->find(DeviceKind::store, name).store);
}
std::shared_ptr<Transport> Observatory::transport(const std::string& name) const {
  return state_->find(DeviceKind::transport, name).transport->transport();
}
std::vector<std::string> Observatory::names(DeviceKind kind) const { return state_->names(kind); }

std::vector<CommandDescription> Observatory::commands(const std::string& device) const {
  std::vector<CommandDescription> all = state_->device(device)->commands();
  all.push_back({"stop", "ends whatever the device does, at once", {}, {}});
  return all;
}

std::vector<Field> Observatory::points(const std::string& device) const { return state_->device(device)->points(); }
Execution Observatory::execute(Command command) const { return Execution(state_->execute(std::move(command))); }
std::optional<Acknowledgment> Observatory::find_command(const std::string& id) const {
  return state_->journal().find(id);
}
std::vector<Acknowledgment> Observatory::recent_commands(std::size_t limit) const {
  return state_->journal().recent(limit);
}
void Observatory::stop_all() const noexcept { state_->stop_all(); }
std::vector<Point> Observatory::latest() const { return state_->hub().latest(); }
std::optional<Point> Observatory::latest(const std::string& id) const { return state_->hub().latest(id); }
Subscription Observatory::subscribe(Listener& listener) const {
  return detail::subscribe(state_->shared_hub(), listener);
}
void Observatory::close() noexcept { state_->close(); }
bool Observatory::is_open() const noexcept { return state_->is_open(); }

}  // namespace astro
