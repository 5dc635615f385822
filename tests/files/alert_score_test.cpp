// SPDX-License-Identifier: BSD-3-Clause
#include <gtest/gtest.h>

#include "astro/error.hpp"
#include "astro/files/alert.hpp"
#include "testing/testing.hpp"

namespace astro::files {
namespace {

const char* const scored_schema = R"({"type": "record", "name": "alert", "fields": [
  {"name": "candidate", "type": {"type": "record", "name": "candidate", "fields": [
    {"name": "jd", "type": "double"}, {"name": "drb", "type": ["null", "float"]}, {"name": "drbversion", "type": "string"}]}}]})";

TEST(AlertScore, IsWrittenWhereZtfHasIt) {
  AlertFile file;
  file.schema = scored_schema;
  Value alert = Map{};
  alert.set("candidate", Map{{"jd", 2460000.5}, {"drb", nullptr}, {"drbversion", "none"}});
  set_score(alert, 0.75, "candidates-1");
  file.alerts.push_back(alert);
  const AlertFile read = read_alerts(alert_bytes(file));
  const Value& candidate = *read.alerts.at(0).find("candidate");
  EXPECT_EQ(candidate.find("drb")->as_number(), 0.75);
  EXPECT_EQ(candidate.find("drbversion")->as_text(), "candidates-1");
  EXPECT_EQ(candidate.find("jd")->as_number(), 2460000.5);
}

TEST(AlertScore, OfAnOlderAlertIsWrittenWhereItHasIt) {
  ASTRO_NEEDS_RECORDINGS(folder);
  AlertFile file = read_alerts(folder / "imaging/ztf_alert/739260766315010006.avro");
  set_score(file.alerts.at(0), 0.125, "candidates-1");
  const AlertFile read = read_alerts(alert_bytes(file));
  const Value& candidate = *read.alerts.at(0).find("candidate");
  EXPECT_EQ(candidate.find("rb")->as_number(), 0.125);
  EXPECT_EQ(candidate.find("rbversion")->as_text(), "candidates-1");
}

TEST(AlertScore, NeedsACandidate) {
  Value alert = Map{};
  EXPECT_THROW(set_score(alert, 0.5, "candidates-1"), Error);
}

}  // namespace
}  // namespace astro::files
