// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <cstring>
#include <fstream>
#include <limits>
#include <string>
#include <string_view>

#include "files/fail.hpp"
#include "files/iq_formats.hpp"

namespace astro::files {
namespace {

// Codes of the "fmt " chunk, from Microsoft's "Multimedia Programming Interface and Data
// Specifications 1.0" and mmreg.h.
constexpr std::uint16_t format_pcm = 1;
constexpr std::uint16_t format_float = 3;
constexpr std::uint16_t format_extensible = 0xFFFE;

constexpr std::size_t head_bytes = 12;  ///< "RIFF", size, "WAVE"
constexpr std::size_t chunk_bytes = 8;  ///< name, size
constexpr std::size_t least_format = 16;
constexpr std::size_t most_format = 40;  ///< of the extensible kind
constexpr int most_chunks = 1000;

struct Chunk {
  std::string name;
  std::uint64_t start;  ///< of its content
  std::uint32_t bytes;
};

template <class T>
T little(const char* bytes) noexcept {
  T value;
  std::memcpy(&value, bytes, sizeof(value));
  return value;
}

class WavFile {
 public:
  explicit WavFile(const std::filesystem::path& path)
      : path_(path),
        size_(size_of_file(path, std::numeric_limits<std::int64_t>::max())),
        stream_(path, std::ios::binary) {}

  IqInfo inspect() {
    check_head();
    IqInfo info;
    info.data = path_;
    bool has_format = false;
    std::uint64_t at = head_bytes;
    for (int number = 0; number < most_chunks; ++number) {
      const Chunk chunk = read_chunk(at);
      if (chunk.name == "fmt ") {
        read_format(chunk, info);
        has_format = true;
      }
      if (chunk.name == "data") {
        if (!has_format) fail(path_, "its data come before the chunk \"fmt \" that describes them");
        info.data_offset = chunk.start;
        count_samples(info, chunk.bytes);
        return info;
      }
      at = chunk.start + chunk.bytes + chunk.bytes % 2;  // chunks begin at even places
    }
    fail(path_, "there is no chunk \"data\" among its first 1000");
  }

 private:
  void read_at(std::uint64_t at, char* into, std::size_t bytes, const std::string& what) {
    if (at + bytes > size_) {
      fail(path_, "byte " + std::to_string(size_), "it ends where " + what + " was expected; the file is truncated");
    }
    stream_.seekg(static_cast<std::streamoff>(at));
    stream_.read(into, static_cast<std::streamsize>(bytes));
    if (!stream_) fail(path_, "byte " + std::to_string(at), "it cannot be read");
  }

  void check_head() {
    std::array<char, head_bytes> head{};
    read_at(0, head.data(), head.size(), "the head of a WAVE file");
    const std::string_view text(head.data(), head.size());
    if (text.substr(0, 4) == "RF64") {
      fail(path_, "it is an RF64 file of more than 4 GiB, which is not supported; split it, or convert it to SigMF");
    }
    if (text.substr(0, 4) != "RIFF" || text.substr(8, 4) != "WAVE") {
      fail(path_, "byte 0", "expected \"RIFF\" and \"WAVE\", as a .wav file begins");
    }
  }

  Chunk read_chunk(std::uint64_t at) {
    std::array<char, chunk_bytes> head{};
    read_at(at, head.data(), head.size(), "a chunk (\"fmt \" or \"data\")");
    Chunk chunk{std::string(head.data(), 4), at + chunk_bytes, little<std::uint32_t>(head.data() + 4)};
    if (chunk.start + chunk.bytes > size_) {
      fail(path_, "byte " + std::to_string(at),
           "a chunk of " + std::to_string(chunk.bytes) + " bytes begins, and " + std::to_string(size_ - chunk.start) +
               " are there; the file is truncated");
    }
    return chunk;
  }

  void read_format(const Chunk& chunk, IqInfo& info) {
    const std::string where = "byte " + std::to_string(chunk.start);
    if (chunk.bytes < least_format) fail(path_, where, "the chunk \"fmt \" is shorter than 16 bytes");
    std::array<char, most_format> format{};
    read_at(chunk.start, format.data(), std::min<std::size_t>(chunk.bytes, format.size()), "the format");
    auto code = little<std::uint16_t>(format.data());
    if (code == format_extensible && chunk.bytes >= most_format) code = little<std::uint16_t>(format.data() + 24);
    const auto channels = little<std::uint16_t>(format.data() + 2);
    if (channels != 2) {
      fail(path_, where, "it has " + std::to_string(channels) + " channels, and IQ has two");
    }
    info.sample_rate = hertz(little<std::uint32_t>(format.data() + 4));
    info.dtype = dtype_of(code, little<std::uint16_t>(format.data() + 14), where);
  }

  Dtype dtype_of(std::uint16_t code, std::uint16_t bits, const std::string& where) const {
    if (code == format_pcm && bits == 8) return Dtype::cu8;
    if (code == format_pcm && bits == 16) return Dtype::ci16;
    if (code == format_float && bits == 32) return Dtype::cf32;
    fail(path_, where,
         "its samples are of format " + std::to_string(code) + " with " + std::to_string(bits) +
             " bits; expected PCM with 8 or 16 bits, or float with 32");
  }

  std::filesystem::path path_;
  std::uint64_t size_;
  std::ifstream stream_;
};

}  // namespace

IqInfo inspect_wav(const std::filesystem::path& path) { return WavFile(path).inspect(); }

}  // namespace astro::files
