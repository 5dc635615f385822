// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace astro::cli {

/// A file that `astro new-plugin` writes; @name@, @Class@ and @kind@ are filled in, in its name too.
struct TemplateFile {
  std::string_view name;
  std::string text;
};

/// The files of a plugin of this kind: "mount", "receiver" or "controller".
std::vector<TemplateFile> template_files(std::string_view kind);

}  // namespace astro::cli
