// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <avro.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace astro::messaging::avro {

/// Avro C keeps its last error in one place for the process: one call at a time.
std::mutex& library();

/// What Avro C says went wrong.
std::string last_error();

struct SchemaEnd {
  void operator()(avro_schema_t schema) const noexcept { avro_schema_decref(schema); }
};
using SchemaPtr = std::unique_ptr<avro_obj_t, SchemaEnd>;

/// Null where it is no schema.
SchemaPtr read_schema(const std::string& text);

/// A value of a schema.
class Generic {
 public:
  explicit Generic(avro_schema_t schema);
  ~Generic();
  Generic(const Generic&) = delete;
  Generic& operator=(const Generic&) = delete;

  avro_value_t* get() noexcept { return &value_; }

 private:
  avro_value_iface_t* type_;
  avro_value_t value_{};
};

}  // namespace astro::messaging::avro
