// SPDX-License-Identifier: BSD-3-Clause
#include "astro/files/alert.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>
#include <random>

#include "astro/error.hpp"
#include "testing/refusal.hpp"
#include "testing/testing.hpp"

namespace astro::files {
namespace {

using astro::testing::expect_refused;

const char* const schema = R"({"type": "record", "name": "alert", "fields": [
  {"name": "objectId", "type": "string"},
  {"name": "candid", "type": "long"},
  {"name": "magnitude", "type": ["null", "float"]},
  {"name": "history", "type": {"type": "array", "items": {"type": "record", "name": "earlier", "fields": [
    {"name": "jd", "type": "double"}]}}},
  {"name": "cutoutScience", "type": [{"type": "record", "name": "cutout", "fields": [
    {"name": "fileName", "type": "string"}, {"name": "stampData", "type": "bytes"}]}, "null"]},
  {"name": "cutoutTemplate", "type": ["null", "cutout"]}]})";

AlertFile made() {
  AlertFile file;
  file.schema = schema;
  Value alert = Map{};
  alert.set("objectId", "X1").set("candid", std::int64_t{-12345678901234}).set("magnitude", 17.25);
  alert.set("history", List{Value(Map{{"jd", 2460000.5}})}).set("cutoutTemplate", nullptr);
  imaging::Plane<float> pixels(5, 7, 1.5F);
  pixels(4, 6) = NAN;
  set_stamp(alert, AlertStamp::science, pixels, "a.fits.gz");
  file.alerts.push_back(alert);
  return file;
}

TEST(Alert, IsReadAsItWasWritten) {
  const AlertFile file = made();
  const AlertFile read = read_alerts(alert_bytes(file));
  EXPECT_EQ(read.alerts.size(), 1U);
  for (const auto& [key, value] : file.alerts[0].as_map()) EXPECT_EQ(*read.alerts[0].find(key), value) << key;
  const imaging::Plane<float> stamp = stamp_of(read.alerts[0], AlertStamp::science);
  EXPECT_EQ(stamp.rows(), 5U);
  EXPECT_EQ(stamp.columns(), 7U);
  EXPECT_EQ(stamp(0, 0), 1.5F);
  EXPECT_TRUE(std::isnan(stamp(4, 6)));
  EXPECT_THROW(stamp_of(read.alerts[0], AlertStamp::reference), Error);
}

TEST(Alert, OfZtfIsWrittenBackEqual) {
  const auto folder = testing::recordings();
  if (!folder) GTEST_SKIP() << "ASTRO_TEST_DATA names no folder of recordings";
  const auto path = *folder / "imaging/ztf_alert/739260766315010006.avro";
  const AlertFile file = read_alerts(path);
  ASSERT_EQ(file.alerts.size(), 1U);
  const Value& alert = file.alerts[0];
  EXPECT_EQ(alert.find("objectId")->as_text(), "ZTF17aaacxxf");
  EXPECT_EQ(alert.find("candidate")->find("isdiffpos")->as_text(), "f");
  EXPECT_NEAR(alert.find("candidate")->find("ra")->as_number(), 75.2007803, 1e-7);
  EXPECT_EQ(alert.find("prv_candidates")->as_list().size(), 28U);
  for (const AlertStamp which : {AlertStamp::science, AlertStamp::reference, AlertStamp::difference}) {
    const imaging::Plane<float> stamp = stamp_of(alert, which);
    EXPECT_EQ(stamp.rows(), 63U);
    EXPECT_EQ(stamp.columns(), 63U);
    EXPECT_TRUE(std::isfinite(stamp(31, 31)));
  }
  EXPECT_GT(stamp_of(alert, AlertStamp::difference)(31, 31),
            0.0F);  // of what became fainter ZTF shows reference less science
  std::ifstream stream(path, std::ios::binary);
  const std::string content{std::istreambuf_iterator<char>(stream), {}};
  const Bytes written = alert_bytes(file);
  EXPECT_TRUE(std::ranges::equal(written, std::as_bytes(std::span(content))));
}

TEST(Alert, RefusesWhatIsDamaged) {
  const Bytes whole = alert_bytes(made());
  for (std::size_t length = 0; length < whole.size(); length += 7) {
    EXPECT_THROW(read_alerts(std::span(whole).first(length)), Error) << length;
  }
  // Any damage is read as something else or refused, and never costs more than what is there.
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    Bytes damaged = whole;
    for (int k = 0; k < 3; ++k) damaged[random() % damaged.size()] = static_cast<std::byte>(random());
    try {
      const AlertFile read = read_alerts(damaged);
      for (const Value& alert : read.alerts) stamp_of(alert, AlertStamp::science);
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ErrorCode::invalid_file || error.code() == ErrorCode::not_found) << error.what();
    }
  }
}

TEST(Alert, RefusesSchemasThatWouldNotEnd) {
  AlertFile file = made();
  for (const char* bad : {R"({"type": "record", "name": "a", "fields": [{"name": "b", "type": "a"}]})",
                          R"({"type": "array", "items": "null"})", R"({"type": "nothing"})", R"([])",
                          R"({"type": "fixed", "name": "f"})", R"(not json)"}) {
    file.schema = bad;
    EXPECT_THROW(alert_bytes(file), Error) << bad;
  }
}

TEST(Alert, RefusesWhatIsNotOfItsSchema) {
  AlertFile file = made();
  file.alerts[0].set("candid", "text");
  EXPECT_THROW(alert_bytes(file), Error);
  file = made();
  file.alerts[0].set("history", List{Value(Map{{"jd", 2460000.5}}), Value(Map{{"jd", "today"}})});
  expect_refused([&] { alert_bytes(file); }, "the schema has double for history[1].jd, the value is a text",
                 ErrorCode::invalid_argument);
  file = made();
  file.alerts[0].set("unknown", 1);
  EXPECT_THROW(alert_bytes(file), Error);
}

}  // namespace
}  // namespace astro::files
