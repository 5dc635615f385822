// SPDX-License-Identifier: BSD-3-Clause
#include "astro/files/sdfits.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <numeric>

#include "astro/files/export.hpp"
#include "astro/signal/calibration.hpp"
#include "astro/sky/velocity.hpp"
#include "testing/refusal.hpp"
#include "testing/testing.hpp"

namespace astro {
namespace {

using files::SdfitsRow;
using testing::expect_refused;
using testing::TemporaryFolder;
using testing::with;
using Rows = std::vector<SdfitsRow>;

const SdfitsRow& find(const Rows& rows, int scan, int integration, bool diode_on) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const SdfitsRow& row) {
    return row.scan == scan && row.integration == integration && row.polarisation == 0 && row.diode_on == diode_on;
  });
  if (found == rows.end()) throw std::runtime_error("no such row");
  return *found;
}

/// GBTIDL's system temperature (dcmeantsys.pro): over the middle 80 percent of the band, with half of
/// the diode's temperature, since the mean of both states has it.
double tsys_k(const SdfitsRow& off, const SdfitsRow& on) {
  const std::size_t edge = off.spectrum.power.size() / 10;
  double sum_off = 0.0;
  double sum_difference = 0.0;
  for (std::size_t i = edge; i < off.spectrum.power.size() - edge; ++i) {
    sum_off += static_cast<double>(off.spectrum.power[i]);
    sum_difference += static_cast<double>(on.spectrum.power[i]) - static_cast<double>(off.spectrum.power[i]);
  }
  return off.diode_k * sum_off / sum_difference + 0.5 * off.diode_k;
}

Spectrum mean(const SdfitsRow& a, const SdfitsRow& b) {
  Spectrum result = a.spectrum;
  for (std::size_t i = 0; i < result.power.size(); ++i)
    result.power[i] = 0.5F * (a.spectrum.power[i] + b.spectrum.power[i]);
  return result;
}

std::filesystem::path gbt(const std::filesystem::path& recordings) { return recordings / "radio/sdfits_gbt"; }

TEST(Sdfits, GivesTheSystemTemperaturesOfGbtidl) {
  ASTRO_NEEDS_RECORDINGS(recordings);
  const Rows rows = files::read_sdfits(gbt(recordings) / "TGBT21A_501_11_ifnum_0_int_0-2.fits");
  ASSERT_EQ(rows.size(), 24U);
  const std::array expected{17.242, 17.170, 17.156};  // PROVENANCE.md; GBTIDL's mean is 17.1893
  double sum = 0.0;
  for (int i = 0; i < 3; ++i) {
    const double tsys = tsys_k(find(rows, 153, i, false), find(rows, 153, i, true));
    EXPECT_NEAR(tsys, expected[static_cast<std::size_t>(i)], 1e-3 * tsys);
    sum += tsys;
  }
  EXPECT_NEAR(sum / 3.0, 17.1893, 1e-3 * 17.1893);
}

TEST(Sdfits, GivesThePositionSwitchedSpectrumOfGbtidl) {
  ASTRO_NEEDS_RECORDINGS(recordings);
  const Rows rows = files::read_sdfits(gbt(recordings) / "TGBT21A_501_11_ifnum_0_int_0-2.fits");
  const Rows truth =
      files::read_sdfits(gbt(recordings) / "TGBT21A_501_11_getps_scan_152_intnum_0_ifnum_0_plnum_0.fits");
  ASSERT_EQ(truth.size(), 1U);
  EXPECT_EQ(truth[0].unit, "Ta");
  const Spectrum on = mean(find(rows, 152, 0, false), find(rows, 152, 0, true));
  Spectrum off = mean(find(rows, 153, 0, false), find(rows, 153, 0, true));
  off.axis = on.axis;  // Doppler tracking moved the band by one channel, which GBTIDL leaves as it is
  const double tsys = tsys_k(find(rows, 153, 0, false), find(rows, 153, 0, true));
  EXPECT_NEAR(tsys, truth[0].tsys_k, 1e-3 * tsys);
  const CalibratedSpectrum reduced = switched(on, off, tsys, false);
  double worst_k = 0.0;
  std::size_t compared = 0;
  for (std::size_t i = 0; i < reduced.temperature_k.size(); ++i) {
    if (truth[0].spectrum.weight[i] == 0.0F || !std::isfinite(reduced.temperature_k[i])) continue;
    worst_k = std::max(worst_k, std::abs(static_cast<double>(reduced.temperature_k[i] - truth[0].spectrum.power[i])));
    ++compared;
  }
  EXPECT_LT(worst_k, 3e-3);
  EXPECT_GT(compared, 32000U);
}

