// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace astro::cli {

/// What was chosen on the command line; run after parsing. Returns an ExitCode.
using Action = std::function<int()>;

// Each adds its subcommand, which sets the action when it is chosen.
void add_observe(CLI::App& app, Action& action);
void add_resume(CLI::App& app, Action& action);
void add_plan(CLI::App& app, Action& action);
void add_record(CLI::App& app, Action& action);
void add_replay(CLI::App& app, Action& action);
void add_queue(CLI::App& app, Action& action);
void add_reduce(CLI::App& app, Action& action);
void add_telemetry(CLI::App& app, Action& action);
void add_recorder(CLI::App& app, Action& action);
void add_observations(CLI::App& app, Action& action);
void add_export(CLI::App& app, Action& action);
void add_convert(CLI::App& app, Action& action);
void add_difference(CLI::App& app, Action& action);
void add_check(CLI::App& app, Action& action);
void add_describe(CLI::App& app, Action& action);
void add_plugins(CLI::App& app, Action& action);
void add_sky(CLI::App& app, Action& action);
void add_conform(CLI::App& app, Action& action);
void add_new_plugin(CLI::App& app, Action& action);
void add_node(CLI::App& app, Action& action);
void add_nodes(CLI::App& app, Action& action);
void add_configure(CLI::App& app, Action& action);
void add_commands(CLI::App& app, Action& action);
void add_send(CLI::App& app, Action& action);
void add_watch(CLI::App& app, Action& action);
void add_completion(CLI::App& app, Action& action);

}  // namespace astro::cli
