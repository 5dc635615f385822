// SPDX-License-Identifier: BSD-3-Clause
#include <span>

#include "astro/messaging/avro.hpp"
#include "astro/messaging/schema_registry.hpp"
#include "astro/messaging/telescope.hpp"
#include "common.hpp"
#include "enums.hpp"
#include "nodes.hpp"
#include "records.hpp"

namespace astro_python {

template <>
struct EnumNames<astro::messaging::AckStatus> {
  static constexpr const char* name = "AckStatus";
  static constexpr auto& values = astro::Description<astro::messaging::AckStatus>::choices;
};
template <>
struct EnumNames<astro::messaging::StatusLevel> {
  static constexpr const char* name = "StatusLevel";
  static constexpr auto& values = astro::Description<astro::messaging::StatusLevel>::choices;
};

namespace {

namespace messaging = astro::messaging;
using messaging::AvroCodec;
using messaging::RegistryCodec;
using messaging::SchemaRegistry;

std::span<const std::byte> view_of(const py::bytes& bytes) {
  const std::string_view view(bytes);
  return std::as_bytes(std::span(view));
}

py::bytes bytes_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A codec of one kind of record, by its class in Python.
template <class Codec>
struct Of {
  const RecordType* type;
  Codec codec;
};

astro::Value map_of(const RecordType& type, const py::object& record) {
  if (record_type_of(record) == &type) return type.to_map(record);
  throw py::type_error("this codec takes records of " + type.class_name);
}

void bind_avro(py::module_& room) {
  using Bound = Of<AvroCodec>;
  room.def(
      "avro_schema", [](const py::object& record) { return messaging::avro_schema(*record_type_named(record).schema); },
      "record"_a, "The Avro schema of a kind of record, by its name or class: one line of JSON.");
  py::class_<Bound>(room, "AvroCodec", nogil_destructor(), "Between a kind of record and Avro's binary encoding.")
      .def(py::init([](const py::object& record) {
             const RecordType& type = record_type_named(record);
             return Bound{&type, AvroCodec(*type.schema)};
           }),
           "record"_a)
      .def_property_readonly("schema", [](const Bound& self) { return self.codec.schema_text(); })
      .def(
          "encode",
          [](const Bound& self, const py::object& record) {
            const astro::Value map = map_of(*self.type, record);
            return bytes_of(self.codec.encode(map));
          },
          "record"_a)
      .def(
          "decode",
          [](const Bound& self, const py::bytes& body, const std::optional<std::string>& writer_schema) {
            const auto view = view_of(body);
            return self.type->from_map(writer_schema ? self.codec.decode(view, *writer_schema)
                                                     : self.codec.decode(view));
          },
          "body"_a, "writer_schema"_a = py::none(),
          "What was written with our own schema, or with somebody else's: fields are found by name.");
}

void bind_registry_codec(py::module_& room) {
  using Bound = Of<RegistryCodec>;
  py::class_<SchemaRegistry, std::shared_ptr<SchemaRegistry>>(room, "SchemaRegistry", nogil_destructor(),
                                                              "A client of a Confluent Schema Registry.")
      .def(py::init([](std::string url, std::string user, std::string password, std::string ca_file,
                       astro::Duration timeout) {
             return std::make_shared<SchemaRegistry>(messaging::RegistryOptions{.url = std::move(url),
                                                                                .user = std::move(user),
                                                                                .password = std::move(password),
                                                                                .ca_file = std::move(ca_file),
                                                                                .timeout = timeout});
           }),
           "url"_a, "user"_a = "", "password"_a = "", "ca_file"_a = "", "timeout_s"_a = 5.0)
      .def("register_schema", &SchemaRegistry::register_schema, "subject"_a, "schema"_a, nogil(),
           "Registers a schema under a subject, or finds it there; its id.")
      .def("schema", &SchemaRegistry::schema, "id"_a, nogil());
  py::class_<Bound>(room, "RegistryCodec", nogil_destructor(),
                    "One kind of record in Confluent's wire format: a zero, the schema's id, the Avro body.")
      .def(py::init([](std::shared_ptr<SchemaRegistry> registry, std::string subject, const py::object& record) {
             const RecordType& type = record_type_named(record);
             return Bound{&type, RegistryCodec(std::move(registry), std::move(subject), *type.schema)};
           }),
           "registry"_a, "subject"_a, "record"_a)
      .def(
          "encode",
          [](Bound& self, const py::object& record) {
            const astro::Value map = map_of(*self.type, record);
            astro::Bytes message;
            {
              const py::gil_scoped_release release;
              message = self.codec.encode(map);
            }
            return bytes_of(message);
          },
          "record"_a)
      .def(
          "decode",
          [](Bound& self, const py::bytes& message) {
            const auto view = view_of(message);
            astro::Value map;
            {
              const py::gil_scoped_release release;
              map = self.codec.decode(view);
            }
            return self.type->from_map(map);
          },
          "message"_a);
}

}  // namespace

void bind_messaging(py::module_& module) {
  py::module_ room = module.def_submodule("messaging", "Records on their way between machines.");
  make_enum<messaging::AckStatus>(room, "How far a command is, on the wire.");
  make_enum<messaging::StatusLevel>(room, "How grave a status is.");
  bind_record<messaging::UserBase>(room, "UserBase", "Who asked for an observation.");
  bind_record<messaging::ObservationBase>(room, "ObservationBase", "An observation, as the control room asks for it.");
  bind_record<messaging::TelescopeCommand>(room, "TelescopeCommand", "What goes over telescope.commands.");
  bind_record<messaging::CommandAcknowledgment>(room, "CommandAcknowledgment",
                                                "What goes over telescope.acknowledgments.");
  bind_record<messaging::TelescopeData>(room, "TelescopeData", "What goes over telescope.data.");
  bind_record<messaging::TelescopeDataRaw>(room, "TelescopeDataRaw", "A row of the table telescope_data_raw.");
  bind_record<messaging::TelescopeStatus>(room, "TelescopeStatus", "What goes over telescope.status.");
  room.def("telescope_command", &messaging::telescope_command, "command"_a, nogil(),
           "The message of a command to a device.");
  room.def("command_of", &messaging::command_of, "message"_a, nogil(), "The command of such a message.");
  room.def("raw_of", &messaging::raw_of, "message"_a, nogil(), "The row of a message of telescope.data.");
  room.def("request_of", &messaging::request_of, "message"_a, nogil(),
           "What the control room asks for (an ObservationBase) as an ObservationRequest.");
  bind_avro(room);
  bind_registry_codec(room);
  bind_nodes(room);
}

}  // namespace astro_python
