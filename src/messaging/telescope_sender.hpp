// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "astro/command.hpp"
#include "astro/messaging/outbox.hpp"
#include "astro/messaging/telescope.hpp"
#include "astro/messaging/telescope_topics.hpp"
#include "messaging/machine_usage.hpp"

namespace astro::messaging {

/// What is heard and said on the topics `telescope.*`, as bytes. What is said is on the disk before a call returns, and
/// goes out when there is a way.
class TelescopeSender {
 public:
  static constexpr const char* commands = "telescope/commands";
  static constexpr const char* source = "telescope";  ///< who logs

  /// `folder`: where the outbox and what the registry said are kept.
  TelescopeSender(const Observatory& site, const TelescopeSection& section, const std::string& node,
                  const std::filesystem::path& folder);
  ~TelescopeSender();

  const std::shared_ptr<Transport>& transport() const noexcept { return transport_; }

  /// Registers our schemas. Throws `transport` while the registry does not answer and nothing is known from before.
  void prepare();
  /// A command as it came. Throws `transport` while the registry is away; anything else: it will never be read.
  TelescopeCommand command_in(const Message& message);
  /// Returns when the broker has it; throws when it has not.
  void bury(const Message& message, const std::string& reason);

  void acknowledge(const Acknowledgment& acknowledgment, std::optional<Time> completion);
  void send(const TelescopeData& data);
  void tell(TelescopeStatus status);
  /// With how the machine does.
  void tell_state(bool is_operational, const std::string& message, const std::string& observation);
  bool wait_empty(Duration at_most) const { return outbox_->wait_empty(at_most); }

 private:
  class Codec;
  void put(const char* topic, const std::string& key, const Bytes& body, std::int64_t milliseconds);

  const Observatory site_;
  const std::shared_ptr<Transport> transport_;
  const bool is_within_process_;
  const Sender sender_;
  const std::shared_ptr<SchemaRegistry> registry_;
  std::unique_ptr<Codec> command_;
  std::unique_ptr<Codec> acknowledgment_;
  std::unique_ptr<Codec> data_;
  std::unique_ptr<Codec> status_;
  MachineUsageMeter usage_;
  std::unique_ptr<Outbox> outbox_;
};

}  // namespace astro::messaging
