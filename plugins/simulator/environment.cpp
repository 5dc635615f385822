// SPDX-License-Identifier: BSD-3-Clause
#include "environment.hpp"

#include <algorithm>
#include <chrono>

namespace simulator {

enum class SystemStatus : std::uint8_t { operational, warning, error, maintenance };
enum class SensorId : std::uint8_t { temperature, pressure, humidity, system_status };

struct EnvironmentPoints {
  double temperature = 22.0;
  double pressure = 1013.0;
  double humidity = 50.0;
  SystemStatus system_status = SystemStatus::operational;
};

struct SetUpdateInterval {
  astro::Duration interval = std::chrono::seconds(1);
};

struct SetSensorValue {
  SensorId sensor_id = SensorId::temperature;
  astro::Value value{};
};

struct CalibrateSensors {
  astro::Duration duration = std::chrono::seconds(5);
};

struct Nothing {};

}  // namespace simulator

template <>
struct astro::Description<simulator::SystemStatus> {
  static constexpr std::array choices{"operational", "warning", "error", "maintenance"};
};

template <>
struct astro::Description<simulator::SensorId> {
  static constexpr std::array choices{"temperature", "pressure", "humidity", "system_status"};
};

template <>
struct astro::Description<simulator::EnvironmentPoints> {
  using P = simulator::EnvironmentPoints;
  static constexpr std::array fields{
      field<&P::temperature>("temperature", {.unit = "degC", .min = 18, .max = 35, .says = "Temperature of the air"}),
      field<&P::pressure>("pressure", {.unit = "hPa", .min = 980, .max = 1050, .says = "Pressure of the air"}),
      field<&P::humidity>("humidity", {.unit = "%", .min = 20, .max = 80, .says = "Relative humidity"}),
      field<&P::system_status>("system_status", {.says = "State of the device"})};
};

template <>
struct astro::Description<simulator::SetUpdateInterval> {
  static constexpr std::array fields{field<&simulator::SetUpdateInterval::interval>(
      "interval", {.min = 0.1, .max = 60, .says = "from one reading to the next", .required = true})};
};

template <>
struct astro::Description<simulator::SetSensorValue> {
  static constexpr std::array fields{
      field<&simulator::SetSensorValue::sensor_id>("sensor_id", {.says = "which one", .required = true}),
      field<&simulator::SetSensorValue::value>("value", {.says = "within the sensor's range", .required = true})};
};

template <>
struct astro::Description<simulator::CalibrateSensors> {
  static constexpr std::array fields{
      field<&simulator::CalibrateSensors::duration>("duration", {.min = 1, .max = 30, .says = "how long it takes"})};
};

template <>
struct astro::Description<simulator::Nothing> {
  static constexpr std::array<astro::Member, 0> fields{};
};

namespace simulator {
namespace {

constexpr std::array sensors{"temperature", "pressure", "humidity"};
constexpr std::array wander{1.5, 4.0, 6.0};
constexpr astro::Duration while_calibrating = std::chrono::milliseconds(200);

const std::vector<astro::Field>& points() { return astro::schema_of<EnvironmentPoints>().fields; }

}  // namespace

astro::ControllerDescription Environment::description() {
  return {.points = points(),
          .commands = {astro::command<SetUpdateInterval>("set_update_interval", "Sets how often the sensors are read."),
                       astro::command<Nothing>("reset_sensors", "Lets all sensors measure again."),
                       astro::command<SetSensorValue>("set_sensor_value", "Holds a sensor at a value."),
                       astro::command<Nothing>("get_status", "Tells interval and state."),
                       astro::command<CalibrateSensors>("calibrate_sensors", "Calibrates; ends after the duration.",
                                                        std::chrono::seconds(5))}};
}

void Environment::open(astro::Emitter& host) {
  host_ = &host;
  clock_ = host.surroundings().clock;
  interval_ = settings_.interval;
  forced_ = {};
  forced_status_.clear();
  calibration_.reset();
  cut_short_ = false;
  host.poll_every(interval_);
}

void Environment::close() noexcept {
  host_ = nullptr;
  clock_.reset();
}

void Environment::stop() noexcept { cut_short_ = true; }

double Environment::reading(std::size_t sensor) const noexcept {
  if (forced_[sensor]) return *forced_[sensor];
  const std::array middles{settings_.temperature_c, settings_.pressure_hpa, settings_.humidity_percent};
  const Drift drift(mix(static_cast<std::uint64_t>(settings_.seed), sensors[sensor]), 61.0);
  const double value = middles[sensor] + wander[sensor] * drift.at(clock_->now());
  return std::clamp(value, points()[sensor].min, points()[sensor].max);
}

std::string Environment::status() const {
  if (calibration_) return "maintenance";
  return forced_status_.empty() ? "operational" : forced_status_;
}

void Environment::poll() {
  follow_calibration();
  for (std::size_t i = 0; i < sensors.size(); ++i) host_->point(sensors[i], reading(i));
  host_->point("system_status", status());
}

void Environment::follow_calibration() {
  if (!calibration_) return;
  const astro::Time now = clock_->now();
  if (now < calibration_->end && !cut_short_) {
    const double part =
        astro::seconds(now - calibration_->start) / astro::seconds(calibration_->end - calibration_->start);
    return host_->progress(calibration_->command, 100.0 * part);
  }
  const std::string command = calibration_->command;
  calibration_.reset();
  host_->poll_every(interval_);
  if (cut_short_)
    host_->finished(
        command, {.succeeded = false, .code = astro::ErrorCode::interrupted, .message = "the calibration was stopped"});
  else host_->finished(command, {.message = "all sensors are calibrated"});
}

astro::Performed Environment::perform(const astro::Call& call) {
  if (call.name == "set_update_interval") return set_interval(call);
  if (call.name == "set_sensor_value") return set_value(call);
  if (call.name == "calibrate_sensors") return calibrate(call);
  if (call.name == "get_status") return report();
  if (call.name != "reset_sensors") return astro::Controller::perform(call);
  forced_ = {};
  forced_status_.clear();
  poll();
  return {.message = "all sensors measure again"};
}

astro::Performed Environment::set_interval(const astro::Call& call) {
  interval_ = call.as<SetUpdateInterval>().interval;
  if (!calibration_) host_->poll_every(interval_);
  return {.message = "the sensors are read every " + std::to_string(astro::seconds(interval_)) + " s",
          .details = astro::Map{{"interval", astro::seconds(interval_)}}};
}

astro::Performed Environment::set_value(const astro::Call& call) {
  const auto wanted = call.as<SetSensorValue>();
  const auto sensor = static_cast<std::size_t>(wanted.sensor_id);
  // Checks type, range and choice, and names them in what it throws.
  const astro::Value value = astro::canonical(points()[sensor], wanted.value);
  if (sensor < sensors.size()) forced_[sensor] = value.as_number();
  else forced_status_ = value.as_text();
  poll();
  return {.message = points()[sensor].name + " is held"};
}

astro::Performed Environment::calibrate(const astro::Call& call) {
  if (calibration_)
    throw astro::Error(astro::ErrorCode::busy, "calibrating the sensors: a calibration is running; wait for its end");
  const astro::Time now = clock_->now();
  cut_short_ = false;
  calibration_ = {call.id, now, now + call.as<CalibrateSensors>().duration};
  host_->poll_every(std::min(interval_, while_calibrating));
  return {.running = true, .message = "calibrating"};
}

astro::Performed Environment::report() const {
  return {.message = "the device is " + status(),
          .details = astro::Map{{"system_status", status()}, {"update_interval", astro::seconds(interval_)}}};
}

}  // namespace simulator
