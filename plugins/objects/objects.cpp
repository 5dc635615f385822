// SPDX-License-Identifier: BSD-3-Clause
#include "objects/objects.hpp"

#include <openssl/evp.h>

#include <array>
#include <utility>

#include "astro/error.hpp"

namespace astro::objects {

namespace {

bool is_id(const ObjectId& id) {
  return id.size() == 64 && id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

ObjectId hash_of(std::span<const std::byte> content) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned length = 0;
  if (EVP_Digest(content.data(), content.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
    throw Error(ErrorCode::internal, "the cryptographic library has no SHA-256: check how it is installed");
  }
  constexpr const char* digits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < length; ++i) {
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

ObjectId put(Place& place, std::span<const std::byte> content) {
  ObjectId id = hash_of(content);
  place.write(id, content);
  return id;
}

Bytes get(Place& place, const ObjectId& id) {
  if (!is_id(id)) {
    throw Error(ErrorCode::invalid_argument,
                "getting the object \"" + id.substr(0, 80) + "\": expected 64 hexadecimal digits in small letters");
  }
  for (int attempt = 0; attempt < 2; ++attempt) {  // what was damaged on its way may arrive whole the next time
    std::optional<Bytes> content = place.read(id);
    if (!content)
      throw Error(ErrorCode::not_found, "getting the object " + id + ": there is none at " + place.where(id));
    if (hash_of(*content) == id) return std::move(*content);
  }
  throw Error(ErrorCode::storage, "getting the object " + place.where(id) +
                                      ": its content no longer has its hash; restore it from a copy, or remove it "
                                      "there and put the object again");
}

}  // namespace astro::objects
