// SPDX-License-Identifier: BSD-3-Clause
#include "astro/files/recordings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "astro/error.hpp"
#include "testing/testing.hpp"

namespace astro {
namespace {

using testing::TemporaryFolder;

/// What the reader says of a file that it must refuse.
std::string refusal(const std::function<void()>& read, ErrorCode expected = ErrorCode::invalid_file) {
  try {
    read();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), expected) << error.what();
    return error.what();
  }
  return "it was read";
}

void expect_refused(const std::function<void()>& read, const std::string& because) {
  EXPECT_THAT(refusal(read), ::testing::HasSubstr(because));
}

std::string with(std::string text, const std::string& old, const std::string& now) {
  const std::size_t at = text.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return text.replace(at, old.size(), now);
}

const std::string horn_file =
    "# File: 18-11-01T050100.ast\n# OBSERVER  = Ann\n# SITE      = Horn\n# DEVICE    = pluto=0\n# GAIN1     = 15.0\n"
    "# Bandwidth = 4000.0\n# Duration  = 10.0\n# NCHAN     = 4\n# NAVE      = 4\n# NMEDIAN   = 1000\n"
    "# UTC       = 2018-11-01 05:01:00.5\n# AZ        = 0.0\n# EL        = 70.0\n# TELLON    = -79:49:51.060\n"
    "# TELLAT    = +38:25:18.840\n0 1420000500 1.5\n1 1420001500 2.5\n2 1420002500 3.5\n3 1420003500 4.5\n";

TEST(Horn, IsReadWithAxisTimeAndPointing) {
  const TemporaryFolder folder;
  const files::SpectraFile file = files::read_spectra(folder.write("a.ast", horn_file));
  ASSERT_EQ(file.spectra.size(), 1U);
  const Spectrum& spectrum = file.spectra[0];
  EXPECT_THAT(spectrum.power, ::testing::ElementsAre(1.5F, 2.5F, 3.5F, 4.5F));
  EXPECT_EQ(spectrum.axis, (FrequencyAxis{hertz(1420000500), hertz(1000), 4}));
  EXPECT_EQ(spectrum.mid, parse_time("2018-11-01T05:01:00.5Z"));
  EXPECT_EQ(spectrum.start, parse_time("2018-11-01T05:00:55.5Z"));
  EXPECT_EQ(spectrum.exposure, from_seconds(10.0));
  EXPECT_DOUBLE_EQ(spectrum.effective_averages, 4000.0);
  EXPECT_TRUE(spectrum.pointing.known);
  EXPECT_NEAR(spectrum.pointing.site.longitude.degrees(), -(79 + 49 / 60.0 + 51.06 / 3600.0), 1e-12);
  EXPECT_NEAR(spectrum.pointing.site.latitude.degrees(), 38 + 25 / 60.0 + 18.84 / 3600.0, 1e-12);
  EXPECT_NEAR(spectrum.pointing.place.altitude.degrees(), 70.0, 1e-12);
  // astropy 8.0.2: SkyCoord(AltAz(az=0, alt=70), from that site and time).icrs; 0.01 deg for UT1 and polar motion.
  EXPECT_NEAR(spectrum.pointing.direction.ra.degrees(), 35.51223, 0.01);
  EXPECT_NEAR(spectrum.pointing.direction.dec.degrees(), 58.33761, 0.01);
  EXPECT_EQ(file.observer, "Ann");
  EXPECT_EQ(file.telescope, "Horn");
  EXPECT_EQ(file.gain_db, 15.0);
  EXPECT_EQ(file.bandwidth_hz, 4000.0);
}

TEST(Horn, IsRefusedWithThePlaceOfTheFault) {
  const TemporaryFolder folder;
  const std::vector<std::pair<std::string, std::string>> faults{
      {with(horn_file, "2 1420002500 3.5\n", ""), "line 18: channel 3 stands where channel 2"},
      {with(horn_file, "2.5", "two"), "line 17: expected three numbers"},
      {with(horn_file, "1420001500 2.5", "1420001500 nan"), "line 17"},
      {with(horn_file, "1420001500", "1420001900"), "channel 1: the frequencies are not evenly spaced"},
      {with(horn_file, "NCHAN     = 4", "NCHAN     = 1000000000"), "line 8: NCHAN is \"1000000000\", expected 2 to"},
      {with(horn_file, "NCHAN     = 4", "NCHAN     = 5"), "after 4 channels: NCHAN says 5"},
      {with(horn_file, "# NCHAN     = 4\n", ""), "there is no line \"NCHAN"},
      {with(horn_file, "EL        = 70.0", "EL        = up"), "line 13: EL is \"up\", expected a number"},
      {with(horn_file, "2018-11-01 05:01:00.5", "yesterday"), "line 11: UTC is \"yesterday\""},
      {with(horn_file, "+38:25:18", "+38:75:18"), "line 15: TELLAT"},
      {with(horn_file, "Duration  = 10.0", "Duration  = -1"), "line 7: Duration"}};
  for (const auto& [content, because] : faults) {
    expect_refused([&, &text = content] { files::read_horn(folder.write("a.ast", text)); }, because);
  }
}

TEST(Horn, IsRefusedWhereverItIsCut) {
  const TemporaryFolder folder;
  for (std::size_t length = 0; length < horn_file.size(); ++length) {
    const auto file = folder.write("a.ast", horn_file.substr(0, length));
    expect_refused([&] { files::read_horn(file); }, "a.ast");
  }
}

