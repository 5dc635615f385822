// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace astro::detail {

/// The folders that ASTRO_PLUGIN_PATH names, colons between them.
std::vector<std::filesystem::path> folders_of_environment();
/// `astro/plugins` beside libastro, wherever it was loaded from.
std::filesystem::path folder_beside_library();

/// The first `astro_NAME.so` in these folders, or an empty path.
std::filesystem::path find_plugin(const std::string& name, const std::vector<std::filesystem::path>& folders);
/// All plugins in these folders by path, each name once: the first folder that has it counts.
std::vector<std::filesystem::path> all_plugins(const std::vector<std::filesystem::path>& folders);

/// "searched /a, /b": for messages.
std::string searched(const std::vector<std::filesystem::path>& folders);

}  // namespace astro::detail
