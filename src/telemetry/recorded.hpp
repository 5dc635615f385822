// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "astro/messaging/schema_registry.hpp"
#include "astro/messaging/telescope.hpp"
#include "astro/telemetry/gaps.hpp"
#include "astro/telemetry/history.hpp"
#include "astro/telemetry/recorder.hpp"

namespace astro::telemetry::detail {

/// Reads the messages of one pattern. What it throws with `invalid_file` or `invalid_argument` will never be read;
/// anything else may be read later.
class MessageReader {
 public:
  MessageReader(const RecordedTopic& topic, const std::shared_ptr<messaging::SchemaRegistry>& registry,
                std::set<std::string> bare_devices);

  messaging::TelescopeDataRaw data(const Message& message);
  HistoryPoint point(const Message& message);
  Loss loss(const Message& message);

 private:
  /// What the topic of a point says.
  struct Origin {
    std::string id;
    std::string source;
  };
  const Origin& origin_of(std::string_view topic);

  const bool is_avro_;
  const std::set<std::string> bare_devices_;
  std::optional<messaging::RegistryCodec> codec_;
  std::unordered_map<std::string, Origin> origins_;
};

}  // namespace astro::telemetry::detail
