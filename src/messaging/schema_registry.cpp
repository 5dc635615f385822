// SPDX-License-Identifier: BSD-3-Clause
#include "astro/messaging/schema_registry.hpp"

#include <curl/curl.h>

#include <array>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "astro/error.hpp"
#include "astro/log.hpp"

namespace astro::messaging {

namespace {

constexpr std::size_t most_answer = 16U << 20U;
constexpr const char* media_type = "application/vnd.schemaregistry.v1+json";

struct CurlEnd {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

std::size_t append(char* data, std::size_t size, std::size_t count, void* answer) {
  auto& text = *static_cast<std::string*>(answer);
  if (text.size() + size * count > most_answer) return 0;  // ends the transfer
  text.append(data, size * count);
  return size * count;
}

struct Answer {
  long status = 0;
  std::string text{};
};

}  // namespace

struct SchemaRegistry::State {
  using Schemas = std::map<std::int32_t, std::string>;
  using Ids = std::map<std::pair<std::string, std::string>, std::int32_t>;

  RegistryOptions options;
  std::mutex mutex{};
  Schemas schemas{};
  Ids ids{};
  Schemas schemas_before{};  // of the file
  Ids ids_before{};

  [[noreturn]] void unreachable(const std::string& path, const std::string& why) const {
    throw Error(ErrorCode::transport, "asking the schema registry " + options.url + path + ": " + why +
                                          "; look whether it runs, and at its address in the site file");
  }

  Answer ask(const std::string& path, const std::optional<std::string>& body) const {
    static const bool is_ready = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    const std::unique_ptr<CURL, CurlEnd> handle(is_ready ? curl_easy_init() : nullptr);
    if (handle == nullptr) unreachable(path, "libcurl does not start");
    const std::unique_ptr<curl_slist, CurlEnd> headers(
        curl_slist_append(nullptr, (std::string("Content-Type: ") + media_type).c_str()));
    Answer answer;
    std::array<char, CURL_ERROR_SIZE> why{};
    const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(handle.get(), option, value); };
    const std::string url = options.url + path;
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_HTTPHEADER, headers.get());
    set(CURLOPT_WRITEFUNCTION, &append);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&answer.text));
    set(CURLOPT_ERRORBUFFER, why.data());
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(seconds(options.timeout) * 1000.0));
    if (body) {
      set(CURLOPT_POSTFIELDSIZE, static_cast<long>(body->size()));
      set(CURLOPT_POSTFIELDS, body->c_str());
    }
    if (!options.user.empty()) {
      set(CURLOPT_USERNAME, options.user.c_str());
      set(CURLOPT_PASSWORD, options.password.c_str());
    }
    if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
    if (const CURLcode failed = curl_easy_perform(handle.get()); failed != CURLE_OK) {
      unreachable(path, why[0] != '\0' ? why.data() : curl_easy_strerror(failed));
    }
    curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &answer.status);
    if (answer.status >= 500 || answer.status == 429) unreachable(path, "it answers " + said(answer));
    return answer;
  }

  static std::string said(const Answer& answer) {
    std::string reason = answer.text.substr(0, 300);
    try {
      const Value parsed = parse_json(answer.text);
      if (const Value* message = parsed.find("message")) reason = message->as_text();
    } catch (const Error&) {  // then as it stands
    }
    return std::to_string(answer.status) + (reason.empty() ? "" : ", " + reason);
  }

  void load() {
    std::ifstream file(options.kept_in);
    if (options.kept_in.empty() || !file) return;
    try {
      const Value kept = parse_json(std::string(std::istreambuf_iterator<char>(file), {}));
      for (const Value& one : kept.as_list()) {
        const auto id = static_cast<std::int32_t>(one.find("id")->as_integer());
        const std::string& schema = one.find("schema")->as_text();
        if (const Value* subject = one.find("subject")) ids_before[{subject->as_text(), schema}] = id;
        else schemas_before[id] = schema;
      }
    } catch (const Error& error) {
      log(LogLevel::warning, "registry", options.kept_in.string() + " is not read: " + error.what());
    }
  }

  /// Whole or not at all: a power cut must not leave half of it.
  void keep() const {
    if (options.kept_in.empty()) return;
    List all;
    for (const auto& [id, schema] : schemas) all.push_back(Value().set("id", id).set("schema", schema));
    for (const auto& [what, id] : ids) {
      all.push_back(Value().set("id", id).set("subject", what.first).set("schema", what.second));
    }
    const std::filesystem::path fresh = options.kept_in.string() + ".new";
    std::ofstream file(fresh);
    file << to_json(Value(std::move(all))) << std::flush;
    file.close();
    std::error_code failed;
    if (file) std::filesystem::rename(fresh, options.kept_in, failed);
    if (!file || failed) log(LogLevel::warning, "registry", options.kept_in.string() + " cannot be written");
  }

  /// What `find` asks for; while the registry is away what the file has of it.
  template <class Key, class Kept, class Ask>
  static auto ask_or_remember(const Key& key, const Kept& before, Ask find) {
    try {
      return find();
    } catch (const Error& error) {
      const auto known = before.find(key);
      if (error.code() != ErrorCode::transport || known == before.end()) throw;
      return known->second;
    }
  }

  Value read(const std::string& path, const Answer& answer, const char* key) const {
    try {
      const Value parsed = parse_json(answer.text);
      if (const Value* found = parsed.find(key)) return *found;
    } catch (const Error&) {  // no JSON
    }
    unreachable(path, std::string("its answer has no \"") + key + "\": " + answer.text.substr(0, 100));
  }
};