TEST(Sdfits, TellsWhereWhenAndHowFast) {
  ASTRO_NEEDS_RECORDINGS(recordings);
  const Rows rows = files::read_sdfits(gbt(recordings) / "TGBT21A_501_11_ifnum_0_int_0-2.fits");
  const SdfitsRow& row = rows.front();
  EXPECT_EQ(row.object, "NGC2415");
  EXPECT_EQ(row.unit, "Counts");
  EXPECT_EQ(row.stokes, "XX");
  EXPECT_EQ(row.polarisation, 1);
  EXPECT_EQ(row.spectrum.start, parse_time("2021-02-10T07:38:37.50"));
  EXPECT_NEAR(seconds(row.spectrum.exposure), 0.97587454, 1e-8);
  EXPECT_TRUE(row.descending);
  // CRVAL1 stands at CRPIX1 16385, counted from the highest frequency.
  EXPECT_NEAR(row.spectrum.axis.at(32768 - 16385).hertz(), 1402544936.775, 1e-3);
  EXPECT_NEAR(row.spectrum.axis.step.hertz(), 715.2557373046875, 1e-9);
  EXPECT_NEAR(row.spectrum.pointing.direction.ra.degrees(), 114.23878994, 1e-8);
  EXPECT_NEAR(row.spectrum.pointing.site.latitude.degrees(), 38.43312, 1e-8);
  EXPECT_EQ(row.velocity_definition, "OPTI-HEL");
  EXPECT_EQ(row.more.find("BACKEND")->as_text(), "VEGAS");
  // What Green Bank says of the heliocentric frame, and we: VFRAME is kept over a scan, so 0.1 km/s.
  const double ours = sky::velocity_correction_km_s(row.spectrum.pointing.direction, row.spectrum.pointing.site,
                                                    row.spectrum.mid, sky::VelocityFrame::helio);
  EXPECT_NEAR(row.frame_velocity_km_s, -ours, 0.1);
}

SdfitsRow small_row(int integration) {
  SdfitsRow row;
  Spectrum& spectrum = row.spectrum;
  spectrum.axis = {hertz(1420000000.5), hertz(2000.25), 4};
  spectrum.power = {10.0F, 10.125F, 7.0F, 52.3F};
  spectrum.weight = {1.0F, 0.5F, 0.0F, 1.0F};
  spectrum.start = parse_time("2018-11-01T05:01:00.123456789");
  spectrum.duration = from_seconds(10.0);
  spectrum.exposure = from_seconds(9.5);
  spectrum.mid = spectrum.start + spectrum.duration / 2;
  spectrum.effective_averages = 1000.0;
  spectrum.samples = 1;
  spectrum.receiver = "lna";
  spectrum.pointing.known = true;
  spectrum.pointing.direction = {degrees(35.5), degrees(58.25)};
  spectrum.pointing.place = {degrees(10.0), degrees(70.0)};
  spectrum.pointing.site = {degrees(38.4219), degrees(-79.83085), 800.0};
  row.unit = "K";
  row.object = "S7";
  row.observer = "Ann";
  row.telescope = "Horn";
  row.scan = 3;
  row.integration = integration;
  row.stokes = "YY";
  row.polarisation = 1;
  row.diode_on = true;
  row.diode_k = 1.5;
  row.tsys_k = 120.0;
  row.velocity_definition = "OPTI-HEL";
  row.frame_velocity_km_s = 12.5;
  row.source_velocity_km_s = -100.0;
  row.more.set("BACKEND", "fft").set("PRESSURE", 900.5).set("NSAVE", -1);
  return row;
}

