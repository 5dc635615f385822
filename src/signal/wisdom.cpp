// SPDX-License-Identifier: BSD-3-Clause
#include "signal/wisdom.hpp"

#include <fftw3.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <new>
#include <string>
#include <system_error>

#include "signal/kernels/select.hpp"

namespace astro::signal {
namespace {

/// The user's folder for caches by the XDG base directory specification; empty when there is none.
std::filesystem::path folder() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && *cache == '/') return std::filesystem::path(cache) / "astro";
  const char* home = std::getenv("HOME");
  if (home != nullptr && *home == '/') return std::filesystem::path(home) / ".cache" / "astro";
  return {};
}

std::filesystem::path file_in(const std::filesystem::path& where) {
  return where / (std::string(fftwf_version) + "-" + kernels().name + ".wisdom");
}

}  // namespace

bool load_wisdom() noexcept try {
  const std::filesystem::path where = folder();
  return !where.empty() && fftwf_import_wisdom_from_filename(file_in(where).c_str()) != 0;
} catch (const std::exception&) {
  return false;
}

void save_wisdom() noexcept try {
  const std::filesystem::path where = folder();
  std::error_code failed;
  if (where.empty() || (std::filesystem::create_directories(where, failed), failed)) return;
  // Another process may read it meanwhile: it is written beside and then put in its place.
  const std::filesystem::path kept = file_in(where);
  const std::filesystem::path fresh = kept.string() + "." + std::to_string(getpid());
  if (fftwf_export_wisdom_to_filename(fresh.c_str()) == 0) return;
  std::filesystem::rename(fresh, kept, failed);
  if (failed) std::filesystem::remove(fresh, failed);
} catch (const std::exception&) {
  return;
}

}  // namespace astro::signal
