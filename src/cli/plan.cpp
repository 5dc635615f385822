// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/plan.hpp"

#include <cmath>
#include <iostream>

#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace astro::cli {

namespace {

struct PlanArguments {
  std::string site;
  std::string request;
  std::string at;
  bool simulate = false;
  bool json = false;
};

Value told_of(const Plan& plan) {
  Value told;
  List steps;
  for (const PlannedStep& each : plan.steps) {
    Value step;
    step.set("label", each.step.label).set("begin", format_time(each.begin, 0)).set("end", format_time(each.end, 0));
    step.set("azimuth_deg", each.has_place ? Value(each.place.azimuth.degrees()) : Value());
    step.set("altitude_deg", each.has_place ? Value(each.place.altitude.degrees()) : Value());
    if (!each.refusal.empty()) step.set("refusal", each.refusal);
    steps.push_back(std::move(step));
  }
  List refusals;
  for (const std::string& refusal : plan.refusals) refusals.emplace_back(refusal);
  told.set("possible", plan.is_possible())
      .set("start", format_time(plan.start, 0))
      .set("end", format_time(plan.end, 0));
  told.set("duration_s", seconds(plan.end - plan.start)).set("slewing_s", seconds(plan.slewing));
  told.set("integrating_s", seconds(plan.integrating)).set("passes", plan.passes);
  told.set("sun_distance_deg", plan.sun_distance ? Value(plan.sun_distance->degrees()) : Value());
  told.set("expected_rms_k", plan.expected_rms_k > 0.0 ? Value(plan.expected_rms_k) : Value());
  told.set("bytes", static_cast<std::int64_t>(plan.bytes)).set("unwinds", plan.unwinds);
  told.set("possible_from", plan.possible_from ? Value(format_time(*plan.possible_from, 0)) : Value());
  told.set("code", plan.is_possible() ? Value() : Value(to_string(plan.refusal_code)));
  told.set("refusals", std::move(refusals)).set("steps", std::move(steps));
  return told;
}

void print_for_people(const Plan& plan, const ObservationRequest& request) {
  constexpr std::size_t most = 30;
  std::vector<std::vector<std::string>> rows{{"BEGIN", "END", "STEP", "AZIMUTH", "ALTITUDE"}};
  for (std::size_t i = 0; i < plan.steps.size() && i < most; ++i) {
    const PlannedStep& each = plan.steps[i];
    rows.push_back({format_time(each.begin, 0), format_time(each.end, 0), each.step.label,
                    each.has_place ? number(each.place.azimuth.degrees(), 1) : "-",
                    each.has_place ? number(each.place.altitude.degrees(), 1) : "-"});
  }
  print_table(rows);
  if (plan.steps.size() > most) std::cout << "... and " << plan.steps.size() - most << " further steps\n";
  const bool turns = plan.sun_distance.has_value();
  std::cout << "Duration     " << number(seconds(plan.end - plan.start) / 60.0, 1) << " min, of it ";
  if (turns) std::cout << "slewing " << number(seconds(plan.slewing), 0) << " s and ";
  std::cout << "integrating " << number(seconds(plan.integrating), 0) << " s\n";
  if (plan.passes > 0 && plan.passes < request.repeat)
    std::cout << "Passes       " << plan.passes << " of " << request.repeat << ", by then below `until_rms`\n";
  if (plan.expected_rms_k > 0.0)
    std::cout << "Noise        " << number(plan.expected_rms_k, 3) << " K rms in a channel, to be expected\n";
  if (request.until_rms_k > 0.0 && plan.expected_rms_k > request.until_rms_k)
    std::cout << "             which is more than `until_rms` (" << number(request.until_rms_k, 3)
              << " K): calibrate for longer, or switch\n";
  std::cout << "Store        " << number(static_cast<double>(plan.bytes) / 1e6, 1) << " MB\n";
  if (turns) std::cout << "Sun          " << number(plan.sun_distance->degrees(), 0) << " deg away, at least\n";
  for (const std::string& refusal : plan.refusals) std::cout << "Refused      " << refusal << '\n';
  if (plan.possible_from) std::cout << "It would work from " << format_time(*plan.possible_from, 0) << " on.\n";
  else if (!plan.is_possible()) std::cout << "It would work at no time within two days.\n";
  std::cout.flush();
}

int run(const PlanArguments& arguments) {
  const Site site = load_site(arguments.site, {.simulate = arguments.simulate});
  const ObservationRequest request = load_request(arguments.request, &site);
  const Plan made = plan(site, request, {.start = arguments.at.empty() ? Time{} : parse_time(arguments.at)});
  if (arguments.json) print(told_of(made), true);
  else print_for_people(made, request);
  return made.is_possible() ? done : refused;
}

}  // namespace

void add_plan(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<PlanArguments>();
  CLI::App* command = app.add_subcommand("plan", "says what a request comes to, step by step, and moves nothing");
  command->add_option("site", arguments->site, "the site file")->required();
  command->add_option("request", arguments->request, "the request file")->required();
  command->add_option("--at", arguments->at, "begin at this UTC, ISO 8601; default: its planned start, else now");
  command->add_flag("--simulate", arguments->simulate, "replace every driver by its simulated twin");
  command->add_flag("--json", arguments->json, "one JSON object on standard output");
  command->callback([&action, arguments] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace astro::cli