void expect_same(const SdfitsRow& a, const SdfitsRow& b) {
  EXPECT_EQ(a.spectrum.power, b.spectrum.power);
  EXPECT_EQ(a.spectrum.weight, b.spectrum.weight);
  EXPECT_EQ(a.spectrum.axis.channels, b.spectrum.axis.channels);
  EXPECT_NEAR(a.spectrum.axis.first.hertz(), b.spectrum.axis.first.hertz(), 1e-5);
  EXPECT_DOUBLE_EQ(a.spectrum.axis.step.hertz(), b.spectrum.axis.step.hertz());
  EXPECT_EQ(a.spectrum.start, b.spectrum.start);
  EXPECT_EQ(a.spectrum.mid, b.spectrum.mid);
  EXPECT_EQ(a.spectrum.exposure, b.spectrum.exposure);
  EXPECT_NEAR(a.spectrum.effective_averages, b.spectrum.effective_averages, 1e-6 * a.spectrum.effective_averages);
  EXPECT_EQ(a.spectrum.receiver, b.spectrum.receiver);
  EXPECT_NEAR(a.spectrum.pointing.direction.ra.degrees(), b.spectrum.pointing.direction.ra.degrees(), 1e-12);
  EXPECT_NEAR(a.spectrum.pointing.place.altitude.degrees(), b.spectrum.pointing.place.altitude.degrees(), 1e-12);
  EXPECT_NEAR(a.spectrum.pointing.site.longitude.degrees(), b.spectrum.pointing.site.longitude.degrees(), 1e-12);
  EXPECT_EQ(std::tie(a.unit, a.object, a.observer, a.telescope, a.stokes, a.velocity_definition),
            std::tie(b.unit, b.object, b.observer, b.telescope, b.stokes, b.velocity_definition));
  EXPECT_EQ(std::tie(a.scan, a.integration, a.band, a.polarisation, a.feed, a.signal, a.diode_on, a.descending),
            std::tie(b.scan, b.integration, b.band, b.polarisation, b.feed, b.signal, b.diode_on, b.descending));
  EXPECT_EQ(std::tie(a.diode_k, a.tsys_k), std::tie(b.diode_k, b.tsys_k));
  EXPECT_DOUBLE_EQ(a.frame_velocity_km_s, b.frame_velocity_km_s);
  EXPECT_DOUBLE_EQ(a.source_velocity_km_s, b.source_velocity_km_s);
}

TEST(Sdfits, IsReadAsItWasWritten) {
  const TemporaryFolder folder;
  Rows rows{small_row(0), small_row(1)};
  rows[1].descending = true;
  files::write_sdfits(folder.path() / "a.fits", rows);
  const Rows read = files::read_sdfits(folder.path() / "a.fits");
  ASSERT_EQ(read.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    expect_same(rows[i], read[i]);
    EXPECT_EQ(read[i].more.find("BACKEND")->as_text(), "fft");
    EXPECT_EQ(read[i].more.find("PRESSURE")->as_number(), 900.5);
    EXPECT_EQ(read[i].more.find("NSAVE")->as_integer(), -1);
  }
}

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// CFITSIO takes what it finds in the memory that it is given for a file that was begun.
TEST(Sdfits, HoldsNothingOfTheFileThatWasWrittenBefore) {
  const TemporaryFolder folder;
  const Rows rows{small_row(0)};
  Rows longer(5, small_row(1));
  for (SdfitsRow& row : longer) row.more.set("LONGER", std::string(500, 'x'));
  for (const char* name : {"a.fits", "b.fits", "c.fits"}) {
    files::write_sdfits(folder.path() / name, rows);
    files::write_sdfits(folder.path() / "other.fits", longer);
  }
  EXPECT_EQ(content_of(folder.path() / "a.fits").size(), 6U * 2880U);  // heads of one and four blocks, and the row
  EXPECT_EQ(content_of(folder.path() / "b.fits"), content_of(folder.path() / "a.fits"));
  EXPECT_EQ(content_of(folder.path() / "c.fits"), content_of(folder.path() / "a.fits"));
}

// CASA's table tool reads no integers of 64 bits (tests/files/casa).
TEST(Sdfits, HasIntegersOf64BitsOnlyWhereTheyMustBe) {
  const TemporaryFolder folder;
  constexpr std::int64_t large = std::int64_t{1} << 40;
  Rows rows{small_row(0), small_row(1)};
  rows[1].more.set("LARGE", large);
  files::write_sdfits(folder.path() / "a.fits", rows);
  const Rows read = files::read_sdfits(folder.path() / "a.fits");
  EXPECT_EQ(read[1].more.find("LARGE")->as_integer(), large);
  EXPECT_EQ(read[1].more.find("NSAVE")->as_integer(), -1);
  const std::string header = content_of(folder.path() / "a.fits");
  int wide = 0;
  for (std::size_t card = 0; card + 80 <= header.size(); card += 80) {
    const std::string_view text(header.data() + card, 80);
    if (text.starts_with("TFORM") && text.substr(8, 4) == "= 'K") ++wide;
    if (text.starts_with("TFORM") && text.substr(8, 5) == "= '1K") ++wide;
  }
  EXPECT_EQ(wide, 1);
}

