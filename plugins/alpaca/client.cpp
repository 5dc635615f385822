// SPDX-License-Identifier: BSD-3-Clause
#include "client.hpp"

#include <curl/curl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string_view>

namespace alpaca {

namespace {

constexpr std::size_t longest_answer = 4 << 20;  // of JSON that holds no image

/// Alpaca's own numbers (ASCOM reserved error numbers 0x400 to 0x4FF; 0x500 to 0xFFF are the drivers').
struct Meaning {
  std::int64_t number;
  astro::ErrorCode code;
  const char* says;
};
constexpr std::array meanings{Meaning{0x400, astro::ErrorCode::unsupported, "it does not have this"},
                              Meaning{0x401, astro::ErrorCode::out_of_limits, "the value is not one that it takes"},
                              Meaning{0x402, astro::ErrorCode::device_fault, "it has no value for this yet"},
                              Meaning{0x407, astro::ErrorCode::device_fault, "it is not connected"},
                              Meaning{0x408, astro::ErrorCode::device_fault, "it is parked"},
                              Meaning{0x409, astro::ErrorCode::device_fault, "it is slaved"},
                              Meaning{0x40B, astro::ErrorCode::device_fault, "it cannot do this now"},
                              Meaning{0x40C, astro::ErrorCode::unsupported, "it does not have this action"},
                              Meaning{0x40E, astro::ErrorCode::cancelled, "it was cancelled"}};

constexpr std::int64_t no_value_yet = 0x402;

std::string shown(std::string_view text) {
  std::string made;
  for (const char c : text.substr(0, 80)) made += c >= ' ' && c < 127 ? c : '?';
  return '"' + made + '"';
}

std::string hexadecimal(std::int64_t number) {
  std::array<char, 24> text{};
  return "0x" + std::string(text.data(), std::to_chars(text.data(), text.data() + text.size(), number, 16).ptr);
}

std::uint32_t client_id() {
  // Any number that other clients hardly have.
  return static_cast<std::uint32_t>(::getpid()) % 65535 + 1;
}

struct CurlGlobal {
  CurlGlobal() { curl_global_init(CURL_GLOBAL_DEFAULT); }
};

}  // namespace

std::string text_of(double number) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

struct Client::Question {
  bool puts = false;
  std::string method{};
  Parameters parameters{};
  astro::Duration at_most{};
  std::size_t at_most_bytes = longest_answer;
  bool wants_image = false;
  std::function<bool()> goes_on{};
  Deadline ends{};
};

struct Client::Answer {
  std::string type{};
  std::string body{};
};

struct Client::Curl {
  Curl() {
    static const CurlGlobal global;
    handle = curl_easy_init();
    if (handle == nullptr) throw std::bad_alloc();
  }
  ~Curl() { curl_easy_cleanup(handle); }
  Curl(const Curl&) = delete;
  Curl& operator=(const Curl&) = delete;

  std::string encoded(const Parameters& parameters) const {
    std::string made;
    for (const auto& [name, value] : parameters) {
      char* text = curl_easy_escape(handle, value.data(), static_cast<int>(value.size()));
      made += (made.empty() ? "" : "&") + name + "=" + (text == nullptr ? "" : text);
      curl_free(text);
    }
    return made;
  }

  struct Sink {
    std::string body{};
    std::size_t most = 0;
    bool is_too_long = false;
  };
  static std::size_t receive(char* bytes, std::size_t one, std::size_t count, void* into) noexcept {
    auto& sink = *static_cast<Sink*>(into);
    const std::size_t size = one * count;
    if (size > sink.most - sink.body.size()) {
      sink.is_too_long = true;
      return 0;
    }
    try {
      sink.body.append(bytes, size);
    } catch (...) {
      return 0;  // no memory: curl reports a failed write
    }
    return size;
  }

  static int look(void* asked, curl_off_t, curl_off_t, curl_off_t, curl_off_t) noexcept {
    return static_cast<const Question*>(asked)->goes_on() ? 0 : 1;
  }

