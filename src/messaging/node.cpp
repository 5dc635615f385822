// SPDX-License-Identifier: BSD-3-Clause
#include "astro/messaging/node.hpp"

#include <sys/timex.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "astro/command_history.hpp"
#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/messaging/outbox.hpp"
#include "astro/messaging/status.hpp"
#include "astro/messaging/telescope.hpp"
#include "astro/messaging/telescope_topics.hpp"
#include "astro/trace.hpp"
#include "astro/version.hpp"
#include "description_value.hpp"
#include "durable_file.hpp"
#include "journal_entry.hpp"
#include "messaging/host_name.hpp"
#include "messaging/node_configuration.hpp"
#include "messaging/node_streams.hpp"
#include "messaging/subscribing.hpp"
#include "messaging/wire.hpp"
#include "state_folder.hpp"

namespace astro::messaging {

namespace {

constexpr Duration look_again = std::chrono::milliseconds(20);
constexpr std::size_t most_interrupted = 1000;  // commands that may have been under way
constexpr int patient_beats = 3;                // without one a node does not serve
constexpr int beats_between_births = 12;        // for who came when the broker had lost what it retained

/// What cannot be asked is taken for synchronised: then nobody has said that it is not.
bool kernel_clock_is_synchronised() {
  timex asked{};
  return ::adjtimex(&asked) < 0 || (asked.status & STA_UNSYNC) == 0;
}

/// Of a question that wants to know its answer again; others say nothing.
std::string id_in(std::span<const std::byte> body) {
  if (body.empty()) return {};
  const Value said = parse_json(text_of(body));
  const Value* id = said.find("id");
  return id == nullptr ? "" : id->as_text();
}

const SectionEnrolment nodes_section({.name = "nodes",
                                      .says = "who may be commanded, and what of a node's clock",
                                      .schema = schema_of<NodesSection>()});

std::string historical(std::string_view body) {
  auto point = record_in<PointMessage>(bytes_of(body));
  point.historical = true;
  return to_json(point);
}

}  // namespace

std::string node_topics(const std::string& site_slug, const std::string& node) {
  return "astro/v1/" + site_slug + "/" + node + "/";
}

void check_serves(const Site& site, const std::string& name) {
  const bool has_device = std::ranges::any_of(site.devices, [](const DeviceEntry& entry) {
    return entry.node.empty() && entry.kind != DeviceKind::transport && entry.kind != DeviceKind::store;
  });
  if (!has_device) {
    throw Error(
        ErrorCode::not_found,
        "serving node '" + name + "': the site gives it no device; write at one of them: runs: {node: " + name + "}");
  }
  if (std::ranges::none_of(site.devices,
                           [](const DeviceEntry& entry) { return entry.kind == DeviceKind::transport; })) {
    throw Error(ErrorCode::invalid_site, "serving node '" + name +
                                             "': the site has no transport; add one, such as "
                                             "transports: {broker: {driver: mqtt, url: mqtt://localhost}}");
  }
}

struct Node::State final : Listener {
 public:
  State(const Site& site, const std::string& name, const NodeOptions& options, Registry& registry,
        std::shared_ptr<NodeConfiguration> configuration);
  ~State() override { close(); }

  const Observatory& observatory() const noexcept { return *observatory_; }
  std::int64_t boot() const noexcept { return boot_; }
  void close() noexcept;
  bool comes_up();
  /// Ends what was tried, or what the process before had not told.
  void settle(bool was_trial);
  bool wait_for_configuration(const std::stop_token& stop, Duration at_most);
  bool serves() const;

 private:
  /// One transport, and who hears its commands.
  struct Way {
    std::shared_ptr<Transport> transport;
    std::unique_ptr<Subscriber> stops;
    std::unique_ptr<Subscriber> commands;
    std::unique_ptr<Subscribing> hears_stops;
    std::unique_ptr<Subscribing> hears_commands;
  };
  class Stops;
  class Commands;

  // Listener
  void points(std::span<const Point> points, std::uint64_t missed) override;
  void keep_points(std::span<const Point> points);
  void keep_early_points();
  void acknowledgment(const Acknowledgment& acknowledgment) override;

