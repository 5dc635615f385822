// SPDX-License-Identifier: BSD-3-Clause
#include "astro/messaging/node.hpp"

#include <sys/timex.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/messaging/status.hpp"
#include "astro/messaging/telescope.hpp"
#include "astro/messaging/telescope_topics.hpp"
#include "astro/version.hpp"
#include "description_value.hpp"
#include "durable_file.hpp"
#include "messaging/host_name.hpp"
#include "messaging/node_commands.hpp"
#include "messaging/node_configuration.hpp"
#include "messaging/node_streams.hpp"
#include "messaging/node_voice.hpp"
#include "messaging/node_ways.hpp"
#include "messaging/subscribing.hpp"
#include "messaging/wire.hpp"
#include "state_folder.hpp"

namespace astro::messaging {

namespace {

constexpr Duration look_soon = std::chrono::milliseconds(20);
constexpr int patient_beats = 3;          // without one a node does not serve
constexpr int beats_between_births = 12;  // for who came when the broker had lost what it retained

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

/// A transport within the process that nobody else has.
bool is_alone(const DeviceEntry& transport) {
  const Value* shared = transport.settings.find("shared");
  return transport.driver == "local" && (shared == nullptr || shared->is_null() || shared->as_text().empty());
}

}  // namespace

std::string node_topics(const std::string& site_slug, const std::string& node) {
  return "astro/v1/" + site_slug + "/" + node + "/";
}

void check_meets(const Site& site, const std::string& doing) {
  const auto is_transport = [](const DeviceEntry& entry) { return entry.kind == DeviceKind::transport; };
  if (std::ranges::none_of(site.devices, is_transport)) {
    throw Error(ErrorCode::invalid_site,
                doing +
                    ": the site has no transport; add one, such as transports: {broker: {driver: mqtt, url: "
                    "mqtt://localhost}}");
  }
  if (std::ranges::all_of(site.devices,
                          [&](const DeviceEntry& entry) { return !is_transport(entry) || is_alone(entry); })) {
    throw Error(ErrorCode::invalid_site,
                doing +
                    ": its transport is local and reaches nobody else; take one with a broker, such as {driver: "
                    "mqtt, url: mqtt://localhost}, or, where all are in one process, {driver: local, shared: NAME}");
  }
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
  check_meets(site, "serving node '" + name + "'");
}

struct Node::State final : Listener {
 public:
  State(const Site& site, const std::string& name, const NodeOptions& options, Registry& registry,
        const std::shared_ptr<NodeConfiguration>& configuration);
  ~State() override { close(); }

  const Observatory& observatory() const noexcept { return *observatory_; }
  std::int64_t boot() const noexcept { return boot_; }
  NodeCommands& commands() noexcept { return *commands_; }
  void close() noexcept;
  bool comes_up();
  bool serves() const;

 private:
  /// Hears what is not to wait until the commands before it are written down.
  class Urgent final : public Subscriber {
   public:
    explicit Urgent(State& node) : node_(node) {}
    void deliver(std::span<const Message> messages) override {
      for (const Message& message : messages) node_.hear_urgent(message);
    }

   private:
    State& node_;
  };
  /// What is heard over one transport.
  struct Way {
    std::unique_ptr<Subscribing> hears_urgent;
    std::unique_ptr<Subscribing> hears_commands;
  };

  // Listener
  void points(std::span<const Point> points, std::uint64_t missed) override;
  /// Another node of our name, by its states or by its births.
  struct Namesake {
    std::int64_t boot = 0;
    Time time{};            ///< of the latest
    std::size_t heard = 0;  ///< so many different ones
    std::chrono::steady_clock::time_point at{};
  };

  void keep_early_points();
  void acknowledgment(const Acknowledgment& acknowledgment) override;

  void serve(const std::filesystem::path& folder, const std::shared_ptr<NodeConfiguration>& configuration, Time opened);
  void attach(const std::shared_ptr<Transport>& transport);
  void hear_urgent(const Message& message);
  void hear_of_our_name(const Message& message, bool is_birth);
  bool is_time_known() const;
  bool is_synchronised() const;
  void tell_birth();
  void tell_state(bool online, const std::string& cause, std::vector<HeldDevice> held = {});
  std::string state_body(bool online, const std::string& cause, std::vector<HeldDevice> held) const;
  std::vector<HeldDevice> held() const;
  bool is_heard();
  void beat();

  const std::string name_;
  const std::string topics_;
  const NodeOptions options_;
  const std::int64_t version_;
  const bool needs_clock_;
  std::int64_t boot_ = 0;
  std::optional<Observatory> observatory_;
  std::unique_ptr<NodeVoice> voice_;
  std::unique_ptr<NodeStreams> streams_;
  std::unique_ptr<StatusReporter> reporter_;
  std::unique_ptr<NodeCommands> commands_;
  Urgent urgent_{*this};
  std::vector<Way> ways_;
  std::unique_ptr<TelescopeTopics> telescope_;

