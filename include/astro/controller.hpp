// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "astro/device.hpp"
#include "astro/record.hpp"
#include "astro/telemetry.hpp"

namespace astro {

/// A command of a device: its parameters are a record.
struct CommandDescription {
  std::string name{};
  std::string says{};
  std::vector<Field> parameters{};
  Duration expected{};  ///< about how long it takes, for the time left

  bool operator==(const CommandDescription&) const = default;
};

/// `command<SetInterval>("set_update_interval", "...")`: a command whose parameters are the struct.
template <Record Parameters>
CommandDescription command(std::string name, std::string says, Duration expected = {}) {
  return {std::move(name), std::move(says), schema_of<Parameters>().fields, expected};
}

/// What a controller measures and obeys. A driver registers it, and may refine it in `open`.
struct ControllerDescription {
  std::vector<Field> points{};
  std::vector<CommandDescription> commands{};
  /// Points of other devices that it wants to hear, by their ids: "dish.azimuth", or "dish.*" for all of them.
  std::vector<std::string> hears{};
  Duration poll_every = std::chrono::seconds(1);
  Duration hook_bound = std::chrono::milliseconds(500);
  Duration open_bound = std::chrono::seconds(10);  ///< of `open` and `close`
};

/// A command on its way to the driver: validated, parameters in canonical form with their defaults.
struct Call {
  std::string id{};
  std::string name{};
  Value parameters{};

  template <Record Parameters>
  Parameters as() const {
    return from_value<Parameters>(parameters);
  }
};

/// What `perform` did.
struct Performed {
  bool running = false;  ///< it goes on; the driver reports its end by `Emitter::finished`
  std::string message{};
  Value details{};  ///< a map or null
};

/// Every actuator and sensor that is neither mount nor receiver: LEDs, relays, thermometers,
/// weather stations, an IMU, a handset, a noise diode. See `Driver` for what holds for all hooks.
class ASTRO_API Controller : public Device {
 public:
  ~Controller() override;

  /// Reads the hardware and emits its points. Called at `poll_every`.
  virtual void poll() = 0;

  /// Carries out a command of the description. The default throws `unsupported`.
  virtual Performed perform(const Call& call);

  /// Points that the description `hears`: first the latest, then as they come; of each that has changed since the last
  /// call the newest alone. The default does nothing.
  virtual void heard(std::span<const Point> points);

  /// What became of a command that this driver gave (`Emitter::give`): each change, up to its end. The default
  /// does nothing.
  virtual void commanded(const Acknowledgment& acknowledgment);
};

}  // namespace astro
