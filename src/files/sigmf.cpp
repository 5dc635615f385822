// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "astro/error.hpp"
#include "astro/value.hpp"
#include "files/fail.hpp"
#include "files/iq_formats.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

constexpr std::uintmax_t most_meta_bytes = 64U << 20;

/// Reads the metadata (SigMF specification 1.0, "Global Object" and "Captures Array").
class SigmfMeta {
 public:
  explicit SigmfMeta(std::filesystem::path meta) : meta_(std::move(meta)) {
    const std::string text = read_text(meta_, most_meta_bytes);
    try {
      root_ = parse_json(text);
    } catch (const Error& error) {
      fail(meta_, std::string("it is no JSON: ") + error.what());
    }
  }

  IqInfo info(const std::filesystem::path& data) const {
    const Value& global = member(root_, "global");
    refuse_what_is_not_plain(global);
    IqInfo info;
    info.data = data;
    info.dtype = dtype_of(global);
    info.sample_rate = hertz(number(global, "core:sample_rate", 0.0));
    const Value* capture = only_capture();
    if (capture != nullptr) {
      info.frequency = hertz(number(*capture, "core:frequency", 0.0));
      info.start = time_of(*capture);
    }
    return info;
  }

 private:
  const Value& member(const Value& of, std::string_view key) const {
    const Value* found = of.find(key);
    if (found == nullptr) fail(meta_, "there is no " + text::quoted(key));
    return *found;
  }

  double number(const Value& of, std::string_view key, double otherwise) const {
    const Value* found = of.find(key);
    if (found == nullptr) return otherwise;
    const double value = as<double>(*found, key, "a number", [](const Value& v) { return v.as_number(); });
    if (!std::isfinite(value) || value < 0.0) fail(meta_, std::string(key) + " is " + text::of(value));
    return value;
  }

  template <class T, class Read>
  T as(const Value& value, std::string_view key, const std::string& expected, Read read) const {
    try {
      return read(value);
    } catch (const Error&) {
      fail(meta_, std::string(key) + " is " + std::string(type_name(value)) + ", expected " + expected);
    }
  }

  std::string text_of(const Value& value, std::string_view key) const {
    return as<std::string>(value, key, "text", [](const Value& v) { return v.as_text(); });
  }

  Dtype dtype_of(const Value& global) const {
    constexpr std::array<std::pair<std::string_view, Dtype>, 4> known{
        {{"cu8", Dtype::cu8}, {"ci8", Dtype::ci8}, {"ci16_le", Dtype::ci16}, {"cf32_le", Dtype::cf32}}};
    const std::string name = text_of(member(global, "core:datatype"), "core:datatype");
    for (const auto& [text, dtype] : known) {
      if (text == name) return dtype;
    }
    fail(meta_, "core:datatype is " + text::quoted(name) + ", and only cu8, ci8, ci16_le and cf32_le can be read");
  }

  void refuse_what_is_not_plain(const Value& global) const {
    if (number(global, "core:num_channels", 1.0) != 1.0) fail(meta_, "it holds several channels, and one can be read");
    if (number(global, "core:trailing_bytes", 0.0) != 0.0 || global.find("core:dataset") != nullptr) {
      fail(meta_, "it describes a dataset that is not a plain .sigmf-data file, which cannot be read");
    }
  }

  /// The first capture; others may follow as long as they are tuned alike.
  const Value* only_capture() const {
    const Value* captures = root_.find("captures");
    if (captures == nullptr) return nullptr;
    const List& list =
        as<const List&>(*captures, "captures", "a list", [](const Value& v) -> const List& { return v.as_list(); });
    if (list.empty()) return nullptr;
    for (const Value& capture : list) {
      if (number(capture, "core:header_bytes", 0.0) != 0.0)
        fail(meta_, "its data have headers inside, which cannot be read");
      if (number(capture, "core:frequency", 0.0) != number(list.front(), "core:frequency", 0.0)) {
        fail(meta_, "its captures are tuned to different frequencies; split the recording");
      }
    }
    return &list.front();
  }

  std::optional<Time> time_of(const Value& capture) const {
    const Value* found = capture.find("core:datetime");
    if (found == nullptr) return std::nullopt;
    return as<Time>(*found, "core:datetime", "a time like 2024-05-01T12:00:00Z",
                    [](const Value& v) { return parse_time(v.as_text()); });
  }

  std::filesystem::path meta_;
  Value root_;
};

}  // namespace

IqInfo inspect_sigmf(const std::filesystem::path& path) {
  std::filesystem::path meta = path;
  std::filesystem::path data = path;
  meta.replace_extension(".sigmf-meta");
  data.replace_extension(".sigmf-data");
  IqInfo info = SigmfMeta(meta).info(data);
  count_samples(info, size_of_file(data, std::numeric_limits<std::uintmax_t>::max()));
  return info;
}

}  // namespace astro::files