  using Steady = std::chrono::steady_clock;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Steady::time_point beaten_ = Steady::now();
  bool is_ready_ = false;
  std::vector<Point> early_points_;
  bool is_closed_ = false;
  bool birth_wanted_ = false;
  std::array<Namesake, 2> namesakes_{};  // by state, by birth
  std::vector<std::string> questions_;   // that the next birth answers
  std::thread beater_;
};

Node::State::State(const Site& site, const std::string& name, const NodeOptions& options, Registry& registry,
                   const std::shared_ptr<NodeConfiguration>& configuration)
    : name_(name),
      topics_(node_topics(site.slug(), name)),
      options_(options),
      version_(configuration ? configuration->version() : 0),
      needs_clock_(!site.section<NodesSection>("nodes").unsynchronised_clock) {
  check_serves(site, name);
  const std::filesystem::path folder = options.state_folder.empty() ? site.state_folder : options.state_folder;
  OpenOptions open;
  open.state_folder = folder;
  open.clock = options.clock;
  open.listener = this;
  open.before_transport = [&](Transport& transport, const std::string&) {
    if (boot_ == 0) boot_ = detail::next_boot(folder);  // the folder is ours by now
    const std::string will = state_body(false, "lwt", {});
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
  try {
    serve(folder, configuration, opened);
  } catch (...) {
    close();  // its devices measure, and nobody is there to hear it
    throw;
  }
}

void Node::State::serve(const std::filesystem::path& folder, const std::shared_ptr<NodeConfiguration>& configuration,
                        Time opened) {
  voice_ = std::make_unique<NodeVoice>(*observatory_, name_, boot_, folder);
  streams_ = std::make_unique<NodeStreams>(
      [this](const std::string& device, const Bytes& body) { return voice_->say("blocks/" + device, device, body); });
  reporter_ = std::make_unique<StatusReporter>(Sender{"telescope-" + name_, host_name()},
                                               [this](const TelescopeStatus& status) { voice_->report(status); });
  commands_ = std::make_unique<NodeCommands>(
      *observatory_, *voice_, name_, [this] { return is_time_known(); }, configuration);
  keep_early_points();
  for (const auto& transport : voice_->transports()) attach(transport);
  commands_->tell_interrupted(opened);
  telescope_ = telescope_topics_of(*observatory_, name_);
  beater_ = std::thread([this] { beat(); });
}

void Node::State::attach(const std::shared_ptr<Transport>& transport) {
  Way& way = ways_.emplace_back();
  const std::string commands = topics_ + "command/+";
  way.hears_urgent = std::make_unique<Subscribing>(transport,
                                                   std::vector<Subscribed>{{commands, {}},
                                                                           {topics_ + "rebirth", {}},
                                                                           {topics_ + "stream/+", {}},
                                                                           {topics_ + "state", {}},
                                                                           {topics_ + "birth", {}}},
                                                   urgent_, name_);
  // As a group of one: what came while we were away is waiting for us.
  way.hears_commands = std::make_unique<Subscribing>(
      transport, std::vector<Subscribed>{{commands, "astro-node-" + name_}}, *commands_, name_);
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
  if (voice_) tell_state(false, "bye");
  observatory_->stop_all();
  if (voice_) {
    voice_->wait_empty(std::chrono::seconds(2));
    voice_->end_sending();  // what the devices say while they are closed waits on the disk
  }
  observatory_->close();
  reporter_.reset();
  voice_.reset();  // another process may have the folder
}

void Node::State::hear_urgent(const Message& message) {
  const std::string_view kind = level_before_last(message.topic);
  if (kind == "command") return commands_->obey_stop(message);
  try {
    if (last_level(message.topic) == "state" || last_level(message.topic) == "birth") {
      hear_of_our_name(message, last_level(message.topic) == "birth");
    } else if (last_level(message.topic) == "rebirth") {
      const std::string id = id_in(message.body);
      const std::lock_guard lock(mutex_);
      if (!id.empty()) questions_.push_back(id);
      birth_wanted_ = true;
      wake_.notify_all();
    } else {
      const auto wish = record_in<StreamWish>(message.body);
      streams_->ask(*observatory_, std::string(last_level(message.topic)),
                    from_seconds(std::clamp(wish.lasting_s, 0.0, 60.0)), wish.issuer);
    }
  } catch (const Error& error) {
    log(LogLevel::warning, name_, error.what());
  }
}

/// Each transport may remember what was said at a start of ours that is over, and brings it at once. Whoever goes on
/// speaking is another.
void Node::State::hear_of_our_name(const Message& message, bool is_birth) {
  Namesake said{.heard = 1, .at = Steady::now()};
  try {
    if (is_birth) {
      const auto birth = record_in<NodeBirth>(message.body);
      if (birth.boot == boot_ && birth.host == host_name()) return;
      said.boot = birth.boot;
      said.time = birth.time;
    } else {
      const auto state = record_in<NodeState>(message.body);
      if (state.boot == boot_ || !state.online) return;
      said.boot = state.boot;
      said.time = state.time;
    }
  } catch (const Error&) {  // not of ours
    return;
  }
  const std::size_t remembered = voice_->transports().size();
  {
    const std::lock_guard lock(mutex_);
    Namesake& known = namesakes_.at(is_birth ? 1 : 0);
    if (known.boot != said.boot) known = {};
    if (known.heard > 0 && (said.time <= known.time || said.at - known.at < options_.beat / 2)) return;
    said.heard = known.heard + 1;
    known = said;
  }
  if (said.heard != remembered + 2) return;  // told once
  log(LogLevel::error, name_,
      "another node has the name '" + name_ + "', and runs now, with boot " + std::to_string(said.boot) +
          "; commands go to either of them: give each a name of its own, and end one");
}

bool Node::State::is_time_known() const { return !needs_clock_ || is_synchronised(); }

bool Node::State::is_synchronised() const {
  if (observatory_->clock()->is_simulated()) return true;
  return options_.is_synchronised ? options_.is_synchronised() : kernel_clock_is_synchronised();
}

bool Node::State::comes_up() {
  const auto until = Steady::now() + options_.come_up;
  while (!is_heard()) {
    if (Steady::now() >= until) return false;
    std::this_thread::sleep_for(look_soon);
  }
  return true;
}

bool Node::State::serves() const {
  const auto patience = patient_beats * options_.beat + std::chrono::seconds(1);
  const auto now = Steady::now();
  const auto busy_since = commands_->busy_since();
  const std::lock_guard lock(mutex_);
  return !is_closed_ && now - beaten_ < patience && (!busy_since || now - *busy_since < patience);
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
  voice_->measured(points);
}

void Node::State::acknowledgment(const Acknowledgment& acknowledgment) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_ready_) return;  // nobody has commanded yet
    wake_.notify_all();      // the device may have changed hands
  }
  voice_->acknowledge(acknowledgment);
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
    voice_->measured(early);
  }
}

