// SPDX-License-Identifier: BSD-3-Clause
#include "image.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <string>

namespace alpaca {

namespace {

static_assert(std::endian::native == std::endian::little, "ImageBytes is little endian, and copied as it is");

/// Of ImageBytes (Alpaca API Reference, section 8): eleven 32-bit words, little endian.
struct Header {
  std::int32_t version;
  std::int32_t error;
  std::uint32_t client_transaction;
  std::uint32_t server_transaction;
  std::int32_t data_start;
  std::int32_t element_type;
  std::int32_t sent_type;
  std::int32_t rank;
  std::array<std::int32_t, 3> lengths;
};
static_assert(sizeof(Header) == 44);

struct Shape {
  std::size_t rows;
  std::size_t columns;
  std::size_t planes;
  std::size_t count() const { return rows * columns * planes; }
  std::string text() const {
    return std::to_string(columns) + " columns, " + std::to_string(rows) + " rows and " + std::to_string(planes) +
           " planes";
  }
};

Shape shape_of(const astro::StreamSettings& settings) {
  const auto& shape = settings.item_shape;
  return {shape.at(0), shape.at(1), shape.size() > 2 ? shape[2] : 1};
}

constexpr const char* method = "imagearray";
constexpr std::size_t longest_json = std::size_t{16} << 20;  // read, it takes up to thirty times as much

/// One pixel at its place.
template <class Out>
bool store(double value, std::size_t index, std::span<std::byte> into) {
  if (!(value >= static_cast<double>(std::numeric_limits<Out>::lowest()) &&
        value <= static_cast<double>(std::numeric_limits<Out>::max()))) {
    return false;
  }
  const Out pixel = static_cast<Out>(value);
  std::memcpy(into.data() + index * sizeof(Out), &pixel, sizeof pixel);
  return true;
}

using Store = bool (*)(double, std::size_t, std::span<std::byte>);
Store store_of(astro::Dtype dtype) {
  switch (dtype) {
    case astro::Dtype::u8:
      return &store<std::uint8_t>;
    case astro::Dtype::u16:
      return &store<std::uint16_t>;
    default:
      return &store<std::int64_t>;
  }
}

/// `pixel(x, y, plane)`, each to its place.
template <class Pixel>
void transpose(const Client& client, const Shape& shape, astro::Dtype dtype, std::span<std::byte> into, Pixel pixel) {
  const Store put = store_of(dtype);
  for (std::size_t y = 0; y < shape.rows; ++y) {
    for (std::size_t x = 0; x < shape.columns; ++x) {
      for (std::size_t plane = 0; plane < shape.planes; ++plane) {
        const double value = pixel(x, y, plane);
        if (!put(value, (y * shape.columns + x) * shape.planes + plane, into)) {
          client.refuse(method, "pixels between 0 and its maxadu", text_of(value));
        }
      }
    }
  }
}

/// As it is sent x is slowest, then y, then the plane.
template <class In>
void transpose_bytes(const Client& client, const Shape& shape, astro::Dtype dtype, const char* from,
                     std::span<std::byte> into) {
  transpose(client, shape, dtype, into, [from, &shape](std::size_t x, std::size_t y, std::size_t plane) {
    In value;
    std::memcpy(&value, from + ((x * shape.rows + y) * shape.planes + plane) * sizeof value, sizeof value);
    return static_cast<double>(value);
  });
}

std::size_t size_of_type(std::int32_t type) {
  constexpr std::array<std::size_t, 10> sizes{0, 2, 4, 8, 4, 8, 1, 8, 2, 4};
  return type > 0 && type < static_cast<std::int32_t>(sizes.size()) ? sizes.at(static_cast<std::size_t>(type)) : 0;
}

void read_bytes(const Client& client, const std::string& body, const Shape& shape, astro::Dtype dtype,
                std::span<std::byte> into) {
  Header header{};
  if (body.size() < sizeof header) client.refuse(method, "ImageBytes", std::to_string(body.size()) + " bytes");
  std::memcpy(&header, body.data(), sizeof header);
  const auto start = static_cast<std::size_t>(std::max(header.data_start, 0));
  if (header.version != 1 || start < sizeof header || start > body.size()) {
    client.refuse(method, "ImageBytes of version 1", "version " + std::to_string(header.version));
  }
  client.check(method, header.error, body.substr(start));
  const std::size_t size = size_of_type(header.sent_type);
  const std::int32_t planes = header.rank == 3 ? header.lengths[2] : 1;
  const bool is_of_shape = (header.rank == 2 || header.rank == 3) && size != 0 &&
                           header.lengths[0] == static_cast<std::int64_t>(shape.columns) &&
                           header.lengths[1] == static_cast<std::int64_t>(shape.rows) &&
                           planes == static_cast<std::int64_t>(shape.planes);
  if (!is_of_shape || (body.size() - start) != shape.count() * size) {
    client.refuse(method, shape.text(),
                  std::to_string(header.lengths[0]) + " by " + std::to_string(header.lengths[1]) + " of rank " +
                      std::to_string(header.rank) + " and type " + std::to_string(header.sent_type) + " in " +
                      std::to_string(body.size()) + " bytes");
  }
  const char* from = body.data() + start;
  switch (header.sent_type) {
    case 1:
      return transpose_bytes<std::int16_t>(client, shape, dtype, from, into);
    case 2:
      return transpose_bytes<std::int32_t>(client, shape, dtype, from, into);
    case 3:
      return transpose_bytes<double>(client, shape, dtype, from, into);
    case 4:
      return transpose_bytes<float>(client, shape, dtype, from, into);
    case 5:
      return transpose_bytes<std::uint64_t>(client, shape, dtype, from, into);
    case 6:
      return transpose_bytes<std::uint8_t>(client, shape, dtype, from, into);
    case 7:
      return transpose_bytes<std::int64_t>(client, shape, dtype, from, into);
    case 8:
      return transpose_bytes<std::uint16_t>(client, shape, dtype, from, into);
    default:
      return transpose_bytes<std::uint32_t>(client, shape, dtype, from, into);
  }
}

/// Of nested lists, each of the length that it must have.
const astro::List& list_in(const Client& client, const astro::Value& value, std::size_t length) {
  const auto* list = value.get_if<astro::List>();
  if (list == nullptr || list->size() != length) {
    client.refuse(method, "lists of " + std::to_string(length) + " members",
                  list == nullptr ? std::string(astro::type_name(value)) : std::to_string(list->size()) + " members");
  }
  return *list;
}

void read_json(const Client& client, const std::string& body, const Shape& shape, astro::Dtype dtype,
               std::span<std::byte> into) {
  if (body.size() > longest_json) {
    client.refuse(method, "ImageBytes for an image of this size", std::to_string(body.size()) + " bytes of JSON");
  }
  const astro::Value all = client.value_in(method, body);
  const astro::List& columns = list_in(client, all, shape.columns);
  transpose(client, shape, dtype, into, [&](std::size_t x, std::size_t y, std::size_t plane) {
    const astro::Value& pixel = list_in(client, columns[x], shape.rows)[y];
    const astro::Value& value = shape.planes == 1 ? pixel : list_in(client, pixel, shape.planes)[plane];
    if (const auto* whole = value.get_if<std::int64_t>()) return static_cast<double>(*whole);
    if (const auto* number = value.get_if<double>()) return *number;
    client.refuse(method, "pixels that are numbers", std::string(astro::type_name(value)));
  });
}

}  // namespace

void read_image(const Client& client, const ImageAnswer& answer, const astro::StreamSettings& expected,
                std::span<std::byte> into) {
  const Shape shape = shape_of(expected);
  if (answer.is_binary) return read_bytes(client, answer.body, shape, expected.dtype, into);
  read_json(client, answer.body, shape, expected.dtype, into);
}

}  // namespace alpaca
