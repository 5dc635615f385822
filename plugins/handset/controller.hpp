// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "astro/angle.hpp"
#include "astro/controller.hpp"
#include "astro/telemetry.hpp"
#include "digital_kit/line.hpp"
#include "digital_kit/wake.hpp"
#include "gamepad.hpp"
#include "pad.hpp"

namespace handset {

struct ButtonSettings {
  std::string line{};
  Does does = Does::stop;
  bool active_low = true;
  digital::Bias bias = digital::Bias::up;
};

/// What a person at the pedestal has in the hand: a gamepad, buttons on GPIO lines, or both. It steers a mount by rates
/// that die by themselves, above everyone else, and gives it back.
class Controller final : public astro::Controller {
 public:
  struct Settings {
    std::string mount{};
    std::string gamepad{};
    Button hold = Button::south;
    Button faster = Button::right_shoulder;
    Button slower = Button::left_shoulder;
    Button stop = Button::east;
    Button give_back = Button::start;
    bool invert_first = false;
    bool invert_second = false;
    std::vector<ButtonSettings> buttons{};
    std::vector<astro::Angle> speeds{astro::degrees(0.05), astro::degrees(0.5), astro::degrees(2)};
    astro::Duration lifetime = std::chrono::milliseconds(300);
    astro::Duration keeps = std::chrono::seconds(30);
  };
  static astro::ControllerDescription description();

  explicit Controller(Settings settings);
  ~Controller() override { close(); }

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;
  void poll() override;
  void commanded(const astro::Acknowledgment& acknowledgment) override;

 private:
  using Monotonic = digital::Monotonic;
  struct Held {
    const ButtonSettings* settings = nullptr;
    digital::Line line;
  };

  void run();
  Monotonic turn(Monotonic now);
  void read_gamepad(Monotonic now);
  void read_buttons();
  void take(const Gamepad::Position& position);
  void press(Source source, Does does, bool pressed);
  void steer(const Pad::Wish& wish, Monotonic now);
  void let_go(Monotonic now);
  void give_back();
  std::string give(const char* command, astro::Value parameters = {}, bool expires = false);
  void tell();

  const Settings settings_;
  astro::Emitter* host_ = nullptr;
  std::shared_ptr<astro::Clock> clock_;
  std::unique_ptr<digital::Wake> wake_;
  std::thread thread_;

  std::mutex mutex_;  ///< of what follows; nobody waits while it is held
  Pad pad_;
  std::vector<Held> buttons_;
  std::optional<Gamepad> gamepad_;
  Monotonic look_again_{};  ///< for the gamepad
  bool steers_ = false;
  Monotonic next_rate_{};
  std::string rate_;  ///< command on its way; empty: none
  std::string take_;  ///< the same, that asks for the mount
  bool has_control_ = false;
  Monotonic took_{};
  Monotonic steered_{};  ///< when it last did
  std::string refused_;
  bool complained_ = false;  ///< about this motion
  std::string fault_;
  astro::Value told_;
  bool ending_ = false;
};

}  // namespace handset

template <>
struct astro::Description<handset::Does> {
  static constexpr std::array choices{"up", "down", "left", "right", "hold", "faster", "slower", "stop", "give_back"};
};

template <>
struct astro::Description<handset::Button> {
  static constexpr std::array choices{"none",          "south",          "east",   "north", "west",
                                      "left_shoulder", "right_shoulder", "select", "start"};
};

template <>
struct astro::Description<handset::ButtonSettings> {
  using S = handset::ButtonSettings;
  static constexpr std::array fields{
      field<&S::line>("line", {.says = "as the board names it: GPIO5; or CHIP:NUMBER", .required = true}),
      field<&S::does>("does", {.says = "what it is for", .required = true}),
      field<&S::active_low>("active_low", {.says = "whether it pulls the line to ground"}),
      field<&S::bias>("bias", {.says = "resistor of the chip"})};
};

template <>
struct astro::Description<handset::Controller::Settings> {
  using S = handset::Controller::Settings;
  static constexpr std::array fields{
      field<&S::mount>("steers", {.says = "the mount that it steers", .required = true, .names = "mount"}),
      field<&S::gamepad>("gamepad",
                         {.says = "its name, its device (/dev/input/event3), or any; empty: none", .required = false}),
      field<&S::hold>("hold", {.says = "button that must be held while the stick moves the mount; none: not needed"}),
      field<&S::faster>("faster", {.says = "button to the next speed"}),
      field<&S::slower>("slower", {.says = "button to the one before"}),
      field<&S::stop>("stop", {.says = "button that stops the mount"}),
      field<&S::give_back>("give_back", {.says = "button that gives the mount back"}),
      field<&S::invert_first>("invert_first", {.says = "whether right is less"}),
      field<&S::invert_second>("invert_second", {.says = "whether up is less"}),
      field<&S::buttons>("buttons", {.says = "buttons on GPIO lines"}),
      field<&S::speeds>("speeds", {.min = 0, .max = 90, .says = "that one can choose, per second, slowest first"}),
      field<&S::lifetime>("lifetime", {.min = 0.05, .max = 2, .says = "of a rate that nobody repeats"}),
      field<&S::keeps>("keeps",
                       {.min = 1, .max = 3600, .says = "it gives the mount back when it did not steer so long"})};
};
