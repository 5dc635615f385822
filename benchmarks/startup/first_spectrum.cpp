// SPDX-License-Identifier: BSD-3-Clause
// From the start of a process to its first simulated spectrum: the site file that it is given is
// read, plugins are loaded, all devices opened, and 10 ms integrated. Timed from outside.
#include <astro/log.hpp>
#include <astro/observing/observe.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>

int main(int argc, char** argv) try {
  if (argc != 3) return std::fputs("usage: first_spectrum SITE STATE_FOLDER\n", stderr), 2;
  astro::configure_log({.level = astro::LogLevel::warning});
  const auto site = astro::Observatory::open(argv[1], {.state_folder = argv[2]});
  const astro::Spectrum first =
      astro::integrate(site, "hydrogen", astro::Spectrometer({.channels = 1024}), std::chrono::milliseconds(10));
  std::printf("%zu channels\n", first.power.size());
  std::fflush(stdout);
  std::_Exit(0);  // the first spectrum is what is timed, not the closing
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