  void attach(const std::shared_ptr<Transport>& transport);
  void obey(const Message& message);
  void obey_stop(const Message& message);
  void obey_ourselves(const Command& command);
  void configure(const Command& command);
  void check_clock(const Command& command) const;
  bool is_synchronised() const;
  void end(const Command& command, CommandState state, const std::string& message, std::string_view code,
           Value details);
  void refuse(const Message& message, const std::string& why);
  void tell_birth();
  void tell_state(bool online, const std::string& cause);
  std::string state_body(bool online, const std::string& cause) const;
  void publish(const std::string& topic, std::string_view body, bool retained);
  void acknowledge(const Acknowledgment& acknowledgment);
  void report(const TelescopeStatus& status);
  void keep(std::span<const Outgoing> batch);
  bool is_heard();
  void beat();

  const std::string name_;
  const std::string topics_;
  const NodeOptions options_;
  const std::shared_ptr<NodeConfiguration> configuration_;  // null: the site is not of a file
  const std::int64_t version_;
  const bool needs_clock_;
  std::int64_t boot_ = 0;
  std::optional<Observatory> observatory_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<NodeStreams> streams_;
  std::unique_ptr<StatusReporter> reporter_;
  std::vector<Way> ways_;
  std::unique_ptr<TelescopeTopics> telescope_;

  std::mutex ourselves_mutex_;  // of the configuration

  using Steady = std::chrono::steady_clock;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable_any configured_;
  bool is_configured_ = false;
  Steady::time_point beaten_ = Steady::now();
  std::optional<Steady::time_point> obeying_since_;
  bool is_ready_ = false;
  std::vector<Point> early_points_;
  bool is_closed_ = false;
  bool birth_wanted_ = false;
  std::vector<std::string> questions_;  // that the next birth answers
  std::thread beater_;
};

/// Hears of a stop beside everything else that is on its way: what waits to be written down does not delay it.
class Node::State::Stops final : public Subscriber {
 public:
  explicit Stops(State& node) : node_(node) {}
  void deliver(std::span<const Message> messages) override {
    for (const Message& message : messages) node_.obey_stop(message);
  }

 private:
  State& node_;
};

class Node::State::Commands final : public Subscriber {
 public:
  explicit Commands(State& node) : node_(node) {}
  void deliver(std::span<const Message> messages) override {
    for (const Message& message : messages) node_.obey(message);
  }

 private:
  State& node_;
};

Node::State::State(const Site& site, const std::string& name, const NodeOptions& options, Registry& registry,
                   std::shared_ptr<NodeConfiguration> configuration)
    : name_(name),
      topics_(node_topics(site.slug(), name)),
      options_(options),
      configuration_(std::move(configuration)),
      version_(configuration_ ? configuration_->version() : 0),
      needs_clock_(!site.section<NodesSection>("nodes").unsynchronised_clock) {
  check_serves(site, name);
  const std::filesystem::path folder = options.state_folder.empty() ? site.state_folder : options.state_folder;
  OpenOptions open;
  open.state_folder = folder;
  open.clock = options.clock;
  open.listener = this;
  open.before_transport = [&](Transport& transport, const std::string&) {
    if (boot_ == 0) boot_ = detail::next_boot(folder);  // the folder is ours by now
    const std::string will = state_body(false, "lwt");
    const std::string topic = topics_ + "state";
    Message message;
    message.topic = topic;
    message.key = name_;
    message.body = bytes_of(will);
    message.retained = true;
    try {
      transport.last_will(message);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::unsupported) throw;  // then silence tells it
    }
  };
  const Time opened = (options.clock ? options.clock : Clock::system())->now();
  observatory_.emplace(Observatory::open(site, open, registry));
  std::vector<std::shared_ptr<Transport>> transports;
  for (const std::string& one : observatory_->names(DeviceKind::transport)) {
    transports.push_back(observatory_->transport(one));
  }
  outbox_ = std::make_unique<Outbox>(
      transports.front(),
      OutboxOptions{.folder = folder, .shed_topic = topics_ + "shed", .source = name_, .historical = historical});
  streams_ = std::make_unique<NodeStreams>([this, transports](const std::string& device, const Bytes& body) {
    const std::string topic = topics_ + "blocks/" + device;
    Message message;
    message.topic = topic;
    message.key = device;
    message.body = body;
    std::size_t accepted = 0;
    for (const auto& transport : transports) accepted += transport->publish(std::span(&message, 1)).accepted;
    return accepted > 0;
  });
  reporter_ = std::make_unique<StatusReporter>(Sender{"telescope-" + name_, host_name()},
                                               [this](const TelescopeStatus& status) { report(status); });
  for (const auto& transport : transports) attach(transport);
  keep_early_points();
  // What the process before had begun ended with it; nobody was told yet.
  for (const Acknowledgment& one : observatory_->recent_commands(most_interrupted)) {
    const bool ends_otherwise = configuration_ && one.command_id == configuration_->pending_id();
    if (ends_otherwise) continue;
    if (one.error_code == to_string(ErrorCode::interrupted) && one.time >= opened) acknowledge(one);
  }
  telescope_ = telescope_topics_of(*observatory_, name_);
  beater_ = std::thread([this] { beat(); });
}

