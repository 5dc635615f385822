// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "astro/error.hpp"
#include "astro/files/recordings.hpp"
#include "testing/testing.hpp"

namespace astro {
namespace {

using testing::TemporaryFolder;

void expect_refused(const std::function<void()>& read, const std::string& because,
                    ErrorCode code = ErrorCode::invalid_file) {
  try {
    read();
    ADD_FAILURE() << "it was read, though " << because;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_THAT(error.what(), ::testing::HasSubstr(because));
  }
}

std::string little(std::uint32_t value, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>((value >> (8 * i)) & 0xFFU);
  return text;
}

std::string chunk(const std::string& name, const std::string& content) {
  return name + little(static_cast<std::uint32_t>(content.size()), 4) + content + std::string(content.size() % 2, '\0');
}

std::string format(std::uint32_t code, std::uint32_t bits, std::uint32_t channels = 2) {
  return chunk("fmt ", little(code, 2) + little(channels, 2) + little(2400000, 4) + little(0, 4) + little(0, 2) +
                           little(bits, 2));
}

std::string wav(const std::string& chunks) { return "RIFF" + little(0, 4) + "WAVE" + chunks; }

TEST(Iq, IsRecognisedByTheEndingOfItsFile) {
  const TemporaryFolder folder;
  const std::vector<std::pair<std::string, Dtype>> endings{
      {"a.cu8", Dtype::cu8}, {"a.cs8", Dtype::ci8}, {"a.cs16", Dtype::ci16}, {"a.cf32", Dtype::cf32}};
  for (const auto& [name, dtype] : endings) {
    const files::IqInfo info = files::inspect_iq(folder.write(name, std::string(48, 'x')));
    EXPECT_EQ(info.dtype, dtype);
    EXPECT_EQ(info.samples, 48 / size_of(dtype));
    EXPECT_EQ(info.sample_rate.hertz(), 0.0);
  }
  EXPECT_EQ(files::inspect_iq(folder.write("a.bin", "abcd"), Dtype::cu8).samples, 2U);
  expect_refused([&] { files::inspect_iq(folder.path() / "a.bin"); }, "does not tell what its samples are");
  expect_refused([&] { files::inspect_iq(folder.path() / "a.bin", Dtype::f32); }, "f32", ErrorCode::invalid_argument);
}

TEST(Iq, IsRefusedWhenItIsEmptyOrItsLastSampleIsCut) {
  const TemporaryFolder folder;
  expect_refused([&] { files::inspect_iq(folder.write("a.cu8", "")); }, "it is empty");
  expect_refused([&] { files::inspect_iq(folder.write("a.cs16", "12345")); }, "after 1 samples: 1 bytes are left over");
  expect_refused([&] { files::inspect_iq(folder.path() / "none.cu8"); }, "no such file", ErrorCode::not_found);
}

TEST(Wav, IsReadAsItsSamplesAre) {
  const TemporaryFolder folder;
  const std::string data = chunk("data", std::string(16, 'x'));
  const auto dtype_of = [&](const std::string& chunks) {
    const files::IqInfo info = files::inspect_iq(folder.write("a.wav", wav(chunks)));
    EXPECT_EQ(info.sample_rate.hertz(), 2.4e6);
    EXPECT_EQ(info.samples, 16 / size_of(info.dtype));
    return info.dtype;
  };
  EXPECT_EQ(dtype_of(format(1, 8) + data), Dtype::cu8);
  EXPECT_EQ(dtype_of(format(1, 16) + data), Dtype::ci16);
  EXPECT_EQ(dtype_of(format(3, 32) + data), Dtype::cf32);
  EXPECT_EQ(dtype_of(chunk("auxi", "odd") + format(1, 16) + data), Dtype::ci16);
}

TEST(Wav, IsRefusedWithThePlaceOfTheFault) {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& content) {
    const auto file = folder.write("a.wav", content);
    return [file] { files::inspect_iq(file); };
  };
  const std::string data = chunk("data", std::string(16, 'x'));
  expect_refused(read("RIFX" + std::string(40, '\0')), "expected \"RIFF\"");
  expect_refused(read("RF64" + std::string(40, '\0')), "RF64");
  expect_refused(read(wav(format(1, 16, 1) + data)), "1 channels");
  expect_refused(read(wav(format(1, 24) + data)), "24 bits");
  expect_refused(read(wav(data)), "come before");
  expect_refused(read(wav(format(1, 16) + "data" + little(0xFFFFFFF0U, 4) + "xxxx")), "the file is truncated");
  expect_refused(read(wav(format(1, 16) + chunk("data", ""))), "no samples");
  expect_refused(read(wav(chunk("fmt ", "short123"))), "shorter than 16");
  const std::string whole = wav(format(1, 16) + data);
  for (std::size_t length = 1; length < whole.size(); ++length) {
    expect_refused(read(whole.substr(0, length)), "a.wav");
  }
}

std::string meta(const std::string& global, const std::string& capture = "") {
  return R"({"global": {"core:version": "1.0.0", )" + global + R"(}, "captures": [{"core:sample_start": 0)" + capture +
         R"(}], "annotations": []})";
}

TEST(Sigmf, TellsRateFrequencyAndTime) {
  const TemporaryFolder folder;
  folder.write("a.sigmf-data", std::string(40, 'x'));
  const auto file = folder.write(
      "a.sigmf-meta", meta(R"("core:datatype": "ci16_le", "core:sample_rate": 2.4e6)",
                           R"(, "core:frequency": 1420405751.768, "core:datetime": "2024-05-01T12:00:00.25Z")"));
  for (const auto& path : {file, folder.path() / "a.sigmf-data"}) {
    const files::IqInfo info = files::inspect_iq(path);
    EXPECT_EQ(info.dtype, Dtype::ci16);
    EXPECT_EQ(info.sample_rate.hertz(), 2.4e6);
    EXPECT_EQ(info.frequency, hydrogen_line);
    EXPECT_EQ(info.start, parse_time("2024-05-01T12:00:00.25Z"));
    EXPECT_EQ(info.samples, 10U);
    EXPECT_EQ(info.data, folder.path() / "a.sigmf-data");
  }
}

TEST(Sigmf, IsRefusedWithASentence) {
  const TemporaryFolder folder;
  folder.write("a.sigmf-data", std::string(40, 'x'));
  const auto read = [&](const std::string& content) {
    const auto file = folder.write("a.sigmf-meta", content);
    return [file] { files::inspect_iq(file); };
  };
  expect_refused(read(meta(R"("core:datatype": "cf64_le")")), "\"cf64_le\", and only cu8, ci8, ci16_le and cf32_le");
  expect_refused(read(meta(R"("core:datatype": 7)")), "expected text");
  expect_refused(read(meta(R"("core:sample_rate": 1)")), "there is no \"core:datatype\"");
  expect_refused(read(meta(R"("core:datatype": "cu8", "core:num_channels": 2)")), "several channels");
  expect_refused(read(meta(R"("core:datatype": "cu8", "core:dataset": "b.bin")")), "not a plain");
  expect_refused(read(meta(R"("core:datatype": "cu8", "core:sample_rate": -1)")), "core:sample_rate is -1");
  expect_refused(read(meta(R"("core:datatype": "cu8")", R"(, "core:datetime": "now")")), "core:datetime");
  expect_refused(read(meta(R"("core:datatype": "cu8")", R"(, "core:header_bytes": 8)")), "headers inside");
  expect_refused(read(meta(R"("core:datatype": "cu8")", R"(}, {"core:frequency": 5)")), "different frequencies");
  expect_refused(read("{}"), "there is no \"global\"");
  expect_refused(read("[1, 2]"), "there is no \"global\"");
  const std::string whole = meta(R"("core:datatype": "cu8")");
  for (std::size_t length = 0; length < whole.size(); ++length)
    expect_refused(read(whole.substr(0, length)), "a.sigmf-meta");
  expect_refused([&] { files::inspect_iq(folder.write("b.sigmf-meta", whole)); }, "b.sigmf-data", ErrorCode::not_found);
}

TEST(IqReader, ReadsWholeSamplesInOrderAndAgain) {
  const TemporaryFolder folder;
  const auto file =
      folder.write("a.wav", wav(format(1, 8) + chunk("data", "0123456789abcdef") + chunk("LIST", "trailing")));
  files::IqReader reader(files::inspect_iq(file));
  std::array<std::byte, 7> buffer{};
  std::string all;
  for (std::size_t samples = 1; samples > 0;) {
    samples = reader.read(buffer);
    all.append(reinterpret_cast<const char*>(buffer.data()), samples * 2);
  }
  EXPECT_EQ(all, "0123456789abcdef");
  reader.rewind();
  EXPECT_EQ(reader.read(buffer), 3U);
  EXPECT_EQ(std::memcmp(buffer.data(), "012345", 6), 0);
}

TEST(IqReader, NoticesAFileThatShrinks) {
  const TemporaryFolder folder;
  const auto file = folder.write("a.cu8", "0123456789");
  files::IqReader reader(files::inspect_iq(file));
  std::filesystem::resize_file(file, 4);
  std::array<std::byte, 64> buffer{};
  expect_refused([&] { reader.read(buffer); }, "did it shrink");
  std::filesystem::remove(file);
  expect_refused([&] { files::IqReader(reader.info()); }, "no such file", ErrorCode::not_found);
}

TEST(IqReader, ReadsARealRecordingToItsEnd) {
  ASTRO_NEEDS_RECORDINGS(recordings);
  const auto file = recordings / "radio" / "rtlsdr_1090mhz" / "modes1.bin";
  files::IqReader reader(files::inspect_iq(file, Dtype::cu8));
  EXPECT_EQ(reader.info().samples, 356868U);
  std::vector<std::byte> buffer(100000);
  std::string all;
  while (const std::size_t samples = reader.read(buffer)) {
    all.append(reinterpret_cast<const char*>(buffer.data()), samples * 2);
  }
  EXPECT_EQ(all, testing::read_file(file));
}

}  // namespace
}  // namespace astro
