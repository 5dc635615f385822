// SPDX-License-Identifier: BSD-3-Clause
// Feeds one reader, which ASTRO_FUZZ_READER names, with what libFuzzer makes. With ASTRO_FUZZ_SEEDS it
// writes files to begin with into that folder instead, and ends.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "astro/error.hpp"
#include "fuzz/reading.hpp"
#include "testing/leaks.hpp"

namespace {

namespace fs = std::filesystem;

const fs::path& folder() {
  static const fs::path made = [] {
    std::string name = "/dev/shm/astro-fuzz-XXXXXX";
    if (!fs::exists("/dev/shm")) name = (fs::temp_directory_path() / "astro-fuzz-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    return fs::path(name);
  }();
  return made;
}

void write_seeds(const fs::path& where) {
  for (const auto& [reader, contents] : astro::fuzz::seeds(folder())) {
    fs::create_directories(where / reader);
    for (std::size_t i = 0; i < contents.size(); ++i) {
      astro::fuzz::put(where / reader / ("seed-" + std::to_string(i)), contents[i]);
    }
  }
}

std::string reader() {
  const char* name = std::getenv("ASTRO_FUZZ_READER");
  if (name != nullptr) return name;
  std::fprintf(stderr, "ASTRO_FUZZ_READER names no reader\n");
  std::exit(2);
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  std::atexit([] { fs::remove_all(folder()); });
  if (const char* where = std::getenv("ASTRO_FUZZ_SEEDS")) {
    write_seeds(where);
    std::exit(0);
  }
  return 0;
}

/// Any content is read, or refused with a sentence that names the file.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string name = reader();
  try {
    astro::fuzz::read(name, {reinterpret_cast<const char*>(data), size}, folder());
  } catch (const astro::Error& error) {
    if (!astro::fuzz::reads_messages(name) &&
        std::string_view(error.what()).find(folder().string()) == std::string_view::npos) {
      std::fprintf(stderr, "the message names no file: %s\n", error.what());
      std::abort();
    }
  }
  return 0;
}
