// SPDX-License-Identifier: BSD-3-Clause
#include "astro/messaging/telescope_topics.hpp"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/messaging/status.hpp"
#include "astro/messaging/telescope.hpp"
#include "execution.hpp"
#include "journal.hpp"
#include "messaging/observation_desk.hpp"
#include "messaging/subscribing.hpp"
#include "messaging/telescope_sender.hpp"
#include "messaging/wire.hpp"
#include "telemetry_hub.hpp"

namespace astro::messaging {

using namespace std::chrono_literals;

namespace {

constexpr const char* start_observation = "start_observation";
constexpr const char* cancel_observation = "cancel_observation";
constexpr std::size_t most_interrupted = 1000;  // commands that may have been under way
constexpr auto first_pause = 200ms;
constexpr auto longest_pause = 10s;
constexpr auto patience_at_end = 2s;

void check_section(const SectionCheck& check) {
  const auto section = from_value<TelescopeSection>(Value(check.section));
  if (section.encoding == Encoding::avro && section.registry.url.empty()) {
    check.complain({"registry"},
                   "the topics are in Avro, and nothing says where the schemas are: expected registry: {url: "
                   "\"http://...\"}, or encoding: json",
                   {});
  }
  std::vector<std::string> nodes;
  bool all_are_elsewhere = true;
  for (const DeviceEntry& entry : check.site.devices) {
    if (entry.kind == DeviceKind::transport || entry.kind == DeviceKind::store) continue;
    if (entry.node.empty()) all_are_elsewhere = false;
    nodes.push_back(entry.node);
  }
  // A node does not see its own name at its devices.
  if (all_are_elsewhere && std::ranges::find(nodes, section.node) == nodes.end()) {
    check.complain({"node"}, "no device runs on node \"" + section.node + "\": nobody would serve the topics",
                   nearest(section.node, nodes));
  }
}

const SectionEnrolment telescope_section({.name = "telescope",
                                          .says = "the topics over which a control room asks for observations",
                                          .schema = schema_of<TelescopeSection>(),
                                          .check = check_section});

/// The end of what another book tells of.
void end_like(const std::shared_ptr<Execution::State>& execution, const Acknowledgment& told) {
  const Error error(error_code_of(told.error_code), told.message);
  if (told.state == CommandState::completed) execution->succeed(told.message, told.details);
  else if (told.state == CommandState::failed) execution->fail(error, told.details);
  else if (told.state == CommandState::rejected) execution->refuse(error);
  else execution->time_out(told.message);
}

}  // namespace

struct TelescopeTopics::State final : Subscriber {
 public:
  State(const Observatory& site, const TelescopeSection& section, const std::string& name);
  ~State() override;

  bool wait_heard(Duration at_most);
  void deliver(std::span<const Message> messages) override;

 private:
  using Running = ObservationDesk::Running;

  /// Tells the control room what our book says.
  class Teller final : public Listener {
   public:
    explicit Teller(State& state) : state_(state) {}
    void acknowledgment(const Acknowledgment& told) override { state_.tell(told); }

   private:
    State& state_;
  };
  /// Brings into our book what the observatory's says of commands to devices.
  class Watcher final : public Listener {
   public:
    explicit Watcher(State& state) : state_(state) {}
    void acknowledgment(const Acknowledgment& told) override { state_.follow(told); }

   private:
    State& state_;
  };

  void run();
  bool begin();
  bool pause(Duration so_long);
  void say_how_it_is();

  void obey(const TelescopeCommand& message);
  void act(const TelescopeCommand& message, const Command& command, const Running& execution);
  Command kept_form(const TelescopeCommand& message) const;

  void tell(const Acknowledgment& told);
  void follow(const Acknowledgment& told);
  void warn(TelescopeStatus status);

