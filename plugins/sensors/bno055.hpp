// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <atomic>
#include <filesystem>
#include <string>

#include "astro/angle.hpp"
#include "astro/controller.hpp"
#include "astro/record.hpp"
#include "attitude.hpp"
#include "i2c.hpp"

namespace sensors {

enum class Fusion : std::uint8_t { ndof, ndof_without_fast_calibration, imu };

/// Bosch's BNO055 on the dish: from its accelerometer, gyroscope and magnetometer it computes how it lies, and so where
/// the beam looks. Registers: data sheet BST-BNO055-DS000, revision 1.8, chapter 4.
class Bno055 final : public astro::Controller {
 public:
  struct Settings {
    std::string bus = "/dev/i2c-1";
    std::int64_t address = 0x28;
    Axis beam = Axis::x;
    Fusion fusion = Fusion::ndof;
    bool external_crystal = false;
    astro::Angle azimuth_offset{};
    astro::Angle altitude_offset{};
    astro::Duration every = std::chrono::milliseconds(200);
  };
  static astro::ControllerDescription description();

  explicit Bno055(Settings settings) : settings_(std::move(settings)) {}

  void open(astro::Emitter& host) override;
  void close() noexcept override;
  void stop() noexcept override {}  // it moves nothing
  void poll() override;
  astro::Performed perform(const astro::Call& call) override;

 private:
  using Calibration = std::array<std::uint8_t, 22>;

  void set_up();
  void set_mode(std::uint8_t mode);
  std::uint8_t fusion_mode() const;
  void show();
  void show_none();
  void keep_calibration();
  void restore_calibration();

  const Settings settings_;
  astro::Emitter* host_ = nullptr;
  std::filesystem::path kept_{};
  I2c chip_;
};

}  // namespace sensors

template <>
struct astro::Description<sensors::Axis> {
  static constexpr std::array choices{"x", "-x", "y", "-y", "z", "-z"};
};

template <>
struct astro::Description<sensors::Fusion> {
  static constexpr std::array choices{"ndof", "ndof_without_fast_calibration", "imu"};
};

template <>
struct astro::Description<sensors::Bno055::Settings> {
  using S = sensors::Bno055::Settings;
  static constexpr std::array fields{
      field<&S::bus>("bus", {.unit = "path", .says = "the I2C bus"}),
      field<&S::address>("address",
                         {.min = 0x08, .max = 0x77, .says = "of the chip: 0x28 (40), or 0x29 (41) with ADR high"}),
      field<&S::beam>("beam", {.says = "axis of the chip that looks where the dish looks"}),
      field<&S::fusion>("fusion",
                        {.says = "the chip's mode; imu: without the magnetometer, azimuth from where it began"}),
      field<&S::external_crystal>("external_crystal", {.says = "the board has one of 32 kHz"}),
      field<&S::azimuth_offset>("azimuth_offset", {.min = -360,
                                                   .max = 360,
                                                   .says = "is added: declination of the magnetic field, and how it is "
                                                           "mounted"}),
      field<&S::altitude_offset>("altitude_offset", {.min = -90, .max = 90, .says = "is added: how it is mounted"}),
      field<&S::every>("every", {.min = 0.02, .max = 60, .says = "from one reading to the next"})};
};
