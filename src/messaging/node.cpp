// SPDX-License-Identifier: BSD-3-Clause
#include "astro/messaging/node.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/messaging/outbox.hpp"
#include "astro/messaging/telescope.hpp"
#include "astro/version.hpp"
#include "description_value.hpp"
#include "messaging/node_streams.hpp"
#include "messaging/subscribing.hpp"
#include "messaging/wire.hpp"
#include "state_folder.hpp"

namespace astro::messaging {

namespace {

constexpr Duration look_again = std::chrono::milliseconds(20);
constexpr std::size_t most_interrupted = 1000;  // commands that may have been under way
constexpr int beats_between_births = 12;        // for who came when the broker had lost what it retained

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "";
}

std::string historical(std::string_view body) {
  auto point = record_in<PointMessage>(bytes_of(body));
  point.historical = true;
  return json_of(point);
}

}  // namespace

std::string node_topics(const std::string& site_slug, const std::string& node) {
  return "astro/v1/" + site_slug + "/" + node + "/";
}

struct Node::State final : Listener {
 public:
  State(const Site& site, const std::string& name, const NodeOptions& options, Registry& registry);
  ~State() override { close(); }

  const Observatory& observatory() const noexcept { return *observatory_; }
  std::int64_t boot() const noexcept { return boot_; }
  void close() noexcept;

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
  void refuse(const Message& message, const std::string& why);
  void tell_birth();
  void tell_state(bool online, const std::string& cause);
  std::string state_body(bool online, const std::string& cause) const;
  void publish(const std::string& topic, std::string_view body, bool retained);
  void acknowledge(const Acknowledgment& acknowledgment);
  void keep(std::span<const Outgoing> batch);
  bool is_heard();
  void beat();

  const std::string name_;
  const std::string topics_;
  const NodeOptions options_;
  std::int64_t boot_ = 0;
  std::optional<Observatory> observatory_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<NodeStreams> streams_;
  std::vector<Way> ways_;

  std::mutex mutex_;
  std::condition_variable wake_;
  bool is_ready_ = false;
  std::vector<Point> early_points_;
  bool is_closed_ = false;
  bool birth_wanted_ = false;
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

Node::State::State(const Site& site, const std::string& name, const NodeOptions& options, Registry& registry)
    : name_(name), topics_(node_topics(site.slug(), name)), options_(options) {
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
  for (const auto& transport : transports) attach(transport);
  keep_early_points();
  // What the process before had begun ended with it; nobody was told yet.
  for (const Acknowledgment& one : observatory_->recent_commands(most_interrupted)) {
    if (one.error_code == to_string(ErrorCode::interrupted) && one.time >= opened) acknowledge(one);
  }
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
  ways_.clear();
  streams_.reset();
  if (!observatory_) return;
  tell_state(false, "bye");
  observatory_->stop_all();
  outbox_->wait_empty(std::chrono::seconds(2));
  observatory_->close();
  outbox_.reset();
}

void Node::State::obey_stop(const Message& message) {
  try {
    const std::string_view kind = level_before_last(message.topic);
    if (last_level(message.topic) == "rebirth") {
      const std::lock_guard lock(mutex_);
      birth_wanted_ = true;
      wake_.notify_all();
    } else if (kind == "stream") {
      const Value wish = parse_json(text_of(message.body));
      const Value* lasting = wish.find("seconds");
      streams_->ask(*observatory_, std::string(last_level(message.topic)),
                    from_seconds(std::clamp(lasting == nullptr ? 0.0 : lasting->as_number(), 0.0, 60.0)));
    } else if (text_of(message.body).find("\"stop\"") != std::string_view::npos) {
      const Command command = command_of(record_in<TelescopeCommand>(message.body));
      if (command.name == "stop") (void)observatory_->execute(command);
    }
  } catch (const Error& error) {
    // What is wrong with a command is said by who writes it down.
    if (level_before_last(message.topic) != "command") log(LogLevel::warning, name_, error.what());
  }
}

void Node::State::obey(const Message& message) {
  Command command;
  try {
    command = command_of(record_in<TelescopeCommand>(message.body));
    if (command.device != last_level(message.topic)) {
      throw Error(ErrorCode::invalid_argument, "it is for device '" + command.device + "' and came to the topic of '" +
                                                   std::string(last_level(message.topic)) + "'");
    }
    const bool was_there = observatory_->find_command(command.id).has_value();
    const Execution execution = observatory_->execute(std::move(command));
    if (was_there) acknowledge(execution.latest());
  } catch (const Error& error) {
    if (error.code() == ErrorCode::storage) throw;  // it comes again when it can be written down
    refuse(message, error.what());
  }
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
        json_of(PointMessage{point.value, point.unit, point.time, point.quality, boot_, point.sequence, false}));
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
  const std::string body = json_of(telescope_acknowledgment(acknowledgment, {"telescope-" + name_, host_name()}));
  const std::string topic = topics_ + "acknowledgment/" + acknowledgment.device;
  const Outgoing outgoing{
      .topic = topic, .key = acknowledgment.command_id, .body = bytes_of(body), .time = acknowledgment.time};
  keep(std::span(&outgoing, 1));
}

std::string Node::State::state_body(bool online, const std::string& cause) const {
  NodeState state{.online = online, .boot = boot_, .time = {}, .cause = cause, .beat_s = seconds(options_.beat)};
  if (observatory_) state.time = observatory_->clock()->now();  // nobody knows when a last will comes
  return json_of(state);
}

void Node::State::tell_state(bool online, const std::string& cause) {
  publish("state", state_body(online, cause), true);
}

void Node::State::tell_birth() {
  NodeBirth birth{.node = name_,
                  .boot = boot_,
                  .time = observatory_->clock()->now(),
                  .version = version,
                  .host = host_name(),
                  .devices = {}};
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
  publish("birth", json_of(birth), true);
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
  while (!is_closed_ && !is_heard()) wake_.wait_for(lock, look_again);
  while (!is_closed_) {
    const bool tells_birth = std::exchange(birth_wanted_, false) || beats % beats_between_births == 0;
    lock.unlock();
    if (tells_birth) tell_birth();
    tell_state(true, "");
    ++beats;
    lock.lock();
    wake_.wait_for(lock, options_.beat, [this] { return is_closed_ || birth_wanted_; });
  }
}

Node::Node(std::shared_ptr<State> state) noexcept : state_(std::move(state)) {}
Node::~Node() = default;
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(Node&&) noexcept = default;

Node Node::open(const std::filesystem::path& site_file, const std::string& name, const NodeOptions& options) {
  return open(load_site(site_file, {.simulate = false, .node = name}), name, options);
}

Node Node::open(const Site& site, const std::string& name, const NodeOptions& options, Registry& registry) {
  return Node(std::make_shared<State>(site, name, options, registry));
}

const Observatory& Node::observatory() const noexcept { return state_->observatory(); }
std::int64_t Node::boot() const noexcept { return state_->boot(); }
void Node::close() noexcept { state_->close(); }

}  // namespace astro::messaging
