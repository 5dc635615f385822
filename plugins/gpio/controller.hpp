// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "astro/controller.hpp"
#include "digital_kit/line.hpp"
#include "digital_kit/wake.hpp"
#include "pattern.hpp"

namespace gpio {

struct OutputSettings {
  std::string name{};
  std::string line{};
  bool active_low = false;
  bool safe = false;
  astro::Duration longest{};
};

struct ButtonSettings {
  std::string name{};
  std::string line{};
  bool active_low = false;
  digital::Bias bias = digital::Bias::as_is;
  astro::Duration debounce = std::chrono::milliseconds(20);
};

/// LEDs, relays, a noise diode, buttons and other contacts on the lines of GPIO chips.
class Controller final : public astro::Controller {
 public:
  struct Settings {
    std::vector<OutputSettings> outputs{};
    std::vector<ButtonSettings> buttons{};
    double frequency_hz = 100.0;
  };
  static astro::ControllerDescription description();

  explicit Controller(Settings settings);
  ~Controller() override { close(); }

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override;
  void poll() override;
  astro::Performed perform(const astro::Call& call) override;

 private:
  struct Output {
    const OutputSettings* settings = nullptr;
    digital::Line line;
    Pattern pattern{};
    std::optional<bool> is_on{};       ///< as the line was set; nothing: that failed
    std::optional<Monotonic> until{};  ///< then it is safe again
    std::string running{};             ///< command that ends then
    bool told = false;
  };
  struct Button {
    const ButtonSettings* settings = nullptr;
    digital::Line line;
    Debounce debounce;
    std::int64_t count = 0;
    bool told = false;
  };
  /// Ends of commands that are told when nothing is locked.
  struct Ending {
    std::string command{};
    astro::Outcome outcome{};
  };

  void take_lines();
  void run();
  Monotonic turn_outputs(Monotonic now, std::vector<Ending>& endings);
  Monotonic turn_buttons(Monotonic now);
  void put(Output& output, Pattern pattern, std::optional<Monotonic> until);
  void apply(Output& output, Monotonic now);
  void give_up(std::vector<Ending>& endings);
  void make_safe() noexcept;
  void make_safe(Output& output) noexcept;
  void tell_changes();
  Output& output(const std::string& name);
  static void check_pulse(const OutputSettings& output, astro::Duration wanted);
  astro::Time utc(Monotonic time) const;

  const Settings settings_;
  astro::Emitter* host_ = nullptr;
  std::shared_ptr<astro::Clock> clock_;
  std::unique_ptr<digital::Wake> wake_;
  std::thread thread_;

  std::mutex mutex_;  ///< of what follows; nobody waits while it is held
  std::vector<Output> outputs_;
  std::vector<Button> buttons_;
  std::string fault_;
  bool ending_ = false;
};

struct Set {
  std::string output{};
  bool on = true;
};
struct Blink {
  std::string output{};
  astro::Duration period = std::chrono::seconds(1);
  double part = 0.5;
};
struct Dim {
  std::string output{};
  double level = 0.5;
};
struct Pulse {
  std::string output{};
  astro::Duration duration = std::chrono::milliseconds(500);
};

}  // namespace gpio

template <>
struct astro::Description<gpio::OutputSettings> {
  using S = gpio::OutputSettings;
  static constexpr std::array fields{
      field<&S::name>("name", {.says = "what it is called in points and commands: lamp", .required = true}),
      field<&S::line>("line", {.says = "as the board names it: GPIO17; or CHIP:NUMBER", .required = true}),
      field<&S::active_low>("active_low", {.says = "whether low voltage is on, as with most relay boards"}),
      field<&S::safe>("safe", {.says = "its value when it is opened, stopped, closed, and after a fault"}),
      field<&S::longest>("longest", {.min = 0, .max = 1e6, .says = "then it is made safe by itself; 0: never"})};
};

template <>
struct astro::Description<gpio::ButtonSettings> {
  using S = gpio::ButtonSettings;
  static constexpr std::array fields{
      field<&S::name>("name", {.says = "what its points are called: door", .required = true}),
      field<&S::line>("line", {.says = "as the board names it: GPIO27; or CHIP:NUMBER", .required = true}),
      field<&S::active_low>("active_low", {.says = "whether it is on when it pulls the line to ground"}),
      field<&S::bias>("bias", {.says = "resistor of the chip: up for a contact to ground"}),
      field<&S::debounce>("debounce", {.min = 0, .max = 10, .says = "it must have stayed the same for so long"})};
};

template <>
struct astro::Description<gpio::Controller::Settings> {
  using S = gpio::Controller::Settings;
  static constexpr std::array fields{
      field<&S::outputs>("outputs", {.says = "LEDs, relays, a noise diode"}),
      field<&S::buttons>("buttons", {.says = "buttons and other contacts"}),
      field<&S::frequency_hz>(
          "frequency", {.unit = "Hz", .min = 1, .max = 1000, .says = "of the pulses by which outputs are dimmed"})};
};

template <>
struct astro::Description<gpio::Set> {
  static constexpr std::array fields{field<&gpio::Set::output>("output", {.says = "which one", .required = true}),
                                     field<&gpio::Set::on>("on", {.says = "on or off"})};
};
template <>
struct astro::Description<gpio::Blink> {
  static constexpr std::array fields{
      field<&gpio::Blink::output>("output", {.says = "which one", .required = true}),
      field<&gpio::Blink::period>("period", {.min = 0.02, .max = 3600, .says = "from on to on"}),
      field<&gpio::Blink::part>("part", {.min = 0, .max = 1, .says = "of the period that it is on"})};
};
template <>
struct astro::Description<gpio::Dim> {
  static constexpr std::array fields{
      field<&gpio::Dim::output>("output", {.says = "which one", .required = true}),
      field<&gpio::Dim::level>("level", {.min = 0, .max = 1, .says = "part of the time that it is on"})};
};
template <>
struct astro::Description<gpio::Pulse> {
  static constexpr std::array fields{
      field<&gpio::Pulse::output>("output", {.says = "which one", .required = true}),
      field<&gpio::Pulse::duration>("duration", {.min = 0.001, .max = 3600, .says = "on for so long, then off"})};
};
