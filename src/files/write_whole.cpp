// SPDX-License-Identifier: BSD-3-Clause
#include "astro/files/export.hpp"
#include "files/growing_file.hpp"

namespace astro::files {

void write_whole(const std::filesystem::path& path, std::span<const std::byte> content) {
  GrowingFile file(path);
  file.append(content);
  file.finish();
}

}  // namespace astro::files
