// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <complex>
#include <cstring>
#include <fstream>

#include "astro/files/export.hpp"
#include "astro/files/sigmf.hpp"
#include "testing/refusal.hpp"
#include "testing/testing.hpp"

namespace astro {
namespace {

using files::SigmfMeta;
using testing::expect_refused;
using testing::TemporaryFolder;

SigmfMeta small_meta() {
  SigmfMeta meta;
  meta.dtype = Dtype::ci16;
  meta.sample_rate = hertz(2.4e6);
  meta.author = "Ann";
  meta.description = "drift of S7";
  meta.hardware = "horn";
  meta.recorder = "by hand";
  meta.site = Location{degrees(28.25), degrees(-16.5), 2390.0};
  meta.captures = {{.first = 0, .frequency = hydrogen_line, .time = parse_time("2024-05-01T12:00:00.123456789Z")}};
  meta.captures[0].more.set("astro:gain_db", 40);
  meta.annotations = {{.first = 3, .samples = 2, .lower = hertz(1420.3e6), .upper = hertz(1420.5e6), .label = "line"},
                      {.first = 1, .comment = "a plane", .generator = "Ann"}};
  meta.annotations[0].more.set("core:uuid", "a-b");
  meta.more.set("core:license", "CC0");
  return meta;
}

TEST(SigmfWriter, WritesWhatIsReadAgain) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "a.sigmf-meta";
  files::SigmfWriter writer(file, small_meta());
  const std::string samples = "0123456789abcdefghij";
  writer.write(std::as_bytes(std::span(samples).first(8)));
  writer.write(std::as_bytes(std::span(samples).subspan(8)));
  EXPECT_EQ(writer.samples(), 5U);
  writer.meta().annotations.push_back({.first = 4, .label = "late"});
  EXPECT_FALSE(std::filesystem::exists(file));
  writer.finish();
  EXPECT_EQ(testing::read_file(folder.path() / "a.sigmf-data"), samples);

  const SigmfMeta expected = small_meta();
  const SigmfMeta read = files::read_sigmf(file);
  EXPECT_EQ(read.dtype, expected.dtype);
  EXPECT_EQ(read.sample_rate, expected.sample_rate);
  EXPECT_EQ(std::tie(read.author, read.description, read.hardware, read.recorder),
            std::tie(expected.author, expected.description, expected.hardware, expected.recorder));
  EXPECT_NEAR(read.site->longitude.degrees(), -16.5, 1e-12);
  EXPECT_EQ(read.site->height_m, 2390.0);
  EXPECT_EQ(read.captures, expected.captures);
  ASSERT_EQ(read.annotations.size(), 3U);
  EXPECT_EQ(read.annotations[0], expected.annotations[1]);  // in order of their samples
  EXPECT_EQ(read.annotations[1], expected.annotations[0]);
  EXPECT_EQ(read.annotations[2].label, "late");
  EXPECT_EQ(read.more.find("core:license")->as_text(), "CC0");
  const files::IqInfo info = files::inspect_iq(file);
  EXPECT_EQ(info.samples, 5U);
  EXPECT_EQ(info.frequency, hydrogen_line);
  EXPECT_EQ(info.start, expected.captures[0].time);
}

TEST(SigmfWriter, CanBeReadAtAnyMomentWhereItIsToldTo) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "a.sigmf-meta";
  const std::string samples = "0123456789ab";
  {
    files::SigmfWriter writer(file, small_meta(), files::SigmfNames::at_once);
    writer.write(std::as_bytes(std::span(samples)));
    const SigmfMeta read = files::read_sigmf(file);
    EXPECT_TRUE(read.more.find("astro:unfinished")->as_bool());
    EXPECT_EQ(read.captures, small_meta().captures);
    EXPECT_EQ(files::inspect_iq(file).samples, 3U);
  }
  EXPECT_EQ(testing::read_file(folder.path() / "a.sigmf-data"), samples);
  // A write that was cut within a sample.
  std::filesystem::resize_file(folder.path() / "a.sigmf-data", 10);
  EXPECT_EQ(files::inspect_iq(file).samples, 2U);

  files::SigmfWriter writer(file, small_meta(), files::SigmfNames::at_once);
  writer.write(std::as_bytes(std::span(samples)));
  writer.finish();
  EXPECT_EQ(files::read_sigmf(file).more.find("astro:unfinished"), nullptr);
  EXPECT_EQ(files::inspect_iq(file).samples, 3U);
}

