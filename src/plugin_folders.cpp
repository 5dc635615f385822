// SPDX-License-Identifier: BSD-3-Clause
#include "plugin_folders.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <set>
#include <string_view>

#include "plugin_file.hpp"

namespace astro::detail {

namespace fs = std::filesystem;

std::vector<fs::path> folders_of_environment() {
  std::vector<fs::path> folders;
  const char* value = std::getenv("ASTRO_PLUGIN_PATH");
  std::string_view rest = value == nullptr ? "" : value;
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    if (!folder.empty()) folders.emplace_back(folder);
  }
  return folders;
}

fs::path folder_beside_library() {
  Dl_info info{};
  // Any object of libastro will do; this function is one.
  if (::dladdr(reinterpret_cast<const void*>(&folder_beside_library), &info) == 0 || info.dli_fname == nullptr) {
    return {};
  }
  std::error_code unknown;
  const fs::path library = fs::canonical(info.dli_fname, unknown);
  return unknown ? fs::path() : library.parent_path() / "astro" / "plugins";
}

fs::path find_plugin(const std::string& name, const std::vector<fs::path>& folders) {
  // A name from a site file must not lead out of the folders.
  if (name.empty() || name.find('/') != std::string::npos) return {};
  for (const fs::path& folder : folders) {
    std::error_code missing;
    fs::path file = folder / ("astro_" + name + ".so");
    if (fs::exists(file, missing)) return file;
  }
  return {};
}

std::vector<fs::path> all_plugins(const std::vector<fs::path>& folders) {
  std::vector<fs::path> found;
  std::set<std::string> names;
  for (const fs::path& folder : folders) {
    std::error_code unreadable;
    std::vector<fs::path> files;
    for (fs::directory_iterator entry(folder, unreadable), end; !unreadable && entry != end;
         entry.increment(unreadable)) {
      if (!plugin_name(entry->path()).empty()) files.push_back(entry->path());
    }
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) {
      if (names.insert(plugin_name(file)).second) found.push_back(file);
    }
  }
  return found;
}

std::string searched(const std::vector<fs::path>& folders) {
  std::string text;
  for (const fs::path& folder : folders) text += (text.empty() ? "searched " : ", ") + folder.string();
  return text.empty() ? "no folder to search" : text;
}

}  // namespace astro::detail
