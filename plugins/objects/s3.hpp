// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "objects/http.hpp"
#include "objects/objects.hpp"

namespace astro::objects {

enum class Encryption : std::uint8_t { none, aes256, kms };

struct S3Settings {
  std::string endpoint = "https://s3.amazonaws.com";
  std::string bucket;
  std::string region = "us-east-1";
  std::string prefix;
  std::string access_key;
  std::string secret_key;
  std::string session_token;
  bool path_style = true;
  Encryption encryption = Encryption::none;
  std::string kms_key;
  int part_size_mib = 16;
  std::string root_certificate;
  int attempts = 5;
  Duration patience = std::chrono::seconds(30);
};

/// Objects in a bucket of S3, or of any server that speaks it, each under the prefix and its hash. What is larger than
/// one part goes up in parts; an upload that broke off goes on with the next `write` of the same content, in whichever
/// process. What answers 5xx, or not at all, is asked again, ever more slowly; in the end it is `transport`.
class S3 final : public Place {
 public:
  using Log = std::function<void(const std::string&)>;

  S3(S3Settings settings, Log log);

  /// Throws `storage` when the bucket is not there or not ours; warns when it cannot be reached now.
  void check();

  std::optional<Bytes> read(const ObjectId& id) override;
  void write(const ObjectId& id, std::span<const std::byte> content) override;
  std::string where(const ObjectId& id) const override;

 private:
  struct Part {
    int number = 0;
    std::string tag{};
    std::size_t size = 0;
  };
  struct Query {
    std::vector<std::pair<std::string, std::string>> pairs;
  };

  std::string url_of(const std::string& key, const Query& query) const;
  Request request(const std::string& method, const std::string& key, const Query& query = {},
                  std::span<const std::byte> body = {}) const;
  void encrypt(Request& request) const;
  /// Asks until it is answered; a 4xx is an answer.
  Response ask(const Request& request, const std::string& doing);
  Response expect(const Request& request, const std::string& doing);
  [[noreturn]] void refuse(const Response& response, const std::string& doing) const;
  bool has(const std::string& key, std::size_t size);

  void write_in_parts(const std::string& key, std::span<const std::byte> content);
  std::string open_upload(const std::string& key);
  std::vector<Part> parts_of(const std::string& key, const std::string& upload);
  Part send_part(const std::string& key, const std::string& upload, int number, std::span<const std::byte> content);
  bool complete(const std::string& key, const std::string& upload, const std::vector<Part>& parts);

  S3Settings settings_;
  Log log_;
  Http http_;
};

}  // namespace astro::objects

template <>
struct astro::Description<astro::objects::Encryption> {
  static constexpr std::array choices{"none", "AES256", "aws:kms"};
};

template <>
struct astro::Description<astro::objects::S3Settings> {
  using S3Settings = astro::objects::S3Settings;
  static constexpr std::array fields{
      field<&S3Settings::endpoint>("endpoint", {.says = "where the server is, with http:// or https://"}),
      field<&S3Settings::bucket>("bucket", {.says = "its bucket, which must be there", .required = true}),
      field<&S3Settings::region>("region", {.says = "as requests are signed for"}),
      field<&S3Settings::prefix>("prefix", {.says = "before each object's name, such as teide/"}),
      field<&S3Settings::access_key>("access_key", {.says = "who we are; if empty requests are not signed"}),
      field<&S3Settings::secret_key>("secret_key", {.says = "what requests are signed with", .secret = true}),
      field<&S3Settings::session_token>("session_token", {.says = "of keys that end by themselves", .secret = true}),
      field<&S3Settings::path_style>("path_style",
                                     {.says = "the bucket in the path; otherwise before the server's name"}),
      field<&S3Settings::encryption>("encryption",
                                     {.says = "what the server is asked to encrypt objects with at rest"}),
      field<&S3Settings::kms_key>("kms_key", {.says = "for aws:kms: which key; if empty the account's"}),
      field<&S3Settings::part_size_mib>(
          "part_size_mib",
          {.unit = "MiB", .min = 5, .max = 1024, .says = "what is larger goes up in parts of this size"}),
      field<&S3Settings::root_certificate>(
          "root_certificate",
          {.unit = "path", .says = "who must have signed the server's certificate; if empty the system's"}),
      field<&S3Settings::attempts>("attempts", {.min = 1, .max = 20, .says = "how often a request is made in all"}),
      field<&S3Settings::patience>("patience", {.min = 1, .max = 600, .says = "how long to wait for an answer"})};
};
