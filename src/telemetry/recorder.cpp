// SPDX-License-Identifier: BSD-3-Clause
#include "astro/telemetry/recorder.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/metrics.hpp"
#include "astro/topic.hpp"
#include "messaging/dead_letter.hpp"
#include "telemetry/recorded.hpp"

namespace astro::telemetry {

using namespace std::chrono_literals;

namespace {

constexpr auto first_pause = 200ms;
constexpr auto longest_pause = 5s;
constexpr auto patience = 10s;  // for the broker to confirm dead letters, before one line of log

/// Messages as rows that are read when the store asks for them: a server is at work on the first while we read the
/// rest.
template <Record T, class Read>
class MessageRows final : public Rows {
 public:
  MessageRows(std::span<const Message> messages, const Read& read) : messages_(messages), read_(read) {
    rows_.reserve(messages.size());
  }
  std::size_t size() const noexcept override { return messages_.size(); }
  Cell cell(std::size_t row, std::size_t column) const override {
    while (rows_.size() <= row) rows_.push_back(read_(messages_[rows_.size()]));
    return RecordRows<T>(rows_).cell(row, column);
  }

 private:
  std::span<const Message> messages_;
  const Read& read_;
  mutable std::vector<T> rows_;
};

bool can_be_waited_for(const Error& error) {
  return error.code() == ErrorCode::storage || error.code() == ErrorCode::transport ||
         error.code() == ErrorCode::timeout || error.code() == ErrorCode::busy;
}

void check_topics(const SectionCheck& check) {
  const auto section = from_value<RecorderSection>(Value(check.section));
  const auto complain = [&](const char* key, const std::string& message) { check.complain({key}, message, {}); };
  if (const std::string complaint = complaint_about_topic(section.dead_letters); !complaint.empty()) {
    return complain("dead_letters", complaint + "; expected a topic such as telescope/data.dlq");
  }
  if (section.topics.empty()) complain("topics", "nothing is recorded: expected at least one pattern");
  for (const RecordedTopic& topic : section.topics) {
    const std::string complaint = complaint_about_pattern(topic.pattern);
    if (!complaint.empty()) complain("topics", "the pattern \"" + topic.pattern + "\": " + complaint);
    else if (topic_matches(topic.pattern, section.dead_letters))
      complain("topics", "the pattern \"" + topic.pattern + "\" also fits dead_letters: what is dead would come again");
  }
}

const SectionEnrolment recorder_section({.name = "recorder",
                                         .says = "what `astro recorder` brings from a transport into a store",
                                         .schema = schema_of<RecorderSection>(),
                                         .check = check_topics});

}  // namespace

struct Recorder::State {
  State(const Observatory& observatory, RecorderSection with, const Site& devices)
      : site(observatory),
        section(std::move(with)),
        transport(site.transport(section.transport)),
        store(site.store(section.store)),
        is_within_process(site.site().find(DeviceKind::transport, section.transport)->driver == "local") {
    for (const DeviceEntry& device : devices.devices) {
      if (device.bare) bare.insert(device.name);
    }
    if (!section.registry.url.empty()) {
      registry = std::make_shared<messaging::SchemaRegistry>(messaging::options_of(section.registry));
    }
    for (const RecordedTopic& topic : section.topics) lines.push_back(std::make_unique<Line>(*this, topic));
  }

  /// One pattern: its messages come one batch after the other.
  class Line;

  void subscribe(Line& line, const std::stop_token& stop);
  /// Calls the function until it succeeds. Throws when it fails for good, or when the recorder is told to stop.
  template <class Function>
  auto persist(const std::string& doing, Function function);
  void bury(std::span<const Message> messages, std::span<const std::string> reasons);
  void wait_for_broker(Ticket ticket);
  bool pause(std::chrono::steady_clock::duration so_long);
  void tell(MetricWriter& writer) const;