void Node::State::attach(const std::shared_ptr<Transport>& transport) {
  Way& way = ways_.emplace_back();
  way.transport = transport;
  way.stops = std::make_unique<Stops>(*this);
  way.commands = std::make_unique<Commands>(*this);
  const std::string commands = topics_ + "command/+";
  way.hears_stops = std::make_unique<Subscribing>(
      transport, std::vector<Subscribed>{{commands, {}}, {topics_ + "rebirth", {}}, {topics_ + "stream/+", {}}},
      *way.stops, name_);
  // As a group of one: what came while we were away is waiting for us.
  way.hears_commands = std::make_unique<Subscribing>(
      transport, std::vector<Subscribed>{{commands, "astro-node-" + name_}}, *way.commands, name_);
}

void Node::State::close() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(is_closed_, true)) return;
    wake_.notify_all();
  }
  if (beater_.joinable()) beater_.join();
  telescope_.reset();
  ways_.clear();
  streams_.reset();
  if (!observatory_) return;
  tell_state(false, "bye");
  observatory_->stop_all();
  outbox_->wait_empty(std::chrono::seconds(2));
  observatory_->close();
  reporter_.reset();
  outbox_.reset();
}

void Node::State::obey_stop(const Message& message) {
  try {
    const std::string_view kind = level_before_last(message.topic);
    if (last_level(message.topic) == "rebirth") {
      const std::string id = id_in(message.body);
      const std::lock_guard lock(mutex_);
      if (!id.empty()) questions_.push_back(id);
      birth_wanted_ = true;
      wake_.notify_all();
    } else if (kind == "stream") {
      const Value wish = parse_json(text_of(message.body));
      const Value* lasting = wish.find("seconds");
      streams_->ask(*observatory_, std::string(last_level(message.topic)),
                    from_seconds(std::clamp(lasting == nullptr ? 0.0 : lasting->as_number(), 0.0, 60.0)));
    } else if (text_of(message.body).find("\"stop\"") != std::string_view::npos) {
      const auto said = record_in<TelescopeCommand>(message.body);
      const TraceScope scope(parse_traceparent(said.trace.value_or("")));
      const Command command = command_of(said);
      if (command.name == "stop") (void)observatory_->execute(command);
    }
  } catch (const Error& error) {
    // What is wrong with a command is said by who writes it down.
    if (level_before_last(message.topic) != "command") log(LogLevel::warning, name_, error.what());
  }
}

