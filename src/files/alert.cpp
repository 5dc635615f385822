// SPDX-License-Identifier: BSD-3-Clause
#include "astro/files/alert.hpp"

#include <algorithm>
#include <cstring>

#include "astro/error.hpp"
#include "astro/files/export.hpp"
#include "files/avro_type.hpp"
#include "files/fail.hpp"
#include "files/gzip.hpp"

namespace astro::files {
namespace {

constexpr std::uintmax_t most_alert_bytes = 256U << 20U;
constexpr std::array magic{std::byte{'O'}, std::byte{'b'}, std::byte{'j'}, std::byte{1}};

[[noreturn]] void no_alert(const std::string& why) { throw Error(ErrorCode::invalid_file, "reading alerts: " + why); }

std::string metadata_text(const AlertFile& file, const char* key) {
  const auto found =
      std::find_if(file.metadata.begin(), file.metadata.end(), [&](const auto& one) { return one.first == key; });
  if (found == file.metadata.end()) return {};
  return {reinterpret_cast<const char*>(found->second.data()), found->second.size()};
}

const AvroType& metadata_type() {
  static const AvroType type = AvroType::of_schema(R"({"type": "map", "values": "bytes"})");
  return type;
}

Bytes bytes_of(std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

const char* stamp_key(AlertStamp which) {
  constexpr std::array keys{"cutoutScience", "cutoutTemplate", "cutoutDifference"};
  return keys[static_cast<std::size_t>(which)];
}

}  // namespace

AlertFile read_alerts(const std::filesystem::path& path) {
  const std::string content = read_text(path, most_alert_bytes);
  try {
    return read_alerts(std::as_bytes(std::span(content)));
  } catch (const Error& error) {
    throw error.at(path.string());
  }
}

AlertFile read_alerts(std::span<const std::byte> content) {
  std::span<const std::byte> rest = content;
  if (rest.size() < magic.size() || !std::equal(magic.begin(), magic.end(), rest.begin()))
    no_alert("this is no Avro container");
  rest = rest.subspan(magic.size());
  AlertFile file;
  const Value metadata = metadata_type().read(rest);
  for (const auto& [key, value] : metadata.as_map()) file.metadata.emplace_back(key, value.as_bytes());
  file.schema = metadata_text(file, "avro.schema");
  const std::string codec = metadata_text(file, "avro.codec");
  if (!codec.empty() && codec != "null" && codec != "deflate")
    no_alert("they are compressed by " + codec + "; expected null or deflate");
  const AvroType type = AvroType::of_schema(file.schema);
  std::ranges::copy(take_bytes(rest, 16), file.marker.begin());
  while (!rest.empty()) {
    std::int64_t count = read_avro_long(rest);
    std::span<const std::byte> block = take_bytes(rest, read_avro_long(rest));
    Bytes inflated;
    if (codec == "deflate") {
      inflated = decompressed(block, Compression::raw, most_alert_bytes);
      block = inflated;
    }
    if (count < 0 || static_cast<std::uint64_t>(count) > block.size())
      no_alert("a block has an impossible number of alerts");
    for (; count > 0; --count) file.alerts.push_back(type.read(block));
    if (!block.empty()) no_alert("a block is longer than its alerts");
    if (!std::ranges::equal(take_bytes(rest, 16), file.marker))
      no_alert("the mark after a block is not that of the file");
  }
  return file;
}

Bytes alert_bytes(const AlertFile& file) {
  const AvroType type = AvroType::of_schema(file.schema);
  Map metadata;
  for (const auto& [key, value] : file.metadata) {
    metadata.emplace_back(key, key == "avro.codec"    ? bytes_of("null")
                               : key == "avro.schema" ? bytes_of(file.schema)
                                                      : value);
  }
  if (metadata_text(file, "avro.schema").empty()) metadata.emplace_back("avro.schema", bytes_of(file.schema));
  Bytes made(magic.begin(), magic.end());
  metadata_type().write(metadata, made);
  made.insert(made.end(), file.marker.begin(), file.marker.end());
  if (file.alerts.empty()) return made;
  Bytes block;
  for (const Value& alert : file.alerts) type.write(alert, block);
  write_avro_long(static_cast<std::int64_t>(file.alerts.size()), made);
  write_avro_long(static_cast<std::int64_t>(block.size()), made);
  made.insert(made.end(), block.begin(), block.end());
  made.insert(made.end(), file.marker.begin(), file.marker.end());
  return made;
}

void write_alerts(const std::filesystem::path& path, const AlertFile& file) { write_whole(path, alert_bytes(file)); }

imaging::Plane<float> stamp_of(const Value& alert, AlertStamp which) {
  const Value* stamp = alert.find(stamp_key(which));
  const Value* data = stamp == nullptr ? nullptr : stamp->find("stampData");
  if (data == nullptr || data->get_if<Bytes>() == nullptr) {
    throw Error(ErrorCode::not_found, std::string("reading a stamp: the alert has no ") + stamp_key(which));
  }
  return read_fits_stamp(decompressed(data->as_bytes(), Compression::gzip, 80U << 20U));
}

void set_stamp(Value& alert, AlertStamp which, const imaging::Plane<float>& pixels, const std::string& file_name) {
  Value stamp = Map{};
  stamp.set("fileName", file_name);
  stamp.set("stampData", gzipped(fits_stamp(pixels)));
  alert.set(stamp_key(which), std::move(stamp));
}

}  // namespace astro::files