TEST(Sdfits, OfGreenBankIsReadAsItWasWritten) {
  ASTRO_NEEDS_RECORDINGS(recordings);
  const TemporaryFolder folder;
  const Rows rows = files::read_sdfits(gbt(recordings) / "TGBT21A_501_11_ifnum_0_int_0-2.fits");
  files::write_sdfits(folder.path() / "a.fits", rows);
  const Rows read = files::read_sdfits(folder.path() / "a.fits");
  ASSERT_EQ(read.size(), rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::size_t differing = 0;  // a NaN is not itself
    for (std::size_t k = 0; k < 32768; ++k) {
      const float was = rows[i].spectrum.power[k];
      const float is = read[i].spectrum.power[k];
      if (was != is && !(std::isnan(was) && std::isnan(is))) ++differing;
    }
    EXPECT_EQ(differing, 0U);
    SdfitsRow a = rows[i];
    SdfitsRow b = read[i];
    a.spectrum.power.clear(), b.spectrum.power.clear();
    expect_same(a, b);
    for (const auto& [name, value] : a.more.as_map()) EXPECT_NE(b.more.find(name), nullptr) << name;
  }
}

TEST(Sdfits, WorksOutTheFrameThatNobodySaid) {
  const TemporaryFolder folder;
  SdfitsRow row = small_row(0);
  row.velocity_definition.clear();
  files::write_sdfits(folder.path() / "a.fits", {row});
  const SdfitsRow read = files::read_sdfits(folder.path() / "a.fits").front();
  EXPECT_EQ(read.velocity_definition, "RADI-LSR");
  const auto& pointing = row.spectrum.pointing;
  EXPECT_NEAR(
      read.frame_velocity_km_s,
      -sky::velocity_correction_km_s(pointing.direction, pointing.site, row.spectrum.mid, sky::VelocityFrame::lsrk),
      1e-9);
}

TEST(Sdfits, TellsVelocitiesInTheFrameThatIsAskedFor) {
  const TemporaryFolder folder;
  SdfitsRow row = small_row(0);
  files::set_velocity_frame(row, sky::VelocityFrame::bary);
  files::write_sdfits(folder.path() / "a.fits", {row});
  const SdfitsRow read = files::read_sdfits(folder.path() / "a.fits").front();
  EXPECT_EQ(read.velocity_definition, "RADI-BAR");
  const auto& pointing = row.spectrum.pointing;
  EXPECT_NEAR(
      read.frame_velocity_km_s,
      -sky::velocity_correction_km_s(pointing.direction, pointing.site, row.spectrum.mid, sky::VelocityFrame::bary),
      1e-9);
  files::set_velocity_frame(row, sky::VelocityFrame::topo);
  EXPECT_EQ(row.velocity_definition, "RADI-OBS");
  EXPECT_EQ(row.frame_velocity_km_s, 0.0);
}

// Fields of a header and a table, put together by hand as the FITS standard 4.0 says.

std::string card(const std::string& text) { return text + std::string(80 - text.size(), ' '); }

std::string padded(std::string bytes, char with_what) {
  bytes.resize((bytes.size() + 2879) / 2880 * 2880, with_what);
  return bytes;
}

std::string value_card(const std::string& name, const std::string& value) {
  return card(name + std::string(8 - name.size(), ' ') + "= " + value);
}

std::string table(const std::vector<std::pair<std::string, std::string>>& cards, const std::string& row) {
  std::string header = value_card("XTENSION", "'BINTABLE'") + value_card("BITPIX", "8") + value_card("NAXIS", "2") +
                       value_card("NAXIS1", std::to_string(row.size())) + value_card("NAXIS2", "1") +
                       value_card("PCOUNT", "0") + value_card("GCOUNT", "1") + value_card("EXTNAME", "'SINGLE DISH'");
  for (const auto& [name, value] : cards) header += value_card(name, value);
  const std::string primary =
      value_card("SIMPLE", "T") + value_card("BITPIX", "8") + value_card("NAXIS", "0") + card("END");
  return padded(primary, ' ') + padded(header + card("END"), ' ') + padded(row, '\0');
}

