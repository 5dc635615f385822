// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "astro/command.hpp"
#include "astro/device.hpp"
#include "astro/export.hpp"
#include "astro/record.hpp"

namespace astro {

template <>
struct Description<Quality> {
  static constexpr std::array choices{"good", "doubtful", "bad"};
};

/// One telemetry value.
struct Point {
  std::string id{};  ///< "device.point"; of a device marked `bare` the point's name alone
  std::string device{};
  Value value{};
  std::string unit{};
  Time time{};
  Quality quality = Quality::good;
  std::uint32_t sequence = 0;  ///< of its device, from 1: a jump is a loss
};

template <>
struct Description<Point> {
  static constexpr const char* name = "point";
  static constexpr std::array fields{
      field<&Point::id>("id", {.says = "device.point; of a bare device the point's name alone"}),
      field<&Point::device>("device", {.says = "name of the device in the site"}),
      field<&Point::value>("value", {.says = "what was measured"}),
      field<&Point::unit>("unit", {.says = "of the value"}),
      field<&Point::time>("time", {.says = "UTC of the measurement"}),
      field<&Point::quality>("quality", {.says = "whether to trust it"}),
      field<&Point::sequence>("sequence", {.says = "of its device, from 1: a jump is a loss"})};
};

/// Something else that a device has to tell: came, lost, a fault, authority that changed hands.
struct Notice {
  std::string device{};
  std::string kind{};  ///< "state", "authority", "fault", "log"
  LogLevel level = LogLevel::info;
  std::string message{};
  Time time{};
};

/// Hears what happens in an observatory, in batches and in order, from one thread of the
/// observatory. A listener that is slow delays only itself: past 65,536 waiting points the oldest
/// are dropped and counted in `missed`. Acknowledgments and notices are never dropped.
class ASTRO_API Listener {
 public:
  virtual ~Listener();
  virtual void points(std::span<const Point> points, std::uint64_t missed);
  virtual void acknowledgment(const Acknowledgment& acknowledgment);
  virtual void notice(const Notice& notice);
};

/// Keeps a listener registered; when it is gone, the listener is not called any more.
class ASTRO_API Subscription final {
 public:
  Subscription() noexcept;
  Subscription(Subscription&&) noexcept;
  Subscription& operator=(Subscription&&) noexcept;
  ~Subscription();

  struct State;
  explicit Subscription(std::shared_ptr<State> state) noexcept;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace astro
