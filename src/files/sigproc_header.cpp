// SPDX-License-Identifier: BSD-3-Clause
#include "files/sigproc_header.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <limits>
#include <optional>

#include "astro/files/export.hpp"
#include "files/fail.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

static_assert(std::endian::native == std::endian::little, "the numbers in the file are little endian");

constexpr std::size_t most_sigproc_header_bytes = std::size_t{1} << 16;
constexpr std::size_t most_letters = 4096;

enum class Kind : unsigned char { integer, real, text, byte };

/// Keywords of SIGPROC 4.3 and of the programs that added some.
std::optional<Kind> kind_of(std::string_view keyword) {
  constexpr std::array texts{"rawdatafile", "source_name"};
  constexpr std::array reals{"az_start", "za_start", "src_raj", "src_dej", "tstart",  "tsamp",
                             "fch1",     "foff",     "refdm",   "period",  "fchannel"};
  constexpr std::array integers{"telescope_id", "machine_id", "data_type", "barycentric", "pulsarcentric",
                                "nbits",        "nsamples",   "nchans",    "nifs",        "nbeams",
                                "ibeam",        "npuls",      "nbins"};
  const auto is = [&](const char* each) { return keyword == each; };
  if (std::any_of(texts.begin(), texts.end(), is)) return Kind::text;
  if (std::any_of(reals.begin(), reals.end(), is)) return Kind::real;
  if (std::any_of(integers.begin(), integers.end(), is)) return Kind::integer;
  if (keyword == "signed") return Kind::byte;
  return std::nullopt;
}

/// Takes one thing after the other from the start of the file.
class Cursor {
 public:
  Cursor(const std::filesystem::path& path, std::string_view content, bool is_whole)
      : path_(path), content_(content), is_whole_(is_whole) {}

  std::size_t at() const noexcept { return at_; }

  template <class T>
  T number(const std::string& what) {
    T value{};
    std::memcpy(&value, take(sizeof(T), what).data(), sizeof(T));
    return value;
  }

  std::string letters(const std::string& what) {
    const std::size_t begin = at_;
    const auto length = number<std::int32_t>(what);
    if (length < 0 || static_cast<std::size_t>(length) > most_letters) {
      fail(path_, "byte " + std::to_string(begin),
           "expected the length of " + what + ", and it is " + std::to_string(length));
    }
    return std::string(take(static_cast<std::size_t>(length), what));
  }

 private:
  std::string_view take(std::size_t bytes, const std::string& what) {
    if (bytes > content_.size() - at_) {
      fail(path_, "byte " + std::to_string(content_.size()),
           is_whole_ ? "it ends where " + what + " was expected; the file is truncated"
                     : "its header has no HEADER_END within 64 KiB");
    }
    at_ += bytes;
    return content_.substr(at_ - bytes, bytes);
  }

  const std::filesystem::path& path_;
  std::string_view content_;
  bool is_whole_;
  std::size_t at_ = 0;
};

std::string head_of(const std::filesystem::path& path, std::uint64_t size) {
  std::string head(static_cast<std::size_t>(std::min<std::uint64_t>(size, most_sigproc_header_bytes)), '\0');
  std::ifstream stream(path, std::ios::binary);
  stream.read(head.data(), static_cast<std::streamsize>(head.size()));
  if (!stream) fail(path, "byte 0", "it cannot be read; are you allowed to?");
  return head;
}

Value value_of(Cursor& cursor, Kind kind, const std::string& keyword) {
  const std::string what = "the value of " + keyword;
  if (kind == Kind::text) return cursor.letters(what);
  if (kind == Kind::real) return cursor.number<double>(what);
  if (kind == Kind::byte) return static_cast<int>(cursor.number<unsigned char>(what));
  return cursor.number<std::int32_t>(what);
}

}  // namespace

SigprocHeader::SigprocHeader(const std::filesystem::path& path)
    : path_(path), file_bytes_(size_of_file(path, std::numeric_limits<std::int64_t>::max())) {
  const std::string head = head_of(path, file_bytes_);
  Cursor cursor(path, head, head.size() == file_bytes_);
  if (cursor.letters("the word HEADER_START") != "HEADER_START") {
    fail(path, "byte 0", "expected HEADER_START, as a SIGPROC file begins");
  }
  while (true) {
    const std::size_t at = cursor.at();
    const std::string keyword = cursor.letters("a keyword or HEADER_END");
    if (keyword == "HEADER_END") break;
    // These stand around a table of channels' frequencies, which are not evenly spaced then.
    const auto kind = kind_of(keyword);
    if (!kind)
      fail(path, "byte " + std::to_string(at),
           "the keyword " + text::quoted(keyword) + " is not known, nor what follows it");
    entries_.insert_or_assign(keyword, Entry{value_of(cursor, *kind, keyword), at});
  }
  if (has("fchannel")) refuse("fchannel", "channels that are evenly spaced (fch1 and foff)");
  bytes_ = cursor.at();
}

void SigprocHeader::refuse(std::string_view keyword, const std::string& expected) const {
  const auto found = entries_.find(keyword);
  if (found == entries_.end())
    fail(path_, "its header", "there is no " + std::string(keyword) + ", expected " + expected);
  fail(path_, "byte " + std::to_string(found->second.at),
       std::string(keyword) + " is " + to_json(found->second.value) + ", expected " + expected);
}

std::string SigprocHeader::text(std::string_view keyword) const {
  const auto found = entries_.find(keyword);
  return found == entries_.end() ? std::string() : found->second.value.as_text();
}

double SigprocHeader::number(std::string_view keyword, double least, double most) const {
  const auto found = entries_.find(keyword);
  const double value = found == entries_.end() ? std::nan("") : found->second.value.as_number();
  if (!(value >= least && value <= most)) refuse(keyword, "a number from " + text::of(least) + " to " + text::of(most));
  return value;
}

double SigprocHeader::number_or(std::string_view keyword, double least, double most, double otherwise) const {
  return has(keyword) ? number(keyword, least, most) : otherwise;
}

long long SigprocHeader::integer(std::string_view keyword, long long least, long long most) const {
  const auto found = entries_.find(keyword);
  const long long value = found == entries_.end() ? least - 1 : found->second.value.as_integer();
  if (value < least || value > most) {
    refuse(keyword, "a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  }
  return value;
}

long long SigprocHeader::integer_or(std::string_view keyword, long long least, long long most,
                                    long long otherwise) const {
  return has(keyword) ? integer(keyword, least, most) : otherwise;
}

SigprocHeaderWriter::SigprocHeaderWriter() { letters("HEADER_START"); }

void SigprocHeaderWriter::letters(std::string_view text) {
  const auto length = static_cast<std::int32_t>(text.size());
  content_.append(reinterpret_cast<const char*>(&length), sizeof length);
  content_.append(text);
}

void SigprocHeaderWriter::text(std::string_view keyword, std::string_view value) {
  letters(keyword);
  letters(value.substr(0, 79));  // SIGPROC's own programs have 80 bytes for it
}

void SigprocHeaderWriter::number(std::string_view keyword, double value) {
  letters(keyword);
  content_.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void SigprocHeaderWriter::integer(std::string_view keyword, std::int32_t value) {
  letters(keyword);
  content_.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void SigprocHeaderWriter::write(const std::filesystem::path& path, std::span<const std::byte> data) {
  letters("HEADER_END");
  content_.append(reinterpret_cast<const char*>(data.data()), data.size());
  write_whole(path, std::as_bytes(std::span(content_)));
}

}  // namespace astro::files
