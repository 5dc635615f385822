// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>

#include "astro/error.hpp"
#include "astro/files/recordings.hpp"
#include "files/fail.hpp"
#include "files/iq_formats.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

std::optional<Dtype> dtype_of_ending(const std::string& ending) {
  constexpr std::array<std::pair<std::string_view, Dtype>, 4> endings{
      {{".cu8", Dtype::cu8}, {".cs8", Dtype::ci8}, {".cs16", Dtype::ci16}, {".cf32", Dtype::cf32}}};
  const auto* found = std::find_if(endings.begin(), endings.end(), [&](const auto& e) { return e.first == ending; });
  if (found == endings.end()) return std::nullopt;
  return found->second;
}

bool is_iq(Dtype dtype) noexcept {
  return dtype == Dtype::cu8 || dtype == Dtype::ci8 || dtype == Dtype::ci16 || dtype == Dtype::cf32;
}

IqInfo inspect_raw(const std::filesystem::path& path, Dtype dtype) {
  IqInfo info;
  info.dtype = dtype;
  info.data = path;
  count_samples(info, size_of_file(path, std::numeric_limits<std::uintmax_t>::max()));
  return info;
}

}  // namespace

void count_samples(IqInfo& info, std::uintmax_t data_bytes) {
  const std::size_t each = size_of(info.dtype);
  info.samples = data_bytes / each;
  if (data_bytes % each != 0) {
    fail(info.data, "after " + std::to_string(info.samples) + " samples",
         std::to_string(data_bytes % each) + " bytes are left over, and a sample of " +
             std::string(to_string(info.dtype)) + " has " + std::to_string(each) + "; the file is truncated");
  }
  if (info.samples == 0) fail(info.data, "it holds no samples");
}

IqInfo inspect_iq(const std::filesystem::path& path, std::optional<Dtype> dtype) {
  const std::string ending = path.extension().string();
  if (dtype && !is_iq(*dtype)) {
    throw Error(ErrorCode::invalid_argument,
                "samples of IQ are cu8, ci8, ci16 or cf32, and " + std::string(to_string(*dtype)) + " was asked for");
  }
  if (dtype) return inspect_raw(path, *dtype);
  if (ending == ".wav") return inspect_wav(path);
  if (ending == ".sigmf-meta" || ending == ".sigmf-data") return inspect_sigmf(path);
  if (const auto known = dtype_of_ending(ending)) return inspect_raw(path, *known);
  size_of_file(path, std::numeric_limits<std::uintmax_t>::max());
  fail(path, "its ending " + text::quoted(ending) +
                 " does not tell what its samples are; say so (cu8, ci8, ci16 or cf32), or use .cu8, .cs8, .cs16, "
                 ".cf32, .wav or .sigmf-meta");
}

IqReader::IqReader(const IqInfo& info) : info_(info), stream_(info.data, std::ios::binary), left_(info.samples) {
  if (!is_iq(info_.dtype)) {
    throw Error(ErrorCode::invalid_argument,
                "samples of IQ are cu8, ci8, ci16 or cf32, not " + std::string(to_string(info_.dtype)));
  }
  if (!stream_) {
    throw Error(ErrorCode::not_found, "cannot read \"" + info_.data.string() + "\"" +
                                          ": there is no such file, or you are not allowed to read it");
  }
  rewind();
}

std::size_t IqReader::read(std::span<std::byte> buffer) {
  const std::size_t each = size_of(info_.dtype);
  const std::uint64_t wanted = std::min<std::uint64_t>(buffer.size() / each, left_);
  const auto bytes = static_cast<std::streamsize>(wanted * each);
  stream_.read(reinterpret_cast<char*>(buffer.data()), bytes);
  if (stream_.gcount() != bytes) {
    fail(info_.data, "sample " + std::to_string(info_.samples - left_),
         "the file ends before its " + std::to_string(info_.samples) + " samples; did it shrink since it was opened?");
  }
  left_ -= wanted;
  return static_cast<std::size_t>(wanted);
}

void IqReader::rewind() {
  stream_.clear();
  stream_.seekg(static_cast<std::streamoff>(info_.data_offset));
  left_ = info_.samples;
}

}  // namespace astro::files
