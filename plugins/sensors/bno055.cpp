// SPDX-License-Identifier: BSD-3-Clause
#include "bno055.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <thread>

#include "astro/error.hpp"

namespace sensors {

namespace {

// Registers of page 0.
constexpr std::uint8_t chip_id = 0x00;
constexpr std::uint8_t page_id = 0x07;
constexpr std::uint8_t quaternion = 0x20;  // w, x, y, z: 2^14 is 1
constexpr std::uint8_t calib_stat = 0x35;  // of system, gyroscope, accelerometer, magnetometer: 0 to 3, two bits each
constexpr std::uint8_t sys_status = 0x39;
constexpr std::uint8_t unit_sel = 0x3b;
constexpr std::uint8_t opr_mode = 0x3d;
constexpr std::uint8_t pwr_mode = 0x3e;
constexpr std::uint8_t sys_trigger = 0x3f;
constexpr std::uint8_t offsets = 0x55;  // and radii: what calibration found

constexpr std::uint8_t is_a_bno055 = 0xa0;
constexpr std::uint8_t config_mode = 0x00;
constexpr std::uint8_t system_error = 1;
constexpr std::uint8_t calibrated = 3;
constexpr std::uint8_t usable = 2;  // what the makers of boards call good enough

// Table 3-6: from any mode to configuration 19 ms, from there 7 ms.
constexpr std::chrono::milliseconds mode_change(25);

astro::Field count(const char* name, const char* says) {
  astro::Field field;
  field.name = name;
  field.type = astro::FieldType::integer;
  field.min = 0;
  field.max = calibrated;
  field.says = says;
  return field;
}

astro::Field degrees(const char* name, double min, double max, const char* says) {
  astro::Field field;
  field.name = name;
  field.type = astro::FieldType::number;
  field.unit = "deg";
  field.min = min;
  field.max = max;
  field.says = says;
  field.nullable = true;
  return field;
}

double signed_number(std::span<const std::uint8_t> low_first) {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(low_first[0] | (low_first[1] << 8)));
}

}  // namespace

astro::ControllerDescription Bno055::description() {
  astro::Field temperature = degrees("temperature", -128, 127, "of the chip");
  temperature.unit = "degC";
  return {.points = {degrees("azimuth", 0, 360, "where the beam looks, from north over east"),
                     degrees("altitude", -90, 90, "where the beam looks, above the horizon"), temperature,
                     count("calibration", "of the whole: 0 none to 3 full"), count("calibration_gyroscope", "0 to 3"),
                     count("calibration_accelerometer", "0 to 3"), count("calibration_magnetometer", "0 to 3")},
          .commands = {{.name = "keep_calibration",
                        .says = "keeps what the chip has learnt, and gives it back when it is opened next"}},
          .poll_every = std::chrono::milliseconds(200),
          .hook_bound = std::chrono::seconds(2)};
}

std::uint8_t Bno055::fusion_mode() const {
  constexpr std::array<std::uint8_t, 3> modes{0x0c, 0x0b, 0x08};
  return modes.at(static_cast<std::size_t>(settings_.fusion));
}

void Bno055::set_mode(std::uint8_t mode) {
  chip_.write(opr_mode, mode);
  std::this_thread::sleep_for(mode_change);
}

void Bno055::set_up() {
  chip_.open(settings_.bus, static_cast<int>(settings_.address));
  try {
    chip_.write(page_id, 0);
    if (const int id = chip_.read(chip_id); id != is_a_bno055) {
      throw astro::Error(astro::ErrorCode::device_fault,
                         "opening the BNO055 on " + settings_.bus + ": the chip at address " +
                             std::to_string(settings_.address) + " calls itself " + std::to_string(id) +
                             ", expected 160; see that the address is right");
    }
    set_mode(config_mode);
    chip_.write(pwr_mode, 0);
    chip_.write(unit_sel, 0x80);  // degrees, celsius, Android's turns
    chip_.write(sys_trigger, settings_.external_crystal ? 0x80 : 0x00);
    restore_calibration();
    set_mode(fusion_mode());
  } catch (...) {
    chip_.close();
    throw;
  }
}