SchemaRegistry::SchemaRegistry(RegistryOptions options) : state_(std::make_unique<State>(std::move(options))) {
  while (state_->options.url.ends_with('/')) state_->options.url.pop_back();
  state_->load();
}

SchemaRegistry::~SchemaRegistry() = default;

std::int32_t SchemaRegistry::register_schema(const std::string& subject, const std::string& schema) {
  const std::lock_guard lock(state_->mutex);
  const std::pair key(subject, schema);
  if (const auto known = state_->ids.find(key); known != state_->ids.end()) return known->second;
  const auto id = State::ask_or_remember(key, state_->ids_before, [&] {
    const std::string path = "/subjects/" + subject + "/versions";
    Value body;
    body.set("schema", schema);
    const Answer answer = state_->ask(path, to_json(body));
    if (answer.status != 200) {
      throw Error(ErrorCode::invalid_argument, "registering a schema under " + subject +
                                                   ": the registry refuses it: " + State::said(answer) +
                                                   "; a new version must be compatible with those before it");
    }
    return static_cast<std::int32_t>(state_->read(path, answer, "id").as_integer());
  });
  state_->ids.emplace(key, id);
  state_->schemas.emplace(id, schema);
  state_->keep();
  return id;
}

std::string SchemaRegistry::schema(std::int32_t id) {
  const std::lock_guard lock(state_->mutex);
  if (const auto known = state_->schemas.find(id); known != state_->schemas.end()) return known->second;
  std::string schema = State::ask_or_remember(id, state_->schemas_before, [&] {
    const std::string path = "/schemas/ids/" + std::to_string(id);
    const Answer answer = state_->ask(path, std::nullopt);
    if (answer.status == 404) {
      throw Error(ErrorCode::not_found,
                  "the schema registry " + state_->options.url + " has no schema " + std::to_string(id));
    }
    if (answer.status != 200) state_->unreachable(path, "it answers " + State::said(answer));
    return state_->read(path, answer, "schema").as_text();
  });
  state_->schemas.emplace(id, schema);
  state_->keep();
  return schema;
}

Bytes framed(std::int32_t id, std::span<const std::byte> body) {
  Bytes message{std::byte{0}};
  message.reserve(5 + body.size());
  for (int shift = 24; shift >= 0; shift -= 8) {
    message.push_back(static_cast<std::byte>((static_cast<std::uint32_t>(id) >> static_cast<unsigned>(shift)) & 0xFFU));
  }
  message.insert(message.end(), body.begin(), body.end());
  return message;
}

Framed unframed(std::span<const std::byte> message) {
  if (message.size() < 5 || message[0] != std::byte{0}) {
    throw Error(ErrorCode::invalid_file, "reading a message of " + std::to_string(message.size()) +
                                             " bytes: it does not begin with a zero and a schema's id");
  }
  std::uint32_t id = 0;
  for (std::size_t i = 1; i < 5; ++i) id = (id << 8U) | std::to_integer<std::uint32_t>(message[i]);
  return {.id = static_cast<std::int32_t>(id), .body = message.subspan(5)};
}

RegistryCodec::RegistryCodec(std::shared_ptr<SchemaRegistry> registry, std::string subject, const Schema& schema)
    : registry_(std::move(registry)), subject_(std::move(subject)), codec_(schema) {}

Bytes RegistryCodec::encode(const Value& record) { return message_of(codec_.encode(record)); }

Bytes RegistryCodec::message_of(const Bytes& body) {
  return framed(registry_->register_schema(subject_, codec_.schema_text()), body);
}

Value RegistryCodec::decode(std::span<const std::byte> message) {
  const Opened opened = open(message);
  return codec_.decode(opened.body, opened.writer_schema);
}

RegistryCodec::Opened RegistryCodec::open(std::span<const std::byte> message) {
  const Framed frame = unframed(message);
  try {
    return {.body = frame.body, .writer_schema = registry_->schema(frame.id)};
  } catch (const Error& error) {
    if (error.code() != ErrorCode::not_found) throw;
    throw Error(ErrorCode::invalid_file, std::string("reading a message: ") + error.what());
  }
}

}  // namespace astro::messaging