  const Observatory site_;
  const TelescopeSection section_;
  const std::string name_;
  const std::filesystem::path folder_;
  const std::shared_ptr<detail::TelemetryHub> hub_ = std::make_shared<detail::TelemetryHub>();
  const Time opened_;
  std::shared_ptr<detail::Journal> journal_;
  std::shared_ptr<const detail::CommandBook> book_;
  TelescopeSender sender_;
  Teller teller_{*this};
  Watcher watcher_{*this};
  Subscription telling_;
  Subscription watching_;
  std::unique_ptr<Subscribing> hears_;
  std::unique_ptr<StatusReporter> reporter_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_ending_ = false;
  bool is_heard_ = false;
  std::map<std::string, Running> under_way_;  // by id, until their end is told
  ObservationDesk observations_{site_, section_, sender_};
  std::thread runner_;
};

TelescopeTopics::State::State(const Observatory& site, const TelescopeSection& section, const std::string& name)
    : site_(site),
      section_(section),
      name_(name),
      folder_([&] {
        std::filesystem::path folder = site.state_folder() / "telescope";
        std::error_code failed;
        std::filesystem::create_directories(folder, failed);
        if (failed) {
          throw Error(ErrorCode::storage, "serving the topics telescope.*: the folder " + folder.string() +
                                              " cannot be made: " + failed.message());
        }
        return folder;
      }()),
      opened_(site.clock()->now()),
      journal_(std::make_shared<detail::Journal>(folder_, opened_)),
      book_(std::make_shared<detail::CommandBook>(detail::CommandBook{site.clock(), hub_, journal_})),
      sender_(site, section, name, folder_) {
  runner_ = std::thread([this] { run(); });
}

TelescopeTopics::State::~State() {
  std::vector<Running> cut_short;
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    for (const auto& [id, execution] : under_way_) cut_short.push_back(execution);
    wake_.notify_all();
  }
  observations_.end();
  const Error why(ErrorCode::interrupted, "node '" + name_ + "' was closed; ask again if it is still wanted");
  for (const Running& execution : cut_short) execution->fail(why);
  runner_.join();  // it has begun what is ended here
  hears_.reset();
  observations_.wait();
  watching_ = {};
  reporter_.reset();
  journal_->close();
  hub_->close();
  try {
    if (is_heard_) sender_.tell_state(false, "ends", {});
  } catch (const Error& error) {
    log(LogLevel::warning, TelescopeSender::source, error.what());
  }
  sender_.wait_empty(patience_at_end);
}

bool TelescopeTopics::State::wait_heard(Duration at_most) {
  std::unique_lock lock(mutex_);
  return wake_.wait_for(lock, at_most, [this] { return is_heard_ || is_ending_; }) && is_heard_;
}

bool TelescopeTopics::State::pause(Duration so_long) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, so_long, [this] { return is_ending_; });
}

void TelescopeTopics::State::run() {
  if (!begin()) return;
  do say_how_it_is();
  while (pause(section_.status_every));
}

/// Hears commands once it can answer them; false: it ends before.
bool TelescopeTopics::State::begin() {
  Duration next = first_pause;
  for (bool is_told = false;; next = std::min<Duration>(next * 2, longest_pause)) {
    try {
      sender_.prepare();
      break;
    } catch (const Error& error) {
      const auto level = error.code() == ErrorCode::transport ? LogLevel::warning : LogLevel::error;
      if (!std::exchange(is_told, true)) log(level, TelescopeSender::source, std::string("waiting: ") + error.what());
    }
    if (!pause(next)) return false;
  }
  reporter_ = std::make_unique<StatusReporter>(Sender{}, [this](const TelescopeStatus& status) { warn(status); });
  // What the process before had begun ended with it; nobody was told yet.
  for (const Acknowledgment& one : journal_->recent(most_interrupted)) {
    if (one.error_code == to_string(ErrorCode::interrupted) && one.time >= opened_) tell(one);
  }
  telling_ = detail::subscribe(hub_, teller_);
  watching_ = site_.subscribe(watcher_);
  observations_.start();
  const std::vector<Subscribed> wanted{{TelescopeSender::commands, "astro-telescope-" + name_}};
  hears_ = std::make_unique<Subscribing>(sender_.transport(), wanted, *this, TelescopeSender::source);
  while (!hears_->wait(first_pause)) {
    if (!pause(Duration::zero())) return false;
  }
  const std::lock_guard lock(mutex_);
  is_heard_ = true;
  wake_.notify_all();
  return true;
}

void TelescopeTopics::State::say_how_it_is() {
  try {
    const std::string observation = observations_.current();
    sender_.tell_state(true, observation.empty() ? "waits for commands" : "observes", observation);
  } catch (const Error& error) {
    log(LogLevel::warning, TelescopeSender::source, error.what());
  }
}

/// Warnings and errors of the whole process; not of ourselves, who would tell of that we cannot tell.
void TelescopeTopics::State::warn(TelescopeStatus status) {
  if (status.component == TelescopeSender::source) return;  // of the way to the control room itself
  if (const std::string observation = observations_.current(); !observation.empty()) {
    status.current_observation_id = observation;
  }
  try {
    sender_.tell(std::move(status));
  } catch (const Error& error) {
    log(LogLevel::warning, TelescopeSender::source, error.what());
  }
}

void TelescopeTopics::State::tell(const Acknowledgment& told) {
  // That the driver has it is between nodes: here it is started, and nothing more was done of it yet.
  if (told.state == CommandState::started && told.progress_percent == 0.0) return;
  if (is_final(told.state)) {
    const std::lock_guard lock(mutex_);
    under_way_.erase(told.command_id);
  }
  try {
    sender_.acknowledge(told, is_final(told.state) ? std::nullopt : observations_.completion_of(told.command_id));
  } catch (const Error& error) {
    log(LogLevel::error, TelescopeSender::source,
        std::string("an acknowledgment is lost; the journal has it: ") + error.what());
  }
}