void Bno055::open(astro::Emitter& host) {
  kept_ = host.surroundings().state_folder / ("bno055-" + host.surroundings().device + ".calibration");
  host_ = &host;
  set_up();
  astro::ControllerDescription told = description();
  told.poll_every = settings_.every;
  host.describe(told);
}

void Bno055::close() noexcept {
  chip_.close();
  host_ = nullptr;
}

void Bno055::restore_calibration() {
  std::ifstream file(kept_, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  Calibration calibration{};
  if (bytes.size() != calibration.size()) return;
  std::ranges::transform(bytes, calibration.begin(), [](char byte) { return static_cast<std::uint8_t>(byte); });
  chip_.write(offsets, calibration);
}

void Bno055::keep_calibration() {
  Calibration calibration{};
  set_mode(config_mode);
  chip_.read(offsets, calibration);
  set_mode(fusion_mode());
  std::ofstream file(kept_, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(calibration.data()), calibration.size());
  if (!file.flush())
    throw astro::Error(astro::ErrorCode::storage,
                       "keeping the calibration of the BNO055: cannot write " + kept_.string());
}

astro::Performed Bno055::perform(const astro::Call& call) {
  if (call.name != "keep_calibration") return astro::Controller::perform(call);
  if (!chip_.is_open()) set_up();
  const std::uint8_t how = chip_.read(calib_stat);
  if (how != 0xff) {
    throw astro::Error(astro::ErrorCode::device_fault,
                       "keeping the calibration of the BNO055: it is not calibrated yet; turn it about all axes until "
                       "every point of its calibration is 3");
  }
  keep_calibration();
  return {.message = "kept in " + kept_.string()};
}

void Bno055::poll() {
  try {
    if (!chip_.is_open()) set_up();
    show();
  } catch (const astro::Error&) {
    chip_.close();  // it is set up again when it answers
    show_none();
    throw;
  }
}

void Bno055::show_none() {
  for (const char* point : {"azimuth", "altitude"}) host_->point(point, {}, astro::Quality::bad);
}

void Bno055::show() {
  std::uint8_t status[2] = {};
  chip_.read(sys_status, status);
  if (status[0] == system_error) {
    throw astro::Error(astro::ErrorCode::device_fault, "the BNO055 reports the system error " +
                                                           std::to_string(status[1]) +
                                                           " (data sheet, SYS_ERR); it is set up again");
  }
  if (chip_.read(opr_mode) != fusion_mode()) {
    throw astro::Error(astro::ErrorCode::device_fault,
                       "the BNO055 has lost its settings, as after a loss of its power; it is set up again");
  }
  std::array<std::uint8_t, calib_stat - quaternion + 1> data{};
  chip_.read(quaternion, data);
  const auto part = [&](std::size_t i) { return signed_number(std::span(data).subspan(2 * i)) / 16384.0; };
  const std::uint8_t how = data.back();
  const auto temperature = static_cast<std::int8_t>(data[data.size() - 2]);
  host_->point("temperature", static_cast<double>(temperature));
  host_->point("calibration", how >> 6);
  host_->point("calibration_gyroscope", (how >> 4) & 3);
  host_->point("calibration_accelerometer", (how >> 2) & 3);
  host_->point("calibration_magnetometer", how & 3);
  const auto there = direction_of(settings_.beam, {part(0), part(1), part(2), part(3)});
  if (!there) return show_none();
  const bool knows_north = settings_.fusion != Fusion::imu && (how & 3) >= usable;
  const double azimuth = std::fmod(there->azimuth.degrees() + settings_.azimuth_offset.degrees() + 720.0, 360.0);
  host_->point("azimuth", azimuth, knows_north ? astro::Quality::good : astro::Quality::doubtful);
  host_->point("altitude", there->altitude.degrees() + settings_.altitude_offset.degrees(),
               ((how >> 4) & 3) >= usable ? astro::Quality::good : astro::Quality::doubtful);
}

}  // namespace sensors
