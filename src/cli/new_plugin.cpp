// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>

#include "astro/error.hpp"
#include "astro/files/export.hpp"
#include "astro/registry.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"
#include "cli/templates.hpp"

namespace astro::cli {

namespace {

/// "my_rotator" becomes "MyRotatorDriver"; "mount" would be one of ours without the last word.
std::string class_name(const std::string& name) {
  std::string made;
  bool upper = true;
  for (const char c : name) {
    if (c == '_') upper = true;
    else made += upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(c))) : c, upper = false;
  }
  return made + "Driver";
}

void check_name(const std::string& name) {
  const bool good = !name.empty() && name[0] >= 'a' && name[0] <= 'z' && name.back() != '_' &&
                    name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
  if (!good) {
    throw Error(
        ErrorCode::invalid_argument,
        "new-plugin \"" + name + "\": a plugin's name is lower-case letters, digits and _, and begins with a letter");
  }
}

/// Of two plugins of one name only the first that is found is ever loaded.
void check_it_is_free(const std::string& name) {
  std::string taken = name == "python" ? "what drivers in Python are called" : "";
  for (const std::filesystem::path& folder : Registry::shared().plugin_folders()) {
    const std::filesystem::path file = folder / ("astro_" + name + ".so");
    if (taken.empty() && std::filesystem::exists(file)) taken = "that of " + file.string();
  }
  if (taken.empty()) return;
  throw Error(ErrorCode::invalid_argument, "new-plugin \"" + name + "\": this name is " + taken +
                                               ", and of two of one name only one is found; take another name");
}

std::string filled(std::string text, const std::string& name, const std::string& kind) {
  const std::array<std::pair<std::string, std::string>, 3> words{
      {{"@name@", name}, {"@Class@", class_name(name)}, {"@kind@", kind}}};
  for (const auto& [word, by] : words) {
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + by.size())) {
      text.replace(at, word.size(), by);
    }
  }
  return text;
}

int make(const std::string& name, const std::string& kind, bool json) {
  check_name(name);
  check_it_is_free(name);
  const std::filesystem::path folder = name;
  if (std::filesystem::exists(folder)) {
    throw Error(ErrorCode::invalid_argument,
                "new-plugin: " + folder.string() + " is there already; nothing was touched");
  }
  std::filesystem::create_directories(folder);
  List made;
  for (const TemplateFile& file : template_files(kind)) {
    const std::string text = filled(std::string(file.text), name, kind);
    const std::filesystem::path path = folder / filled(std::string(file.name), name, kind);
    files::write_whole(path, std::as_bytes(std::span(text)));
    made.emplace_back(path.string());
  }
  if (json) {
    Value told;
    told.set("plugin", name).set("kind", kind).set("files", std::move(made));
    print(told, true);
    return done;
  }
  std::cout << "Made " << name << "/, a " << kind << " that works without hardware. Next:\n"
            << "  cmake -S " << name << " -B " << name << "/build && cmake --build " << name << "/build\n"
            << "    (with -DCMAKE_PREFIX_PATH=FOLDER where libastro is installed in a folder of its own)\n"
            << "  ctest --test-dir " << name << "/build\n"
            << "  ASTRO_PLUGIN_PATH=$PWD/" << name << "/build astro conform " << name << '\n';
  return done;
}

}  // namespace

void add_new_plugin(CLI::App& app, Action& action) {
  struct Arguments {
    std::string name;
    std::array<bool, 5> chosen{};
    bool json = false;
  };
  static constexpr std::array<const char*, 5> kinds{"mount", "receiver", "controller", "transport", "store"};
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("new-plugin", "makes a folder with a plugin that builds, and its test, to begin yours from");
  command->add_option("name", arguments->name, "of the plugin and its driver")->required();
  auto* group = command->add_option_group("kind", "what it drives");
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    group->add_flag(std::string("--") + kinds[i], arguments->chosen[i], std::string("a ") + kinds[i]);
  }
  group->require_option(1);
  command->add_flag("--json", arguments->json, "one JSON object");
  command->callback([&action, arguments] {
    action = [arguments] {
      const auto which = static_cast<std::size_t>(std::find(arguments->chosen.begin(), arguments->chosen.end(), true) -
                                                  arguments->chosen.begin());
      return make(arguments->name, kinds.at(which), arguments->json);
    };
  });
}

}  // namespace astro::cli