std::string floats(std::size_t count) {
  std::string bytes(count * sizeof(float), '\0');
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = static_cast<float>(i);
    std::memcpy(bytes.data() + i * sizeof(float), &value, sizeof(value));
  }
  return bytes;
}

const std::string virgo_header =
    "mjd=60523.25\nrf_gain=20\nfrequency=1420405751.768\nbandwidth=8000.0\nchannels=8\nt_sample=2\nduration=6.0\n"
    "loc=51 -114 1420\naz_alt=190.0 20.0";

TEST(Virgo, IsReadAsSpectraInTheOrderOfTime) {
  const TemporaryFolder folder;
  folder.write("a.header", virgo_header);
  const files::SpectraFile file = files::read_spectra(folder.write("a.dat", floats(24)));
  ASSERT_EQ(file.spectra.size(), 3U);
  const Spectrum& last = file.spectra[2];
  EXPECT_EQ(last.power[0], 16.0F);
  EXPECT_NEAR((last.axis.at(4) - hydrogen_line).hertz(), 0.0, 1e-6);
  EXPECT_EQ(last.axis.step.hertz(), 1000.0);
  EXPECT_NEAR(seconds(last.start - parse_time("2024-08-01T06:00:00")), 4.0, 1e-4);
  EXPECT_EQ(last.mid - last.start, from_seconds(1.0));
  EXPECT_NEAR(last.pointing.place.azimuth.degrees(), 190.0, 1e-12);
  EXPECT_NEAR(last.pointing.site.longitude.degrees(), -114.0, 1e-12);
  EXPECT_NEAR(last.effective_averages, 2000.0, 1e-9);
  EXPECT_EQ(file.gain_db, 20.0);
}

TEST(Virgo, DoesWithoutAPointing) {
  const TemporaryFolder folder;
  folder.write("a.header", with(virgo_header, "loc=51 -114 1420", "loc="));
  EXPECT_FALSE(files::read_virgo(folder.write("a.dat", floats(24))).spectra[0].pointing.known);
}

TEST(Virgo, IsRefusedWithThePlaceOfTheFault) {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& header, const std::string& data) {
    folder.write("a.header", header);
    const auto dat = folder.write("a.dat", data);
    return [dat] { files::read_virgo(dat); };
  };
  expect_refused(read(virgo_header, floats(23)), "after 2 spectra: 28 bytes are left over");
  expect_refused(read(virgo_header, floats(16)), "after 2 spectra: the header's duration announces 3");
  expect_refused(read(virgo_header, ""), "it is empty");
  expect_refused(read("", floats(24)), "a.header\": it is empty");
  std::string broken = floats(24);
  broken[9 * 4 + 2] = broken[9 * 4 + 3] = '\xff';
  expect_refused(read(virgo_header, broken), "spectrum 1, channel 1: expected a finite");
  expect_refused(read(with(virgo_header, "channels=8", "channels=4000000000"), floats(24)), "line 5: channels");
  expect_refused(read(with(virgo_header, "channels=8", "channels=7.5"), floats(24)), "line 5: channels");
  expect_refused(read(with(virgo_header, "t_sample=2", "t_sample=0"), floats(24)), "line 6: t_sample");
  expect_refused(read(with(virgo_header, "mjd=60523.25", "mjd=1e300"), floats(24)), "line 1: mjd");
  expect_refused(read(with(virgo_header, "51 -114", "-114"), floats(24)), "line 8: loc");
  expect_refused(read(virgo_header + " 7", floats(24)), "az_alt");
  std::filesystem::remove(folder.path() / "a.header");
  EXPECT_THAT(refusal([&] { files::read_virgo(folder.path() / "a.dat"); }, ErrorCode::not_found),
              ::testing::HasSubstr("a.header"));
}

TEST(Spectra, OfOtherFilesAreRefused) {
  const TemporaryFolder folder;
  expect_refused([&] { files::read_spectra(folder.write("a.xyz", "x")); }, "expected .ast or .hot");
  expect_refused([&] { files::read_spectra(folder.path()); }, "not a file");
  refusal([&] { files::read_spectra(folder.path() / "none.ast"); }, ErrorCode::not_found);
  expect_refused([&] { files::read_horn(folder.write("b.ast", std::string(100000, '\xfe') + "\n")); }, "b.ast");
}

// Real files, each cut at many places: none may be read, and none may do anything but throw.
TEST(Recordings, AreRefusedWhereverTheyAreCut) {
  ASTRO_NEEDS_RECORDINGS(recordings);
  const TemporaryFolder folder;
  const std::string horn = testing::read_file(recordings / "radio" / "horn" / "18-11-01T050100.ast");
  for (std::size_t length = 0; length < horn.size(); length += 1 + length / 50) {
    expect_refused([&] { files::read_horn(folder.write("cut.ast", horn.substr(0, length))); }, "cut.ast");
  }
  expect_refused([&] { files::read_horn(folder.write("cut.ast", horn.substr(0, horn.size() - 1))); }, "truncated");
  const auto virgo = recordings / "radio" / "virgo";
  const std::string data = testing::read_file(virgo / "zabro_cal_20240801_0009.dat");
  folder.write("cut.header", testing::read_file(virgo / "zabro_cal_20240801_0009.header"));
  for (std::size_t length = 0; length < data.size(); length += 1 + data.size() / 37) {
    expect_refused([&] { files::read_virgo(folder.write("cut.dat", data.substr(0, length))); }, "cut.dat");
  }
  expect_refused([&] { files::read_virgo(folder.write("cut.dat", data.substr(0, data.size() - 8192))); }, "truncated");
}

}  // namespace
}  // namespace astro
