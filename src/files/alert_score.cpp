// SPDX-License-Identifier: BSD-3-Clause
#include "astro/error.hpp"
#include "astro/files/alert.hpp"

namespace astro::files {

void set_score(Value& alert, double score, const std::string& model) {
  const Value* found = alert.find("candidate");
  if (found == nullptr) {
    throw Error(ErrorCode::not_found, "scoring an alert: it has no record \"candidate\"; is it of ZTF's form?");
  }
  Value candidate = *found;
  const std::string key = candidate.find("drb") != nullptr ? "drb" : "rb";
  candidate.set(key, score);
  candidate.set(key + "version", model);
  alert.set("candidate", std::move(candidate));
}

}  // namespace astro::files
