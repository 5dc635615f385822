// SPDX-License-Identifier: BSD-3-Clause
#include "plain_emitter.hpp"

#include <utility>

#include "astro/log.hpp"

namespace astro::detail {

PlainEmitter::PlainEmitter(const HostSetup& setup)
    : place_(place_of(setup)), surroundings_(surroundings_of(setup)), context_(setup.context) {}

void PlainEmitter::point(std::string_view name, Value, Quality, std::optional<Time>) {
  log(LogLevel::warning, "a point that is not in the description was dropped: " + std::string(name));
}

void PlainEmitter::log(LogLevel level, std::string_view message) {
  astro::log(level, surroundings_.device, message);
  context_->hub->notify({surroundings_.device, "log", level, std::string(message), context_->clock->now()});
}

void PlainEmitter::give(Command command) {
  if (command.id.empty()) command.id = new_id();
  if (command.issuer.name.empty()) command.issuer.name = surroundings_.device;
  if (!context_->desk->hand_in(std::move(command)))
    log(LogLevel::warning, "a command to another device was dropped: too many wait already");
}

void PlainEmitter::refuse() const {
  throw Error(ErrorCode::invalid_argument, place_ + ": was described as another kind of device");
}

}  // namespace astro::detail
