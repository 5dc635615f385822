// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "astro/time.hpp"
#include "astro/value.hpp"

namespace astro::objects {

struct HttpSettings {
  std::string signing;  ///< "aws:amz:REGION:s3"
  std::string user;     ///< the keys, "ACCESS:SECRET"; empty: unsigned
  std::string authority_file;
  Duration patience{};  ///< for connecting, and without a byte
};

struct Request {
  std::string method;
  std::string url;
  std::vector<std::string> headers{};
  std::span<const std::byte> body{};
};

struct Response {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers{};  // names in small letters
  Bytes body{};
  std::string broken{};  ///< why it did not arrive whole, or empty

  std::string header(std::string_view name) const;
  std::string text() const;
};

/// HTTP with requests that are signed as S3 wants it, by libcurl. One at a time.
class Http final {
 public:
  explicit Http(HttpSettings settings);
  ~Http();
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  /// Never throws for what the other side does or does not do: that is in the response.
  Response ask(const Request& request);

 private:
  struct Handle;
  HttpSettings settings_;
  std::unique_ptr<Handle> handle_;
};

}  // namespace astro::objects
