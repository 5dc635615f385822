// SPDX-License-Identifier: BSD-3-Clause
// Large objects go up in parts. A key is the hash of its content, so an upload of it that is open can only be one of
// ours that broke off: its parts are compared by their MD5, which S3 tells as their tag, and the missing ones are sent.
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "astro/error.hpp"
#include "objects/s3.hpp"
#include "objects/xml.hpp"

namespace astro::objects {

namespace {

constexpr const char* doing = "putting a large object into";

/// MD5 as S3 writes it, or empty where the library has none: then every part is sent again.
std::string tag_of(std::span<const std::byte> content) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned length = 0;
  if (EVP_Digest(content.data(), content.size(), digest.data(), &length, EVP_md5(), nullptr) != 1) return {};
  constexpr const char* digits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

/// A tag without its quotes, which XML may write in its own way.
std::string bare(std::string tag) {
  for (const std::string_view quote : {"&quot;", "&#34;", "\""}) {
    for (std::size_t at = tag.find(quote); at != std::string::npos; at = tag.find(quote)) tag.erase(at, quote.size());
  }
  return tag;
}

}  // namespace

void S3::write_in_parts(const std::string& key, std::span<const std::byte> content) {
  // An upload has 10,000 parts at most.
  const std::size_t part =
      std::max(static_cast<std::size_t>(settings_.part_size_mib) << 20, content.size() / 9'999 + 1);
  for (int attempt = 0; attempt < 2; ++attempt) {  // one that somebody ended meanwhile is begun anew
    const std::string upload = open_upload(key);
    const std::vector<Part> there = parts_of(key, upload);
    std::vector<Part> parts;
    for (std::size_t begin = 0; begin < content.size(); begin += part) {
      const auto piece = content.subspan(begin, std::min(part, content.size() - begin));
      const int number = static_cast<int>(begin / part) + 1;
      const auto known = std::find_if(there.begin(), there.end(), [&](const Part& each) {
        return each.number == number && each.size == piece.size() && each.tag == tag_of(piece);
      });
      parts.push_back(known != there.end() ? *known : send_part(key, upload, number, piece));
    }
    if (complete(key, upload, parts)) return;
  }
  throw Error(ErrorCode::storage, std::string(doing) + " " + settings_.endpoint + "/" + settings_.bucket + "/" + key +
                                      ": the server ended the upload twice: try again, and look who removes uploads");
}

std::string S3::open_upload(const std::string& key) {
  const Response list = expect(request("GET", "", {{{"prefix", key}, {"uploads", ""}}}), doing);
  std::string upload = tag(list.text(), "UploadId");
  if (!upload.empty()) return upload;
  Request begin = request("POST", key, {{{"uploads", ""}}});
  encrypt(begin);
  return tag(expect(begin, doing).text(), "UploadId");
}

std::vector<S3::Part> S3::parts_of(const std::string& key, const std::string& upload) {
  std::vector<Part> parts;
  std::string after = "0";
  while (true) {
    const Response response = ask(request("GET", key, {{{"part-number-marker", after}, {"uploadId", upload}}}), doing);
    if (response.status >= 300) return {};
    const std::string text = response.text();
    for (const std::string& part : tags(text, "Part")) {
      parts.push_back({.number = std::atoi(tag(part, "PartNumber").c_str()),
                       .tag = bare(tag(part, "ETag")),
                       .size = std::strtoull(tag(part, "Size").c_str(), nullptr, 10)});
    }
    const std::string next = tag(text, "NextPartNumberMarker");
    if (tag(text, "IsTruncated") != "true" || next.empty() || next == after) return parts;
    after = next;
  }
}

S3::Part S3::send_part(const std::string& key, const std::string& upload, int number,
                       std::span<const std::byte> content) {
  const Response response =
      ask(request("PUT", key, {{{"partNumber", std::to_string(number)}, {"uploadId", upload}}}, content), doing);
  if (response.status == 404) return {.number = number};  // the upload is gone: `complete` will find out
  if (response.status >= 300) refuse(response, doing);
  return {.number = number, .tag = bare(response.header("etag")), .size = content.size()};
}

bool S3::complete(const std::string& key, const std::string& upload, const std::vector<Part>& parts) {
  std::string list = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  std::size_t size = 0;
  for (const Part& part : parts) {
    if (part.tag.empty()) return false;
    list +=
        "<Part><PartNumber>" + std::to_string(part.number) + "</PartNumber><ETag>\"" + part.tag + "\"</ETag></Part>";
    size += part.size;
  }
  list += "</CompleteMultipartUpload>";
  const Response response = ask(request("POST", key, {{{"uploadId", upload}}}, std::as_bytes(std::span(list))), doing);
  // The answer may begin as a success and end as a failure; and one that was lost may have been a success.
  const bool is_refused = response.status >= 300 || response.text().find("<Error>") != std::string::npos;
  if (is_refused && response.status != 404 && response.status != 200) refuse(response, doing);
  return !is_refused || has(key, size);
}

}  // namespace astro::objects
