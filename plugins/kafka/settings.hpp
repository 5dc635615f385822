// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "astro/record.hpp"
#include "astro/time.hpp"

namespace astro::kafka {

enum class Sasl : std::uint8_t { none, plain, scram_sha_256, scram_sha_512 };
enum class Compression : std::uint8_t { none, gzip, snappy, lz4, zstd };
enum class PartitionBy : std::uint8_t { key, topic };

/// Where messages of a pattern go, and how the Kafka topic is made when it is missing.
struct TopicRule {
  std::string pattern;
  std::string topic;
  std::int64_t partitions = 1;
  Duration retention = std::chrono::hours(24 * 7);
  Compression compression = Compression::snappy;
  PartitionBy partition_by = PartitionBy::key;
};

struct Settings {
  std::string brokers = "localhost:9092";
  bool tls = false;
  std::string ca;
  std::string certificate;
  std::string key;
  std::string key_password;
  bool verify = true;
  Sasl sasl = Sasl::none;
  std::string user;
  std::string password;
  std::vector<TopicRule> topics;
  bool create_topics = true;
  std::int64_t partitions = 1;
  Duration retention = std::chrono::hours(24 * 7);
  Compression compression = Compression::snappy;
  std::string retained_topic = "astro.retained";
  Duration timeout = std::chrono::seconds(5);
  Duration session = std::chrono::seconds(45);
  std::int64_t queue = 65536;
  std::int64_t memory = 64 << 20;
  std::int64_t largest_body = 8 << 20;
};

}  // namespace astro::kafka

template <>
struct astro::Description<astro::kafka::Sasl> {
  static constexpr std::array choices{"none", "plain", "scram-sha-256", "scram-sha-512"};
};

template <>
struct astro::Description<astro::kafka::Compression> {
  static constexpr std::array choices{"none", "gzip", "snappy", "lz4", "zstd"};
};

template <>
struct astro::Description<astro::kafka::PartitionBy> {
  static constexpr std::array choices{"key", "topic"};
};

template <>
struct astro::Description<astro::kafka::TopicRule> {
  using Rule = astro::kafka::TopicRule;
  static constexpr std::array fields{
      field<&Rule::pattern>("pattern",
                            {.says = "of the topics that this is about: telescope/data/#", .required = true}),
      field<&Rule::topic>("topic", {.says = "the Kafka topic that they go to: telescope.data", .required = true}),
      field<&Rule::partitions>("partitions", {.min = 1, .max = 10000, .says = "of the Kafka topic when it is made"}),
      field<&Rule::retention>("retention",
                              {.min = 1, .says = "how long the brokers keep the messages, of a topic that is made"}),
      field<&Rule::compression>("compression", {.says = "of what is sent there"}),
      field<&Rule::partition_by>("partition_by",
                                 {.says = "what stays in order: messages of one key, or of one topic"})};
};

template <>
struct astro::Description<astro::kafka::Settings> {
  using Settings = astro::kafka::Settings;
  static constexpr std::array fields{
      field<&Settings::brokers>("brokers", {.says = "some of the brokers: host:port, separated by commas"}),
      field<&Settings::tls>("tls", {.says = "whether the connections are encrypted"}),
      field<&Settings::ca>(
          "ca",
          {.unit = "path",
           .says = "file of the authorities that may have signed the brokers' certificates; without it the system's"}),
      field<&Settings::certificate>(
          "certificate", {.unit = "path", .says = "file of our own certificate, if the brokers ask for one"}),
      field<&Settings::key>("key", {.unit = "path", .says = "file of that certificate's private key"}),
      field<&Settings::key_password>("key_password", {.says = "of that file", .secret = true}),
      field<&Settings::verify>(
          "verify",
          {.says = "whether the brokers' certificates must be signed by an authority and be for their hosts"}),
      field<&Settings::sasl>("sasl", {.says = "how we say who we are"}),
      field<&Settings::user>("user", {.says = "user name for SASL"}),
      field<&Settings::password>("password", {.says = "of that user", .secret = true}),
      field<&Settings::topics>(
          "topics",
          {.says =
               "rules for topics, the first that fits counts; others go to the Kafka topic of their first two levels"}),
      field<&Settings::create_topics>("create_topics", {.says = "whether Kafka topics that are missing are made"}),
      field<&Settings::partitions>("partitions",
                                   {.min = 1, .max = 10000, .says = "of a Kafka topic that is made without a rule"}),
      field<&Settings::retention>("retention", {.min = 1, .says = "of a Kafka topic that is made without a rule"}),
      field<&Settings::compression>("compression", {.says = "of what is sent to a Kafka topic without a rule"}),
      field<&Settings::retained_topic>("retained_topic", {.says = "the compacted Kafka topic of what is retained"}),
      field<&Settings::timeout>("timeout",
                                {.min = 0.1, .max = 300, .says = "wait at most so long for the brokers' answer"}),
      field<&Settings::session>(
          "session", {.min = 6, .max = 300, .says = "a member of a group that is silent for so long has left it"}),
      field<&Settings::queue>("queue",
                              {.min = 1,
                               .max = 4e6,
                               .says = "messages that may wait to be sent, and for each subscription to be delivered"}),
      field<&Settings::memory>(
          "memory", {.unit = "B", .min = 4096, .max = 2e9, .says = "bytes of messages that may wait to be sent"}),
      field<&Settings::largest_body>("largest_body",
                                     {.unit = "B",
                                      .min = 1,
                                      .max = 8 << 20,
                                      .says = "larger ones are refused at once; make it the brokers' own limit"})};
};