/// Two channels of two polarisations in one row, frequencies in a frame at rest, integers with a scale.
const std::vector<std::pair<std::string, std::string>> two_polarisations{{"TFIELDS", "2"},
                                                                         {"TTYPE1", "'DATA'"},
                                                                         {"TFORM1", "'4I'"},
                                                                         {"TSCAL1", "0.5"},
                                                                         {"TZERO1", "10.0"},
                                                                         {"TDIM1", "'(2,2)'"},
                                                                         {"TTYPE2", "'FLAGGED'"},
                                                                         {"TFORM2", "'4B'"},
                                                                         {"CTYPE1", "'FREQ-LSR'"},
                                                                         {"CRVAL1", "1.42D9"},
                                                                         {"CRPIX1", "1.0"},
                                                                         {"CDELT1", "1000.0"},
                                                                         {"CTYPE2", "'STOKES'"},
                                                                         {"CRVAL2", "-5"},
                                                                         {"CDELT2", "-1"},
                                                                         {"VFRAME", "30000.0"},
                                                                         {"DATE-OBS", "'2020-01-01'"},
                                                                         {"TIME", "3600.0"},
                                                                         {"EXPOSURE", "2.0"},
                                                                         {"TUNIT1", "'Jy'"},
                                                                         {"OBJECT", "'it''s'   / a comment"}};

const std::string two_polarisations_row(
    "\x00\x02\x00\x04\xff\xfe\x00\x08"
    "\x00\x01\x00\x00",
    12);

TEST(Sdfits, TakesCardsForColumnsAndSeveralPolarisationsInARow) {
  const TemporaryFolder folder;
  const Rows rows = files::read_sdfits(folder.write("a.fits", table(two_polarisations, two_polarisations_row)));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_THAT(rows[0].spectrum.power, ::testing::ElementsAre(11.0F, 12.0F));
  EXPECT_THAT(rows[1].spectrum.power, ::testing::ElementsAre(9.0F, 14.0F));
  EXPECT_THAT(rows[0].spectrum.weight, ::testing::ElementsAre(1.0F, 0.0F));
  EXPECT_THAT(rows[1].spectrum.weight, ::testing::ElementsAre(1.0F, 1.0F));
  EXPECT_EQ(rows[0].stokes, "XX");
  EXPECT_EQ(rows[1].stokes, "YY");
  EXPECT_EQ(rows[1].polarisation, 1);
  EXPECT_EQ(rows[0].object, "it's");
  EXPECT_EQ(rows[0].unit, "Jy");
  EXPECT_EQ(rows[0].spectrum.start, parse_time("2020-01-01T01:00:00"));
  EXPECT_FALSE(rows[0].spectrum.pointing.known);
  // The frame recedes at 30 km/s: at the telescope all is lower by 1e-4 (30 / 299792.458).
  EXPECT_NEAR(rows[0].spectrum.axis.first.hertz(), 1.42e9 * std::sqrt((299792.458 - 30.0) / (299792.458 + 30.0)), 1e-3);
}

