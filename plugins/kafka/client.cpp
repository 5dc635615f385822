// SPDX-License-Identifier: BSD-3-Clause
#include "client.hpp"

#include "astro/error.hpp"

namespace astro::kafka {

namespace {

const char* mechanism_of(Sasl sasl) noexcept {
  switch (sasl) {
    case Sasl::plain:
      return "PLAIN";
    case Sasl::scram_sha_256:
      return "SCRAM-SHA-256";
    default:
      return "SCRAM-SHA-512";
  }
}

/// What would be passed by in silence.
void check(const Settings& settings) {
  const auto refuse = [](const char* complaint) {
    throw Error(ErrorCode::invalid_argument, std::string("configuring Kafka: ") + complaint);
  };
  if (settings.brokers.empty()) refuse("`brokers` is empty: expected host:port, several of them separated by commas");
  const bool has_tls = !(settings.ca + settings.certificate + settings.key + settings.key_password).empty();
  if (has_tls && !settings.tls)
    refuse("`ca`, `certificate` and `key` are for TLS, and without it nothing is encrypted: write tls: true as well");
  if (!(settings.user + settings.password).empty() && settings.sasl == Sasl::none)
    refuse("`user` and `password` are for SASL: say how, as in sasl: scram-sha-512");
}

}  // namespace

std::string text_of(rd_kafka_resp_err_t error) { return rd_kafka_err2str(error); }

Configuration::Configuration(const Settings& settings) : conf_(rd_kafka_conf_new()) {
  check(settings);
  const bool has_sasl = settings.sasl != Sasl::none;
  set("bootstrap.servers", settings.brokers);
  set("client.id", "libastro");
  set("security.protocol", settings.tls ? (has_sasl ? "sasl_ssl" : "ssl") : has_sasl ? "sasl_plaintext" : "plaintext");
  set("reconnect.backoff.max.ms", "2000");
  set("log.connection.close", "false");
  if (settings.tls) {
    if (!settings.ca.empty()) set("ssl.ca.location", settings.ca);
    if (!settings.certificate.empty()) set("ssl.certificate.location", settings.certificate);
    if (!settings.key.empty()) set("ssl.key.location", settings.key);
    if (!settings.key_password.empty()) set("ssl.key.password", settings.key_password);
    set("enable.ssl.certificate.verification", settings.verify ? "true" : "false");
    set("ssl.endpoint.identification.algorithm", settings.verify ? "https" : "none");
  }
  if (has_sasl) {
    set("sasl.mechanism", mechanism_of(settings.sasl));
    set("sasl.username", settings.user);
    set("sasl.password", settings.password);
  }
  rd_kafka_conf_set_log_cb(conf_.get(), [](const rd_kafka_t*, int, const char*, const char*) {});  // see Troubles
}

void Configuration::set(const char* name, const std::string& value) {
  char problem[512];
  if (rd_kafka_conf_set(conf_.get(), name, value.c_str(), problem, sizeof problem) != RD_KAFKA_CONF_OK)
    throw Error(ErrorCode::invalid_argument, std::string("configuring Kafka: ") + problem);
}

void Troubles::tell(rd_kafka_resp_err_t error, const std::string& reason) {
  const bool is_final = error == RD_KAFKA_RESP_ERR__AUTHENTICATION || error == RD_KAFKA_RESP_ERR__SSL;
  const bool is_news = is_final || error == RD_KAFKA_RESP_ERR__FATAL || error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
  {
    const std::lock_guard lock(mutex_);
    if (is_final) final_ = reason;
    if (!is_news || !told_.empty()) return;
    told_ = reason;
  }
  log_(reason);
}

void Troubles::clear() {
  const std::lock_guard lock(mutex_);
  if (!told_.empty()) reconnects_.add();
  told_.clear();
  final_.clear();
}

std::string Troubles::final() const {
  const std::lock_guard lock(mutex_);
  return final_;
}

}  // namespace astro::kafka
