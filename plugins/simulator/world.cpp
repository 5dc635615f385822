// SPDX-License-Identifier: BSD-3-Clause
#include "world.hpp"

namespace simulator {

std::shared_ptr<World> World::of(const std::string& observatory) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<World>> worlds;
  const std::lock_guard lock(mutex);
  std::erase_if(worlds, [](const auto& entry) { return entry.second.expired(); });
  std::shared_ptr<World> world = worlds[observatory].lock();
  if (!world) worlds[observatory] = world = std::make_shared<World>();
  return world;
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
  return found == dishes_.end() ? nullptr : found->second.lock();
}

std::shared_ptr<const Frontend> World::frontend(const std::string& controller) const {
  const std::lock_guard lock(mutex_);
  const auto found = frontends_.find(controller);
  return found == frontends_.end() ? nullptr : found->second.lock();
}

}  // namespace simulator
