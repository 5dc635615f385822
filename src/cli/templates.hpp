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

/// The files of a plugin of this kind: "mount", "receiver", "controller", "transport" or "store".
std::vector<TemplateFile> template_files(std::string_view kind);

// The drivers among them.
extern const std::string_view mount_template;
extern const std::string_view receiver_template;
extern const std::string_view controller_template;
extern const std::string_view transport_template;
extern const std::string_view store_template;

}  // namespace astro::cli
