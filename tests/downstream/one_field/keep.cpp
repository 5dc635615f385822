// SPDX-License-Identifier: BSD-3-Clause
// Keeps the settings of a site's lamp in the site's store, and prints what was kept as JSON.
#include <astro/astro.hpp>
#include <cstdio>

#include "settings.hpp"

int main(int argc, char** argv) try {
  if (argc != 3) return 2;
  const auto site = astro::Observatory::open(argv[1], {.state_folder = argv[2]});
  const astro::StoreHandle store = site.store("archive");
  for (const astro::DeviceEntry& device : site.site().devices) {
    if (device.driver == "lamp") store.insert(astro::from_value<LampSettings>(device.settings));
  }
  for (const LampSettings& kept : store.find<LampSettings>()) std::puts(astro::to_json(astro::to_value(kept)).c_str());
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