std::vector<HeldDevice> Node::State::held() const {
  std::vector<HeldDevice> found;
  for (const DeviceEntry& entry : observatory_->site().devices) {
    if (!entry.node.empty()) continue;
    std::optional<Holder> holder;
    if (entry.kind == DeviceKind::mount) holder = observatory_->mount(entry.name).holder();
    if (entry.kind == DeviceKind::receiver) holder = observatory_->receiver(entry.name).holder();
    if (entry.kind == DeviceKind::controller) holder = observatory_->controller(entry.name).holder();
    if (holder) found.push_back({entry.name, holder->issuer.name, holder->issuer.rank, holder->until});
  }
  return found;
}

std::string Node::State::state_body(bool online, const std::string& cause, std::vector<HeldDevice> held) const {
  NodeState state{.online = online,
                  .boot = boot_,
                  .time = {},
                  .cause = cause,
                  .beat_s = seconds(options_.beat),
                  .held = std::move(held)};
  if (observatory_) state.time = observatory_->clock()->now();  // nobody knows when a last will comes
  return to_json(state);
}

void Node::State::tell_state(bool online, const std::string& cause, std::vector<HeldDevice> held) {
  (void)voice_->say("state", name_, bytes_of(state_body(online, cause, std::move(held))), true);
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
  (void)voice_->say("birth", name_, bytes_of(to_json(birth)), true);
}

bool Node::State::is_heard() {
  return std::ranges::any_of(ways_, [](const Way& way) {
    return way.hears_urgent->wait(Duration::zero()) && way.hears_commands->wait(Duration::zero());
  });
}

void Node::State::beat() {
  int beats = 0;
  std::unique_lock lock(mutex_);
  // Who hears of us may command at once: commands are heard first.
  while (!is_closed_ && !is_heard()) {
    beaten_ = Steady::now();  // without a broker it measures, and serves whoever is here
    wake_.wait_for(lock, look_soon);
  }
  while (!is_closed_) {
    const bool tells_birth = std::exchange(birth_wanted_, false) || beats % beats_between_births == 0;
    lock.unlock();
    if (tells_birth) tell_birth();
    const std::vector<HeldDevice> told = held();
    tell_state(true, "", told);
    (void)observatory_->find_command("");  // a disk that hangs is not to be taken for a node that serves
    ++beats;
    lock.lock();
    beaten_ = Steady::now();
    wake_.wait_for(lock, options_.beat, [&] { return is_closed_ || birth_wanted_ || held() != told; });
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
      state->commands().settle_configuration(is_trial);
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
  return state_->commands().wait_for_configuration(stop, at_most);
}
bool Node::serves() const { return state_->serves(); }

}  // namespace astro::messaging