void Node::State::obey(const Message& message) {
  {
    const std::lock_guard lock(mutex_);
    obeying_since_ = Steady::now();
  }
  const auto obeyed = std::shared_ptr<void>(nullptr, [this](void*) {
    const std::lock_guard lock(mutex_);
    obeying_since_.reset();
  });
  Command command;
  try {
    const auto said = record_in<TelescopeCommand>(message.body);
    const TraceScope scope(parse_traceparent(said.trace.value_or("")));
    command = command_of(said);
    if (command.device != last_level(message.topic)) {
      throw Error(ErrorCode::invalid_argument, "it is for device '" + command.device + "' and came to the topic of '" +
                                                   std::string(last_level(message.topic)) + "'");
    }
    if (command.device == node_device) return obey_ourselves(command);
    const bool was_there = observatory_->find_command(command.id).has_value();
    if (!was_there) {
      try {
        check_clock(command);
      } catch (const Error& error) {
        return end(command, CommandState::rejected, error.what(), to_string(error.code()), {});
      }
    }
    const Execution execution = observatory_->execute(std::move(command));
    if (was_there) acknowledge(execution.latest());
  } catch (const Error& error) {
    if (error.code() == ErrorCode::storage) throw;  // it comes again when it can be written down
    refuse(message, error.what());
  }
}

// A target is somewhere else when it is another time, and nobody knows what has expired. Stop and park need no clock.
void Node::State::check_clock(const Command& command) const {
  const bool is_of_mount = observatory_->site().find(DeviceKind::mount, command.device) != nullptr;
  if (!is_of_mount || command.name == "stop" || command.name == "park" || !needs_clock_ || is_synchronised()) return;
  throw Error(ErrorCode::unsafe,
              "moving " + command.device + ": the clock of node '" + name_ +
                  "' is synchronised with nothing, so that the time is not known; see that chrony or "
                  "systemd-timesyncd runs there, or write in the site file: nodes: "
                  "{unsynchronised_clock: true}");
}

bool Node::State::is_synchronised() const {
  if (observatory_->clock()->is_simulated()) return true;
  return options_.is_synchronised ? options_.is_synchronised() : kernel_clock_is_synchronised();
}

void Node::State::obey_ourselves(const Command& command) {
  const std::lock_guard lock(ourselves_mutex_);                              // several transports deliver
  if (configuration_ && configuration_->pending_id() == command.id) return;  // its end is told when it has come
  if (const auto known = observatory_->find_command(command.id)) return acknowledge(*known);
  try {
    if (command.expires != Time{} && observatory_->clock()->now() >= command.expires) {
      return end(command, CommandState::timeout, "it expired at " + format_time(command.expires), "", {});
    }
    if (command.name == "configure") return configure(command);
    if (command.name != "history") {
      throw Error(ErrorCode::unsupported,
                  "node '" + name_ + "' has no command \"" + command.name + "\": it obeys configure and history");
    }
    const Value asked = command.parameters.is_null() ? Value(Map{}) : command.parameters;
    List found;
    for (const CommandRecord& one : find_commands(
             observatory_->state_folder(), from_value<CommandQuery>(canonical(schema_of<CommandQuery>(), asked)))) {
      found.push_back(to_value(one));
    }
    end(command, CommandState::completed, "", "", std::move(found));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::storage) throw;
    end(command, CommandState::rejected, error.what(), to_string(error.code()), {});
  }
}

void Node::State::configure(const Command& command) {
  if (!configuration_) {
    throw Error(ErrorCode::unsupported, "configuring node '" + name_ +
                                            "': it was opened with a site that is no file; open it with its site file");
  }
  if (!configuration_->pending_id().empty()) {
    throw Error(ErrorCode::busy,
                "configuring node '" + name_ + "': another configuration is being tried; send it again later");
  }
  const Value* text = command.parameters.find("site");
  if (text == nullptr) {
    throw Error(ErrorCode::invalid_argument,
                "configuring node '" + name_ + "': \"site\" is missing; expected a site file as text");
  }
  const Site site =
      parse_site(text->as_text(), {.simulate = false, .node = name_}, Registry::shared(), observatory_->site().file);
  check_serves(site, name_);
  if (site.slug() != observatory_->site().slug()) {
    throw Error(ErrorCode::invalid_argument, "configuring node '" + name_ + "': it is of " + observatory_->site().name +
                                                 ", and this is the site file of " + site.name +
                                                 "; change the name on the node's own disk");
  }
  end(command, CommandState::started, "it is right; the node starts anew with it", "", {});
  configuration_->propose(text->as_text(), command);
  const std::lock_guard lock(mutex_);
  is_configured_ = true;
  configured_.notify_all();
}

