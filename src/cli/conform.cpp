// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <filesystem>
#include <iostream>

#include "astro/conformance.hpp"
#include "astro/error.hpp"
#include "astro/site.hpp"
#include "cli/commands.hpp"
#include "cli/drivers.hpp"
#include "cli/output.hpp"

namespace astro::cli {

namespace {

constexpr std::array kinds{DeviceKind::mount, DeviceKind::receiver, DeviceKind::controller, DeviceKind::transport,
                           DeviceKind::store};

struct ConformArguments {
  std::string driver;
  std::string kind;
  std::vector<std::string> settings;
  std::string runs;
  std::string site;
  std::string device;
  std::vector<std::string> only;
  std::vector<std::string> except;
  bool list = false;
  bool json = false;
};

std::optional<DeviceKind> kind_named(const std::string& name) {
  if (name.empty()) return std::nullopt;
  const auto found = std::ranges::find_if(kinds, [&](DeviceKind kind) { return to_string(kind) == name; });
  if (found != kinds.end()) return *found;
  throw Error(ErrorCode::invalid_argument,
              "--kind " + name + ": expected mount, receiver, controller, transport or store");
}

/// "port=4533" as a key of a site file.
std::vector<std::pair<std::string, std::string>> settings_of(const ConformArguments& given) {
  std::vector<std::pair<std::string, std::string>> settings;
  for (const std::string& each : given.settings) {
    const auto sign = each.find('=');
    if (sign == 0 || sign == std::string::npos) {
      throw Error(ErrorCode::invalid_argument, "--settings " + each + ": expected NAME=VALUE, as in port=4533");
    }
    settings.emplace_back(each.substr(0, sign), each.substr(sign + 1));
  }
  if (!given.runs.empty()) settings.emplace_back("runs", given.runs);
  return settings;
}

/// Nobody sees the site that is made of them: what is wrong in a line of it is told of the setting.
ConformanceReport run_with_settings(const ConformanceSubject& subject, const ConformanceOptions& options,
                                    const ConformArguments& given) {
  constexpr std::size_t first_line = 5;
  try {
    return run_conformance(subject, options);
  } catch (const SiteError& error) {
    std::vector<Problem> problems = error.problems();
    for (Problem& problem : problems) {
      const auto line = static_cast<std::size_t>(problem.line);
      if (line >= first_line && line < first_line + given.settings.size())
        problem.message = "--settings " + given.settings[line - first_line] + ": " + problem.message;
      else if (!given.runs.empty() && line == first_line + given.settings.size())
        problem.message = "--runs " + given.runs + ": " + problem.message;
      problem.line = problem.column = 0;
    }
    throw SiteError(std::move(problems));
  }
}

/// A plugin's file stands for all its drivers; its folder is searched first.
std::vector<DriverDescription> drivers_of_file(const std::filesystem::path& file) {
  auto& registry = Registry::shared();
  registry.add_plugin_folder(std::filesystem::absolute(file).parent_path());
  registry.load(file);
  const std::string plugin = file.stem().string().substr(std::string("astro_").size());
  std::vector<DriverDescription> found = registry.drivers();
  std::erase_if(found, [&](const DriverDescription& driver) { return driver.plugin != plugin; });
  return found;
}

std::vector<ConformanceSubject> subjects_of(const ConformArguments& given) {
  const auto kind = kind_named(given.kind);
  const auto settings = settings_of(given);
  if (!given.site.empty()) {
    if (!given.driver.empty() || !settings.empty() || given.device.empty()) {
      throw Error(ErrorCode::invalid_argument,
                  "--site names a device by --device, which has its driver and settings there");
    }
    return {{.site = "", .file = given.site, .device = given.device}};
  }
  if (given.driver.empty()) throw Error(ErrorCode::invalid_argument, "name a driver, or --site FILE and --device NAME");
  if (given.driver == "python") {  // of any program: its module is a setting
    if (!kind) throw Error(ErrorCode::invalid_argument, "a driver in Python: say of which --kind it is");
    return {conformance_subject(*kind, given.driver, settings)};
  }
  const std::filesystem::path file = given.driver;
  auto drivers = file.extension() == ".so" ? drivers_of_file(file) : drivers_named(given.driver);
  std::erase_if(drivers, [&](const DriverDescription& driver) { return kind && driver.kind != *kind; });
  if (drivers.empty()) throw Error(ErrorCode::not_found, given.driver + " has no driver of a " + given.kind);
  if (drivers.size() > 1 && !given.settings.empty()) {
    throw Error(ErrorCode::invalid_argument,
                given.driver + " has several drivers, and settings are those of one: say which by --kind");
  }
  std::vector<ConformanceSubject> subjects;
  for (const DriverDescription& driver : drivers)
    subjects.push_back(conformance_subject(driver.kind, driver.name, settings));
  return subjects;
}

void print_result(const CheckResult& result) {
  constexpr std::size_t width = 13;
  std::string verdict = result.verdict == Verdict::failed
                            ? "FAILED"
                            : Description<Verdict>::choices.at(static_cast<std::size_t>(result.verdict));
  std::ranges::replace(verdict, '_', ' ');
  std::cout << "  " << result.id << "  " << verdict << std::string(width - verdict.size(), ' ') << result.promise
            << '\n';
  if (!result.message.empty()) std::cout << std::string(8 + width, ' ') << "-> " << result.message << '\n';
  std::cout.flush();
}

void print_summary(const ConformanceReport& report) {
  std::cout << report.driver << " (" << report.kind << ", " << report.runs << "): " << report.count(Verdict::passed)
            << " passed, " << report.count(Verdict::failed) << " failed";
  const auto add = [&](Verdict verdict, const char* what) {
    if (report.count(verdict) > 0) std::cout << ", " << report.count(verdict) << what;
  };
  add(Verdict::blocked, " blocked");
  add(Verdict::not_offered, " not offered");
  add(Verdict::left_out, " left out");
  std::cout << '\n';
}

int list_checks(const ConformArguments& given) {
  const auto kind = kind_named(given.kind);
  Value told = Map{};
  for (const DeviceKind each : kinds) {
    if (kind && each != *kind) continue;
    List list;
    std::vector<std::vector<std::string>> rows;
    for (const ConformanceCheck& check : conformance_checks(each)) {
      list.push_back(to_value(check));
      rows.push_back({"  " + check.id, check.tries});
    }
    if (given.json) {
      told.set(to_string(each), std::move(list));
    } else {
      std::cout << to_string(each) << '\n';
      print_table(rows);
    }
  }
  if (given.json) print(told, true);
  return done;
}

int conform(const ConformArguments& given) {
  if (given.list) return list_checks(given);
  List reports;
  bool is_kept = true;
  for (const ConformanceSubject& subject : subjects_of(given)) {
    ConformanceOptions options{.only = given.only, .except = given.except};
    if (!given.json) options.told = print_result;
    const ConformanceReport report =
        given.site.empty() ? run_with_settings(subject, options, given) : run_conformance(subject, options);
    is_kept = is_kept && report.is_kept();
    reports.push_back(to_value(report));
    if (!given.json) print_summary(report);
  }
  if (given.json) print(Value().set("kept", is_kept).set("reports", std::move(reports)), true);
  return is_kept ? done : failed;
}

}  // namespace

void add_conform(CLI::App& app, Action& action) {
  auto given = std::make_shared<ConformArguments>();
  CLI::App* command = app.add_subcommand(
      "conform", "tries whether a driver keeps what the header of its interface promises; this moves the device");
  command->add_option("driver", given->driver, "its name, or the file of a plugin");
  command->add_option("--kind", given->kind,
                      "mount, receiver, controller, transport or store, where the name stands for several");
  command->add_option("--settings", given->settings, "of the driver: NAME=VALUE ..., values as in a site file");
  command->add_option("--runs", given->runs, "where the driver runs: here (default), apart or {apart: PROGRAM}");
  command->add_option("--site", given->site,
                      "take a device of this site file instead, with its settings and limits, on its node");
  command->add_option("--device", given->device, "its name in the site file");
  command->add_option("--only", given->only, "these checks: M-06 ...")->delimiter(',');
  command->add_option("--except", given->except, "not these checks; the report says so")->delimiter(',');
  command->add_flag("--list", given->list, "tell the checks and do nothing");
  command->add_flag("--json", given->json, "one JSON object");
  command->callback([&action, given] { action = [given] { return conform(*given); }; });
}

}  // namespace astro::cli
