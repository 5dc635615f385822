// SPDX-License-Identifier: BSD-3-Clause
#include "objects/http.hpp"

#ifdef ASTRO_HAS_CURL
#include <curl/curl.h>
#endif

#include <algorithm>
#include <chrono>
#include <mutex>
#include <new>

#include "astro/error.hpp"

namespace astro::objects {

std::string Response::header(std::string_view name) const {
  const auto found = std::find_if(headers.begin(), headers.end(), [&](const auto& each) { return each.first == name; });
  return found == headers.end() ? "" : found->second;
}

std::string Response::text() const { return {reinterpret_cast<const char*>(body.data()), body.size()}; }

#ifdef ASTRO_HAS_CURL

namespace {

struct FreeList {
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

std::size_t take_body(const char* data, std::size_t size, std::size_t count, void* response) {
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  Bytes& body = static_cast<Response*>(response)->body;
  body.insert(body.end(), bytes, bytes + size * count);
  return size * count;
}

std::size_t take_header(const char* data, std::size_t size, std::size_t count, void* response) {
  const std::string_view line(data, size * count);
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return line.size();
  std::string name(line.substr(0, colon));
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == '\r' || value.back() == '\n' || value.back() == ' '))
    value.remove_suffix(1);
  static_cast<Response*>(response)->headers.emplace_back(std::move(name), value);
  return line.size();
}

}  // namespace

struct Http::Handle {
  CURL* easy = curl_easy_init();
  ~Handle() { curl_easy_cleanup(easy); }
};

Http::Http(HttpSettings settings) : settings_(std::move(settings)) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  handle_ = std::make_unique<Handle>();
  if (handle_->easy == nullptr) throw std::bad_alloc();
}

Http::~Http() = default;

Response Http::ask(const Request& request) {
  CURL* easy = handle_->easy;
  curl_easy_reset(easy);  // keeps the connection
  Response response;
  List headers;
  for (const std::string& header : request.headers) {
    headers.reset(curl_slist_append(headers.release(), header.c_str()));
  }
  char problem[CURL_ERROR_SIZE] = "";
  const auto patience = std::chrono::ceil<std::chrono::seconds>(settings_.patience).count();
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, problem);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, static_cast<long>(patience));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(patience));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &response);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, &take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &response);
  if (!settings_.authority_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, settings_.authority_file.c_str());
  if (!settings_.user.empty()) {
    curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, settings_.signing.c_str());
    curl_easy_setopt(easy, CURLOPT_USERPWD, settings_.user.c_str());
  }
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET") {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
                     request.body.empty() ? "" : reinterpret_cast<const char*>(request.body.data()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
  const CURLcode result = curl_easy_perform(easy);
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  if (result != CURLE_OK) response.broken = *problem != '\0' ? problem : curl_easy_strerror(result);
  return response;
}

#else

struct Http::Handle {};

Http::Http(HttpSettings) {
  throw Error(ErrorCode::unsupported,
              "keeping objects in S3: this libastro was built without libcurl; build it with, or keep them elsewhere");
}
Http::~Http() = default;
Response Http::ask(const Request&) { return {}; }

#endif

}  // namespace astro::objects
