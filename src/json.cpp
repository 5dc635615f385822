// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <span>

#include "astro/json.hpp"
#include "astro/value.hpp"
#include "base64.hpp"
#include "json_text.hpp"
#include "utf8.hpp"

namespace astro {

namespace {

static_assert(std::endian::native == std::endian::little, "arrays hold little endian numbers as they are");

template <class Number>
void append_digits(std::string& out, Number number) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr;
  out.append(buffer.data(), end);
}

template <class Real>
void append_real(std::string& out, Real number) {
  if (!std::isfinite(number)) {
    out += "null";
    return;
  }
  const std::size_t begin = out.size();
  append_digits(out, number);
  // 3.0 must not come back as the integer 3.
  if (out.find_first_of(".e", begin) == std::string::npos) out += ".0";
}

void append_escaped(std::string& out, unsigned char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += "\\u00";
      out += hex[c >> 4U];
      out += hex[c & 15U];
  }
}

void append_text(std::string& out, std::string_view text) {
  out += '"';
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t plain = end_of_plain(text, i);
    out.append(text, i, plain - i);
    i = plain;
    if (i == text.size()) break;
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      append_escaped(out, c);
      ++i;
    } else if (const std::size_t length = utf8::length_at(text, i); length > 0) {
      out.append(text, i, length);
      i += length;
    } else {
      out += "\xef\xbf\xbd";  // no character: what is written must be valid, so U+FFFD stands for it
      ++i;
    }
  }
  out += '"';
}

void append_time(std::string& out, Time time) {
  const auto ns = time.time_since_epoch().count() % 1'000'000'000;
  const int digits = ns % 1'000'000 == 0 ? 3 : (ns % 1'000 == 0 ? 6 : 9);
  out += '"';
  out += format_time(time, digits);
  out += '"';
}

template <class T>
T element(const std::byte* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof(value));
  return value;
}

template <class T>
void append_pair(std::string& out, const std::byte* at) {
  out += '[';
  if constexpr (std::is_floating_point_v<T>) append_real(out, element<T>(at));
  else append_digits(out, element<T>(at));
  out += ',';
  if constexpr (std::is_floating_point_v<T>) append_real(out, element<T>(at + sizeof(T)));
  else append_digits(out, element<T>(at + sizeof(T)));
  out += ']';
}

void append_element(std::string& out, Dtype dtype, const std::byte* at) {
  switch (dtype) {
    case Dtype::u8:
      return append_digits(out, element<std::uint8_t>(at));
    case Dtype::i8:
      return append_digits(out, element<std::int8_t>(at));
    case Dtype::i16:
      return append_digits(out, element<std::int16_t>(at));
    case Dtype::u16:
      return append_digits(out, element<std::uint16_t>(at));
    case Dtype::i32:
      return append_digits(out, element<std::int32_t>(at));
    case Dtype::i64:
      return append_digits(out, element<std::int64_t>(at));
    case Dtype::f32:
      return append_real(out, element<float>(at));
    case Dtype::f64:
      return append_real(out, element<double>(at));
    case Dtype::cu8:
      return append_pair<std::uint8_t>(out, at);
    case Dtype::ci8:
      return append_pair<std::int8_t>(out, at);
    case Dtype::ci16:
      return append_pair<std::int16_t>(out, at);
    case Dtype::cf32:
      return append_pair<float>(out, at);
  }
}

void append_nested(std::string& out, const Array& array, std::size_t axis, const std::byte*& at) {
  if (axis == array.shape.size()) {
    append_element(out, array.dtype, at);
    at += size_of(array.dtype);
    return;
  }
  out += '[';
  for (std::size_t i = 0; i < array.shape[axis]; ++i) {
    if (i > 0) out += ',';
    append_nested(out, array, axis + 1, at);
  }
  out += ']';
}

void append_array(std::string& out, const Array& array) {
  std::size_t bytes = size_of(array.dtype);
  for (const std::size_t extent : array.shape) bytes *= extent;
  if (bytes != array.bytes.size()) {  // a shape that lies: never read past the end
    out += "null";
    return;
  }
  const std::byte* at = array.bytes.data();
  append_nested(out, array, 0, at);
}

void append_base64_text(std::string& out, std::span<const std::byte> bytes) {
  out += '"';
  append_base64(out, bytes);
  out += '"';
}

struct Writer {
  std::string& out;

  void operator()(std::monostate) const { out += "null"; }
  void operator()(bool value) const { out += value ? "true" : "false"; }
  void operator()(std::int64_t value) const { append_digits(out, value); }
  void operator()(double value) const { append_real(out, value); }
  void operator()(const std::string& value) const { append_text(out, value); }
  void operator()(Time value) const { append_time(out, value); }
  void operator()(const Bytes& value) const { append_base64_text(out, value); }
  void operator()(const Array& value) const { append_array(out, value); }
  void operator()(const List& value) const {
    out += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += ',';
      std::visit(*this, value[i].data());
    }
    out += ']';
  }
  void operator()(const Map& value) const {
    out += '{';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += ',';
      append_text(out, value[i].first);
      out += ':';
      std::visit(*this, value[i].second.data());
    }
    out += '}';
  }
};

void append_row(std::string& out, Dtype dtype, std::span<const std::byte> bytes) {
  out += '[';
  for (std::size_t at = 0; at + size_of(dtype) <= bytes.size(); at += size_of(dtype)) {
    if (at > 0) out += ',';
    append_element(out, dtype, bytes.data() + at);
  }
  out += ']';
}

struct CellWriter {
  std::string& out;
  const Field& field;

  void operator()(std::monostate) const { out += "null"; }
  void operator()(bool cell) const { out += cell ? "true" : "false"; }
  void operator()(std::int64_t cell) const {
    if (field.type == FieldType::time) append_time(out, Time(Duration(cell)));
    else append_digits(out, cell);
  }
  void operator()(double cell) const { append_real(out, cell); }
  void operator()(std::string_view cell) const { append_text(out, cell); }
  void operator()(std::span<const std::byte> cell) const {
    if (field.type == FieldType::array) append_row(out, field.dtype, cell);
    else append_base64_text(out, cell);
  }
  void operator()(const std::string& cell) const { out += cell; }  // JSON by now
};

}  // namespace

std::string to_json(const Value& value) {
  std::string out;
  std::visit(Writer{out}, value.data());
  return out;
}

std::string detail::record_to_json(const void* record, std::span<const Member> members, const Schema& schema) {
  std::string out;
  out.reserve(32 * members.size());
  for (std::size_t i = 0; i < members.size(); ++i) {
    out += i == 0 ? '{' : ',';
    append_text(out, schema.fields[i].name);
    out += ':';
    std::visit(CellWriter{out, schema.fields[i]}, members[i].cell(record));
  }
  out += members.empty() ? "{}" : "}";
  return out;
}

}  // namespace astro