  CURL* handle = nullptr;
};

Client::Client(Peer peer, std::string type)
    : peer_(std::move(peer)), type_(std::move(type)), curl_(std::make_unique<Curl>()) {}
Client::~Client() = default;

std::string Client::name() const {
  return "Alpaca " + type_ + " " + std::to_string(peer_.number) + " at " + peer_.address + ":" +
         std::to_string(peer_.port);
}

void Client::open() {
  if (!peer_.address.empty()) {
    (void)get("name");
    return;
  }
  const auto servers = discovered(peer_.discovery);
  for (const auto& [address, port] : servers) {
    peer_.address = address;
    peer_.port = port;
    try {
      (void)get("name");
      return;
    } catch (const astro::Error&) {  // another one has it
    }
  }
  peer_.address.clear();
  throw astro::Error(astro::ErrorCode::not_found,
                     "looking for an Alpaca " + type_ + " " + std::to_string(peer_.number) + ": " +
                         (servers.empty() ? "no server answers discovery"
                                          : "none of " + std::to_string(servers.size()) + " servers has it") +
                         "; give its `address` and `port`");
}

void Client::open_like(const Client& other) {
  peer_.address = other.peer_.address;
  peer_.port = other.peer_.port;
}

Client::Answer Client::exchange(const Question& question) {
  std::unique_lock lock(mutex_, std::defer_lock);
  astro::Duration at_most = question.at_most;
  if (question.ends) {
    const bool is_mine = lock.try_lock_until(*question.ends);
    at_most = std::min<astro::Duration>(at_most, *question.ends - std::chrono::steady_clock::now());
    if (!is_mine || at_most <= astro::Duration::zero()) {
      throw astro::Error(astro::ErrorCode::timeout,
                         name() + ": " + question.method + ": no time is left for it; see that its server answers");
    }
  } else {
    lock.lock();
  }
  Parameters all = question.parameters;
  all.emplace_back("ClientID", std::to_string(client_id()));
  all.emplace_back("ClientTransactionID", std::to_string(++transaction_));
  const std::string fields = curl_->encoded(all);
  const bool is_ipv6 = peer_.address.find(':') != std::string::npos;
  std::string url = "http://" + (is_ipv6 ? "[" + peer_.address + "]" : peer_.address) + ":" +
                    std::to_string(peer_.port) + "/api/v1/" + type_ + "/" + std::to_string(peer_.number) + "/" +
                    question.method;
  if (!question.puts) url += "?" + fields;

  CURL* handle = curl_->handle;
  Curl::Sink sink{.most = question.at_most_bytes};
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(at_most).count();
  curl_easy_reset(handle);  // the connection stays
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http");
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(milliseconds));
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &Curl::receive);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &sink);
  if (question.puts) {
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, "PUT");
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, fields.c_str());
  }
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      curl_slist_append(nullptr, question.wants_image ? "Accept: application/imagebytes, application/json"
                                                      : "Accept: application/json"),
      &curl_slist_free_all);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  if (question.goes_on) {
    curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &Curl::look);
    curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &question);
    curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  }
  const CURLcode done = curl_easy_perform(handle);
  answers_ = done == CURLE_OK || done == CURLE_WRITE_ERROR || done == CURLE_WEIRD_SERVER_REPLY ||
             done == CURLE_UNSUPPORTED_PROTOCOL;
  if (sink.is_too_long) {
    throw astro::Error(astro::ErrorCode::device_fault,
                       name() + ": " + question.method + ": the answer is longer than the " +
                           std::to_string(question.at_most_bytes) + " bytes that make sense");
  }
  if (done == CURLE_ABORTED_BY_CALLBACK) {
    throw astro::Error(astro::ErrorCode::interrupted, name() + ": " + question.method + ": it is not wanted any more");
  }
  if (done != CURLE_OK) {
    throw astro::Error(done == CURLE_OPERATION_TIMEDOUT ? astro::ErrorCode::timeout : astro::ErrorCode::device_fault,
                       name() + ": " + question.method + ": " + curl_easy_strerror(done) +
                           "; see that its server runs, and listens there");
  }
  Answer answer;
  answer.body = std::move(sink.body);
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) {
    refuse(question.method, "an answer of HTTP status 200", std::to_string(status) + " " + answer.body);
  }
  char* type = nullptr;
  curl_easy_getinfo(handle, CURLINFO_CONTENT_TYPE, &type);
  if (type != nullptr) answer.type = type;
  return answer;
}

