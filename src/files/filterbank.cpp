// SPDX-License-Identifier: BSD-3-Clause
#include "astro/files/filterbank.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "astro/error.hpp"
#include "files/fail.hpp"
#include "files/packed.hpp"
#include "files/sigproc_header.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

constexpr long long most_channels = 1LL << 24;
constexpr double megahertz_to_hertz = 1e6;
constexpr double least_mjd = -65000.0;  // year 1681: what 64 bits of nanoseconds hold
constexpr double most_mjd = 120000.0;   // year 2187; a margin stays for the length of the recording

/// SIGPROC writes an angle as one number whose digits are degrees (or hours), minutes and seconds.
double from_digits(double digits) noexcept {
  const double size = std::abs(digits);
  const double whole = std::floor(size / 1e4);
  const double minutes = std::floor((size - whole * 1e4) / 100.0);
  const double seconds = size - whole * 1e4 - minutes * 100.0;
  return std::copysign(whole + minutes / 60.0 + seconds / 3600.0, digits);
}

double to_digits(double value) noexcept {
  // Rounded to what a double keeps of seconds, so that 59.9999999 does not become a minute's 60.
  const double seconds = std::round(std::abs(value) * 3600.0 * 1e6) / 1e6;
  const double whole = std::floor(seconds / 3600.0);
  const double minutes = std::floor((seconds - whole * 3600.0) / 60.0);
  return std::copysign(whole * 1e4 + minutes * 100.0 + (seconds - whole * 3600.0 - minutes * 60.0), value);
}

FrequencyAxis axis_of(const SigprocHeader& header, bool& descending) {
  const auto channels = static_cast<std::uint32_t>(header.integer_or("nchans", 1, most_channels, 1));
  const double first = header.number_or("fch1", -1e9, 1e9, 0.0) * megahertz_to_hertz;
  const double step = header.number_or("foff", -1e9, 1e9, 0.0) * megahertz_to_hertz;
  if (channels > 1 && step == 0.0) header.refuse("foff", "megahertz from one channel to the next");
  descending = step < 0.0;
  const double last = first + step * (channels - 1.0);
  return {hertz(descending ? last : first), hertz(std::abs(step)), channels};
}

std::uint64_t bits_of_spectrum(const FilterbankInfo& info) noexcept {
  return static_cast<std::uint64_t>(info.axis.channels) * static_cast<std::uint64_t>(info.bits);
}

/// Spectra end with a byte, and so do time series.
void check_whole_bytes(const FilterbankInfo& info, std::uint64_t spectra) {
  const std::uint64_t bits = bits_of_spectrum(info) * (info.axis.channels == 1 ? spectra : 1);
  if (is_packed_width(info.bits) && info.axis.channels > 0 && bits % 8 == 0) return;
  throw Error(ErrorCode::invalid_argument,
              "using a filterbank: " + std::to_string(info.axis.channels) + " channels of " +
                  std::to_string(info.bits) +
                  " bits are no whole bytes; expected 1, 2, 4, 8, 16 or 32 bits, and spectra that end with a byte");
}

}  // namespace

FilterbankInfo inspect_filterbank(const std::filesystem::path& path) {
  const SigprocHeader header(path);
  FilterbankInfo info;
  info.data = path;
  info.data_offset = header.bytes();
  info.axis = axis_of(header, info.descending);
  info.bits = static_cast<int>(header.integer("nbits", 1, 32));
  if (!is_packed_width(info.bits)) header.refuse("nbits", "1, 2, 4, 8, 16 or 32");
  if (header.integer_or("nifs", 0, 1000, 1) > 1) header.refuse("nifs", "one polarisation (add them first)");
  if (header.integer_or("signed", 0, 1, 0) != 0) header.refuse("signed", "0: numbers of 8 bits are read unsigned");
  info.period = from_seconds(header.number("tsamp", 1e-9, 1e6));
  info.start = from_mjd(header.number_or("tstart", least_mjd, most_mjd, 0.0));
  info.source = header.text("source_name");
  if (header.has("src_raj") && header.has("src_dej")) {
    info.direction = Icrs{hours(from_digits(header.number("src_raj", -360e4, 360e4))),
                          degrees(from_digits(header.number("src_dej", -91e4, 91e4)))};
  }
  const std::uint64_t bits = bits_of_spectrum(info);
  if (info.axis.channels > 1 && bits % 8 != 0) header.refuse("nchans", "spectra that end with a whole byte");
  const std::uint64_t bytes = header.file_bytes() - header.bytes();
  info.spectra = bits % 8 == 0 ? bytes / (bits / 8) : bytes * (8 / bits);
  if (bits % 8 == 0 && bytes % (bits / 8) != 0) {
    fail(path, "after " + std::to_string(info.spectra) + " spectra",
         std::to_string(bytes % (bits / 8)) + " bytes are left over, and a spectrum has " + std::to_string(bits / 8) +
             "; the file is truncated");
  }
  if (static_cast<double>(info.spectra) * seconds(info.period) > most_recorded_s) {
    header.refuse("tsamp", "seconds that make no more than 31 years of " + std::to_string(info.spectra) + " spectra");
  }
  if (info.spectra == 0) fail(path, "byte " + std::to_string(header.bytes()), "no spectrum follows its header");
  return info;
}

