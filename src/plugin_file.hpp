// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace astro::detail {

/// The plugin's name that a file's name gives: "gs232" for `astro_gs232.so`, else empty.
std::string plugin_name(const std::filesystem::path& library);

/// Reads a plugin's file without opening it as a library, and throws `refused_plugin` with the first
/// thing that is wrong: no whole ELF library of this machine, no tag, a tag that differs from
/// `own_tag`, no entry symbol. When it returns, `dlopen` may run the file's constructors.
void check_plugin_file(const std::filesystem::path& library, std::string_view own_tag);

/// What differs between two tags ("key=value;..."), as a clause that follows the library's name:
/// "was built with the address sanitizer, this program without: ...". Empty when they are the same.
std::string difference(std::string_view plugin_tag, std::string_view own_tag);

/// The tag that this libastro was built with.
std::string own_abi_tag();

}  // namespace astro::detail
