// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>

#include <cstring>

#include "astro/files/filterbank.hpp"
#include "astro/files/recordings.hpp"
#include "bench.hpp"
#include "testing/testing.hpp"

namespace {

using namespace std::chrono_literals;
using astro::testing::as;
using astro::testing::Bench;
using astro::testing::Heard;
using astro::testing::listen;
using astro::testing::new_year;

struct Replayed : testing::Test {
  astro::testing::TemporaryFolder folder;
  std::shared_ptr<astro::Clock> clock = astro::Clock::simulated(new_year, 1.0);
  Bench bench{clock};

  std::string counting(const std::string& name, std::size_t bytes) const {
    std::string content(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) content[i] = static_cast<char>(i * 7 + i / 256);
    return folder.write(name, content).string();
  }
  static astro::Map playing(const std::string& path, astro::Map more = {}) {
    more.emplace_back("files", astro::List{path});
    return more;
  }
};

TEST_F(Replayed, SamplesAreTheBytesOfTheFile) {
  const std::string path = counting("a.cu8", 20000);
  const auto replay = bench.receiver("recorded", "replay", playing(path, {{"pace", "fast"}, {"sample_rate", 2e6}}));
  EXPECT_EQ(replay->tune({}).dtype, astro::Dtype::cu8);
  replay->start();
  const Heard heard = listen(*replay.operator->(), 2, 1'000'000, 777);
  EXPECT_TRUE(heard.ended);
  EXPECT_EQ(heard.items, 10000U);
  const std::string file = astro::testing::read_file(path);
  EXPECT_EQ(std::memcmp(heard.bytes.data(), file.data(), file.size()), 0);
  EXPECT_TRUE(heard.times.empty());  // nobody said when it was taken
}

TEST_F(Replayed, SamplesComeAtTheTimesAtWhichTheyWereTaken) {
  const auto replay = bench.receiver(
      "recorded", "replay",
      playing(counting("a.cf32", 80000),
              {{"pace", "fast"}, {"sample_rate", 1e6}, {"start", "2021-02-10T07:57:41Z"}, {"frequency", 1420.4e6}}));
  EXPECT_EQ(replay->tune({}).tuning.frequency, astro::megahertz(1420.4));
  EXPECT_THROW(replay->tune({.frequency = astro::megahertz(1090)}), astro::Error);
  replay->start();
  const Heard heard = listen(*replay.operator->(), 8, 10000, 1000);
  ASSERT_EQ(heard.times.size(), 10U);
  EXPECT_EQ(heard.times[0], astro::parse_time("2021-02-10T07:57:41Z"));
  EXPECT_EQ(heard.times[9], astro::parse_time("2021-02-10T07:57:41.009Z"));
}

TEST_F(Replayed, SamplesComeAsFastAsTheyWereRecorded) {
  clock = astro::Clock::simulated(new_year, 10.0);
  Bench fast(clock);
  const auto replay = fast.receiver("recorded", "replay", playing(counting("a.cu8", 40000), {{"sample_rate", 10e3}}));
  replay->tune({});
  const astro::Time before = clock->now();
  replay->start();
  listen(*replay.operator->(), 2, 20000);
  EXPECT_GE(clock->now() - before, 2s);
  EXPECT_LT(clock->now() - before, 6s);
}

TEST_F(Replayed, RecordingsAreRepeatedWhenThatIsAskedFor) {
  const std::string path = counting("a.cu8", 2000);
  const auto replay = bench.receiver(
      "recorded", "replay",
      playing(path, {{"pace", "fast"}, {"repeat", true}, {"sample_rate", 1e6}, {"start", "2021-02-10T07:57:41Z"}}));
  replay->tune({});
  replay->start();
  const Heard heard = listen(*replay.operator->(), 2, 2500, 1000);
  EXPECT_EQ(heard.items, 2500U);
  EXPECT_EQ(std::memcmp(heard.bytes.data(), heard.bytes.data() + 2000, 2000), 0);
  EXPECT_EQ(heard.times[1] - heard.times[0], 1ms);  // time goes on
}

TEST_F(Replayed, FoldersArePlayedInTheOrderOfTheirNames) {
  counting("b.cu8", 300);
  counting("a.cu8", 200);
  folder.write("notes.txt", "not a recording");
  const auto replay =
      bench.receiver("recorded", "replay", playing(folder.path().string(), {{"pace", "fast"}, {"sample_rate", 1e6}}));
  replay->tune({});
  replay->start();
  const Heard heard = listen(*replay.operator->(), 2, 1000);
  EXPECT_EQ(heard.items, 250U);
  EXPECT_EQ(std::memcmp(heard.bytes.data(), heard.bytes.data() + 200, 200), 0);  // both begin alike
}

TEST_F(Replayed, RecordingsThatAreBrokenOrUnlikeAreRefused) {
  const astro::Map rate{{"sample_rate", 1e6}};
  EXPECT_THROW(bench.receiver("r", "replay", playing(counting("odd.cu8", 2001), rate)), astro::Error);
  EXPECT_THROW(bench.receiver("r", "replay", playing(counting("empty.cf32", 0), rate)), astro::Error);
  EXPECT_THROW(bench.receiver("r", "replay", playing(counting("a.cu8", 2000))), astro::Error);  // how fast?
  EXPECT_THROW(bench.receiver("r", "replay", playing((folder.path() / "absent.cu8").string(), rate)), astro::Error);
  EXPECT_THROW(bench.receiver("r", "replay", playing(folder.write("x.ast", "# UTC: never\n1 2\n").string())),
               astro::Error);
  astro::Map unlike = rate;
  unlike.emplace_back("files", astro::List{counting("c.cu8", 2000), counting("d.cf32", 8000)});
  EXPECT_THROW(bench.receiver("r", "replay", unlike), astro::Error);
}

std::string little(std::uint32_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>((value >> (8 * i)) & 0xFFU);
  return text;
}

TEST_F(Replayed, WavIsPlayedAtItsRateWithoutItsHead) {
  const std::string samples = "abcdefghijklmnop";
  const std::string wav = "RIFF" + little(36 + 16, 4) + "WAVEfmt " + little(16, 4) + little(1, 2) + little(2, 2) +
                          little(1000, 4) + little(4000, 4) + little(4, 2) + little(16, 2) + "data" + little(16, 4) +
                          samples;
  const auto replay = bench.receiver(
      "recorded", "replay", playing(folder.write("a.wav", wav).string(), {{"pace", "fast"}, {"frequency", 1420.4e6}}));
  const auto stream = replay->tune({});
  EXPECT_EQ(stream.dtype, astro::Dtype::ci16);
  EXPECT_EQ(stream.tuning.sample_rate, astro::hertz(1000));
  EXPECT_EQ(stream.tuning.frequency, astro::megahertz(1420.4));
  replay->start();
  const Heard heard = listen(*replay.operator->(), 4, 100);
  EXPECT_TRUE(heard.ended);
  ASSERT_EQ(heard.items, 4U);
  EXPECT_EQ(std::memcmp(heard.bytes.data(), samples.data(), samples.size()), 0);
}

TEST_F(Replayed, SigmfIsPlayedAsItsDescriptionSays) {
  const std::string samples = "abcdefghijkl";
  folder.write("a.sigmf-data", samples);
  folder.write("a.sigmf-meta",
               R"({"global": {"core:datatype": "ci8", "core:version": "1.0.0", "core:sample_rate": 2000},
    "captures": [{"core:sample_start": 0, "core:frequency": 1420405751.768, "core:datetime": "2021-02-10T07:57:41Z"}],
    "annotations": []})");
  const auto replay = bench.receiver("recorded", "replay", playing(folder.path().string(), {{"pace", "fast"}}));
  const auto stream = replay->tune({});
  EXPECT_EQ(stream.dtype, astro::Dtype::ci8);
  EXPECT_EQ(stream.tuning.sample_rate, astro::hertz(2000));
  EXPECT_EQ(stream.tuning.frequency, astro::hydrogen_line);
  replay->start();
  const Heard heard = listen(*replay.operator->(), 2, 100);
  EXPECT_TRUE(heard.ended);
  ASSERT_EQ(heard.items, 6U);
  EXPECT_EQ(std::memcmp(heard.bytes.data(), samples.data(), samples.size()), 0);
  EXPECT_EQ(heard.times.front(), astro::parse_time("2021-02-10T07:57:41Z"));
}

