// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "astro/mount.hpp"

namespace simulator {

/// What a receiver finds at the end of its cable.
enum class Load : std::uint8_t { sky, hot, noise_diode };

/// Where the dish of a mount truly points, at any instant up to now.
class Dish {
 public:
  virtual ~Dish() = default;
  virtual astro::Geometry geometry() const = 0;
  virtual astro::Axes axes(astro::Time time) const = 0;
};

/// What a frontend has switched in, at any instant up to now.
class Frontend {
 public:
  virtual ~Frontend() = default;
  struct State {
    Load load = Load::sky;
    double hot_k = 295.0;
    double diode_k = 0.0;

    bool operator==(const State&) const = default;
  };
  virtual State state(astro::Time time) const = 0;
};

/// What the simulated devices of one observatory have in common: the receiver sees where the dish
/// of its mount truly is, and which load its frontend has switched in. Devices of other processes are seen in the files
/// that they keep in the observatory's state folder.
class World {
 public:
  /// The world of an observatory, made by the first who asks and gone with the last who holds it.
  static std::shared_ptr<World> of(const astro::Surroundings& here);
  explicit World(std::filesystem::path files) : files_(std::move(files)) {}

  /// What a device keeps, or an empty path where nothing can be kept.
  std::filesystem::path file(const std::string& device, const char* what) const;
  /// Its hardware was switched on then: when it was opened first in this observatory.
  astro::Time switched_on(const std::string& device, astro::Time now) const;
  /// The device is closed, and nothing of it goes on.
  void forget(const std::string& device) const noexcept;

  void put(const std::string& mount, std::weak_ptr<const Dish> dish);
  void put(const std::string& controller, std::weak_ptr<const Frontend> frontend);
  std::shared_ptr<const Dish> dish(const std::string& mount) const;
  std::shared_ptr<const Frontend> frontend(const std::string& controller) const;

 private:
  const std::filesystem::path files_;  ///< the beginning of their names
  mutable std::mutex mutex_;
  std::map<std::string, std::weak_ptr<const Dish>> dishes_;
  std::map<std::string, std::weak_ptr<const Frontend>> frontends_;
  mutable std::map<std::string, std::shared_ptr<const Dish>> distant_dishes_;
  mutable std::map<std::string, std::shared_ptr<const Frontend>> distant_frontends_;
};

}  // namespace simulator
