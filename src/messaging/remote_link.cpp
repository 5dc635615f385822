// SPDX-License-Identifier: BSD-3-Clause
#include "messaging/remote_link.hpp"

#include <algorithm>
#include <utility>

#include "astro/error.hpp"
#include "astro/messaging/telescope.hpp"
#include "messaging/wire.hpp"

namespace astro::messaging {

namespace {

// Of commands that set something in motion: a node that comes back minutes later must not act on them.
constexpr Duration motion_lifetime = std::chrono::seconds(5);
// A node is away when it was silent for so many beats.
constexpr double beats_of_silence = 3.0;
constexpr Duration believable = std::chrono::seconds(2);  // that a message took

}  // namespace

RemoteEars::~RemoteEars() = default;

RemoteLink::RemoteLink(const RemoteSettings& settings, Emitter& host, RemoteEars& ears)
    : settings_(settings),
      host_(host),
      ears_(ears),
      device_(host.surroundings().device),
      topics_(node_topics(settings.site, settings.node)),
      transports_(host.surroundings().transports) {
  if (transports_.empty()) {
    throw Error(ErrorCode::invalid_argument, "reaching node '" + settings_.node +
                                                 "': the site has no transport; add one, such as transports: "
                                                 "{broker: {driver: mqtt, url: mqtt://localhost}}");
  }
  // The birth last: whoever has it may command at once, and has to hear the answer.
  const std::vector<Subscribed> wanted{{topics_ + "acknowledgment/" + device_, {}},
                                       {topics_ + "status", {}},
                                       {topics_ + "data/" + device_ + "/+", {}},
                                       {topics_ + "state", {}},
                                       {topics_ + "birth", {}}};
  for (const auto& transport : transports_) {
    subscriptions_.push_back(std::make_unique<Subscribing>(transport, wanted, *this, device_));
  }
}

RemoteLink::~RemoteLink() { subscriptions_.clear(); }

void RemoteLink::hear_blocks(Duration at_most) {
  std::vector<std::unique_ptr<Subscribing>> hearing;
  for (const auto& transport : transports_) {
    const std::vector<Subscribed> wanted{{topics_ + "blocks/" + device_, {}}};
    hearing.push_back(std::make_unique<Subscribing>(transport, wanted, *this, device_));
  }
  const bool is_heard = wait_any(hearing, at_most);
  // Also if not: one that ends ends all that this link hears.
  for (auto& one : hearing) subscriptions_.push_back(std::move(one));
  if (!is_heard) {
    throw Error(ErrorCode::transport, "hearing the blocks of node '" + settings_.node +
                                          "': no transport of the site answers; see that the broker runs");
  }
}

bool RemoteLink::wait_for_birth(Duration at_most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, at_most, [this] { return is_born_; });
}

bool RemoteLink::silent() const {
  const double patience = std::max(1.0, state_.beat_s * beats_of_silence);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - heard_).count() > patience;
}

bool RemoteLink::is_there() const {
  const std::lock_guard lock(mutex_);
  return is_born_ && state_.online && !silent();
}

void RemoteLink::check_there() const {
  const std::lock_guard lock(mutex_);
  if (!is_born_ || !state_.online || silent()) refuse_away();
}

void RemoteLink::refuse_away() const {
  const std::string node = "node '" + settings_.node + "'";
  if (!is_born_) {
    throw Error(ErrorCode::device_fault,
                node + " has not been heard of; is `astro node` running there, and does it reach the same broker?");
  }
  if (state_.online) {
    throw Error(ErrorCode::device_fault, node + " is silent; it is waited for. Look at its machine and at the network");
  }
  if (state_.cause == "bye") {
    throw Error(ErrorCode::device_fault, node + " was closed at " + format_time(state_.time) + "; it is waited for");
  }
  throw Error(ErrorCode::device_fault,
              node + " has vanished; it is waited for. Look at its machine and at the network");
}

Time RemoteLink::node_time(Time ours) const {
  const std::lock_guard lock(mutex_);
  return ours + ahead_.value_or(Duration::zero());
}

// A message is heard later than it was said, never earlier: the greatest difference is the truest. One that is
// smaller again and again is a clock that was set.
void RemoteLink::compare_clocks(Time theirs) {
  const Duration ahead = theirs - host_.surroundings().clock->now();
  late_ = ahead_ && ahead < *ahead_ - believable ? late_ + 1 : 0;
  if (!ahead_ || ahead > *ahead_ || late_ >= 3) ahead_ = ahead, late_ = 0;
}

