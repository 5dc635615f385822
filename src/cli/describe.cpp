// SPDX-License-Identifier: BSD-3-Clause
#include <iostream>

#include "astro/describe.hpp"
#include "astro/error.hpp"
#include "astro/observatory.hpp"
#include "astro/registry.hpp"
#include "cli/commands.hpp"
#include "cli/drivers.hpp"
#include "cli/output.hpp"

namespace astro::cli {

namespace {

std::string range_of(const Field& field) {
  const bool below = std::isfinite(field.min);
  const bool above = std::isfinite(field.max);
  if (!field.choices.empty()) {
    std::string all;
    for (const std::string& choice : field.choices) all += (all.empty() ? "" : " | ") + choice;
    return all;
  }
  const auto text = [](double value) { return to_json(Value(value)); };
  if (below && above) return text(field.min) + " to " + text(field.max);
  if (below) return "from " + text(field.min);
  if (above) return "to " + text(field.max);
  return "";
}

void print_fields(const char* title, const std::vector<Field>& fields) {
  if (fields.empty()) return;
  std::cout << '\n' << title << '\n';
  std::vector<std::vector<std::string>> rows;
  for (const Field& field : fields) {
    const std::string standard = field.required                  ? "required"
                                 : field.default_value.is_null() ? ""
                                 : field.secret                  ? "secret"
                                                                 : to_json(field.default_value);
    rows.push_back(
        {"  " + field.name, std::string(to_string(field.type)), field.unit, range_of(field), standard, field.says});
  }
  print_table(rows);
}

void print_driver(const DriverDescription& driver) {
  std::cout << driver.name << " (" << to_string(driver.kind) << "): " << driver.says << '\n'
            << "plugin " << driver.plugin << ' ' << driver.version << '\n';
  print_fields("settings", driver.settings.fields);
  print_fields("points", driver.controller.points);
  for (const CommandDescription& command : driver.controller.commands) {
    std::cout << "\ncommand " << command.name << ": " << command.says << '\n';
    if (!command.parameters.empty()) print_fields("  parameters", command.parameters);
  }
}

}  // namespace

std::vector<DriverDescription> drivers_named(const std::string& name) {
  auto& registry = Registry::shared();
  std::vector<DriverDescription> found;
  std::optional<Error> problem;
  using enum DeviceKind;
  for (const DeviceKind kind : {mount, receiver, controller, transport, store}) {
    try {
      found.push_back(registry.find(kind, name));
    } catch (const Error& error) {
      if (!problem || error.code() != ErrorCode::not_found) problem = error;
    }
  }
  if (!found.empty()) return found;
  if (problem->code() != ErrorCode::not_found) throw *problem;  // its plugin is there and was refused
  registry.load_all();
  std::vector<std::string> known;
  for (const DriverDescription& driver : registry.drivers()) known.push_back(driver.name);
  const std::string nearest = astro::nearest(name, known);
  throw Error(ErrorCode::not_found, "there is no driver \"" + name + '"' +
                                        (nearest.empty() ? "" : "; the nearest is \"" + nearest + '"') +
                                        "; `astro describe` lists all, `astro plugins` where they were looked for");
}

void add_describe(CLI::App& app, Action& action) {
  struct Arguments {
    std::string driver;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("describe", "settings, points and commands of a driver, or a list of all drivers");
  command->add_option("driver", arguments->driver, "its name; without one: all");
  command->add_flag("--json", arguments->json, "one JSON object");
  command->callback([&action, arguments] {
    action = [arguments] {
      if (arguments->driver.empty()) Registry::shared().load_all();
      const auto drivers = arguments->driver.empty() ? Registry::shared().drivers() : drivers_named(arguments->driver);
      if (arguments->json) {
        List list;
        for (const DriverDescription& driver : drivers) list.push_back(describe(driver));
        Value told;
        told.set("drivers", std::move(list));
        print(told, true);
      } else if (arguments->driver.empty()) {
        std::vector<std::vector<std::string>> rows;
        for (const DriverDescription& driver : drivers) {
          rows.push_back({driver.name, std::string(to_string(driver.kind)), driver.says});
        }
        print_table(rows);
      } else {
        for (const DriverDescription& driver : drivers) print_driver(driver);
      }
      return done;
    };
  });
}

void add_plugins(CLI::App& app, Action& action) {
  auto json = std::make_shared<bool>(false);
  CLI::App* command =
      app.add_subcommand("plugins", "where plugins are looked for, which there are, and which were refused and why");
  command->add_flag("--json", *json, "one JSON object");
  command->callback([&action, json] {
    action = [json] {
      auto& registry = Registry::shared();
      const std::vector<std::string> refusals = registry.load_all();
      List folders;
      for (const auto& folder : registry.plugin_folders()) folders.emplace_back(folder.string());
      List drivers;
      std::vector<std::vector<std::string>> rows;
      for (const DriverDescription& driver : registry.drivers()) {
        const std::string kind(to_string(driver.kind));
        Value one;
        one.set("plugin", driver.plugin).set("version", driver.version).set("driver", driver.name).set("kind", kind);
        drivers.push_back(std::move(one));
        rows.push_back({driver.plugin, driver.version, driver.name, kind});
      }
      if (*json) {
        Value told;
        told.set("folders", std::move(folders)).set("drivers", std::move(drivers));
        told.set("refused", List(refusals.begin(), refusals.end()));
        print(told, true);
      } else {
        for (const Value& folder : folders) std::cout << "folder " << folder.as_text() << '\n';
        print_table(rows);
        for (const std::string& refusal : refusals) std::cout << "refused: " << refusal << '\n';
      }
      return refusals.empty() ? done : failed;
    };
  });
}

namespace {

/// As the site file says it: "here", "apart", "node movement".
std::string place_of(const DeviceEntry& device) {
  if (!device.node.empty()) return "node " + device.node;
  const Value* runs = device.settings.find("runs");
  const auto* place = runs != nullptr ? runs->get_if<std::string>() : nullptr;
  if (place != nullptr) return *place;
  // A driver of no plugin is a program of its own, or a module of Python's, which runs as one.
  return Registry::shared().find(device.kind, device.driver).plugin.empty() ? "apart" : "here";
}

}  // namespace

void add_check(CLI::App& app, Action& action) {
  struct Arguments {
    std::string site;
    bool simulate = false;
    bool open = false;
    bool json = false;
  };
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("check", "reads a site file and names every problem in it");
  command->add_option("site", arguments->site, "the site file")->required();
  command->add_flag("--simulate", arguments->simulate, "with every driver replaced by its simulated twin");
  command->add_flag("--open", arguments->open, "also opens every device, and closes it again");
  command->add_flag("--json", arguments->json, "one JSON object");
  command->callback([&action, arguments] {
    action = [arguments] {
      const Site site = load_site(arguments->site, {.simulate = arguments->simulate, .checks_twins = true});
      if (arguments->open)
        Observatory::open(site, {.simulate = arguments->simulate, .clock = {}, .state_folder = {}}).close();
      List devices;
      std::vector<std::vector<std::string>> rows;
      for (const DeviceEntry& device : site.devices) {
        const std::string kind(to_string(device.kind));
        Value one;
        one.set("name", device.name).set("kind", kind).set("driver", device.driver);
        one.set("runs", place_of(device)).set("line", device.line);
        devices.push_back(std::move(one));
        rows.push_back({device.name, kind, device.driver, place_of(device),
                        device.twin_of.empty() ? "" : "in place of " + device.twin_of});
      }
      if (arguments->json) {
        Value told;
        told.set("site", site.name).set("latitude_deg", site.location.latitude.degrees());
        told.set("longitude_deg", site.location.longitude.degrees()).set("height_m", site.location.height_m);
        told.set("devices", std::move(devices)).set("problems", List{});
        print(told, true);
      } else {
        print_table(rows);
        std::cout << arguments->site << ": no problems" << (arguments->open ? ", every device opened" : "") << '\n';
      }
      return done;
    };
  });
}

}  // namespace astro::cli
