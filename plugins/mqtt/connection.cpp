// SPDX-License-Identifier: BSD-3-Clause
#include "connection.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "astro/error.hpp"
#include "properties.hpp"

namespace astro::mqtt {

namespace {

/// As Paho calls the schemes.
std::string server_of(const std::string& url) {
  for (const auto& [ours, theirs] : {std::pair{"mqtt://", "tcp://"}, std::pair{"mqtts://", "ssl://"}}) {
    if (url.starts_with(ours)) return theirs + url.substr(std::string_view(ours).size());
  }
  return url;
}

bool is_encrypted(const std::string& url) { return url.starts_with("mqtts://") || url.starts_with("wss://"); }

int whole_seconds(Duration duration) { return static_cast<int>(std::ceil(seconds(duration))); }

std::uint32_t interval(Duration duration) {
  return static_cast<std::uint32_t>(std::clamp(std::ceil(seconds(duration)), 0.0, 4294967294.0));
}

const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

std::string text_of(const char* message) { return message != nullptr ? message : "no answer"; }

/// Return codes of a CONNACK of 3.1.1 (OASIS 2014, table 3.1).
std::string refusal_of_3_1_1(int code) {
  switch (code) {
    case 1:
      return "it does not speak MQTT 3.1.1";
    case 2:
      return "it refuses the client id";
    case 4:
      return "wrong user name or password";
    case 5:
      return "not authorized";
    default:
      return {};
  }
}

/// A CONNACK that no patience changes (MQTT 5, table 3-1).
bool is_final(int reason) {
  switch (reason) {
    case MQTTREASONCODE_UNSUPPORTED_PROTOCOL_VERSION:
    case MQTTREASONCODE_CLIENT_IDENTIFIER_NOT_VALID:
    case MQTTREASONCODE_BAD_USER_NAME_OR_PASSWORD:
    case MQTTREASONCODE_NOT_AUTHORIZED:
    case MQTTREASONCODE_BANNED:
    case MQTTREASONCODE_BAD_AUTHENTICATION_METHOD:
      return true;
    default:
      return false;
  }
}

std::string name_of(int reason) {
  const char* name = MQTTReasonCode_toString(static_cast<MQTTReasonCodes>(reason));
  return name != nullptr ? name : "reason " + std::to_string(reason);
}

/// What the broker refused it for, or zero: Paho tells it in one of two places.
int refusal_of(const MQTTAsync_failureData5& data) {
  return static_cast<int>(data.reasonCode) >= 0x80 ? static_cast<int>(data.reasonCode)
         : data.code >= 0x80                       ? data.code
                                                   : 0;
}

/// Paho's one thread looks at a new socket only when something comes on an old one, or after a second
/// or two. So whoever connects makes another connection of the process hear from the broker.
class Nudger {
 public:
  void add(MQTTAsync client) {
    const std::lock_guard lock(mutex_);
    connected_.push_back(client);
  }
  void remove(MQTTAsync client) noexcept {
    const std::lock_guard lock(mutex_);
    std::erase(connected_, client);
  }
  void nudge() {
    const std::lock_guard lock(mutex_);
    for (const MQTTAsync client : connected_) {
      if (MQTTAsync_isConnected(client) == 0) continue;
      MQTTAsync_responseOptions nobody = MQTTAsync_responseOptions_initializer;
      MQTTAsync_unsubscribe(client, "astro/nobody", &nobody);  // the cheapest question with an answer
      return;
    }
  }

