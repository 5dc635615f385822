// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "astro/export.hpp"
#include "astro/messaging/avro.hpp"
#include "astro/time.hpp"

namespace astro::messaging {

struct RegistryOptions {
  std::string url{};  ///< "http://localhost:8081"
  std::string user{};
  std::string password{};
  std::string ca_file{};  ///< of who signed the registry's certificate; empty: the system's
  Duration timeout = std::chrono::seconds(5);
  std::filesystem::path kept_in{};  ///< file of what was learnt, for when the registry is away; empty: none
};

/// A client of a Confluent Schema Registry (its REST API, /subjects and /schemas). Schemas never change under their
/// id: what was asked for once is kept. The registry is asked first all the same after a start; what the file has is
/// believed while it does not answer. May be used from any thread.
class ASTRO_API SchemaRegistry {
 public:
  explicit SchemaRegistry(RegistryOptions options);
  ~SchemaRegistry();

  /// Registers a schema under a subject ("telescope.commands-value"), or finds it there; its id. Throws `transport`
  /// when the registry does not answer, and `invalid_argument` with its reason when it refuses.
  std::int32_t register_schema(const std::string& subject, const std::string& schema);
  /// Throws `not_found`, `transport`.
  std::string schema(std::int32_t id);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Confluent's wire format: a zero, the schema's id as 32 bits big-endian, the Avro body.
ASTRO_API Bytes framed(std::int32_t id, std::span<const std::byte> body);
struct Framed {
  std::int32_t id = 0;
  std::span<const std::byte> body{};
};
/// Throws `invalid_file` for bytes that are not framed so.
ASTRO_API Framed unframed(std::span<const std::byte> message);

/// One record on one topic: our own schema is registered when it is first needed, and what others wrote is
/// read by theirs.
class ASTRO_API RegistryCodec {
 public:
  RegistryCodec(std::shared_ptr<SchemaRegistry> registry, std::string subject, const Schema& schema);

  Bytes encode(const Value& record);
  /// The same of a struct, without a map in between.
  template <Record T>
  Bytes encode(const T& record) {
    return message_of(codec_.encode(record));
  }
  /// Throws `invalid_file` for what cannot be read, `transport` when the registry does not answer: the one will
  /// never be read, the other may be read later.
  Value decode(std::span<const std::byte> message);
  /// The same as a struct, without a map in between where our own schema wrote it.
  template <Record T>
  T decode_as(std::span<const std::byte> message) {
    const Opened opened = open(message);
    return codec_.decode_as<T>(opened.body, opened.writer_schema);
  }

 private:
  struct Opened {
    std::span<const std::byte> body{};
    std::string writer_schema{};
  };
  Opened open(std::span<const std::byte> message);
  Bytes message_of(const Bytes& body);

  std::shared_ptr<SchemaRegistry> registry_;
  std::string subject_;
  AvroCodec codec_;
};

}  // namespace astro::messaging