/// Of a command that no device carries out: written down, and told.
void Node::State::end(const Command& command, CommandState state, const std::string& message, std::string_view code,
                      Value details) {
  Acknowledgment made;
  made.command_id = command.id;
  made.device = command.device;
  made.command = command.name;
  made.state = state;
  made.time = observatory_->clock()->now();
  made.message = message;
  made.error_code = code;
  made.details = std::move(details);
  made.issuer = command.issuer;
  // Who only asks leaves no trace, or the answers would fill the journal.
  const bool is_question = command.device == node_device && command.name == "history";
  Command kept = command;
  if (command.device == node_device) kept.parameters = {};  // site files rest in the folder of configurations
  if (!is_question) detail::write_entry(observatory_->state_folder(), kept, made);
  acknowledge(made);
}

bool Node::State::comes_up() {
  const auto until = Steady::now() + options_.come_up;
  while (!is_heard()) {
    if (Steady::now() >= until) return false;
    std::this_thread::sleep_for(look_again);
  }
  return true;
}

void Node::State::settle(bool was_trial) {
  const std::lock_guard lock(ourselves_mutex_);
  if (was_trial) configuration_->confirm();
  const auto outcome = configuration_->outcome();
  if (!outcome) return;
  const Acknowledgment& made = outcome->acknowledgment;
  end(outcome->command, made.state, made.message, made.error_code, made.details);
  configuration_->told();
}

bool Node::State::wait_for_configuration(const std::stop_token& stop, Duration at_most) {
  std::unique_lock lock(mutex_);
  return configured_.wait_for(lock, stop, at_most, [this] { return is_configured_; });
}

bool Node::State::serves() const {
  const auto patience = patient_beats * options_.beat + std::chrono::seconds(1);
  const auto now = Steady::now();
  const std::lock_guard lock(mutex_);
  return !is_closed_ && now - beaten_ < patience && (!obeying_since_ || now - *obeying_since_ < patience);
}

void Node::State::refuse(const Message& message, const std::string& why) {
  log(LogLevel::warning, name_, "a command is put aside: " + why);
  Value told;
  told.set("topic", message.topic).set("reason", why);
  told.set("body", std::string(text_of(message.body.first(std::min<std::size_t>(message.body.size(), 65536)))));
  const std::string body = to_json(told);
  const std::string topic = topics_ + "dlq";
  const Outgoing outgoing{.topic = topic, .key = name_, .body = bytes_of(body), .time = observatory_->clock()->now()};
  outbox_->put(std::span(&outgoing, 1));
}

void Node::State::points(std::span<const Point> points, std::uint64_t missed) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_ready_) {  // they are measured while the site is being opened
      early_points_.insert(early_points_.end(), points.begin(), points.end());
      return;
    }
  }
  if (missed != 0) log(LogLevel::warning, name_, std::to_string(missed) + " points were dropped before they were kept");
  keep_points(points);
}

// In their order: none that comes later is on the disk before them.
void Node::State::keep_early_points() {
  for (;;) {
    std::vector<Point> early;
    {
      const std::lock_guard lock(mutex_);
      early.swap(early_points_);
      is_ready_ = early.empty();
    }
    if (early.empty()) return;
    keep_points(early);
  }
}

