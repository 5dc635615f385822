// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "astro/conformance.hpp"
#include "conformance/trial.hpp"

namespace astro::conformance {

/// What kept a check from being judged: then the check that is meant for that is asked, too.
struct Symptom {
  static constexpr const char* crash = "crash";               ///< the process ended
  static constexpr const char* alien = "alien";               ///< something was thrown that is no std::exception
  static constexpr const char* not_open = "not open";         ///< `open` threw
  static constexpr const char* not_again = "not open again";  ///< the same, of a driver that was open before
  static constexpr const char* hang = "hang ";                ///< and the hook that does not return
};

/// What the process of a check answers.
struct Answer {
  Verdict verdict = Verdict::passed;
  std::string message{};
  std::string symptom{};
};

Value to_packet(const Answer& answer);
Answer answer_of(const Value& packet);

}  // namespace astro::conformance
