// SPDX-License-Identifier: BSD-3-Clause
#include "astro/error.hpp"

namespace astro {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::invalid_site:
      return "invalid_site";
    case ErrorCode::invalid_file:
      return "invalid_file";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::unsupported:
      return "unsupported";
    case ErrorCode::out_of_limits:
      return "out_of_limits";
    case ErrorCode::not_visible:
      return "not_visible";
    case ErrorCode::unsafe:
      return "unsafe";
    case ErrorCode::not_holder:
      return "not_holder";
    case ErrorCode::expired:
      return "expired";
    case ErrorCode::duplicate:
      return "duplicate";
    case ErrorCode::busy:
      return "busy";
    case ErrorCode::timeout:
      return "timeout";
    case ErrorCode::device_fault:
      return "device_fault";
    case ErrorCode::device_lost:
      return "device_lost";
    case ErrorCode::interrupted:
      return "interrupted";
    case ErrorCode::refused_plugin:
      return "refused_plugin";
    case ErrorCode::transport:
      return "transport";
    case ErrorCode::storage:
      return "storage";
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::internal:
      return "internal";
  }
  return "internal";  // a code from a newer library
}

ErrorCode error_code_of(std::string_view name) noexcept {
  for (auto code = ErrorCode::invalid_argument; code < ErrorCode::internal;
       code = static_cast<ErrorCode>(static_cast<int>(code) + 1)) {
    if (to_string(code) == name) return code;
  }
  return ErrorCode::internal;
}

Error::Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
Error::~Error() = default;

bool Error::is_worth_retrying() const noexcept {
  return code_ == ErrorCode::busy || code_ == ErrorCode::timeout || code_ == ErrorCode::transport;
}

Error Error::at(std::string_view where) const { return {code_, std::string(where) + ": " + what()}; }

}  // namespace astro
