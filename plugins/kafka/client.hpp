// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <librdkafka/rdkafka.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "astro/metrics.hpp"
#include "settings.hpp"

namespace astro::kafka {

using Log = std::function<void(const std::string&)>;

struct Deleter {
  void operator()(rd_kafka_conf_t* p) const noexcept { rd_kafka_conf_destroy(p); }
  void operator()(rd_kafka_topic_conf_t* p) const noexcept { rd_kafka_topic_conf_destroy(p); }
  void operator()(rd_kafka_topic_t* p) const noexcept { rd_kafka_topic_destroy(p); }
  void operator()(rd_kafka_queue_t* p) const noexcept { rd_kafka_queue_destroy(p); }
  void operator()(rd_kafka_topic_partition_list_t* p) const noexcept { rd_kafka_topic_partition_list_destroy(p); }
  void operator()(rd_kafka_message_t* p) const noexcept { rd_kafka_message_destroy(p); }
  void operator()(rd_kafka_event_t* p) const noexcept { rd_kafka_event_destroy(p); }
  void operator()(const rd_kafka_metadata_t* p) const noexcept { rd_kafka_metadata_destroy(p); }
  void operator()(rd_kafka_NewTopic_t* p) const noexcept { rd_kafka_NewTopic_destroy(p); }
  void operator()(rd_kafka_AdminOptions_t* p) const noexcept { rd_kafka_AdminOptions_destroy(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Deleter>;
using Partitions = Owned<rd_kafka_topic_partition_list_t>;

/// librdkafka's settings, from ours.
class Configuration final {
 public:
  explicit Configuration(const Settings& settings);
  void set(const char* name, const std::string& value);
  rd_kafka_conf_t* get() const noexcept { return conf_.get(); }
  rd_kafka_conf_t* release() noexcept { return conf_.release(); }

 private:
  Owned<rd_kafka_conf_t> conf_;
};

/// What went wrong with the connections, as librdkafka tells it from time to time: logged once for each
/// outage, and whether waiting helps.
class Troubles final {
 public:
  Troubles(Log log, const std::string& brokers)
      : log_(std::move(log)),
        reconnects_(counter("astro_transport_reconnects_total", "Connections to a broker that came back",
                            {{"broker", brokers}})) {}
  void tell(rd_kafka_resp_err_t error, const std::string& reason);
  void clear();               ///< it works again
  std::string final() const;  ///< a wrong password or certificate; empty: none

 private:
  const Log log_;
  const Counter reconnects_;
  mutable std::mutex mutex_;
  std::string told_;
  std::string final_;
};

std::string text_of(rd_kafka_resp_err_t error);

}  // namespace astro::kafka
