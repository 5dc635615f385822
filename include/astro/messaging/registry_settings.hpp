// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

#include "astro/messaging/schema_registry.hpp"
#include "astro/record.hpp"

namespace astro::messaging {

/// How records become the bytes of a message.
enum class Encoding : std::uint8_t { avro, json };

/// Where the schema registry is, as site files say it.
struct RegistrySettings {
  std::string url{};
  std::string user{};
  std::string password{};
  std::string ca{};
};

inline RegistryOptions options_of(const RegistrySettings& settings, const std::filesystem::path& kept_in = {}) {
  return {.url = settings.url,
          .user = settings.user,
          .password = settings.password,
          .ca_file = settings.ca,
          .kept_in = kept_in};
}

}  // namespace astro::messaging

namespace astro {

template <>
struct Description<messaging::Encoding> {
  static constexpr std::array choices{"avro", "json"};
};

template <>
struct Description<messaging::RegistrySettings> {
  using R = messaging::RegistrySettings;
  static constexpr std::array fields{
      field<&R::url>("url", {.says = "of the schema registry, \"http://localhost:8081\""}),
      field<&R::user>("user", {.says = "if it asks for one"}),
      field<&R::password>("password", {.says = "of that user", .secret = true}),
      field<&R::ca>("ca", {.unit = "path", .says = "file of who may have signed its certificate"})};
};

}  // namespace astro