Command RemoteLink::command_of(const std::string& id, const std::string& command, Value parameters, Time expires,
                               const Issuer* issuer) const {
  Command made;
  made.id = id;
  made.device = device_;
  made.name = command;
  made.parameters = std::move(parameters);
  made.issuer = issuer == nullptr ? host_.cause().issuer : *issuer;
  made.issued = host_.surroundings().clock->now();
  made.expires = expires;
  return made;
}

std::size_t RemoteLink::publish(const std::string& topic, const std::string& body, Duration lifetime) {
  Message message;
  message.topic = topic;
  message.key = device_;
  message.body = bytes_of(body);
  message.lifetime = lifetime;
  if (lifetime > Duration::zero()) {  // a receiver counts the age of a message by its own clock
    const std::lock_guard lock(mutex_);
    message.lifetime += std::max(ahead_.value_or(Duration::zero()), Duration::zero());
  }
  std::size_t accepted = 0;
  for (const auto& transport : transports_) {
    try {
      accepted += transport->publish(std::span(&message, 1)).accepted;
    } catch (const Error& error) {
      host_.log(LogLevel::warning, "sending to " + topic + ": " + error.what());
    }
  }
  return accepted;
}

Acknowledgment RemoteLink::ask(const std::string& command, Value parameters, Duration at_most, CommandState until,
                               const Issuer* issuer) {
  check_there();
  const std::string id = new_id();
  const Time expires = node_time(host_.surroundings().clock->now()) + std::max(at_most, motion_lifetime);
  const std::string body = to_json(telescope_command(command_of(id, command, std::move(parameters), expires, issuer)));
  std::unique_lock lock(mutex_);
  const auto mine = pending_.insert(pending_.end(), Pending{id, {}});
  const auto forget = std::shared_ptr<void>(nullptr, [&](void*) { pending_.erase(mine); });  // under the lock
  lock.unlock();
  const std::size_t ways = publish(topics_ + "command/" + device_, body, motion_lifetime);
  lock.lock();
  if (ways == 0) throw Error(ErrorCode::busy, "no transport takes the command " + command + "; try again");
  // A command has begun when the driver has taken it, which its progress says; until then it may fail.
  const auto has_come_so_far = [&] {
    if (!mine->latest || mine->latest->state < until) return false;
    return is_final(mine->latest->state) || mine->latest->progress_percent.has_value();
  };
  (void)changed_.wait_for(lock, at_most, has_come_so_far);
  if (!mine->latest || mine->latest->state < until) {
    throw Error(ErrorCode::timeout, "node '" + settings_.node + "' did not answer the command " + command + " within " +
                                        std::to_string(seconds(at_most)) + " s; whether it acted is not known");
  }
  Acknowledgment answer = *mine->latest;
  if (is_final(answer.state) && answer.state != CommandState::completed) {
    throw Error(answer.error_code.empty() ? ErrorCode::device_fault : error_code_of(answer.error_code), answer.message);
  }
  return answer;
}

Acknowledgment RemoteLink::call(const std::string& command, Value parameters, Duration at_most) {
  return ask(command, std::move(parameters), at_most, CommandState::started);
}

Acknowledgment RemoteLink::complete(const std::string& command, Value parameters, Duration at_most) {
  return ask(command, std::move(parameters), at_most, CommandState::completed);
}

std::optional<Holder> RemoteLink::holder() const {
  const std::lock_guard lock(mutex_);
  const auto mine = std::ranges::find(state_.held, device_, &HeldDevice::device);
  if (mine == state_.held.end() || !state_.online) return std::nullopt;
  Holder held{{mine->name, mine->rank}, mine->until - ahead_.value_or(Duration::zero())};
  if (held.until <= host_.surroundings().clock->now()) return std::nullopt;
  return held;
}

// The node says it, too; who has taken the device need not wait for that.
void RemoteLink::note_holder(const Issuer& issuer, Time until, Time from) {
  const std::lock_guard lock(mutex_);
  hands_changed_ = from;
  std::erase_if(state_.held, [&](const HeldDevice& each) { return each.device == device_; });
  if (until > from) state_.held.push_back({device_, issuer.name, issuer.rank, until});
}

void RemoteLink::take(const Issuer& issuer, Duration lease, Duration at_most) {
  Value parameters;
  parameters.set("lease", seconds(lease));
  const Acknowledgment done = ask("take", std::move(parameters), at_most, CommandState::completed, &issuer);
  note_holder(issuer, done.time + lease, done.time);
}

void RemoteLink::release(const Issuer& issuer) {
  const std::optional<Holder> before = holder();
  const Time now = node_time(host_.surroundings().clock->now());
  const std::string body = to_json(telescope_command(command_of(new_id(), "release", {}, {}, &issuer)));
  if (publish(topics_ + "command/" + device_, body, {}) == 0) {
    host_.log(LogLevel::warning, "no transport takes the command release; the lease ends by itself");
  }
  if (before && before->issuer == issuer) note_holder(issuer, now, now);
}

