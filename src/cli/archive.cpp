// SPDX-License-Identifier: BSD-3-Clause
#include "cli/archive.hpp"

#include "astro/error.hpp"
#include "astro/observing/observe.hpp"

namespace astro::cli {

namespace {

Site stores_of(const std::string& site_file, bool simulate) {
  Site site = load_site(site_file, {.simulate = simulate});
  std::erase_if(site.devices, [](const DeviceEntry& device) { return device.kind != DeviceKind::store; });
  return site;
}

}  // namespace

Archive::Archive(const std::string& site_file, bool simulate)
    : site_file_(site_file),
      folder_(std::filesystem::temp_directory_path() / ("astro-" + new_id())),
      observatory_(Observatory::open(stores_of(site_file, simulate), {.simulate = simulate, .state_folder = folder_})) {
}

Archive::~Archive() {
  observatory_.close();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

std::vector<StoreHandle> Archive::stores() const {
  std::vector<StoreHandle> all;
  for (const std::string& name : observatory_.names(DeviceKind::store)) all.push_back(observatory_.store(name));
  return all;
}

StoreHandle Archive::store_with(const std::string& observation_id) const {
  return observatory_.store(held_by(observatory_, observation_id, site_file_));
}

std::string held_by(const Observatory& observatory, const std::string& observation_id, const std::string& site_file) {
  if (auto store = store_of_observation(observatory, observation_id)) return std::move(*store);
  throw Error(ErrorCode::not_found, "no store of " + site_file + " has an observation '" + observation_id +
                                        "'; `astro observations " + site_file + "` lists those that are there");
}

}  // namespace astro::cli