FilterbankReader::FilterbankReader(const FilterbankInfo& info)
    : info_(info), stream_(info.data, std::ios::binary), left_(info.spectra) {
  check_whole_bytes(info, info.spectra);
  if (!stream_) {
    throw Error(ErrorCode::not_found, "cannot read \"" + info_.data.string() +
                                          "\": there is no such file, or you are not allowed to read it");
  }
}

std::size_t FilterbankReader::read(std::span<float> buffer) {
  const std::size_t channels = info_.axis.channels;
  const std::uint64_t spectra = std::min<std::uint64_t>(buffer.size() / channels, left_);
  // A time series of 1, 2 or 4 bits can be read from the middle of a byte on.
  const std::uint64_t bits = bits_of_spectrum(info_);
  const std::uint64_t first_bit = (info_.spectra - left_) * bits;
  const std::size_t skipped = first_bit % 8 == 0 ? 0 : static_cast<std::size_t>(first_bit % 8 / bits);
  const std::span<float> filled = buffer.first(static_cast<std::size_t>(spectra) * channels);
  load(info_.data_offset + first_bit / 8, (first_bit % 8 + spectra * bits + 7) / 8);
  if (skipped == 0) {
    unpack(packed_, info_.bits, filled);
  } else {
    std::vector<float> whole(skipped + filled.size());
    unpack(packed_, info_.bits, whole);
    std::copy(whole.begin() + static_cast<std::ptrdiff_t>(skipped), whole.end(), filled.begin());
  }
  for (std::size_t i = 0; info_.descending && i < filled.size(); i += channels) {
    const auto begin = filled.begin() + static_cast<std::ptrdiff_t>(i);
    std::reverse(begin, begin + static_cast<std::ptrdiff_t>(channels));
  }
  left_ -= spectra;
  return static_cast<std::size_t>(spectra);
}

void FilterbankReader::load(std::uint64_t at, std::uint64_t bytes) {
  packed_.resize(static_cast<std::size_t>(bytes));
  stream_.clear();
  stream_.seekg(static_cast<std::streamoff>(at));
  stream_.read(reinterpret_cast<char*>(packed_.data()), static_cast<std::streamsize>(packed_.size()));
  if (stream_.gcount() == static_cast<std::streamsize>(packed_.size())) return;
  fail(info_.data, "byte " + std::to_string(at),
       "the file ends before its " + std::to_string(info_.spectra) + " spectra; did it shrink since it was opened?");
}

void FilterbankReader::rewind() noexcept { left_ = info_.spectra; }

void write_filterbank(const std::filesystem::path& path, const FilterbankInfo& info, std::span<const float> spectra) {
  const std::size_t channels = info.axis.channels;
  check_whole_bytes(info, spectra.size());
  if (spectra.empty() || spectra.size() % channels != 0 || info.period <= Duration::zero()) {
    throw Error(ErrorCode::invalid_argument, "writing a filterbank: " + std::to_string(spectra.size()) +
                                                 " numbers are no whole spectra of " + std::to_string(channels) +
                                                 " channels, or they have no period");
  }
  const bool descending = info.descending && channels > 1;
  const Frequency first = descending ? info.axis.at(static_cast<double>(channels - 1)) : info.axis.first;
  SigprocHeaderWriter header;
  header.text("source_name", info.source.empty() ? "unknown" : info.source);
  header.integer("machine_id", 0);
  header.integer("telescope_id", 0);
  header.integer("data_type", channels == 1 ? 2 : 1);
  if (info.direction) {
    header.number("src_raj", to_digits(info.direction->ra.wrapped().hours()));
    header.number("src_dej", to_digits(info.direction->dec.degrees()));
  }
  header.number("fch1", first.megahertz());
  header.number("foff", info.axis.step.megahertz() * (descending ? -1.0 : 1.0));
  header.integer("nchans", static_cast<int>(channels));
  header.integer("nbits", info.bits);
  header.number("tstart", mjd(info.start));
  header.number("tsamp", seconds(info.period));
  header.integer("nifs", 1);
  std::vector<float> ordered(spectra.begin(), spectra.end());
  for (std::size_t i = 0; descending && i < ordered.size(); i += channels) {
    std::reverse(ordered.begin() + static_cast<std::ptrdiff_t>(i),
                 ordered.begin() + static_cast<std::ptrdiff_t>(i + channels));
  }
  header.write(path, pack(ordered, info.bits));
}

}  // namespace astro::files