void Node::State::keep_points(std::span<const Point> points) {
  std::vector<std::string> topics;
  std::vector<std::string> bodies;
  std::vector<Outgoing> batch;
  topics.reserve(points.size());
  bodies.reserve(points.size());
  for (const Point& point : points) {
    const bool is_bare = point.id.find('.') == std::string::npos;
    const std::string name = is_bare ? point.id : point.id.substr(point.device.size() + 1);
    topics.push_back(topics_ + "data/" + point.device + "/" + name);
    bodies.push_back(
        to_json(PointMessage{point.value, point.unit, point.time, point.quality, boot_, point.sequence, false}));
    batch.push_back({.topic = topics.back(),
                     .key = point.device,
                     .body = bytes_of(bodies.back()),
                     .keeping = Keeping::telemetry,
                     .time = point.time,
                     .source = point.device,
                     .boot = boot_,
                     .sequence = point.sequence});
  }
  keep(batch);
}

// On the disk, for the first way; the others carry what is live, and no more.
void Node::State::keep(std::span<const Outgoing> batch) {
  std::vector<Message> live;
  for (const Outgoing& one : batch) {
    Message message;
    message.topic = one.topic;
    message.key = one.key;
    message.body = one.body;
    message.time = one.time;
    live.push_back(message);
  }
  for (std::size_t i = 1; i < ways_.size(); ++i) {
    try {
      (void)ways_[i].transport->publish(live);
    } catch (const Error& error) {
      log(LogLevel::warning, name_, error.what());
    }
  }
  try {
    outbox_->put(batch);
  } catch (const Error& error) {
    log(LogLevel::error, name_, std::string("an acknowledgment is lost; the journal has it: ") + error.what());
  }
}

void Node::State::acknowledgment(const Acknowledgment& acknowledgment) { acknowledge(acknowledgment); }

void Node::State::acknowledge(const Acknowledgment& acknowledgment) {
  const std::string body = to_json(telescope_acknowledgment(acknowledgment, {"telescope-" + name_, host_name()}));
  const std::string topic = topics_ + "acknowledgment/" + acknowledgment.device;
  const Outgoing outgoing{
      .topic = topic, .key = acknowledgment.command_id, .body = bytes_of(body), .time = acknowledgment.time};
  keep(std::span(&outgoing, 1));
}

void Node::State::report(const TelescopeStatus& status) {
  const std::string body = to_json(status);
  const std::string topic = topics_ + "status";
  const Outgoing outgoing{.topic = topic,
                          .key = status.source_application,
                          .body = bytes_of(body),
                          .time = Time(std::chrono::milliseconds(status.timestamp))};
  outbox_->put(std::span(&outgoing, 1));
}

std::string Node::State::state_body(bool online, const std::string& cause) const {
  NodeState state{.online = online, .boot = boot_, .time = {}, .cause = cause, .beat_s = seconds(options_.beat)};
  if (observatory_) state.time = observatory_->clock()->now();  // nobody knows when a last will comes
  return to_json(state);
}

void Node::State::tell_state(bool online, const std::string& cause) {
  publish("state", state_body(online, cause), true);
}

void Node::State::tell_birth() {
  std::vector<std::string> questions;
  {
    const std::lock_guard lock(mutex_);
    questions.swap(questions_);
  }
  NodeBirth birth{.node = name_,
                  .boot = boot_,
                  .time = observatory_->clock()->now(),
                  .version = version,
                  .host = host_name(),
                  .devices = {},
                  .configuration = version_,
                  .clock = observatory_->clock()->is_simulated() ? "simulated"
                           : is_synchronised()                   ? "synchronised"
                                                                 : "unsynchronised",
                  .answers = std::move(questions)};
  for (const DeviceEntry& entry : observatory_->site().devices) {
    if (!entry.node.empty()) continue;
    ServedDevice device{.name = entry.name,
                        .kind = std::string(to_string(entry.kind)),
                        .driver = entry.driver,
                        .description = {},
                        .commands = {},
                        .points = {}};
    if (entry.kind == DeviceKind::mount) {
      device.description = detail::value_of(observatory_->mount(entry.name).description());
    } else if (entry.kind == DeviceKind::receiver) {
      device.description = detail::value_of(observatory_->receiver(entry.name).description());
    } else if (entry.kind == DeviceKind::controller) {
      device.description = detail::value_of(observatory_->controller(entry.name).description());
    } else {
      continue;
    }
    List commands;
    for (const CommandDescription& command : observatory_->commands(entry.name)) {
      commands.push_back(detail::value_of(command));
    }
    device.commands = std::move(commands);
    device.points = detail::value_of(observatory_->points(entry.name));
    birth.devices.push_back(std::move(device));
  }
  publish("birth", to_json(birth), true);
}

