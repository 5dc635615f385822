// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gtest/gtest.h>

#include "astro/conformance.hpp"

namespace astro::testing {

/// Fails the test with each promise that the driver does not keep: what `astro conform` would say.
inline void expect_kept(const ConformanceSubject& subject, const ConformanceOptions& options = {}) {
  const ConformanceReport report = run_conformance(subject, options);
  for (const CheckResult& result : report.results) {
    EXPECT_NE(result.verdict, Verdict::failed) << result.id << ": " << result.message;
    EXPECT_NE(result.verdict, Verdict::blocked) << result.id << ": " << result.message;
  }
  EXPECT_GT(report.count(Verdict::passed), 10U) << "hardly anything was tried";
}

}  // namespace astro::testing
