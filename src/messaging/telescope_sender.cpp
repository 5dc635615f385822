// SPDX-License-Identifier: BSD-3-Clause
#include "messaging/telescope_sender.hpp"

#include <algorithm>
#include <utility>

#include "astro/error.hpp"
#include "astro/log.hpp"
#include "astro/messaging/node.hpp"
#include "messaging/dead_letter.hpp"
#include "messaging/host_name.hpp"
#include "messaging/wire.hpp"
#include "observing/devices.hpp"

namespace astro::messaging {

namespace {

constexpr const char* acknowledgments = "telescope/acknowledgments";
constexpr const char* observation_data = "telescope/data";
constexpr const char* statuses = "telescope/status";
constexpr const char* dead_letters = "telescope/commands.dlq";
constexpr auto patience_with_broker = std::chrono::seconds(10);  // for the broker to confirm a dead letter
constexpr std::size_t longest_id = 200;                          // of what the journal takes

/// "telescope/data" is Kafka's telescope.data.
std::string subject_of(std::string topic) {
  std::ranges::replace(topic, '/', '.');
  return topic + "-value";
}

/// In the contract's Avro times are numbers, and who writes that as JSON leaves them so; ours are texts. Whether there
/// was one.
bool read_milliseconds(const std::vector<Field>& fields, Value& record) {
  bool has_some = false;
  Map* const members = record.get_if<Map>();
  if (members == nullptr) return has_some;
  for (auto& [name, value] : *members) {
    const auto field = std::ranges::find(fields, name, &Field::name);
    if (field == fields.end()) continue;
    if (field->type == FieldType::record) has_some = read_milliseconds(field->members, value) || has_some;
    const auto* milliseconds = value.get_if<std::int64_t>();
    if (field->type != FieldType::time || milliseconds == nullptr) continue;
    value = time_of_milliseconds(*milliseconds);
    has_some = true;
  }
  return has_some;
}

}  // namespace

/// Records of one topic, in the encoding that the site file says.
class TelescopeSender::Codec {
 public:
  Codec(Encoding encoding, const std::shared_ptr<SchemaRegistry>& registry, const char* topic, const Schema& schema)
      : registry_(registry), subject_(subject_of(topic)), schema_(schema) {
    if (encoding == Encoding::avro) avro_.emplace(registry, subject_, schema);
  }

  void prepare() {
    if (avro_) (void)registry_->register_schema(subject_, avro_schema(schema_));
  }
  template <Record T>
  Bytes encode(const T& record) {
    if (avro_) return avro_->encode(record);
    const auto text = to_json(record);
    const auto bytes = bytes_of(text);
    return {bytes.begin(), bytes.end()};
  }
  template <Record T>
  T decode(std::span<const std::byte> body) {
    if (avro_) return avro_->decode_as<T>(body);
    try {
      return record_in<T>(body);
    } catch (const Error&) {
      Value said = parse_json(text_of(body));
      if (!read_milliseconds(schema_.fields, said)) throw;
      return record_in<T>(bytes_of(to_json(said)));
    }
  }

 private:
  const std::shared_ptr<SchemaRegistry> registry_;
  const std::string subject_;
  const Schema& schema_;
  std::optional<RegistryCodec> avro_;
};

TelescopeSender::TelescopeSender(const Observatory& site, const TelescopeSection& section, const std::string& node,
                                 const std::filesystem::path& folder)
    : site_(site),
      transport_(site.transport(detail::device_of(site.site(), DeviceKind::transport, section.transport).name)),
      is_within_process_(detail::device_of(site.site(), DeviceKind::transport, section.transport).driver == "local"),
      sender_{.application = "telescope-" + node, .hostname = host_name()},
      registry_(std::make_shared<SchemaRegistry>(options_of(section.registry, folder / "schemas.json"))) {
  const auto codec = [&](const char* topic, const Schema& schema) {
    return std::make_unique<Codec>(section.encoding, registry_, topic, schema);
  };
  command_ = codec(commands, schema_of<TelescopeCommand>());
  acknowledgment_ = codec(acknowledgments, schema_of<CommandAcknowledgment>());
  data_ = codec(observation_data, schema_of<TelescopeData>());
  status_ = codec(statuses, schema_of<TelescopeStatus>());
  const std::int64_t largest = site.site().section<NodesSection>("nodes").outbox_size;
  outbox_ = std::make_unique<Outbox>(transport_, OutboxOptions{.folder = folder, .largest = largest, .source = source});
}

TelescopeSender::~TelescopeSender() = default;

void TelescopeSender::prepare() {
  for (Codec* codec : {command_.get(), acknowledgment_.get(), data_.get(), status_.get()}) codec->prepare();
}

TelescopeCommand TelescopeSender::command_in(const Message& message) {
  auto command = command_->decode<TelescopeCommand>(message.body);
  if (command.command_id.empty() || command.command_id.size() > longest_id) {
    throw Error(ErrorCode::invalid_file, "reading a message of telescope.commands: its command_id has " +
                                             std::to_string(command.command_id.size()) +
                                             " bytes; expected 1 to 200 that no other command has");
  }
  return command;
}

void TelescopeSender::bury(const Message& message, const std::string& reason) {
  log(LogLevel::warning, source, "a command is among the dead letters: " + plain(reason));
  const DeadLetter letter(message, dead_letters, reason);
  const Published published = transport_->publish(std::span(&letter.message(), 1));
  // Within one process it is confirmed when we have returned.
  const bool is_there =
      published.accepted == 1 &&
      (is_within_process_ || transport_->confirmed(published.ticket, patience_with_broker) >= published.ticket);
  if (!is_there) {
    throw Error(ErrorCode::transport,
                "burying a dead letter of telescope.commands: the broker has not confirmed it; "
                "the command comes again");
  }
}

void TelescopeSender::put(const char* topic, const std::string& key, const Bytes& body, std::int64_t milliseconds) {
  const Outgoing outgoing{.topic = topic, .key = key, .body = body, .time = time_of_milliseconds(milliseconds)};
  outbox_->put(std::span(&outgoing, 1));
}

void TelescopeSender::acknowledge(const Acknowledgment& acknowledgment, std::optional<Time> completion) {
  CommandAcknowledgment made = telescope_acknowledgment(acknowledgment, sender_);
  if (completion) made.estimated_completion_time = milliseconds_of(*completion);
  put(acknowledgments, made.command_id, acknowledgment_->encode(made), made.timestamp);
}

void TelescopeSender::send(const TelescopeData& data) {
  put(observation_data, data.observation_id, data_->encode(data), data.timestamp);
}

void TelescopeSender::tell(TelescopeStatus status) {
  status.status_id = new_id();
  status.source_application = sender_.application;
  status.source_hostname = sender_.hostname;
  if (status.timestamp == 0) status.timestamp = milliseconds_of(site_.clock()->now());
  put(statuses, sender_.application, status_->encode(status), status.timestamp);
}

void TelescopeSender::tell_state(bool is_operational, const std::string& message, const std::string& observation) {
  const MachineUsage usage = usage_.read(site_.state_folder());
  TelescopeStatus status;
  status.component = source;
  status.message = message;
  status.is_operational = is_operational;
  if (!observation.empty()) status.current_observation_id = observation;
  status.cpu_usage_percent = usage.cpu_percent;
  status.memory_usage_percent = usage.memory_percent;
  status.disk_usage_percent = usage.disk_percent;
  tell(std::move(status));
}

}  // namespace astro::messaging