void Node::State::publish(const std::string& what, std::string_view body, bool retained) {
  const std::string topic = topics_ + what;
  Message message;
  message.topic = topic;
  message.key = name_;
  message.body = bytes_of(body);
  message.retained = retained;
  for (const std::string& one : observatory_->names(DeviceKind::transport)) {
    try {
      (void)observatory_->transport(one)->publish(std::span(&message, 1));
    } catch (const Error& error) {
      log(LogLevel::warning, name_, "telling " + what + ": " + error.what());
    }
  }
}

bool Node::State::is_heard() {
  return std::ranges::any_of(ways_, [](const Way& way) {
    return way.hears_stops->wait(Duration::zero()) && way.hears_commands->wait(Duration::zero());
  });
}

void Node::State::beat() {
  int beats = 0;
  std::unique_lock lock(mutex_);
  // Who hears of us may command at once: commands are heard first.
  while (!is_closed_ && !is_heard()) {
    beaten_ = Steady::now();  // without a broker it measures, and serves whoever is here
    wake_.wait_for(lock, look_again);
  }
  while (!is_closed_) {
    const bool tells_birth = std::exchange(birth_wanted_, false) || beats % beats_between_births == 0;
    lock.unlock();
    if (tells_birth) tell_birth();
    tell_state(true, "");
    (void)observatory_->find_command("");  // a disk that hangs is not to be taken for a node that serves
    ++beats;
    lock.lock();
    beaten_ = Steady::now();
    wake_.wait_for(lock, options_.beat, [this] { return is_closed_ || birth_wanted_; });
  }
}

Node::Node(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
Node::~Node() = default;
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(Node&&) noexcept = default;

Node Node::open(const std::filesystem::path& site_file, const std::string& name, const NodeOptions& options) {
  const SiteOptions seen{.simulate = false, .node = name};
  const Site own = load_site(site_file, seen);
  check_serves(own, name);
  NodeOptions with_folder = options;
  if (with_folder.state_folder.empty()) with_folder.state_folder = own.state_folder;
  std::shared_ptr<NodeConfiguration> configuration;
  {
    const detail::StateFolder folder(with_folder.state_folder);  // a trial is not another process's to begin
    configuration = std::make_shared<NodeConfiguration>(folder.path(), detail::text_if_there(site_file).value_or(""));
    configuration->begin();
  }
  for (;;) {
    const bool is_trial = configuration->is_trial();
    try {
      const Site site =
          configuration->version() == 0 ? own : parse_site(configuration->text(), seen, Registry::shared(), site_file);
      auto state = std::make_shared<State>(site, name, with_folder, Registry::shared(), configuration);
      if (is_trial && !state->comes_up()) {
        throw Error(ErrorCode::transport, "no transport of the site answers with it; see that its address is right");
      }
      state->settle(is_trial);
      return Node(std::move(state));
    } catch (const Error& error) {
      const bool has_failed = is_trial && configuration->is_trial();  // not after it was confirmed
      if (!has_failed || error.code() == ErrorCode::busy) throw;
      log(LogLevel::error, name, "a configuration is rolled back: " + std::string(error.what()));
      configuration->roll_back(error.what());
    }
  }
}

Node Node::open(const Site& site, const std::string& name, const NodeOptions& options, Registry& registry) {
  return Node(std::make_shared<State>(site, name, options, registry, nullptr));
}

const Observatory& Node::observatory() const noexcept { return state_->observatory(); }
std::int64_t Node::boot() const noexcept { return state_->boot(); }
void Node::close() noexcept { state_->close(); }
bool Node::wait_for_configuration(const std::stop_token& stop, Duration at_most) const {
  return state_->wait_for_configuration(stop, at_most);
}
bool Node::serves() const { return state_->serves(); }

}  // namespace astro::messaging
