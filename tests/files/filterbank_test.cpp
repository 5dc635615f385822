// SPDX-License-Identifier: BSD-3-Clause
#include "astro/files/filterbank.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "astro/files/recordings.hpp"
#include "testing/refusal.hpp"
#include "testing/testing.hpp"

namespace astro {
namespace {

using files::FilterbankInfo;
using testing::expect_refused;
using testing::TemporaryFolder;
using testing::with;

std::vector<float> all_of(const std::filesystem::path& path) {
  files::FilterbankReader reader(files::inspect_filterbank(path));
  std::vector<float> numbers(static_cast<std::size_t>(reader.info().spectra) * reader.info().axis.channels);
  EXPECT_EQ(reader.read(numbers), reader.info().spectra);
  EXPECT_EQ(reader.read(numbers), 0U);
  return numbers;
}

/// Pearson's.
double correlation(const std::vector<float>& a, const std::vector<float>& b) {
  double mean_a = 0.0;
  double mean_b = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) mean_a += static_cast<double>(a[i]), mean_b += static_cast<double>(b[i]);
  mean_a /= static_cast<double>(a.size()), mean_b /= static_cast<double>(b.size());
  double ab = 0.0;
  double aa = 0.0;
  double bb = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double da = static_cast<double>(a[i]) - mean_a;
    const double db = static_cast<double>(b[i]) - mean_b;
    ab += da * db, aa += da * da, bb += db * db;
  }
  return ab / std::sqrt(aa * bb);
}

TEST(Filterbank, ShowsTheSameSkyFromOneTwoAndEightBits) {
  ASTRO_NEEDS_RECORDINGS(recordings);
  const auto folder = recordings / "radio/sigproc";
  const std::vector<float> eight = all_of(folder / "parkes_8bit_1.fil");
  const std::vector<float> two = all_of(folder / "parkes_2bit.fil");
  const std::vector<float> one = all_of(folder / "parkes_1bit.fil");
  ASSERT_EQ(eight.size(), 4096U * 832U);
  ASSERT_EQ(two.size(), eight.size());
  ASSERT_EQ(one.size(), eight.size());
  // What is left of Gaussian noise after quantisation to two and four levels, both best set: the
  // square root of 2/pi, and 0.94 (Max 1960, IRE Trans. Inf. Theory 6, 7). A wrong order of bits leaves 0.02.
  EXPECT_NEAR(correlation(one, eight), 0.798, 0.03);
  EXPECT_NEAR(correlation(two, eight), 0.940, 0.03);
}

TEST(Filterbank, TellsAxisTimeAndTarget) {
  ASTRO_NEEDS_RECORDINGS(recordings);
  const FilterbankInfo info = files::inspect_filterbank(recordings / "radio/sigproc/parkes_8bit_1.fil");
  EXPECT_EQ(info.bits, 8);
  EXPECT_EQ(info.axis.channels, 832U);
  EXPECT_NEAR(info.axis.at(831).megahertz(), 4030.0, 1e-6);  // the file begins at the top
  EXPECT_NEAR(info.axis.step.megahertz(), 4.0, 1e-9);
  EXPECT_TRUE(info.descending);
  EXPECT_EQ(info.spectra, 4096U);
  EXPECT_EQ(info.source, "J0534+2200");
  // src_raj 053431.9, src_dej 220052.5
  EXPECT_NEAR(info.direction->ra.hours(), 5.0 + 34.0 / 60 + 31.9 / 3600, 1e-9);
  EXPECT_NEAR(info.direction->dec.degrees(), 22.0 + 0.0 / 60 + 52.5 / 3600, 1e-3);
  EXPECT_NEAR(seconds(info.period), 512e-6, 1e-6);
}

FilterbankInfo small(int bits, std::uint32_t channels = 8) {
  FilterbankInfo info;
  info.axis = {megahertz(1400), megahertz(0.5), channels};
  info.period = std::chrono::microseconds(64);
  info.start = parse_time("2024-05-01T12:00:00");
  info.bits = bits;
  info.source = "B0329+54";
  info.direction = Icrs{hours(-(3.0 + 32.0 / 60 + 59.4 / 3600) + 24.0), degrees(-54.5788)};
  return info;
}

struct FilterbankOfBits : ::testing::TestWithParam<int> {};

