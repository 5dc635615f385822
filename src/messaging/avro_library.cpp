// SPDX-License-Identifier: BSD-3-Clause
#include "messaging/avro_library.hpp"

#include <cstdlib>
#include <new>

namespace astro::messaging::avro {

namespace {

/// More than any message: what a broken length asks for is refused instead of tried.
constexpr std::size_t most_bytes = 256U << 20U;

void* allocate(void*, void* block, std::size_t, std::size_t wanted) {
  if (wanted == 0) {
    std::free(block);
    return nullptr;
  }
  return wanted > most_bytes ? nullptr : std::realloc(block, wanted);
}

}  // namespace

std::mutex& library() {
  static std::mutex mutex;
  static const bool is_set = (avro_set_allocator(&allocate, nullptr), true);
  (void)is_set;
  return mutex;
}

std::string last_error() {
  std::string text = avro_strerror();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

SchemaPtr read_schema(const std::string& text) {
  avro_schema_t schema = nullptr;
  if (avro_schema_from_json_length(text.data(), text.size(), &schema) != 0) return nullptr;
  return SchemaPtr(schema);
}

Generic::Generic(avro_schema_t schema) : type_(avro_generic_class_from_schema(schema)) {
  if (type_ == nullptr) throw std::bad_alloc();
  if (avro_generic_value_new(type_, &value_) != 0) {
    avro_value_iface_decref(type_);
    throw std::bad_alloc();
  }
}

Generic::~Generic() {
  avro_value_decref(&value_);
  avro_value_iface_decref(type_);
}

}  // namespace astro::messaging::avro