TEST(SigmfWriter, LeavesNothingWithoutAnEnd) {
  const TemporaryFolder folder;
  {
    files::SigmfWriter writer(folder.path() / "a.sigmf-data", small_meta());
    writer.write(std::vector<std::byte>(8));
    expect_refused([&] { writer.write(std::vector<std::byte>(3)); }, "no whole samples", ErrorCode::invalid_argument);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  expect_refused([&] { files::SigmfWriter(folder.path() / "a.json", small_meta()); }, ".sigmf-meta",
                 ErrorCode::invalid_argument);
  SigmfMeta real = small_meta();
  real.dtype = Dtype::f32;
  expect_refused([&] { files::SigmfWriter(folder.path() / "a.sigmf-meta", real); }, "not f32",
                 ErrorCode::invalid_argument);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(Sigmf, RefusesAnnotationsThatAreNone) {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& annotations) {
    const auto file =
        folder.write("a.sigmf-meta", R"({"global": {"core:datatype": "cu8"}, "annotations": )" + annotations + "}");
    return [file] { files::read_sigmf(file); };
  };
  expect_refused(read("7"), "annotations: it is");
  expect_refused(read("[7]"), "annotations[0]: it is");
  expect_refused(read(R"([{}, {"core:sample_start": -1}])"), "annotations[1]: core:sample_start");
  expect_refused(read(R"([{"core:label": 5}])"), "annotations[0]: core:label");
  expect_refused(read(R"([{"core:freq_lower_edge": "low"}])"), "annotations[0]: core:freq_lower_edge");
}

std::vector<std::complex<float>> floats_of(const std::filesystem::path& file, const TemporaryFolder& folder) {
  files::IqReader reader(files::inspect_iq(file));
  files::IqWriter writer(folder.path() / "as.cf32", reader.info());
  std::vector<std::byte> buffer(4096);
  while (const std::size_t samples = reader.read(buffer)) {
    writer.write(std::span<const std::byte>(buffer).first(samples * size_of(reader.info().dtype)));
  }
  writer.finish();
  const std::string bytes = testing::read_file(folder.path() / "as.cf32");
  std::vector<std::complex<float>> values(bytes.size() / sizeof(std::complex<float>));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

/// Each kind of samples holds a signal to half of its last bit.
TEST(IqWriter, WritesEachFormatToItsLastBit) {
  const TemporaryFolder folder;
  std::vector<std::complex<float>> signal(500);
  for (std::size_t i = 0; i < signal.size(); ++i) signal[i] = std::polar(0.99F, 0.1F * static_cast<float>(i));
  files::IqInfo info;
  info.dtype = Dtype::cf32;
  info.sample_rate = hertz(48000.0);
  info.frequency = hydrogen_line;
  info.start = parse_time("2024-05-01T12:00:00Z");
  const std::vector<std::pair<std::string, double>> formats{
      {"a.cu8", 0.51 / 127.5}, {"a.cs8", 0.51 / 128.0}, {"a.cs16", 0.51 / 32768.0},
      {"a.cf32", 0.0},         {"a.wav", 0.0},          {"a.sigmf-meta", 0.0}};
  for (const auto& [name, bound] : formats) {
    files::IqWriter writer(folder.path() / name, info);
    writer.write(std::as_bytes(std::span(signal)));
    writer.finish();
    const auto read = floats_of(folder.path() / name, folder);
    ASSERT_EQ(read.size(), signal.size()) << name;
    for (std::size_t i = 0; i < signal.size(); ++i) {
      ASSERT_NEAR(read[i].real(), signal[i].real(), bound) << name;
      ASSERT_NEAR(read[i].imag(), signal[i].imag(), bound) << name;
    }
  }
  EXPECT_EQ(files::inspect_iq(folder.path() / "a.wav").sample_rate, hertz(48000.0));
  EXPECT_EQ(files::inspect_iq(folder.path() / "a.sigmf-meta").start, info.start);
}

TEST(IqWriter, CutsWhatIsTooLargeAndTakesNoNumberForSilence) {
  const TemporaryFolder folder;
  files::IqInfo info;
  info.dtype = Dtype::cf32;
  const std::array<float, 4> numbers{7.0F, -7.0F, std::nanf(""), 0.0F};
  files::IqWriter writer(folder.path() / "a.cs16", info);
  writer.write(std::as_bytes(std::span(numbers)));
  writer.finish();
  const std::string bytes = testing::read_file(folder.path() / "a.cs16");
  std::array<std::int16_t, 4> read{};
  ASSERT_EQ(bytes.size(), sizeof read);
  std::memcpy(read.data(), bytes.data(), sizeof read);
  EXPECT_THAT(read, ::testing::ElementsAre(32767, -32768, 0, 0));
}

TEST(IqWriter, KeepsRealSamplesAsTheyAre) {
  ASTRO_NEEDS_RECORDINGS(recordings);
  const TemporaryFolder folder;
  files::IqReader reader(files::inspect_iq(recordings / "radio/rtlsdr_1090mhz/modes1.bin", Dtype::cu8));
  files::IqInfo info = reader.info();
  info.sample_rate = hertz(2e6);
  files::IqWriter writer(folder.path() / "a.wav", info);
  std::vector<std::byte> buffer(1 << 16);
  while (const std::size_t samples = reader.read(buffer))
    writer.write(std::span<const std::byte>(buffer).first(2 * samples));
  writer.finish();
  EXPECT_EQ(testing::read_file(folder.path() / "a.wav").substr(44), testing::read_file(info.data));
  EXPECT_EQ(files::inspect_iq(folder.path() / "a.wav").samples, 356'868U);
}

TEST(IqWriter, RefusesWhatItCannotWrite) {
  const TemporaryFolder folder;
  const files::IqInfo info;
  expect_refused([&] { files::IqWriter(folder.path() / "a.mp3", info); }, "expected .cu8", ErrorCode::invalid_argument);
  expect_refused([&] { files::IqWriter(folder.path() / "a.wav", info); }, "the sample rate is 0",
                 ErrorCode::invalid_argument);
  expect_refused([&] { files::IqWriter(folder.path() / "none/a.cu8", info); }, "cannot write", ErrorCode::storage);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

}  // namespace
}  // namespace astro