TEST_F(Replayed, AFilterbankIsPlayedAsSpectra) {
  astro::files::FilterbankInfo info;
  info.axis = {astro::megahertz(1400), astro::megahertz(1), 4};
  info.period = 1ms;
  info.start = astro::parse_time("2021-02-10T00:00:00Z");
  info.bits = 8;
  const std::vector<float> numbers{1, 2, 3, 4, 5, 6, 7, 8};
  astro::files::write_filterbank(folder.path() / "a.fil", info, numbers);
  const auto replay = bench.receiver("recorded", "replay", playing(folder.path().string(), {{"pace", "fast"}}));
  const auto stream = replay->tune({});
  EXPECT_EQ(stream.item_shape, std::vector<std::size_t>{4});
  EXPECT_EQ(stream.tuning.frequency, astro::megahertz(1402));
  EXPECT_EQ(stream.item_period, 1ms);
  replay->start();
  const Heard heard = listen(*replay.operator->(), stream.item_bytes(), 10);
  EXPECT_EQ(heard.items, 2U);
  EXPECT_THAT(as<float>(heard), testing::ElementsAreArray(numbers));
}

/// Each format of spectra that others recorded, as the reader of files has it.
TEST_F(Replayed, EachFormatOfSpectraIsPlayed) {
  ASTRO_NEEDS_RECORDINGS(data);
  for (const char* name : {"radio/gbo20m/GLONG_20_145855_96179.A.spect.cal.txt", "radio/sdrangel/25-aug-hline.csv",
                           "radio/sdfits_gbt/TGBT21A_501_11_ifnum_0_int_0-2.fits", "radio/sigproc/parkes_2bit.fil"}) {
    const auto truth = astro::files::read_spectra(data / name);
    const auto replay = bench.receiver("recorded", "replay", playing((data / name).string(), {{"pace", "fast"}}));
    const auto stream = replay->tune({});
    EXPECT_EQ(stream.item_shape, std::vector<std::size_t>{truth.spectra.front().axis.channels}) << name;
    replay->start();
    const Heard heard = listen(*replay.operator->(), stream.item_bytes(), 1, 1);
    ASSERT_EQ(heard.items, 1U) << name;
    EXPECT_EQ(heard.times.front(), truth.spectra.front().start) << name;
    EXPECT_EQ(std::memcmp(heard.bytes.data(), truth.spectra.front().power.data(), stream.item_bytes()), 0) << name;
  }
}

