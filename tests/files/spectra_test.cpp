// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "astro/files/export.hpp"
#include "astro/files/recordings.hpp"
#include "astro/files/sdfits.hpp"
#include "astro/sky/velocity.hpp"
#include "testing/refusal.hpp"
#include "testing/testing.hpp"

namespace astro {
namespace {

using testing::expect_refused;
using testing::TemporaryFolder;
using testing::with;

// Green Bank's 20 metre telescope.

const std::string gbo_file =
    "#     SRC_NAME=GLONG_20\n#     OBSERVER=Ann\n#     DATE_OBS=2026-02-19T10:21:45.000\n#      SCANNUM=96179\n"
    "#     RECEIVER=Rx1_2\n#    STARTCHAN=51\n#     STOPCHAN=54\n#     DURATION=35.16\n#     EXPOSURE=28.45\n"
    "#       RA,DEC=18:27:42.03, -11:29:19.17\n#      RA(deg)=276.88179\n#     DEC(deg)=-11.48868\n"
    "#    AZIM(deg)=123.8491\n#    ELEV(deg)=20.1580\n#Freq1(MHz) XX1 YY1 Freq2(MHz) XX2 YY2\n"
    "  1428.91930 30.5 41.5 1413.29430 27.5 55.5\n  1428.90404 31.5 42.5 1413.27904 28.5 56.5\n"
    "  1428.88878 32.5 43.5 1413.26378 29.5 57.5\n";

TEST(Gbo20m, IsReadAsTwoBandsOfTwoPolarisations) {
  const TemporaryFolder folder;
  const auto rows = files::read_gbo20m(folder.write("a.txt", gbo_file));
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_THAT(rows[0].spectrum.power, ::testing::ElementsAre(32.5F, 31.5F, 30.5F));
  EXPECT_THAT(rows[3].spectrum.power, ::testing::ElementsAre(57.5F, 56.5F, 55.5F));
  EXPECT_EQ(rows[0].stokes, "XX");
  EXPECT_EQ(rows[3].stokes, "YY");
  EXPECT_EQ(rows[3].band, 1);
  EXPECT_NEAR(rows[0].spectrum.axis.first.megahertz(), 1428.88878, 1e-9);
  EXPECT_NEAR(rows[2].spectrum.axis.at(2).megahertz(), 1413.29430, 1e-9);
  EXPECT_EQ(rows[0].spectrum.start, parse_time("2026-02-19T10:21:45"));
  EXPECT_EQ(rows[0].object, "GLONG_20");
  EXPECT_EQ(rows[0].unit, "K");
  EXPECT_NEAR(rows[0].spectrum.pointing.direction.dec.degrees(), -11.48868, 1e-12);
}

TEST(Gbo20m, IsRefusedWithThePlaceOfTheFault) {
  const TemporaryFolder folder;
  const std::vector<std::pair<std::string, std::string>> faults{
      {with(gbo_file, "30.5", "warm"), "line 16: expected six numbers"},
      {with(gbo_file, " 55.5", ""), "line 16: expected six numbers"},
      {with(gbo_file, "STOPCHAN=54", "STOPCHAN=55"), "after 3 channels: STARTCHAN and STOPCHAN say 4"},
      {with(gbo_file, "1428.90404", "1428.90504"), "channel 1: the frequencies are not evenly spaced"},
      {with(gbo_file, "2026-02-19T10:21:45.000", "today"), "line 3: DATE_OBS is \"today\""},
      {with(gbo_file, "RA(deg)=276", "RA(deg)=976"), "line 11: RA(deg)"},
      {with(gbo_file, "#     EXPOSURE=28.45\n", ""), "EXPOSURE"}};
  for (const auto& [content, because] : faults) {
    expect_refused([&, &text = content] { files::read_gbo20m(folder.write("a.txt", text)); }, because);
  }
  for (std::size_t length = 0; length < gbo_file.size(); length += 7) {
    expect_refused([&] { files::read_gbo20m(folder.write("a.txt", gbo_file.substr(0, length))); }, "a.txt");
  }
}

/// The highest velocity at which a spectrum lies six sigma above a straight baseline, which is fitted
/// within 500 km/s to what is not line (3 sigma, again until nothing changes).
double highest_velocity_km_s(const std::vector<double>& velocity, const std::vector<double>& kelvin) {
  std::vector<char> is_baseline(velocity.size());
  for (std::size_t i = 0; i < velocity.size(); ++i) is_baseline[i] = std::abs(velocity[i]) < 500.0 ? 1 : 0;
  const std::vector<char> is_looked_at = is_baseline;
  double offset = 0.0;
  double slope = 0.0;
  double sigma = 0.0;
  for (int turn = 0; turn < 50; ++turn) {
    double n = 0, x = 0, y = 0, xx = 0, xy = 0, rr = 0;
    for (std::size_t i = 0; i < velocity.size(); ++i) {
      if (is_baseline[i] != 0)
        n += 1, x += velocity[i], y += kelvin[i], xx += velocity[i] * velocity[i], xy += velocity[i] * kelvin[i];
    }
    slope = (n * xy - x * y) / (n * xx - x * x);
    offset = (y - slope * x) / n;
    for (std::size_t i = 0; i < velocity.size(); ++i) {
      if (is_baseline[i] != 0) rr += std::pow(kelvin[i] - offset - slope * velocity[i], 2);
    }
    sigma = std::sqrt(rr / n);
    for (std::size_t i = 0; i < velocity.size(); ++i) {
      is_baseline[i] = is_looked_at[i] != 0 && std::abs(kelvin[i] - offset - slope * velocity[i]) < 3.0 * sigma ? 1 : 0;
    }
  }
  double highest = -1e9;
  for (std::size_t i = 0; i < velocity.size(); ++i) {
    if (is_looked_at[i] != 0 && kelvin[i] - offset - slope * velocity[i] > 6.0 * sigma)
      highest = std::max(highest, velocity[i]);
  }
  return highest;
}

TEST(Gbo20m, ShowsHydrogenUpToTheVelocitiesOfTheRotationCurve) {
  ASTRO_NEEDS_RECORDINGS(recordings);
  const std::map<int, std::pair<std::string, double>> expected{{20, {"GLONG_20_145855_96179", 129.0}},  // PROVENANCE.md
                                                               {40, {"GLONG_40_145798_96149", 90.0}},
                                                               {60, {"GLONG_60_145835_96132", 48.0}},
                                                               {80, {"GLONG_80_145809_96108", 23.0}}};
  for (const auto& [longitude, truth] : expected) {
    const auto rows = files::read_gbo20m(recordings / "radio/gbo20m" / (truth.first + ".A.spect.cal.txt"));
    const Spectrum& xx = rows[0].spectrum;
    const double correction =
        sky::velocity_correction_km_s(xx.pointing.direction, xx.pointing.site, xx.mid, sky::VelocityFrame::lsrk);
    std::vector<double> velocity;
    std::vector<double> kelvin;
    for (std::size_t i = 0; i < xx.power.size(); ++i) {
      velocity.push_back(sky::radio_velocity_km_s(xx.axis.at(static_cast<double>(i)), hydrogen_line) + correction);
      kelvin.push_back(0.5 * static_cast<double>(xx.power[i] + rows[1].spectrum.power[i]));
    }
    EXPECT_NEAR(highest_velocity_km_s(velocity, kelvin), truth.second, 5.0) << "l = " << longitude;
  }
}

// SDRangel.

const std::string sdrangel_file =
    "Date Time,Centre Freq,Sample Rate,Integration,Air Temp,FFT Size,Data,,,\n"
    "Mon Aug 25 16:07:25 2025,1420400000,2000000,500000,0,4,1,2,3,4\n"
    "2025-08-25T16:17:25,1420400000,2000000,500000,0,4,5,6,7,8\n";

TEST(Sdrangel, IsReadAsSpectraInTheOrderOfTime) {
  const TemporaryFolder folder;
  const auto file = files::read_spectra(folder.write("a.csv", sdrangel_file));
  ASSERT_EQ(file.spectra.size(), 2U);
  EXPECT_THAT(file.spectra[1].power, ::testing::ElementsAre(5, 6, 7, 8));
  EXPECT_EQ(file.spectra[0].axis, (FrequencyAxis{hertz(1419.4e6), hertz(0.5e6), 4}));
  EXPECT_EQ(file.spectra[0].exposure, from_seconds(1.0));
  EXPECT_EQ(file.spectra[0].mid, parse_time("2025-08-25T16:07:24.5"));
  EXPECT_EQ(file.spectra[0].effective_averages, 500000.0);
}

TEST(Sdrangel, IsRefusedWithThePlaceOfTheFault) {
  const TemporaryFolder folder;
  const std::vector<std::pair<std::string, std::string>> faults{
      {with(sdrangel_file, "FFT Size", "FFT Sise"), "line 1: there is no column \"FFT Size\""},
      {with(sdrangel_file, "Mon Aug 25", "Mon Wet 25"), "line 2: the time is \"Mon Wet 25 16:07:25 2025\""},
      {with(sdrangel_file, "0,4,1,2,3,4", "0,5,1,2,3,4"), "line 2: it has 10 fields, expected 11"},
      {with(sdrangel_file, "0,4,1,2,3,4", "0,4000000000,1,2,3,4"), "line 2: FFT Size"},
      {with(sdrangel_file, ",2000000,", ",0,"), "line 2: Sample Rate is \"0\""},
      {with(sdrangel_file, "7,8", "x,8"), "line 3: channel 2 is \"x\""},
      {with(sdrangel_file, ",500000,0,4,5,6,7,8", ""), "line 3: it ends before the column Data"}};
  for (const auto& [content, because] : faults) {
    expect_refused([&, &text = content] { files::read_sdrangel(folder.write("a.csv", text)); }, because);
  }
  for (std::size_t length = 0; length < sdrangel_file.size() - 60; length += 3) {
    expect_refused([&] { files::read_sdrangel(folder.write("a.csv", sdrangel_file.substr(0, length))); }, "a.csv");
  }
}

/// Where the line stands: the highest mean of fifteen channels, away from the receiver's centre.
double line_mhz(const Spectrum& spectrum) {
  double best = -1.0;
  double place = 0.0;
  for (std::size_t i = 8; i + 8 < spectrum.power.size(); ++i) {
    const double mhz = spectrum.axis.at(static_cast<double>(i)).megahertz();
    if (mhz < 1420.405 || mhz > 1420.7) continue;
    double sum = 0.0;
    for (std::size_t k = i - 7; k <= i + 7; ++k) sum += static_cast<double>(spectrum.power[k]);
    if (sum > best) best = sum, place = mhz;
  }
  return place;
}

TEST(Sdrangel, ShowsTheDriftOfTheLineOverTheNight) {
  ASTRO_NEEDS_RECORDINGS(recordings);
  const auto file = files::read_spectra(recordings / "radio/sdrangel/25-aug-hline.csv");
  ASSERT_EQ(file.spectra.size(), 113U);  // lines, less the headline
  EXPECT_EQ(file.spectra.front().axis.channels, 2048U);
  EXPECT_NEAR(seconds(file.spectra.front().exposure), 600.0, 2.0);
  double lowest = 1e9;
  double highest = 0.0;
  for (const Spectrum& spectrum : file.spectra) {
    lowest = std::min(lowest, line_mhz(spectrum));
    highest = std::max(highest, line_mhz(spectrum));
  }
  // PROVENANCE.md: the peak moves from 1420.413 to 1420.517 MHz; 5 channels are 5 kHz.
  EXPECT_NEAR(lowest, 1420.413, 0.01);
  EXPECT_NEAR(highest, 1420.517, 0.01);
}

// rtl_power. Two hops a sweep; the last bin is written twice.
const std::string rtl_file =
    "2024-05-01, 12:00:00, 1420000000, 1420002000, 1000.00, 40, -10.00, 0.00, 0.00\n"
    "2024-05-01, 12:00:00, 1420002000, 1420004000, 1000.00, 40, 10.00, 20.00, 20.00\n"
    "2024-05-01, 12:00:10, 1420000000, 1420002000, 1000.00, 40, -10.00, -inf, -inf\n"
    "2024-05-01, 12:00:10, 1420002000, 1420004000, 1000.00, 40, 10.00, 20.00, 20.00\n";

TEST(RtlPower, JoinsTheHopsOfASweep) {
  const TemporaryFolder folder;
  const auto file = files::read_spectra(folder.write("a.csv", rtl_file));
  ASSERT_EQ(file.spectra.size(), 2U);
  EXPECT_THAT(file.spectra[0].power, ::testing::ElementsAre(::testing::FloatNear(0.1F, 1e-6F), 1.0F, 10.0F, 100.0F));
  EXPECT_THAT(file.spectra[1].weight, ::testing::ElementsAre(1.0F, 0.0F, 1.0F, 1.0F));
  EXPECT_EQ(file.spectra[0].axis, (FrequencyAxis{hertz(1.42e9), hertz(1000.0), 4}));
  EXPECT_EQ(file.spectra[0].start, parse_time("2024-05-01T12:00:00"));
  EXPECT_EQ(file.spectra[0].duration, from_seconds(10.0));
  EXPECT_EQ(file.spectra[0].effective_averages, 40.0);
}

TEST(RtlPower, IsRefusedWithThePlaceOfTheFault) {
  const TemporaryFolder folder;
  const std::vector<std::pair<std::string, std::string>> faults{
      {with(rtl_file, "12:00:00,", "noon,"), "line 1: the time is"},
      {with(rtl_file, ", 1000.00,", ", 0,"), "line 1: Hz step is \"0\""},
      {with(rtl_file, "10.00, 20.00", "10.00, many"), "line 2: bin 1 is \"many\""},
      {with(rtl_file, "1420002000, 1420004000", "1420003000, 1420005000"), "does not follow"},
      {"2024-05-01, 12:00:00, 1, 2\n", "line 1: expected date, time"},
      {rtl_file.substr(0, rtl_file.size() - 4), "line 4: it breaks off"}};
  for (const auto& [content, because] : faults) {
    expect_refused([&, &text = content] { files::read_rtl_power(folder.write("a.csv", text)); }, because);
  }
}

// Ours.

Spectrum small_spectrum() {
  Spectrum spectrum;
  spectrum.axis = {hertz(1.42e9), hertz(1000.0), 3};
  spectrum.power = {1.5F, 0.1F, 3.0F};
  spectrum.weight = {1.0F, 1.0F, 0.0F};
  spectrum.start = parse_time("2024-05-01T12:00:00.000000001");
  spectrum.duration = spectrum.exposure = from_seconds(2.5);
  spectrum.mid = spectrum.start + spectrum.duration / 2;
  return spectrum;
}

TEST(CsvTable, IsReadAsItWasWritten) {
  const TemporaryFolder folder;
  files::SpectraFile file;
  file.spectra = {small_spectrum(), small_spectrum()};
  file.spectra[1].start += from_seconds(3.0);
  file.object = "S7";
  file.unit = "Jy";
  files::write_csv(folder.path() / "a.csv", file);
  const auto read = files::read_spectra(folder.path() / "a.csv");
  ASSERT_EQ(read.spectra.size(), 2U);
  EXPECT_EQ(read.unit, "Jy");
  EXPECT_EQ(read.object, "S7");
  EXPECT_EQ(read.spectra[1].axis, file.spectra[1].axis);
  EXPECT_EQ(read.spectra[1].start, file.spectra[1].start);
  EXPECT_EQ(read.spectra[1].exposure, file.spectra[1].exposure);
  EXPECT_THAT(read.spectra[1].power, ::testing::ElementsAre(1.5F, 0.1F, 0.0F));
  EXPECT_EQ(read.spectra[1].weight, file.spectra[1].weight);
}

TEST(CsvTable, OfOneSpectrumInKelvinIsReadToo) {
  const TemporaryFolder folder;
  CalibratedSpectrum kelvin;
  kelvin.axis = {hertz(1.42e9), hertz(1000.0), 3};
  kelvin.temperature_k = {1.5F, 0.1F, std::nanf("")};
  kelvin.sigma_k = {1.0F, 1.0F, 1.0F};
  kelvin.weight = {1.0F, 0.5F, 0.0F};
  kelvin.start = parse_time("2024-05-01T12:00:00");
  kelvin.mid = parse_time("2024-05-01T12:00:02");
  kelvin.exposure = kelvin.duration = from_seconds(4.0);
  kelvin.pointing = {.direction = {degrees(10), degrees(20)},
                     .place = {degrees(30), degrees(40)},
                     .site = {degrees(28), degrees(-16), 2390},
                     .known = true};
  files::write_csv(folder.path() / "a.csv", kelvin, {.object = "S8"});
  const auto read = files::read_csv(folder.path() / "a.csv");
  EXPECT_EQ(read.unit, "K");
  EXPECT_EQ(read.object, "S8");
  const Spectrum& spectrum = read.spectra.at(0);
  EXPECT_THAT(spectrum.power, ::testing::ElementsAre(1.5F, 0.1F, 0.0F));
  EXPECT_EQ(spectrum.weight, kelvin.weight);
  EXPECT_EQ(spectrum.mid, kelvin.mid);
  EXPECT_EQ(spectrum.exposure, kelvin.exposure);
  ASSERT_TRUE(spectrum.pointing.known);
  EXPECT_NEAR(spectrum.pointing.direction.ra.degrees(), 10.0, 1e-9);
  EXPECT_NEAR(spectrum.pointing.site.longitude.degrees(), -16.0, 1e-9);
  EXPECT_EQ(spectrum.pointing.site.height_m, 2390.0);
}

TEST(CsvTable, IsRefusedWithThePlaceOfTheFault) {
  const TemporaryFolder folder;
  files::write_csv(folder.path() / "a.csv", files::SpectraFile{.spectra = {small_spectrum()}});
  const std::string whole = testing::read_file(folder.path() / "a.csv");
  const std::vector<std::pair<std::string, std::string>> faults{
      {with(whole, "1420001000", "1420001100"), "channel 1 lies at 1420001100 Hz"},
      {with(whole, "2024-05-01T12", "tomorrow"), "start_utc is \"tomorrow"},
      {with(whole, ",2.5,", ",-2.5,"), "an exposure is -2.5"},
      {with(whole, "1.5,0.1", "1.5"), "fields, expected 5"},
      {with(whole, "start_utc", "stop_utc"), "expected the headline"},
      {whole.substr(0, whole.size() - 1), "it breaks off"},
      {"# only a note\n", "there is no headline"},
      {"start_utc,exposure_s,1,2\n", "there is no spectrum"}};
  for (const auto& [content, because] : faults) {
    expect_refused([&, &text = content] { files::read_csv(folder.write("b.csv", text)); }, because);
  }
  files::SpectraFile unlike{.spectra = {small_spectrum(), small_spectrum()}};
  unlike.spectra[1].axis.first += hertz(1.0);
  expect_refused([&] { files::write_csv(folder.path() / "c.csv", unlike); }, "another frequency axis",
                 ErrorCode::invalid_argument);
  expect_refused([&] { files::read_spectra(folder.write("d.csv", "a,b\n1,2\n")); }, "line 1: expected what SDRangel");
}

}  // namespace
}  // namespace astro
