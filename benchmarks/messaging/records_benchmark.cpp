// SPDX-License-Identifier: BSD-3-Clause
// One record, the status of a telescope, to and from Avro and JSON; beside them RapidJSON as somebody uses it who has
// only this record in mind, from the same struct into the same text and back. The same record in Python: peers.py.
#include <benchmark/benchmark.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string>

#include "astro/json.hpp"
#include "astro/messaging/avro.hpp"
#include "astro/messaging/telescope.hpp"

namespace {

using astro::messaging::AvroCodec;
using astro::messaging::StatusLevel;
using astro::messaging::TelescopeStatus;

TelescopeStatus status() {
  TelescopeStatus made;
  made.status_id = "0194f3c2-0000-7000-8000-000000000001";
  made.timestamp = 1768507200123;
  made.source_application = "telescope-movement";
  made.source_hostname = "hill";
  made.level = StatusLevel::warning;
  made.component = "dish";
  made.message = "the wind is above its limit: 17.5 m/s";
  made.current_observation_id = "42-x";
  made.cpu_usage_percent = 12.5;
  made.memory_usage_percent = 48.25;
  return made;
}

const AvroCodec& codec() {
  static const AvroCodec made(astro::schema_of<TelescopeStatus>());
  return made;
}

void count(benchmark::State& state) {
  state.counters["records/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void to_avro(benchmark::State& state) {
  const TelescopeStatus record = status();
  for (auto _ : state) benchmark::DoNotOptimize(codec().encode(record));
  count(state);
}

void from_avro(benchmark::State& state) {
  const astro::Bytes body = codec().encode(astro::to_value(status()));
  for (auto _ : state) benchmark::DoNotOptimize(codec().decode_as<TelescopeStatus>(body));
  count(state);
}

void to_json(benchmark::State& state) {
  const TelescopeStatus record = status();
  for (auto _ : state) benchmark::DoNotOptimize(astro::to_json(record));
  count(state);
}

void from_json(benchmark::State& state) {
  const std::string text = astro::to_json(astro::to_value(status()));
  for (auto _ : state) benchmark::DoNotOptimize(astro::from_json<TelescopeStatus>(text));
  count(state);
}

class ByHand {
 public:
  static std::string write(const TelescopeStatus& record) {
    rapidjson::StringBuffer buffer;
    rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
    const auto text = [&](const char* key, const std::string& value) {
      writer.Key(key), writer.String(value.c_str(), static_cast<rapidjson::SizeType>(value.size()));
    };
    const auto maybe = [&](const char* key, const std::optional<std::string>& value) {
      value ? text(key, *value) : void((writer.Key(key), writer.Null()));
    };
    const auto number = [&](const char* key, const std::optional<double>& value) {
      writer.Key(key), value ? writer.Double(*value) : writer.Null();
    };
    writer.StartObject();
    text("status_id", record.status_id);
    writer.Key("timestamp"), writer.Int64(record.timestamp);
    text("source_application", record.source_application);
    maybe("source_hostname", record.source_hostname);
    text("level", levels[static_cast<std::size_t>(record.level)]);
    text("component", record.component);
    text("message", record.message);
    writer.Key("is_operational"), writer.Bool(record.is_operational);
    maybe("current_observation_id", record.current_observation_id);
    number("cpu_usage_percent", record.cpu_usage_percent);
    number("memory_usage_percent", record.memory_usage_percent);
    number("disk_usage_percent", record.disk_usage_percent);
    maybe("error_code", record.error_code);
    maybe("additional_info", record.additional_info);
    writer.EndObject();
    return {buffer.GetString(), buffer.GetSize()};
  }

  static TelescopeStatus read(const std::string& json) {
    rapidjson::Document document;
    document.Parse(json.data(), json.size());
    const auto text = [&](const char* key) {
      return std::string(document[key].GetString(), document[key].GetStringLength());
    };
    const auto maybe = [&](const char* key) {
      return document[key].IsNull() ? std::nullopt : std::optional(text(key));
    };
    const auto number = [&](const char* key) {
      return document[key].IsNull() ? std::nullopt : std::optional(document[key].GetDouble());
    };
    TelescopeStatus record;
    record.status_id = text("status_id");
    record.timestamp = document["timestamp"].GetInt64();
    record.source_application = text("source_application");
    record.source_hostname = maybe("source_hostname");
    const std::string level = text("level");
    for (std::size_t i = 0; i < levels.size(); ++i) {
      if (level == levels[i]) record.level = static_cast<StatusLevel>(i);
    }
    record.component = text("component");
    record.message = text("message");
    record.is_operational = document["is_operational"].GetBool();
    record.current_observation_id = maybe("current_observation_id");
    record.cpu_usage_percent = number("cpu_usage_percent");
    record.memory_usage_percent = number("memory_usage_percent");
    record.disk_usage_percent = number("disk_usage_percent");
    record.error_code = maybe("error_code");
    record.additional_info = maybe("additional_info");
    return record;
  }

 private:
  static constexpr std::array levels{"info", "warning", "error", "critical"};
};

void rapidjson_writes(benchmark::State& state) {
  const TelescopeStatus record = status();
  if (ByHand::write(record) != astro::to_json(astro::to_value(record))) return state.SkipWithError("another text");
  for (auto _ : state) benchmark::DoNotOptimize(ByHand::write(record));
  count(state);
}

void rapidjson_reads(benchmark::State& state) {
  const std::string text = ByHand::write(status());
  for (auto _ : state) benchmark::DoNotOptimize(ByHand::read(text));
  count(state);
}

BENCHMARK(to_avro);
BENCHMARK(from_avro);
BENCHMARK(to_json);
BENCHMARK(rapidjson_writes);
BENCHMARK(from_json);
BENCHMARK(rapidjson_reads);

}  // namespace