TEST_F(Replayed, HornSpectraAreThoseOfTheFiles) {
  ASTRO_NEEDS_RECORDINGS(data);
  const auto file = data / "radio/horn/18-11-01T050100.ast";
  const auto truth = astro::files::read_horn(file);
  const auto replay = bench.receiver("recorded", "replay", playing(file.string(), {{"pace", "fast"}}));
  const auto stream = replay->tune({});
  EXPECT_EQ(stream.item_shape, std::vector<std::size_t>{1024});
  EXPECT_NEAR(stream.tuning.frequency.megahertz(), 1421.25, 0.01);
  replay->start();
  const Heard heard = listen(*replay.operator->(), stream.item_bytes(), 1);
  ASSERT_EQ(heard.items, 1U);
  EXPECT_THAT(as<float>(heard), testing::ElementsAreArray(truth.spectra.front().power));
  EXPECT_EQ(heard.times.front(), truth.spectra.front().start);
}

TEST_F(Replayed, RealSamplesArePlayedWhole) {
  ASTRO_NEEDS_RECORDINGS(data);
  const auto replay = bench.receiver("recorded", "replay",
                                     playing((data / "radio/rtlsdr_1090mhz/modes1.bin").string(),
                                             {{"pace", "fast"}, {"samples", "cu8"}, {"sample_rate", 2e6}}));
  replay->tune({});
  replay->start();
  const Heard heard = listen(*replay.operator->(), 2, 1'000'000);
  EXPECT_TRUE(heard.ended);
  EXPECT_EQ(heard.items, 356'868U);
}

}  // namespace