void RemoteLink::send(const std::string& id, const std::string& command, Value parameters) {
  const Command made = command_of(id, command, std::move(parameters), {});
  if (publish(topics_ + "command/" + device_, to_json(telescope_command(made)), {}) == 0) {
    throw Error(ErrorCode::busy, "no transport takes the command " + command + "; try again");
  }
}

void RemoteLink::stop() noexcept {
  try {
    publish(topics_ + "command/" + device_, to_json(telescope_command(command_of(new_id(), "stop", {}, {}))), {});
  } catch (const std::exception& error) {
    host_.log(LogLevel::error, std::string("stopping: ") + error.what());
  }
}

void RemoteLink::tell(const std::string& topic, const std::string& body) noexcept {
  try {
    publish(topics_ + topic, body, motion_lifetime);
  } catch (const std::exception& error) {
    host_.log(LogLevel::warning, error.what());
  }
}

void RemoteLink::deliver(std::span<const Message> messages) {
  const std::lock_guard one_at_a_time(ears_mutex_);  // several transports deliver
  for (const Message& message : messages) {
    try {
      hear(message);
    } catch (const Error& error) {
      host_.log(LogLevel::warning, "a message of " + std::string(message.topic) + " is passed by: " + error.what());
    }
  }
}

void RemoteLink::hear(const Message& message) {
  const std::string_view what = message.topic.substr(std::min(message.topic.size(), topics_.size()));
  if (what == "birth") {
    const auto birth = record_in<NodeBirth>(message.body);
    const auto mine = std::ranges::find(birth.devices, device_, &ServedDevice::name);
    {
      const std::lock_guard lock(mutex_);
      if (birth.boot < boot_) return;  // of one that is gone
      boot_ = birth.boot;
    }
    if (mine == birth.devices.end()) {
      host_.log(LogLevel::warning, "node '" + settings_.node + "' does not serve it; does it have the same site file?");
      return;
    }
    ears_.described(*mine);
    const std::lock_guard lock(mutex_);
    if (!std::exchange(is_born_, true)) state_.online = true;  // it has just said so
    heard_ = std::chrono::steady_clock::now();
    changed_.notify_all();
  } else if (what == "state") {
    hear_state(record_in<NodeState>(message.body));
  } else if (what.starts_with("data/")) {
    const auto point = record_in<PointMessage>(message.body);
    {
      const std::lock_guard lock(mutex_);
      if (point.historical || point.boot < boot_) return;  // for histories, not for who wants to know what is now
      heard_ = std::chrono::steady_clock::now();
      // What came over another transport already. Each point has a number of its own.
      if (point.boot == boot_ && point.sequence <= sequence_) return;
      sequence_ = point.sequence;
    }
    ears_.measured(last_level(message.topic), point);
  } else if (what.starts_with("acknowledgment/")) {
    const Acknowledgment told = acknowledgment_of(record_in<CommandAcknowledgment>(message.body));
    {
      const std::lock_guard lock(mutex_);
      heard_ = std::chrono::steady_clock::now();
      const auto mine = std::ranges::find(pending_, told.command_id, &Pending::id);
      if (mine != pending_.end()) {
        if (!mine->latest || mine->latest->state <= told.state) mine->latest = told;
        changed_.notify_all();
        return;
      }
    }
    ears_.acknowledged(told);
  } else if (what == "status") {
    // The node tells the control room itself: as a warning of ours it would come there twice.
    const auto told = record_in<TelescopeStatus>(message.body);
    if (told.component == device_) host_.log(LogLevel::info, "node '" + settings_.node + "' says: " + told.message);
  } else if (what.starts_with("blocks/")) {
    ears_.streamed(message.body);
  }
}

void RemoteLink::hear_state(const NodeState& state) {
  std::string change;
  {
    const std::lock_guard lock(mutex_);
    if (state.boot < boot_) return;  // the death of one that came again since
    const bool was_there = state_.online;
    const std::vector<HeldDevice> held = state.time < hands_changed_ ? state_.held : state.held;
    boot_ = state.boot;
    state_ = state;
    state_.held = held;
    if (state.online) {
      heard_ = std::chrono::steady_clock::now();
      compare_clocks(state.time);
    }
    if (was_there && !state.online) change = "is away: " + state.cause;
    if (!was_there && state.online) change = "is there";
    changed_.notify_all();
  }
  if (!change.empty()) host_.log(LogLevel::info, "node '" + settings_.node + "' " + change);
}

}  // namespace astro::messaging