TEST_P(FilterbankOfBits, IsReadAsItWasWritten) {
  const TemporaryFolder folder;
  const int bits = GetParam();
  const float largest = bits == 32 ? 1e9F : static_cast<float>((1U << static_cast<unsigned>(bits)) - 1U);
  std::vector<float> numbers(8 * 5);
  for (std::size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = std::floor(std::fmod(static_cast<float>(i) * 7.0F, largest + 1.0F));
  numbers[11] = largest;
  for (const bool descending : {true, false}) {
    FilterbankInfo info = small(bits);
    info.descending = descending;
    const auto file = folder.path() / "a.fil";
    files::write_filterbank(file, info, numbers);
    EXPECT_EQ(all_of(file), numbers);
    const FilterbankInfo read = files::inspect_filterbank(file);
    EXPECT_EQ(read.bits, bits);
    EXPECT_EQ(read.descending, descending);
    EXPECT_NEAR(read.axis.first.hertz(), info.axis.first.hertz(), 1e-3);
    EXPECT_NEAR(read.axis.step.hertz(), 0.5e6, 1e-3);
    EXPECT_EQ(read.period, info.period);
    EXPECT_LT(std::abs(seconds(read.start - info.start)), 2e-6);
    EXPECT_EQ(read.source, info.source);
    EXPECT_NEAR(read.direction->ra.wrapped().hours(), info.direction->ra.wrapped().hours(), 1e-9);
    EXPECT_NEAR(read.direction->dec.degrees(), -54.5788, 1e-9);
  }
}
INSTANTIATE_TEST_SUITE_P(All, FilterbankOfBits, ::testing::Values(1, 2, 4, 8, 16, 32));

TEST(Filterbank, IsCutToWhatItsBitsHold) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "a.fil";
  files::write_filterbank(file, small(2),
                          std::vector<float>{-5.0F, 0.4F, 0.6F, 2.5F, 3.4F, 99.0F, std::nanf(""), INFINITY});
  EXPECT_THAT(all_of(file), ::testing::ElementsAre(0, 0, 1, 3, 3, 3, 0, 3));
}

TEST(Filterbank, IsReadInPiecesAndAgain) {
  const TemporaryFolder folder;
  for (const int bits : {1, 8}) {
    std::vector<float> numbers(48);
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<float>((i * i / 3) % 2);
    const auto file = folder.path() / "a.tim";
    files::write_filterbank(file, small(bits, 1), numbers);
    files::FilterbankReader reader(files::inspect_filterbank(file));
    EXPECT_EQ(reader.info().axis.channels, 1U);
    for (int again = 0; again < 2; ++again) {
      std::vector<float> read;
      std::vector<float> piece(5);  // ends within a byte
      while (const std::size_t count = reader.read(piece))
        read.insert(read.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count));
      EXPECT_EQ(read, numbers);
      reader.rewind();
    }
    EXPECT_EQ(files::read_spectra(file).spectra.size(), 48U);
  }
}

TEST(Filterbank, IsRefusedWithThePlaceOfTheFault) {
  const TemporaryFolder folder;
  files::write_filterbank(folder.path() / "a.fil", small(8), std::vector<float>(16, 1.0F));
  const std::string whole = testing::read_file(folder.path() / "a.fil");
  const auto read = [&](const std::string& content) {
    const auto file = folder.write("b.fil", content);
    return [file] { files::inspect_filterbank(file); };
  };
  const auto integer = [](std::int32_t value) {
    std::string text(4, '\0');
    std::memcpy(text.data(), &value, 4);
    return text;
  };
  const auto real = [](double value) {
    std::string text(8, '\0');
    std::memcpy(text.data(), &value, 8);
    return text;
  };
  expect_refused(read(with(whole, "HEADER_START", "HEADER_STARK")), "byte 0: expected HEADER_START");
  expect_refused(read(with(whole, "machine_id", "machine_no")), "the keyword \"machine_no\" is not known");
  expect_refused(read(with(whole, "nbits" + integer(8), "nbits" + integer(7))),
                 "nbits is 7, expected 1, 2, 4, 8, 16 or 32");
  expect_refused(read(with(whole, "nchans" + integer(8), "nchans" + integer(-8))), "nchans is -8");
  expect_refused(read(with(whole, "nchans" + integer(8), "nchans" + integer(2147483647))), "nchans is 2147483647");
  expect_refused(read(with(whole, "nchans" + integer(8), "nchans" + integer(5))),
                 "after 3 spectra: 1 bytes are left over");
  expect_refused(read(with(whole, "nchans" + integer(8), "nchans" + integer(1000))), "after 0 spectra");
  expect_refused(read(with(whole, "nifs" + integer(1), "nifs" + integer(4))), "nifs is 4");
  expect_refused(read(with(whole, "tsamp" + real(64e-6), "tsamp" + real(0.0))), "tsamp is 0");
  expect_refused(read(with(whole, "tsamp" + real(64e-6), "tsamp" + real(std::nan("")))), "tsamp");
  expect_refused(read(with(whole, "foff" + real(-0.5), "foff" + real(0.0))), "foff is 0");
  expect_refused(read(with(whole, integer(6) + "nchans", integer(2000000000) + "nchans")), "it is 2000000000");
  expect_refused(read(whole + "x"), "1 bytes are left over");
  const std::size_t header = whole.size() - 16;
  for (std::size_t length = 0; length < header + 8; ++length) expect_refused(read(whole.substr(0, length)), "b.fil");
  std::filesystem::resize_file(folder.path() / "a.fil", header + 8);
  EXPECT_EQ(files::inspect_filterbank(folder.path() / "a.fil").spectra, 1U);
}

TEST(Filterbank, RefusesToWriteWhatItCannotHold) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "a.fil";
  const auto refused = [&](const FilterbankInfo& info, std::size_t numbers) {
    expect_refused([&] { files::write_filterbank(file, info, std::vector<float>(numbers, 1.0F)); }, "filterbank",
                   ErrorCode::invalid_argument);
  };
  refused(small(8), 7);
  refused(small(8), 0);
  refused(small(3), 8);
  refused(small(1, 12), 12);
  FilterbankInfo timeless = small(8);
  timeless.period = {};
  refused(timeless, 8);
  EXPECT_FALSE(std::filesystem::exists(file));
}

}  // namespace
}  // namespace astro
