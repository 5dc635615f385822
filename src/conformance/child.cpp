// SPDX-License-Identifier: BSD-3-Clause
// The process that tries one check.
#include "conformance/child.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

#include "apart_socket.hpp"
#include "apart_wire.hpp"
#include "astro/detail/conformance.hpp"
#include "astro/log.hpp"

namespace astro::conformance {

Value to_packet(const Answer& answer) {
  constexpr std::size_t longest = 4000;
  Value packet;
  packet.set("verdict", static_cast<std::int64_t>(answer.verdict));
  packet.set("message", answer.message.substr(0, longest)).set("symptom", answer.symptom);
  return packet;
}

Answer answer_of(const Value& packet) {
  using detail::wire::member;
  return {static_cast<Verdict>(member(packet, "verdict").as_integer()), member(packet, "message").as_text(),
          member(packet, "symptom").as_text()};
}

namespace {

Answer tried(const Check& check, Trial& trial) {
  try {
    check.run(trial);
    return {};
  } catch (const Broke& broke) {
    return {Verdict::failed, broke.how, ""};
  } catch (const NotOffered& reason) {
    return {Verdict::not_offered, reason.why, ""};
  } catch (const Alien& alien) {
    return {Verdict::failed, alien.hook + " threw what is no std::exception", Symptom::alien};
  } catch (const DidNotOpen& reason) {
    return {Verdict::failed, reason.why, reason.was_open_before ? Symptom::not_again : Symptom::not_open};
  } catch (const std::exception& error) {
    return {Verdict::failed, error.what(), ""};
  }
}

Answer answer_to(Registry& registry, const Value& request, const Watch::Overrun& hangs) {
  using detail::wire::member;
  for (const Value& folder : member(request, "folders").as_list()) registry.add_plugin_folder(folder.as_text());
  const ConformanceSubject subject{member(request, "site").as_text(), member(request, "file").as_text(),
                                   member(request, "device").as_text()};
  Trial& trial =
      *new Trial(registry, subject, member(request, "state").as_text(), hangs);  // outlives what it left behind
  const std::string& id = member(request, "check").as_text();
  for (const Check& check : checks_of(trial.registered().kind)) {
    if (check.what.id == id) return tried(check, trial);
  }
  throw Error(ErrorCode::not_found, "there is no check " + id);
}

}  // namespace

}  // namespace astro::conformance

namespace astro::detail {

int serve_conformance(Registry& registry) {
  using namespace conformance;
  const char* number = std::getenv(wire::calls_variable);
  const int file = number == nullptr ? -1 : std::atoi(number);
  if (file < 0 || ::fcntl(file, F_SETFD, FD_CLOEXEC) != 0) return 2;
  for (const char* variable : {wire::calls_variable, wire::stops_variable, conformance_variable}) ::unsetenv(variable);
  PacketSocket& parent = *new PacketSocket(File{file});
  const auto tell = [&parent](const Answer& answer) {
    try {
      parent.send(to_packet(answer));
    } catch (const std::exception&) {  // nobody waits for it any more
    }
    ::_exit(0);  // whatever the driver left behind
  };
  try {
    const auto request = parent.receive(wire::dead_after);
    if (!request) return 2;
    tell(answer_to(registry, request->value, [&](const std::string& hook) {
      tell({Verdict::failed, hook + " does not return", Symptom::hang + hook});
    }));
  } catch (const std::exception& error) {
    tell({Verdict::failed, error.what(), ""});
  }
  return 2;
}

}  // namespace astro::detail