  const Observatory site;
  const RecorderSection section;
  const std::shared_ptr<Transport> transport;
  const StoreHandle store;
  /// Its confirmation is that we have returned, so that waiting for it there would be for ever.
  const bool is_within_process;
  std::set<std::string> bare;
  std::shared_ptr<messaging::SchemaRegistry> registry;
  std::vector<std::unique_ptr<Line>> lines;

  mutable std::mutex mutex;
  std::condition_variable stopping;
  bool is_stopping = false;
  RecorderStatus counts;
  const MetricSource metrics{[this](MetricWriter& writer) { tell(writer); }};
};

class Recorder::State::Line final : public Subscriber {
 public:
  Line(State& recorder, const RecordedTopic& recorded)
      : topic(recorded), state_(recorder), reader_(recorded, recorder.registry, recorder.bare) {}

  void deliver(std::span<const Message> messages) override {
    if (topic.holds == Holds::data)
      store<messaging::TelescopeDataRaw>(messages, [this](const Message& each) { return reader_.data(each); });
    else if (topic.holds == Holds::points)
      store<HistoryPoint>(messages, [this](const Message& each) { return reader_.point(each); });
    else store<Loss>(messages, [this](const Message& each) { return reader_.loss(each); });
  }

  const RecordedTopic topic;

 private:
  template <Record T, class Read>
  void store(std::span<const Message> messages, Read read);
  /// Each message by itself, with what it may have to wait for; returns how many were new.
  template <Record T, class Read>
  std::size_t store_with_care(std::span<const Message> messages, Read read);

  void condemn(const Message& message, const std::string& reason) {
    dead_.push_back(message);
    reasons_.push_back(messaging::plain(reason));
  }

  State& state_;
  detail::MessageReader reader_;
  std::vector<Message> dead_;
  std::vector<std::string> reasons_;
};

template <class Function>
auto Recorder::State::persist(const std::string& doing, Function function) {
  std::chrono::steady_clock::duration next = first_pause;
  bool is_told = false;
  for (;;) {
    try {
      auto result = function();
      if (is_told) log(LogLevel::info, "recorder", doing + " goes on");
      return result;
    } catch (const Error& error) {
      if (!can_be_waited_for(error)) throw;
      if (!std::exchange(is_told, true)) log(LogLevel::warning, "recorder", doing + " waits: " + error.what());
    }
    if (!pause(next)) throw Error(ErrorCode::interrupted, doing + ": the recorder was told to stop; it comes again");
    next = std::min<std::chrono::steady_clock::duration>(next * 2, longest_pause);
  }
}

template <Record T, class Read>
void Recorder::State::Line::store(std::span<const Message> messages, Read read) {
  dead_.clear();
  reasons_.clear();
  std::size_t inserted = 0;
  try {
    inserted = state_.store.insert_rows(schema_of<T>(), MessageRows<T, Read>(messages, read));
  } catch (const Error&) {
    inserted = store_with_care<T>(messages, read);
  }
  state_.bury(dead_, reasons_);
  const std::lock_guard lock(state_.mutex);
  state_.counts.messages += messages.size();
  state_.counts.stored += inserted;
  state_.counts.there += messages.size() - dead_.size() - inserted;
  state_.counts.dead += dead_.size();
}

template <Record T, class Read>
std::size_t Recorder::State::Line::store_with_care(std::span<const Message> messages, Read read) {
  std::vector<T> rows;
  std::vector<const Message*> origins;
  rows.reserve(messages.size());
  for (const Message& message : messages) {
    try {
      rows.push_back(state_.persist("reading " + topic.pattern, [&] { return read(message); }));
      origins.push_back(&message);
    } catch (const Error& error) {
      if (error.code() == ErrorCode::interrupted) throw;
      condemn(message, error.what());
    }
  }
  const auto insert_all = [&] { return state_.store.insert(std::span<const T>(rows)); };
  try {
    return rows.empty() ? 0 : state_.persist("storing " + topic.pattern, insert_all);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::invalid_argument) throw;
  }
  // One of them is such that this store never takes it.
  std::size_t inserted = 0;
  for (const T& row : rows) {
    try {
      inserted += state_.persist("storing " + topic.pattern, [&] { return state_.store.insert(std::span(&row, 1)); });
    } catch (const Error& error) {
      if (error.code() != ErrorCode::invalid_argument) throw;
      condemn(*origins[static_cast<std::size_t>(&row - rows.data())], error.what());
    }
  }
  return inserted;
}