TEST(Sdfits, IsRefusedWithThePlaceOfTheFault) {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& content) {
    const auto file = folder.write("a.fits", content);
    return [file] { files::read_sdfits(file); };
  };
  const std::string whole = table(two_polarisations, two_polarisations_row);
  const std::vector<std::pair<std::string, std::string>> faults{
      {with(whole, "SIMPLE  = T", "SIMPLE  = F"), "card SIMPLE at byte 0: it is false, expected T"},
      {with(whole, "SIMPLE", "SAMPLE"), "expected \"SIMPLE  =\""},
      {with(whole, "= 12 ", "= 10 "), "columns that fit the 10 bytes"},
      {with(whole, "NAXIS2  = 1 ", "NAXIS2  = -1"), "card NAXIS2 at byte 3200: it is -1"},
      {with(whole, "NAXIS2  = 1                 ", "NAXIS2  = 9000000000000000000"), "card NAXIS2"},
      {with(whole, "PCOUNT  = 0                 ", "PCOUNT  = 9223372036854775807"), "truncated"},
      {with(whole, "TFORM1  = '4I'", "TFORM1  = '9Z'"), "card TFORM1"},
      {with(whole, "TFORM1  = '4I'  ", "TFORM1  = '999I'"), "columns that fit the 12 bytes"},
      {with(whole, "'(2,2)'", "'(2,9)'"), "row 1, column \"DATA\": TDIM1 is (2,9), and the column holds 4"},
      {with(whole, "'(2,2)'", "'(2;2)'"), "TDIM1 is \"(2;2)\""},
      {with(whole, "'(2,2)'  ", "'(1,1,4)'"), "axis 3 of the data"},
      {with(whole, "'DATA'", "'DATE'"), "no column DATA"},
      {with(whole, "'FREQ-LSR'", "'VELO-LSR'"), "CTYPE1 is \"VELO-LSR\""},
      {with(whole, "CDELT1  = 1000.0", "CDELT1  = 0.0   "), "CDELT1 is 0"},
      {with(whole, "CRVAL1  = 1.42D9", "CRVAL1  = 'two' "), "there is no number CRVAL1"},
      {with(whole, "'2020-01-01'", "'yesterday' "), "row 1: DATE-OBS is \"yesterday\""},
      {with(whole, "EXPOSURE= 2.0", "EXPOSURE= -2.0"), "EXPOSURE is -2"},
      {with(whole, "VFRAME  = 30000.0", "VFRAME  = 3.0E8  "), "VFRAME"},
      {with(whole, "SINGLE DISH", "DOUBLE DISH"), "is a table SINGLE DISH"},
      {with(whole, "NAXIS2  = 1 ", "NAXIS2  = 0 "), "has no row"}};
  EXPECT_EQ(files::read_sdfits(folder.write("a.fits", whole)).size(), 2U);
  for (const auto& [content, because] : faults) expect_refused(read(content), because);
}

TEST(Sdfits, IsRefusedWhereverItIsCut) {
  const TemporaryFolder folder;
  const std::string whole = table(two_polarisations, two_polarisations_row);
  const std::size_t end_of_data = 2880 * 2 + two_polarisations_row.size();  // padding may be missing
  for (std::size_t length = 0; length < end_of_data; length += 1 + (length % 2880 < 2800 ? 97 : 0)) {
    const auto file = folder.write("cut.fits", whole.substr(0, length));
    expect_refused([&] { files::read_sdfits(file); }, "cut.fits");
  }
}

TEST(Sdfits, RefusesToWriteWhatIsNoTable) {
  const TemporaryFolder folder;
  SdfitsRow other = small_row(1);
  other.spectrum.power.pop_back();
  const auto file = folder.path() / "a.fits";
  expect_refused([&] { files::write_sdfits(file, {}); }, "there is no row", ErrorCode::invalid_argument);
  expect_refused(
      [&] {
        files::write_sdfits(file, {small_row(0), other});
      },
      "row 1 has not 4", ErrorCode::invalid_argument);
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(Sdfits, HoldsASpectrumInKelvinAndARecording) {
  const TemporaryFolder folder;
  CalibratedSpectrum kelvin;
  kelvin.axis = {hertz(1.42e9), hertz(1000.0), 2};
  kelvin.temperature_k = {1.0F, 2.0F};
  kelvin.sigma_k = kelvin.weight = {1.0F, 1.0F};
  kelvin.tsys_k = 90.0;
  kelvin.exposure = kelvin.duration = from_seconds(4.0);
  files::write_sdfits(folder.path() / "k.fits", {files::sdfits_row(kelvin)});
  const files::SpectraFile read = files::read_spectra(folder.path() / "k.fits");
  EXPECT_EQ(read.unit, "K");
  ASSERT_EQ(read.spectra.size(), 1U);
  EXPECT_EQ(read.spectra[0].power, kelvin.temperature_k);
  files::SpectraFile recording{.spectra = {read.spectra[0], read.spectra[0]}, .object = "S8"};
  const Rows rows = files::sdfits_rows(recording);
  EXPECT_EQ(rows[1].integration, 1);
  EXPECT_EQ(rows[1].object, "S8");
  EXPECT_EQ(rows[1].unit, "Counts");
}

}  // namespace
}  // namespace astro
