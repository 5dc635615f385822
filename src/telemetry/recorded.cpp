// SPDX-License-Identifier: BSD-3-Clause
#include "telemetry/recorded.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "astro/error.hpp"
#include "astro/json.hpp"
#include "astro/messaging/outbox.hpp"
#include "astro/messaging/point.hpp"
#include "astro/messaging/telescope.hpp"
#include "telemetry/pages.hpp"
#include "text.hpp"

namespace astro::telemetry::detail {

namespace {

constexpr std::size_t longest_id = 255;           // of the columns that contract and connector have
constexpr std::size_t most_remembered = 100'000;  // topics

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::invalid_file, "reading a message: " + why); }

std::vector<std::string_view> levels_of(std::string_view topic) {
  std::vector<std::string_view> levels;
  for (std::size_t slash = topic.find('/'); slash != std::string_view::npos; slash = topic.find('/')) {
    levels.push_back(topic.substr(0, slash));
    topic.remove_prefix(slash + 1);
  }
  levels.push_back(topic);
  return levels;
}

void check_id(const char* name, const std::string& id) {
  if (id.empty() || id.size() > longest_id || id.find('\0') != std::string::npos) {
    refuse(std::string(name) + " is " + text::quoted(id) + "; expected 1 to 255 bytes without a zero");
  }
}

std::string_view text_of(std::span<const std::byte> body) noexcept {
  return {reinterpret_cast<const char*>(body.data()), body.size()};
}

bool is_avro(const RecordedTopic& topic) {
  return topic.encoding.value_or(topic.holds == Holds::data ? Encoding::avro : Encoding::json) == Encoding::avro;
}

const Schema& schema_for(Holds holds) {
  if (holds == Holds::data) return schema_of<messaging::TelescopeData>();
  return holds == Holds::points ? schema_of<messaging::PointMessage>() : schema_of<messaging::Shed>();
}

Time time_of(const Value& value) {
  if (const auto* text = value.get_if<std::string>()) return parse_time(*text);
  if (const auto* milliseconds = value.get_if<std::int64_t>()) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max() / 1'000'000;
    if (*milliseconds < -most || *milliseconds > most) refuse("\"timestamp\" is beyond the years 1677 to 2262");
    return Time(std::chrono::milliseconds(*milliseconds));
  }
  if (const auto* time = value.get_if<Time>()) return *time;
  refuse("\"timestamp\" is " + std::string(type_name(value)) + "; expected ISO 8601, or milliseconds since 1970");
}

/// What third parties add to the keys that are ours is passed by.
messaging::PointMessage point_message_of(const Value& map) {
  messaging::PointMessage made;
  bool has_value = false;
  bool has_time = false;
  for (const auto& [key, value] : map.as_map()) {
    if (key == "value") made.value = value, has_value = true;
    else if (key == "timestamp") made.timestamp = time_of(value), has_time = true;
    else if (key == "unit") made.unit = value.is_null() ? "" : value.as_text();
    else if (key == "boot") made.boot = value.as_integer();
    else if (key == "sequence") made.sequence = value.as_integer();
    else if (key == "historical") made.historical = value.as_bool();
    else if (key == "quality") {
      constexpr auto& choices = Description<Quality>::choices;
      const auto found = std::ranges::find(choices, value.as_text());
      if (found == choices.end()) refuse("\"quality\" is none of good, doubtful, bad");
      made.quality = static_cast<Quality>(found - choices.begin());
    }
  }
  if (!has_value || !has_time) refuse("a point needs \"value\" and \"timestamp\"");
  return made;
}

}  // namespace

MessageReader::MessageReader(const RecordedTopic& topic, const std::shared_ptr<messaging::SchemaRegistry>& registry,
                             std::set<std::string> bare_devices)
    : is_avro_(is_avro(topic)), bare_devices_(std::move(bare_devices)) {
  if (!is_avro_) return;
  if (!registry) {
    throw Error(ErrorCode::invalid_argument, "recording " + text::quoted(topic.pattern) +
                                                 ": what is in Avro needs the schema registry; set `registry`");
  }
  codec_.emplace(registry, "", schema_for(topic.holds));
}