void Recorder::State::tell(MetricWriter& writer) const {
  const std::lock_guard lock(mutex);
  const auto of = [&](const char* outcome, std::uint64_t count) {
    writer.counter("astro_recorder_messages_total", "Messages that the recorder dealt with, by what became of them",
                   static_cast<double>(count), {{"outcome", outcome}});
  };
  of("stored", counts.stored);
  of("there", counts.there);
  of("dead", counts.dead);
}

bool Recorder::State::pause(std::chrono::steady_clock::duration so_long) {
  std::unique_lock lock(mutex);
  return !stopping.wait_for(lock, so_long, [&] { return is_stopping; });
}

/// Dead letters keep body, key and headers, and say why they are dead.
void Recorder::State::bury(std::span<const Message> messages, std::span<const std::string> reasons) {
  if (messages.empty()) return;
  log(LogLevel::warning, "recorder",
      std::to_string(messages.size()) + " messages of " + messaging::plain(std::string(messages.front().topic)) +
          " are among the dead letters; the first: " + reasons.front());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const messaging::DeadLetter dead(messages[i], section.dead_letters, reasons[i]);
    const auto publish = [&] {
      const Published published = transport->publish(std::span(&dead.message(), 1));
      if (published.accepted == 0) throw Error(ErrorCode::busy, "publishing a dead letter: there is no room for it");
      return published.ticket;
    };
    const Ticket ticket = persist("burying dead letters", publish);
    if (i + 1 == messages.size() && !is_within_process) wait_for_broker(ticket);
  }
}

void Recorder::State::wait_for_broker(Ticket ticket) {
  persist("burying dead letters", [&] {
    if (transport->confirmed(ticket, patience) < ticket) {
      throw Error(ErrorCode::timeout, "waiting for the broker to confirm dead letters: there was no answer yet");
    }
    return true;
  });
}

void Recorder::State::subscribe(Line& line, const std::stop_token& stop) {
  const std::stop_callback when(stop, [this] {
    const std::lock_guard lock(mutex);
    is_stopping = true;
    stopping.notify_all();
  });
  persist("subscribing to " + line.topic.pattern, [&] {
    transport->subscribe(line.topic.pattern, line, section.group);
    return true;
  });
}

Recorder::Recorder(const Observatory& site, RecorderSection section, const std::optional<Site>& devices)
    : state_(std::make_unique<State>(site, std::move(section), devices ? *devices : site.site())) {}
Recorder::~Recorder() = default;

void Recorder::run(const std::stop_token& stop) {
  State& state = *state_;
  const auto end = [&] {
    {
      const std::lock_guard lock(state.mutex);
      state.is_stopping = true;
    }
    state.stopping.notify_all();
    for (const auto& line : state.lines) state.transport->unsubscribe(*line);
  };
  try {
    for (const auto& line : state.lines) state.subscribe(*line, stop);
  } catch (const Error& error) {
    end();
    if (error.code() == ErrorCode::interrupted) return;
    throw;
  }
  std::condition_variable_any over;
  std::mutex waiting;
  std::unique_lock lock(waiting);
  over.wait(lock, stop, [] { return false; });
  end();
}

RecorderStatus Recorder::status() const {
  const std::lock_guard lock(state_->mutex);
  return state_->counts;
}

}  // namespace astro::telemetry
