// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <gmock/gmock.h>

#include <functional>
#include <string>

#include "astro/error.hpp"

namespace astro::testing {

/// Expects an error of this code whose message says why.
inline void expect_refused(const std::function<void()>& action, const std::string& because,
                           ErrorCode code = ErrorCode::invalid_file) {
  try {
    action();
    ADD_FAILURE() << "it was taken, though " << because;
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    EXPECT_THAT(error.what(), ::testing::HasSubstr(because));
  }
}

/// The text with its first `old` replaced.
inline std::string with(std::string text, const std::string& old, const std::string& now) {
  const std::size_t at = text.find(old);
  EXPECT_NE(at, std::string::npos) << old;
  return at == std::string::npos ? text : text.replace(at, old.size(), now);
}

}  // namespace astro::testing