void TelescopeTopics::State::follow(const Acknowledgment& told) {
  Running execution;
  {
    const std::lock_guard lock(mutex_);
    const auto found = under_way_.find(told.command_id);
    if (found == under_way_.end()) return;
    execution = found->second;
  }
  // What is quick has ended before somebody looks: that it began is told all the same.
  if (told.state == CommandState::started || told.state == CommandState::completed) execution->start();
  if (is_final(told.state)) end_like(execution, told);
  else if (told.state == CommandState::started && told.progress_percent)
    execution->progress(*told.progress_percent, told.message);
}

void TelescopeTopics::State::deliver(std::span<const Message> messages) {
  std::vector<TelescopeCommand> commands;
  std::vector<std::pair<const Message*, std::string>> dead;
  for (const Message& message : messages) {
    try {
      commands.push_back(sender_.command_in(message));
    } catch (const Error& error) {
      if (error.code() == ErrorCode::transport) throw;  // it comes again when the registry answers
      dead.emplace_back(&message, error.what());
    }
  }
  for (const TelescopeCommand& command : commands) {  // stop does not stand behind the others
    try {
      if (command.command_type == device_command && command.name == "stop") (void)site_.execute(command_of(command));
    } catch (const Error&) {  // told when it is written down
    }
  }
  for (const auto& [message, why] : dead) sender_.bury(*message, why);
  for (const TelescopeCommand& command : commands) obey(command);
}

/// A command as the journal has it, also when there is something wrong with it.
Command TelescopeTopics::State::kept_form(const TelescopeCommand& message) const {
  Command kept;
  kept.id = message.command_id;
  kept.device = message.device.empty() ? "telescope" : message.device;
  kept.name = message.name.empty() ? message.command_type : message.name;
  if (message.observation_request) kept.parameters = to_value(*message.observation_request);
  kept.issuer = {.name = message.issuer, .rank = Rank::observation};
  if (kept.issuer.name.empty() && message.observation_request && message.observation_request->user) {
    kept.issuer.name = message.observation_request->user->username;
  }
  kept.issued = time_of_milliseconds(message.timestamp);
  if (message.expires) kept.expires = time_of_milliseconds(*message.expires);
  return kept;
}

void TelescopeTopics::State::obey(const TelescopeCommand& message) {
  std::optional<Error> wrong;
  Command command = kept_form(message);
  try {
    if (message.command_type == device_command) command = command_of(message);
  } catch (const Error& error) {
    wrong.emplace(error);
  }
  const auto execution = std::make_shared<Execution::State>(command, true, book_);
  if (const auto known = journal_->receive(execution->command(), execution->latest())) {
    Running live;
    {
      const std::lock_guard lock(mutex_);
      const auto found = under_way_.find(known->command_id);
      if (found != under_way_.end()) live = found->second;
    }
    return tell(live ? live->latest() : *known);
  }
  {
    const std::lock_guard lock(mutex_);
    under_way_.emplace(command.id, execution);
  }
  hub_->acknowledge(execution->latest());
  if (wrong) return execution->refuse(*wrong);
  if (command.expires != Time{} && site_.clock()->now() >= command.expires && command.name != "stop") {
    return execution->time_out("it expired at " + format_time(command.expires) + ", before it came here");
  }
  try {
    act(message, command, execution);
  } catch (const Error& error) {
    execution->refuse(error);
  }
}

void TelescopeTopics::State::act(const TelescopeCommand& message, const Command& command, const Running& execution) {
  if (message.command_type == device_command) {
    return follow(site_.execute(command).latest());  // it may have come by another way before
  }
  if (message.command_type == start_observation) return observations_.add(message, execution);
  if (message.command_type == cancel_observation) return observations_.cancel(message, execution);
  throw Error(ErrorCode::invalid_argument, "command " + message.command_id + " is of the type \"" +
                                               message.command_type +
                                               "\"; expected start_observation, cancel_observation or device_command");
}

TelescopeTopics::TelescopeTopics(const Observatory& site, const TelescopeSection& section, const std::string& name)
    : state_(std::make_unique<State>(site, section, name)) {}
TelescopeTopics::~TelescopeTopics() = default;

bool TelescopeTopics::wait_heard(Duration at_most) const { return state_->wait_heard(at_most); }

std::unique_ptr<TelescopeTopics> telescope_topics_of(const Observatory& site, const std::string& node) {
  const auto section = site.site().section<TelescopeSection>("telescope");
  return section.node == node ? std::make_unique<TelescopeTopics>(site, section, node) : nullptr;
}

}  // namespace astro::messaging