void Client::refuse(const std::string& method, const std::string& expected, const std::string& got) const {
  throw astro::Error(astro::ErrorCode::device_fault,
                     name() + ": " + method + ": expected " + expected + ", got " + shown(got));
}

void Client::check(const std::string& method, std::int64_t number, const std::string& words) const {
  if (number == 0) return;
  astro::ErrorCode code = astro::ErrorCode::device_fault;
  std::string means;
  for (const Meaning& each : meanings) {
    if (each.number != number) continue;
    code = each.code;
    means = std::string(" (") + each.says + ")";
  }
  throw Refusal(code, name() + ": " + method + ": Alpaca's error " + hexadecimal(number) + means + ": " + shown(words),
                number);
}

astro::Value Client::value_in(const std::string& method, const std::string& body) const {
  astro::Value all;
  try {
    all = astro::parse_json(body);
  } catch (const astro::Error&) {
    refuse(method, "JSON", body);
  }
  if (all.get_if<astro::Map>() == nullptr) refuse(method, "a JSON object", body);
  const astro::Value* words = all.find("ErrorMessage");
  const std::string* text = words != nullptr ? words->get_if<std::string>() : nullptr;
  const astro::Value* number = all.find("ErrorNumber");
  if (number != nullptr && !number->is_null()) {
    const std::int64_t* value = number->get_if<std::int64_t>();
    if (value == nullptr) refuse(method, "an error number that is a number", body);
    check(method, *value, text != nullptr ? *text : "");
  }
  const astro::Value* value = all.find("Value");
  return value != nullptr ? *value : astro::Value();
}

astro::Value Client::get(const std::string& method, const Parameters& parameters) {
  return value_in(method, exchange({.method = method, .parameters = parameters, .at_most = peer_.timeout}).body);
}

void Client::put(const std::string& method, const Parameters& parameters, Deadline ends) {
  (void)value_in(
      method,
      exchange({.puts = true, .method = method, .parameters = parameters, .at_most = peer_.timeout, .ends = ends})
          .body);
}

bool Client::put_if_it_may(const std::string& method, const Parameters& parameters, Deadline ends) {
  try {
    put(method, parameters, ends);
    return true;
  } catch (const Refusal&) {
    return false;
  }
}

astro::Value Client::get_if_there(const std::string& method, const Parameters& parameters) {
  try {
    return get(method, parameters);
  } catch (const Refusal& refusal) {
    if (refusal.code() == astro::ErrorCode::unsupported || refusal.number() == no_value_yet) return {};
    throw;
  }
}

bool Client::get_bool(const std::string& method, const Parameters& parameters) {
  const astro::Value value = get(method, parameters);
  if (const bool* found = value.get_if<bool>()) return *found;
  refuse(method, "true or false", astro::to_json(value));
}

double Client::get_number(const std::string& method, const Parameters& parameters) {
  const astro::Value value = get(method, parameters);
  if (const auto* whole = value.get_if<std::int64_t>()) return static_cast<double>(*whole);
  if (const auto* number = value.get_if<double>(); number != nullptr && std::isfinite(*number)) return *number;
  refuse(method, "a number", astro::to_json(value));
}

ImageAnswer Client::get_image(std::size_t at_most_bytes, astro::Duration at_most,
                              const std::function<bool()>& goes_on) {
  Answer answer = exchange({.method = "imagearray",
                            .parameters = {},
                            .at_most = at_most,
                            .at_most_bytes = at_most_bytes,
                            .wants_image = true,
                            .goes_on = goes_on});
  return {answer.type.starts_with("application/imagebytes"), std::move(answer.body)};
}

}  // namespace alpaca
