// SPDX-License-Identifier: BSD-3-Clause
#include "world.hpp"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "drive.hpp"
#include "frontend.hpp"
#include "kept.hpp"

namespace simulator {
namespace {

constexpr std::array kept_things{"on", "dish", "switch"};

/// Files of observatories whose process is gone: "NAME#PROCESS.COUNT.DEVICE.WHAT".
void tidy(const std::filesystem::path& folder) noexcept {
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = file.path().filename().string();
    const auto mark = name.find('#');
    const int process = mark == std::string::npos ? 0 : std::atoi(name.c_str() + mark + 1);
    if (process > 0 && ::kill(process, 0) != 0 && errno == ESRCH) std::filesystem::remove(file.path(), error);
  }
}

/// Where the observatory's files begin, or an empty path.
std::filesystem::path files_of(const astro::Surroundings& here) {
  if (here.state_folder.empty()) return {};
  const std::filesystem::path folder = here.state_folder / "simulated";
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return {};
  tidy(folder);
  std::string name = here.observatory;
  std::ranges::replace(name, '/', '_');
  return folder / name;
}

}  // namespace

std::shared_ptr<World> World::of(const astro::Surroundings& here) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<World>> worlds;
  const std::lock_guard lock(mutex);
  std::erase_if(worlds, [](const auto& entry) { return entry.second.expired(); });
  std::shared_ptr<World> world = worlds[here.observatory].lock();
  if (!world) worlds[here.observatory] = world = std::make_shared<World>(files_of(here));
  return world;
}

std::filesystem::path World::file(const std::string& device, const char* what) const {
  if (files_.empty()) return {};
  std::filesystem::path path = files_;
  return path.concat("." + device + "." + what);
}

astro::Time World::switched_on(const std::string& device, astro::Time now) const {
  Kept<astro::Time> kept(file(device, "on"), true);
  const auto before = kept.get();
  if (!before) kept.put(now);
  return before.value_or(now);
}

void World::forget(const std::string& device) const noexcept {
  std::error_code ignored;
  for (const char* what : kept_things) {
    if (const auto path = file(device, what); !path.empty()) std::filesystem::remove(path, ignored);
  }
}

void World::put(const std::string& mount, std::weak_ptr<const Dish> dish) {
  const std::lock_guard lock(mutex_);
  dishes_[mount] = std::move(dish);
}

void World::put(const std::string& controller, std::weak_ptr<const Frontend> frontend) {
  const std::lock_guard lock(mutex_);
  frontends_[controller] = std::move(frontend);
}

std::shared_ptr<const Dish> World::dish(const std::string& mount) const {
  const std::lock_guard lock(mutex_);
  const auto found = dishes_.find(mount);
  if (found != dishes_.end()) return found->second.lock();
  std::shared_ptr<const Dish>& distant = distant_dishes_[mount];
  if (distant) return distant;
  const auto there = std::make_shared<const DistantDish>(file(mount, "dish"));
  if (there->is_there()) distant = there;
  return distant;
}

std::shared_ptr<const Frontend> World::frontend(const std::string& controller) const {
  const std::lock_guard lock(mutex_);
  const auto found = frontends_.find(controller);
  if (found != frontends_.end()) return found->second.lock();
  std::shared_ptr<const Frontend>& distant = distant_frontends_[controller];
  if (!distant) distant = distant_frontend(file(controller, "switch"));
  return distant;
}

}  // namespace simulator
