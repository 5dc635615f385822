// SPDX-License-Identifier: BSD-3-Clause
#include "astro/controller.hpp"

#include "astro/error.hpp"
#include "text.hpp"

namespace astro {

Controller::~Controller() = default;

Performed Controller::perform(const Call& call) {
  throw Error(ErrorCode::unsupported, "command " + text::quoted(call.name) + ": this controller obeys no commands");
}

void Controller::heard(std::span<const Point>) {}
void Controller::commanded(const Acknowledgment&) {}

}  // namespace astro
