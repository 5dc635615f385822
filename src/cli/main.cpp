// SPDX-License-Identifier: BSD-3-Clause
// The program `astro`: a thin main over the public headers.
#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <new>
#include <string_view>

#include "astro/error.hpp"
#include "astro/field.hpp"
#include "astro/log.hpp"
#include "astro/messaging/trace_exporter.hpp"
#include "astro/site.hpp"
#include "astro/trace.hpp"
#include "astro/version.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace {

using namespace astro::cli;

int exit_code_of(const astro::Error& error) {
  using enum astro::ErrorCode;
  switch (error.code()) {
    case invalid_argument:
    case invalid_site:
    case not_found:
    case unsupported:
      return wrong_use;
    case not_visible:
    case out_of_limits:
    case unsafe:
    case not_holder:
      return refused;
    case cancelled:
    case astro::ErrorCode::interrupted:
      return ExitCode::interrupted;
    default:
      return failed;
  }
}

int report(const astro::Error& error, bool json) {
  if (json) {
    astro::Value told;
    told.set("error", error.what()).set("code", astro::to_string(error.code()));
    if (const auto* site = dynamic_cast<const astro::SiteError*>(&error)) {
      astro::List problems;
      for (const astro::Problem& problem : site->problems()) problems.push_back(to_value(problem));
      told.set("problems", std::move(problems));
    }
    print(told, true);
  } else {
    std::cerr << "astro: " << error.what() << '\n';
  }
  return exit_code_of(error);
}

/// CLI11 says of a misspelt command only that one is required.
std::string complaint_of(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* last = &app;
  while (!last->get_subcommands().empty()) last = last->get_subcommands().front();
  // A group of options is a command without a name to CLI11.
  const auto commands = last->get_subcommands([](const CLI::App* each) { return !each->get_name().empty(); });
  const std::vector<std::string> rest = app.remaining(true);
  if (commands.empty() || rest.empty() || rest.front().starts_with('-')) return error.what();
  std::vector<std::string> names;
  for (const CLI::App* command : commands) names.push_back(command->get_name());
  const std::string near = astro::nearest(rest.front(), names);
  return "there is no command \"" + rest.front() + '"' + (near.empty() ? "" : "; did you mean " + near + "?");
}

/// Wrong use is told as any other error is; help and version are none.
int report(const CLI::App& app, const CLI::ParseError& error, bool json) {
  if (error.get_exit_code() == 0) return app.exit(error);
  const std::string complaint = complaint_of(app, error);
  if (json) return report(astro::Error(astro::ErrorCode::invalid_argument, complaint), json);
  std::cerr << "astro: " << complaint << "\nRun with --help for more information.\n";
  return wrong_use;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"astro runs a small observatory: devices, observations, data.", "astro"};
  app.set_version_flag("--version", std::string("astro ") + astro::version);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(
      "Exit codes: 0 done, 1 failed, 2 wrong use or a file with problems, 3 refused (not visible, outside limits, "
      "held\n"
      "by somebody else), 130 interrupted. With --json a command prints one object (watch: one a line),\n"
      "keys end in their unit; node and completion have no --json.");

  astro::LogOptions log{.level = astro::LogLevel::warning, .format = astro::LogFormat::text, .file = {}};
  bool verbose = false;
  bool json_log = false;
  app.add_flag("-v,--verbose", verbose, "log more than warnings, on standard error");
  app.add_flag("--log-json", json_log, "log as JSON lines");

  Action action;
  add_plan(app, action);
  add_observe(app, action);
  add_resume(app, action);
  add_record(app, action);
  add_replay(app, action);
  add_queue(app, action);
  add_reduce(app, action);
  add_telemetry(app, action);
  add_recorder(app, action);
  add_observations(app, action);
  add_export(app, action);
  add_convert(app, action);
  add_difference(app, action);
  add_check(app, action);
  add_describe(app, action);
  add_plugins(app, action);
  add_sky(app, action);
  add_node(app, action);
  add_nodes(app, action);
  add_configure(app, action);
  add_send(app, action);
  add_watch(app, action);
  add_commands(app, action);
  add_new_plugin(app, action);
  add_conform(app, action);
  add_completion(app, action);

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const auto is_json = [](const char* argument) { return std::string_view(argument) == "--json"; };
    return report(app, error, std::any_of(argv, argv + argc, is_json));
  }
  if (verbose) log.level = astro::LogLevel::info;
  if (json_log) log.format = astro::LogFormat::json_lines;
  astro::configure_log(log);

  bool json = false;
  for (const CLI::App* chosen : app.get_subcommands()) {
    const CLI::Option* option = chosen->get_option_no_throw("--json");
    json = option != nullptr && option->count() > 0;
  }
  const auto exporter =
      astro::messaging::TraceExporter::from_environment("astro-" + app.get_subcommands().front()->get_name());
  // So that a script may make one trace of all that it does.
  const char* parent = std::getenv("TRACEPARENT");
  const astro::TraceScope scope(astro::parse_traceparent(parent != nullptr ? parent : ""));
  try {
    return action();
  } catch (const astro::Error& error) {
    return report(error, json);
  } catch (const std::bad_alloc&) {
    return report(astro::Error(astro::ErrorCode::internal,
                               "there is not enough memory for this; take smaller parts, or a machine with more"),
                  json);
  } catch (const std::exception& error) {
    return report(astro::Error(astro::ErrorCode::internal, error.what()), json);
  }
}
