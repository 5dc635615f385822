// SPDX-License-Identifier: BSD-3-Clause
#include "plugin_file.hpp"

#include <algorithm>
#include <array>

#include "astro/detail/abi.hpp"
#include "astro/error.hpp"
#include "plugin_elf.hpp"

namespace astro::detail {

namespace {

constexpr std::string_view file_prefix = "astro_";
constexpr std::string_view symbol_prefix = "astro_plugin_";
constexpr std::uint32_t note_type = 1;

// The value of "key=" in "key=value;...", or an empty text.
std::string_view value_in(std::string_view tag, std::string_view key) {
  while (!tag.empty()) {
    const std::string_view entry = tag.substr(0, tag.find(';'));
    tag.remove_prefix(std::min(entry.size() + 1, tag.size()));
    if (entry.size() > key.size() && entry.starts_with(key) && entry[key.size()] == '=') {
      return entry.substr(key.size() + 1);
    }
  }
  return {};
}

using Text = std::string;

Text sanitizer(std::string_view value) {
  return value == "none" ? Text("without") : "with the " + Text(value) + " sanitizer";
}

Text with(std::string_view value, const char* what) { return (value == "yes" ? "with " : "without ") + Text(what); }

struct Said {
  Text plugin;
  Text program;
  Text advice;
};

Said say_sanitizer(std::string_view plugin, std::string_view program) {
  const Text theirs = plugin == "none" ? Text("without a sanitizer") : sanitizer(plugin);
  const Text advice = program == "none" ? "rebuild it without -fsanitize=" + Text(plugin)
                                        : "rebuild it with -fsanitize=" + Text(program);
  return {theirs, sanitizer(program), advice};
}

Said say_debug(std::string_view plugin, std::string_view program) {
  const char* what = "the standard library's debug mode";
  return {with(plugin, what), with(program, "it"),
          plugin == "yes" ? "rebuild it without -D_GLIBCXX_DEBUG" : "rebuild it with -D_GLIBCXX_DEBUG"};
}

Said say_strings(std::string_view plugin, std::string_view program) {
  const auto name = [](std::string_view value) {
    return value == "cxx11" ? Text("the C++11 form of std::string") : Text("the old form of std::string");
  };
  return {"with " + name(plugin), "with " + name(program),
          "rebuild it with -D_GLIBCXX_USE_CXX11_ABI=" + Text(program == "cxx11" ? "1" : "0")};
}

Said say_switch(std::string_view plugin, const char* what, const char* flag) {
  const bool has = plugin == "yes";
  return {with(plugin, what), has ? "without" : "with", Text("rebuild it with -f") + (has ? "no-" : "") + flag};
}

Said say(std::string_view key, std::string_view plugin, std::string_view program) {
  const auto plain = [&](const Text& before, const Text& after, const Text& advice) {
    return Said{before + Text(plugin) + after, before + Text(program) + after, advice};
  };
  if (key == "sanitizer") return say_sanitizer(plugin, program);
  if (key == "debug") return say_debug(plugin, program);
  if (key == "strings") return say_strings(plugin, program);
  if (key == "exceptions") return say_switch(plugin, "exceptions", "exceptions");
  if (key == "rtti") return say_switch(plugin, "run-time type information", "rtti");
  if (key == "interface") {
    return plain("against version ", " of the plugin interface", "rebuild it against the headers of this libastro");
  }
  if (key == "architecture") return plain("for ", "", "rebuild it on this machine");
  if (key == "endian") return plain("for ", " endian numbers", "rebuild it on this machine");
  if (key == "library") return plain("with ", "", "rebuild it with the standard library of this program");
  if (key == "layout") {
    return plain("with types of layout ", "",
                 "rebuild it against the headers of this libastro, with its compiler flags");
  }
  return plain("with a size of " + Text(key) + " of ", " bytes", "rebuild it on this machine, for its architecture");
}

[[noreturn]] void refuse(const std::filesystem::path& library, const std::string& clause) {
  throw Error(ErrorCode::refused_plugin, "plugin " + library.string() + " " + clause);
}

void check_entry(const ElfLibrary& elf, const std::string& name) {
  const std::string wanted = std::string(symbol_prefix) + name;
  const auto found = elf.defined_symbols(std::string(symbol_prefix));
  if (std::find(found.begin(), found.end(), wanted) != found.end()) return;
  if (!found.empty()) {
    const std::string real = found.front().substr(symbol_prefix.size());
    throw ElfProblem{"holds the plugin \"" + real + "\", not \"" + name + "\": name the file " +
                     std::string(file_prefix) + real + ".so"};
  }
  throw ElfProblem{"has no symbol " + wanted + ": write ASTRO_PLUGIN(" + name + ", ...) in one of its source files"};
}

}  // namespace

std::string plugin_name(const std::filesystem::path& library) {
  const std::string file = library.filename().string();
  constexpr std::string_view ending = ".so";
  if (!file.starts_with(file_prefix) || !file.ends_with(ending)) return {};
  return file.substr(file_prefix.size(), file.size() - file_prefix.size() - ending.size());
}

std::string own_abi_tag() {
  static constexpr AbiNote note = make_abi_note();
  return note.text;
}

std::string difference(std::string_view plugin_tag, std::string_view own_tag) {
  if (plugin_tag == own_tag) return {};
  constexpr std::array keys{"interface", "architecture", "endian",    "pointer",    "long", "time_t", "library",
                            "strings",   "debug",        "sanitizer", "exceptions", "rtti", "layout"};
  for (const std::string_view key : keys) {
    const std::string_view theirs = value_in(plugin_tag, key);
    const std::string_view ours = value_in(own_tag, key);
    if (theirs == ours) continue;
    if (theirs.empty()) {
      return "has a tag that does not say its " + Text(key) + ": rebuild it against the headers of this libastro";
    }
    const Said said = say(key, theirs, ours);
    return "was built " + said.plugin + ", this program " + said.program + ": " + said.advice;
  }
  return "has a tag that this libastro does not understand: rebuild it against the headers of this libastro";
}

void check_plugin_file(const std::filesystem::path& library, std::string_view own_tag) {
  const std::string name = plugin_name(library);
  if (name.empty()) refuse(library, "has no name of a plugin: expected astro_NAME.so");
  try {
    const ElfLibrary elf(library);
    const auto tag = elf.note("astro", note_type);
    if (!tag) {
      throw ElfProblem{"has no tag of libastro: it is no plugin, or was linked without its ASTRO_PLUGIN block"};
    }
    if (const std::string clause = difference(*tag, own_tag); !clause.empty()) throw ElfProblem{clause};
    check_entry(elf, name);
  } catch (const ElfProblem& problem) {
    refuse(library, problem.clause);
  }
}

}  // namespace astro::detail