 private:
  std::mutex mutex_;
  std::vector<MQTTAsync> connected_;
};

Nudger& nudger() {
  static Nudger nudger;
  return nudger;
}

}  // namespace

Connection::Connection(const Settings& settings, Session session, Events& events)
    : settings_(settings),
      session_(std::move(session)),
      events_(events),
      sent_(static_cast<std::size_t>(settings.in_flight)) {
  MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
  options.MQTTVersion = settings_.is_v5() ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
  const std::string server = server_of(settings_.url);
  const int result = MQTTAsync_createWithOptions(&client_, server.c_str(), session_.client_id.c_str(),
                                                 MQTTCLIENT_PERSISTENCE_NONE, nullptr, &options);
  if (result != MQTTASYNC_SUCCESS) {
    throw Error(ErrorCode::invalid_argument, "preparing a connection to " + settings_.url + ": " +
                                                 text_of(MQTTAsync_strerror(result)) +
                                                 "; expected a url like mqtt://host:1883 or mqtts://host:8883");
  }
  MQTTAsync_setCallbacks(
      client_, this,
      [](void* self, char* why) {
        auto& us = *static_cast<Connection*>(self);
        us.answer({"the connection was lost", false});
        us.events_.lost(why != nullptr ? why : "the broker closed it");
      },
      [](void* self, char* topic, int length, MQTTAsync_message* message) {
        const std::string_view name = length > 0 ? std::string_view(topic, static_cast<std::size_t>(length)) : topic;
        static_cast<Connection*>(self)->events_.arrived(name, *message);
        MQTTAsync_freeMessage(&message);
        MQTTAsync_free(topic);
        return 1;
      },
      nullptr);
  if (settings_.is_v5()) {
    MQTTAsync_setDisconnected(client_, this, [](void* self, MQTTProperties*, MQTTReasonCodes reason) {
      auto& us = *static_cast<Connection*>(self);
      us.answer({"the broker disconnected: " + name_of(reason), is_final(reason)});
      us.events_.lost("the broker disconnected: " + name_of(reason));
    });
  }
}

Connection::~Connection() {
  disconnect(false);
  MQTTAsync_destroy(&client_);
}

void Connection::fill_tls(MQTTAsync_SSLOptions& tls) {
  tls.trustStore = or_null(settings_.ca);
  tls.CApath = settings_.ca.empty() ? "/etc/ssl/certs" : nullptr;
  tls.keyStore = or_null(settings_.certificate);
  tls.privateKey = or_null(settings_.key);
  tls.privateKeyPassword = or_null(settings_.key_password);
  tls.enableServerCertAuth = settings_.verify ? 1 : 0;
  tls.verify = settings_.verify ? 1 : 0;
  tls.ssl_error_context = this;
  tls.ssl_error_cb = [](const char* text, size_t length, void* self) {
    std::string line(text, length);
    while (!line.empty() && line.back() == '\n') line.pop_back();
    static_cast<Connection*>(self)->answer({"TLS: " + line, true});
    return 0;
  };
}

void Connection::answer(Answer answer) {
  const std::lock_guard lock(mutex_);
  if (!answer_) answer_ = std::move(answer);
  answered_.notify_all();
}

Answer Connection::wait_for_answer(const std::string& doing) {
  const auto end = std::chrono::steady_clock::now() + settings_.timeout;
  std::unique_lock lock(mutex_);
  const auto is_over = [&] { return answer_ || abandoned_ || std::chrono::steady_clock::now() >= end; };
  while (!answered_.wait_for(lock, std::chrono::milliseconds(20), is_over)) {
    lock.unlock();
    if (!connected_) nudger().nudge();
    lock.lock();
  }
  Answer answer = answer_.value_or(Answer{"no answer in time", false});
  answer_.reset();
  if (answer.ok()) return answer;
  answer.problem = doing + " " + settings_.url + ": " + answer.problem;
  return answer;
}

void Connection::abandon() noexcept {
  const std::lock_guard lock(mutex_);
  abandoned_ = true;
  answered_.notify_all();
}

Answer Connection::connect() {
  const bool v5 = settings_.is_v5();
  MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
  if (v5) options = MQTTAsync_connectOptions_initializer5;
  MQTTAsync_willOptions will = MQTTAsync_willOptions_initializer;
  MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
  Properties properties;
  Properties will_properties;
  std::string will_topic;
  options.MQTTVersion = v5 ? MQTTVERSION_5 : MQTTVERSION_3_1_1;
  options.keepAliveInterval = whole_seconds(settings_.keep_alive);
  options.connectTimeout = whole_seconds(settings_.timeout);
  options.username = or_null(settings_.user);
  options.password = or_null(settings_.password);
  options.context = this;
  if (is_encrypted(settings_.url)) {
    fill_tls(tls);
    options.ssl = &tls;
  }
  if (session_.will != nullptr) {
    const Message& message = session_.will->message();
    will_topic = message.topic;
    will.topicName = will_topic.c_str();
    will.payload = {static_cast<int>(message.body.size()), message.body.data()};
    will.qos = 1;
    will.retained = message.retained ? 1 : 0;
    options.will = &will;
    if (v5) {
      will_properties.add_message(message, message.lifetime);
      options.willProperties = will_properties.get();
    }
  }
  if (v5) {
    options.cleanstart = session_.is_new ? 1 : 0;
    if (session_.kept > Duration::zero())
      properties.add(MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL, interval(session_.kept));
    options.connectProperties = properties.get();
    options.onSuccess5 = [](void* self, MQTTAsync_successData5* data) {
      auto& us = *static_cast<Connection*>(self);
      MQTTProperties& said = data->properties;
      if (MQTTProperties_hasProperty(&said, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM)) {
        us.limits_.in_flight =
            static_cast<std::uint32_t>(MQTTProperties_getNumericValue(&said, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM));
      }
      if (MQTTProperties_hasProperty(&said, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE)) {
        us.limits_.packet =
            static_cast<std::uint32_t>(MQTTProperties_getNumericValue(&said, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE));
      }
      us.answer({});
    };
    options.onFailure5 = [](void* self, MQTTAsync_failureData5* data) {
      const int refusal = refusal_of(*data);
      static_cast<Connection*>(self)->answer(
          {refusal != 0 ? name_of(refusal) : text_of(data->message), is_final(refusal)});
    };
  } else {
    options.cleansession = session_.is_new && session_.kept <= Duration::zero() ? 1 : 0;
    options.onSuccess = [](void* self, MQTTAsync_successData*) { static_cast<Connection*>(self)->answer({}); };
    options.onFailure = [](void* self, MQTTAsync_failureData* data) {
      const std::string refusal = refusal_of_3_1_1(data->code);
      static_cast<Connection*>(self)->answer({refusal.empty() ? text_of(data->message) : refusal, !refusal.empty()});
    };
  }
  if (const int result = MQTTAsync_connect(client_, &options); result != MQTTASYNC_SUCCESS) {
    answer({text_of(MQTTAsync_strerror(result)), result == MQTTASYNC_BAD_PROTOCOL});
  }
  Answer answer = wait_for_answer("connecting to");
  connected_ = answer.ok();
  if (connected_) nudger().add(client_);
  return answer;
}

Answer Connection::subscribe(const std::string& filter) {
  MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
  options.context = this;
  if (settings_.is_v5()) {
    options.subscribeOptions.retainAsPublished = 1;
    options.subscribeOptions.retainHandling = 1;  // the retained ones only the first time, not after each break
    options.onSuccess5 = [](void* self, MQTTAsync_successData5*) { static_cast<Connection*>(self)->answer({}); };
    options.onFailure5 = [](void* self, MQTTAsync_failureData5* data) {
      const int refusal = refusal_of(*data);
      static_cast<Connection*>(self)->answer({refusal != 0 ? name_of(refusal) : text_of(data->message), refusal != 0});
    };
  } else {
    options.onSuccess = [](void* self, MQTTAsync_successData* data) {
      const bool refused = data->alt.qos == 0x80;
      static_cast<Connection*>(self)->answer({refused ? "refused" : "", refused});
    };
    options.onFailure = [](void* self, MQTTAsync_failureData* data) {
      const bool refused = data->code == 0x80;
      static_cast<Connection*>(self)->answer({refused ? "refused" : text_of(data->message), refused});
    };
  }
  if (const int result = MQTTAsync_subscribe(client_, filter.c_str(), 1, &options); result != MQTTASYNC_SUCCESS) {
    answer({text_of(MQTTAsync_strerror(result)), false});
  }
  return wait_for_answer("subscribing to \"" + filter + "\" at");
}

bool Connection::send(const Message& message, Duration left, Ticket ticket, std::string& problem) {
  Sent& sent = sent_[ticket % sent_.size()];
  sent = {this, ticket};
  MQTTAsync_message packet = MQTTAsync_message_initializer;
  packet.payload = const_cast<std::byte*>(message.body.data());  // Paho copies it
  packet.payloadlen = static_cast<int>(message.body.size());
  packet.qos = 1;
  packet.retained = message.retained ? 1 : 0;
  MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
  options.context = &sent;
  Properties properties;
  if (settings_.is_v5()) {
    properties.add_message(message, left);
    packet.properties = *properties.get();
    options.onSuccess5 = [](void* context, MQTTAsync_successData5*) {
      const Sent& one = *static_cast<Sent*>(context);
      one.connection->events_.settled(one.ticket);
    };
    options.onFailure5 = [](void* context, MQTTAsync_failureData5* data) {
      const Sent& one = *static_cast<Sent*>(context);
      if (const int refusal = refusal_of(*data); refusal != 0)
        one.connection->events_.refused(one.ticket, name_of(refusal));
    };
  } else {
    options.onSuccess = [](void* context, MQTTAsync_successData*) {
      const Sent& one = *static_cast<Sent*>(context);
      one.connection->events_.settled(one.ticket);
    };
  }
  const std::string topic(message.topic);
  const int result = MQTTAsync_sendMessage(client_, topic.c_str(), &packet, &options);
  if (result != MQTTASYNC_SUCCESS) problem = text_of(MQTTAsync_strerror(result));
  return result == MQTTASYNC_SUCCESS;
}

void Connection::disconnect(bool forget) noexcept {
  if (!std::exchange(connected_, false)) return;
  nudger().remove(client_);
  if (MQTTAsync_isConnected(client_) == 0) return;
  MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
  Properties properties;
  if (settings_.is_v5()) {
    options = MQTTAsync_disconnectOptions_initializer5;
    if (forget) properties.add(MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL, 0);
    options.properties = *properties.get();
    options.onSuccess5 = [](void* self, MQTTAsync_successData5*) { static_cast<Connection*>(self)->answer({}); };
    options.onFailure5 = [](void* self, MQTTAsync_failureData5*) { static_cast<Connection*>(self)->answer({}); };
  } else {
    options.onSuccess = [](void* self, MQTTAsync_successData*) { static_cast<Connection*>(self)->answer({}); };
    options.onFailure = [](void* self, MQTTAsync_failureData*) { static_cast<Connection*>(self)->answer({}); };
  }
  options.context = this;
  {
    const std::lock_guard lock(mutex_);
    answer_.reset();
    abandoned_ = false;
  }
  if (MQTTAsync_disconnect(client_, &options) != MQTTASYNC_SUCCESS) return;
  std::unique_lock lock(mutex_);
  answered_.wait_for(lock, std::chrono::seconds(1), [&] { return answer_.has_value(); });
}

}  // namespace astro::mqtt