messaging::TelescopeDataRaw MessageReader::data(const Message& message) {
  using Data = messaging::TelescopeData;
  auto whole = codec_ ? codec_->decode_as<Data>(message.body)
                      : from_value<Data>(canonical(schema_of<Data>(), parse_json(text_of(message.body))));
  check_id("data_id", whole.data_id);
  check_id("observation_id", whole.observation_id);
  if (!std::in_range<std::int32_t>(whole.sequence_number)) {
    refuse("sequence_number " + std::to_string(whole.sequence_number) + " is beyond 32 bits");
  }
  return messaging::raw_of(std::move(whole));
}

const MessageReader::Origin& MessageReader::origin_of(std::string_view topic) {
  const std::string name(topic);
  if (const auto known = origins_.find(name); known != origins_.end()) return known->second;
  const auto levels = levels_of(topic);
  if (levels.size() != 7 || levels[0] != "astro" || levels[1] != "v1" || levels[4] != "data") {
    refuse("its topic is " + text::quoted(topic) + "; expected astro/v1/{site}/{node}/data/{device}/{point}");
  }
  const std::string device(levels[5]);
  const std::string point(levels[6]);
  if (origins_.size() >= most_remembered) origins_.clear();
  Origin origin{.id = bare_devices_.contains(device) ? point : device + '.' + point,
                .source = std::string(levels[3]) + '/' + device};
  return origins_.emplace(name, std::move(origin)).first->second;
}

HistoryPoint MessageReader::point(const Message& message) {
  const Origin& origin = origin_of(message.topic);
  messaging::PointMessage made;
  if (codec_) made = codec_->decode_as<messaging::PointMessage>(message.body);
  else if (!read_json(text_of(message.body), made) || made.value.is_null())
    made = point_message_of(parse_json(text_of(message.body)));
  if (made.sequence < 0) refuse("\"sequence\" is " + std::to_string(made.sequence) + "; expected 0 or more");
  HistoryPoint kept{.key = {},
                    .id = origin.id,
                    .time = made.timestamp,
                    .value = std::move(made.value),
                    .unit = std::move(made.unit),
                    .quality = made.quality,
                    .source = origin.source,
                    .boot = made.boot,
                    .sequence = made.sequence,
                    .historical = made.historical};
  kept.key = history_key(kept);
  return kept;
}

/// By its first point, which nobody lets go twice: the same record comes again as the same row.
Loss MessageReader::loss(const Message& message) {
  const auto levels = levels_of(message.topic);
  if (levels.size() != 5 || levels[0] != "astro" || levels[1] != "v1" || levels[4] != "shed") {
    refuse("its topic is " + text::quoted(message.topic) + "; expected astro/v1/{site}/{node}/shed");
  }
  messaging::Shed shed;
  if (codec_) {
    shed = codec_->decode_as<messaging::Shed>(message.body);
  } else if (!read_json(text_of(message.body), shed)) {
    shed = from_value<messaging::Shed>(canonical(schema_of<messaging::Shed>(), parse_json(text_of(message.body))));
  }
  if (shed.count < 1 || shed.last < shed.first) refuse("it tells of no points that were let go");
  const std::string source = std::string(levels[3]) + '/' + shed.source;
  const std::string range = std::to_string(shed.first) + " to " + std::to_string(shed.last);
  return {.id = source + '/' + std::to_string(shed.boot) + '/' + std::to_string(shed.first),
          .time = message.time,
          .reason = LossReason::shed,
          .points = shed.count,
          .from = shed.from,
          .to = shed.to,
          .says = "let go by the outbox of " + source + ", boot " + std::to_string(shed.boot) + ", of " + range};
}

}  // namespace astro::telemetry::detail
