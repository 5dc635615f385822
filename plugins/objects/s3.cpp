// SPDX-License-Identifier: BSD-3-Clause
#include "objects/s3.hpp"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>
#include <utility>

#include "astro/error.hpp"
#include "objects/xml.hpp"

namespace astro::objects {

namespace {

/// As the signature wants it (RFC 3986, unreserved characters alone; "/" stays in a key).
std::string encoded(std::string_view text, bool is_key) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr const char* digits = "0123456789ABCDEF";
  std::string made;
  for (const char c : text) {
    if (plain.find(c) != std::string_view::npos || (is_key && c == '/')) {
      made += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    made += '%';
    made += digits[byte >> 4];
    made += digits[byte & 15];
  }
  return made;
}

/// What may go better the next time.
bool is_passing(const Response& response) {
  if (!response.broken.empty() || response.status >= 500 || response.status == 429) return true;
  const std::string code = response.status >= 400 ? tag(response.text(), "Code") : "";
  return code == "RequestTimeout" || code == "SlowDown";
}

/// Longer each time, and not for all at the same moment.
void wait_before(int attempt) {
  static thread_local std::minstd_rand random(std::random_device{}());
  const int most = std::min(100 << std::min(attempt, 6), 5000);
  std::this_thread::sleep_for(std::chrono::milliseconds(std::uniform_int_distribution<>(most / 2, most)(random)));
}

}  // namespace

S3::S3(S3Settings settings, Log log)
    : settings_(std::move(settings)),
      log_(std::move(log)),
      http_({.signing = "aws:amz:" + settings_.region + ":s3",
             .user = settings_.access_key.empty() ? "" : settings_.access_key + ":" + settings_.secret_key,
             .authority_file = settings_.root_certificate,
             .patience = settings_.patience}) {
  while (settings_.endpoint.ends_with('/')) settings_.endpoint.pop_back();
}

void S3::check() {
  const std::string doing = "opening the bucket";
  try {
    const Response response = ask(request("HEAD", ""), doing);
    if (response.status >= 300) refuse(response, doing);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::transport) throw;
    log_(std::string(error.what()) + ". Records are stored; objects are not until it answers");
  }
}

std::string S3::where(const ObjectId& id) const {
  return settings_.endpoint + "/" + settings_.bucket + "/" + settings_.prefix + id;
}

std::string S3::url_of(const std::string& key, const Query& query) const {
  std::string url = settings_.endpoint;
  if (settings_.path_style) {
    url += "/" + settings_.bucket;
  } else {
    const std::size_t host = url.find("://") == std::string::npos ? 0 : url.find("://") + 3;
    url.insert(host, settings_.bucket + ".");
  }
  url += "/" + encoded(key, true);
  char joint = '?';
  for (const auto& [name, value] : query.pairs) {  // in order of their names, which the signature wants
    url += std::exchange(joint, '&') + encoded(name, false) + "=" + encoded(value, false);
  }
  return url;
}

Request S3::request(const std::string& method, const std::string& key, const Query& query,
                    std::span<const std::byte> body) const {
  Request made{.method = method, .url = url_of(key, query), .body = body};
  made.headers.push_back("x-amz-content-sha256: " + hash_of(body));
  if (!settings_.session_token.empty()) made.headers.push_back("x-amz-security-token: " + settings_.session_token);
  if (method == "PUT" || method == "POST") made.headers.emplace_back("Content-Type: application/octet-stream");
  return made;
}

void S3::encrypt(Request& request) const {
  if (settings_.encryption == Encryption::none) return;
  const bool is_kms = settings_.encryption == Encryption::kms;
  request.headers.push_back(std::string("x-amz-server-side-encryption: ") + (is_kms ? "aws:kms" : "AES256"));
  if (is_kms && !settings_.kms_key.empty()) {
    request.headers.push_back("x-amz-server-side-encryption-aws-kms-key-id: " + settings_.kms_key);
  }
}

Response S3::ask(const Request& request, const std::string& doing) {
  Response response;
  for (int attempt = 0; attempt < settings_.attempts; ++attempt) {
    if (attempt > 0) wait_before(attempt);
    response = http_.ask(request);
    if (!is_passing(response)) return response;
  }
  throw Error(ErrorCode::transport,
              doing + " " + request.url + ": no good answer after " + std::to_string(settings_.attempts) +
                  " attempts (" +
                  (response.broken.empty() ? "status " + std::to_string(response.status) : response.broken) +
                  "): check that the server runs and can be reached, and try again");
}

Response S3::expect(const Request& request, const std::string& doing) {
  Response response = ask(request, doing);
  if (response.status >= 300) refuse(response, doing);
  return response;
}

void S3::refuse(const Response& response, const std::string& doing) const {
  const std::string code = tag(response.text(), "Code");
  const char* help =
      response.status == 403   ? "check the keys, what they may do with the bucket, and this machine's clock"
      : response.status == 404 ? "there is no such bucket: make it, or name another"
      : response.status == 301 || response.status == 307 ? "the bucket is elsewhere: check `endpoint` and `region`"
                                                         : "check the settings";
  throw Error(ErrorCode::storage, doing + " " + settings_.endpoint + "/" + settings_.bucket + ": " + help +
                                      ". The server says: " + std::to_string(response.status) +
                                      (code.empty() ? "" : " " + code + ", " + tag(response.text(), "Message")));
}

std::optional<Bytes> S3::read(const ObjectId& id) {
  const std::string doing = "getting an object from";
  const std::string key = settings_.prefix + id;
  Bytes have;
  std::string why;
  for (int attempt = 0; attempt < settings_.attempts; ++attempt) {
    if (attempt > 0) wait_before(attempt);
    Request get = request("GET", key);
    if (!have.empty())
      get.headers.push_back("Range: bytes=" + std::to_string(have.size()) + "-");  // where it broke off
    Response response = http_.ask(get);
    if (response.status == 404 && tag(response.text(), "Code") != "NoSuchBucket") return std::nullopt;
    if (response.status == 416) return have;  // there is no more
    why = response.broken.empty() ? "status " + std::to_string(response.status) : response.broken;
    if (response.status == 200) have = std::move(response.body);
    else if (response.status == 206) have.insert(have.end(), response.body.begin(), response.body.end());
    else if (!is_passing(response)) refuse(response, doing);
    else continue;
    if (response.broken.empty()) return have;
  }
  throw Error(ErrorCode::transport, doing + " " + where(id) + ": no whole answer after " +
                                        std::to_string(settings_.attempts) + " attempts (" + why +
                                        "): check that the server runs and can be reached, and try again");
}

bool S3::has(const std::string& key, std::size_t size) {
  const std::string doing = "looking for an object in";
  const Response response = ask(request("HEAD", key), doing);
  if (response.status == 404) return false;
  if (response.status >= 300) refuse(response, doing);
  return response.header("content-length") == std::to_string(size);
}

void S3::write(const ObjectId& id, std::span<const std::byte> content) {
  const std::string key = settings_.prefix + id;
  if (has(key, content.size())) return;
  if (content.size() > static_cast<std::size_t>(settings_.part_size_mib) << 20) return write_in_parts(key, content);
  Request put = request("PUT", key, {}, content);
  encrypt(put);
  expect(put, "putting an object into");
}

}  // namespace astro::objects
