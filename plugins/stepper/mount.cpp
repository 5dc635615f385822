// SPDX-License-Identifier: BSD-3-Clause
#include "mount.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <utility>

#include "astro/error.hpp"

namespace stepper {

namespace {

constexpr astro::Duration longest_braking = std::chrono::seconds(8);  // waited for when it is closed

/// The motors that are open in this process, by observatory and device: for whoever watches them.
class Known {
 public:
  void put(const std::string& observatory, const std::string& device, const std::shared_ptr<Motors>& motors) {
    const std::lock_guard lock(mutex_);
    motors_[{observatory, device}] = motors;
  }
  std::shared_ptr<Motors> find(const std::string& observatory, const std::string& device) {
    const std::lock_guard lock(mutex_);
    const auto found = motors_.find({observatory, device});
    return found == motors_.end() ? nullptr : found->second.lock();
  }
  void forget(const std::string& observatory, const std::string& device) {
    const std::lock_guard lock(mutex_);
    motors_.erase({observatory, device});
  }
  static Known& here() {
    static Known known;
    return known;
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::weak_ptr<Motors>> motors_;
};

struct Points {
  double late_rms_us = 0.0;
  double late_max_us = 0.0;
  std::int64_t slips = 0;
  std::int64_t first_steps = 0;
  std::int64_t second_steps = 0;
  bool emergency_stop = false;
  bool first_low = false;
  bool first_high = false;
  bool first_home = false;
  bool second_low = false;
  bool second_high = false;
  bool second_home = false;
  std::optional<astro::Angle> first_encoder{};
  std::optional<astro::Angle> second_encoder{};
  bool realtime = false;
};

void check(const AxisSettings& axis, const char* which) {
  const Axis::Settings steps = Motors::axis_settings(axis);
  const auto refuse = [&](const std::string& what) {
    throw astro::Error(astro::ErrorCode::invalid_argument, std::string("the ") + which + " axis: " + what);
  };
  if (steps.from >= steps.to) refuse("`from` must be below `to`, by a step at least");
  if (steps.ramps.speed > 50'000.0) {
    refuse("`speed` is " + std::to_string(std::llround(steps.ramps.speed)) +
           " steps a second; at most 50000: take fewer microsteps");
  }
  if (axis.encoder_a.empty() != axis.encoder_b.empty()) refuse("an encoder has two channels, encoder_a and encoder_b");
  if (!axis.encoder_a.empty() && axis.encoder_counts == 0.0) refuse("an encoder needs its `encoder_counts`");
}

}  // namespace

}  // namespace stepper

template <>
struct astro::Description<stepper::Points> {
  using P = stepper::Points;
  static constexpr std::array fields{
      field<&P::late_rms_us>("late_rms",
                             {.unit = "us", .says = "how late steps were, root mean square since the last"}),
      field<&P::late_max_us>("late_max", {.unit = "us", .says = "and the latest of them"}),
      field<&P::slips>("slips", {.says = "steps so late that the rest of their motion was put off, since the last"}),
      field<&P::first_steps>("first_steps", {.says = "that the first motor made since it is open"}),
      field<&P::second_steps>("second_steps", {.says = "that the second motor made since it is open"}),
      field<&P::emergency_stop>("emergency_stop", {.says = "whether it is pressed"}),
      field<&P::first_low>("first_low", {.says = "the first axis's lower limit switch is closed"}),
      field<&P::first_high>("first_high", {.says = "its upper one"}),
      field<&P::first_home>("first_home", {.says = "its home switch"}),
      field<&P::second_low>("second_low", {.says = "the second axis's lower limit switch is closed"}),
      field<&P::second_high>("second_high", {.says = "its upper one"}),
      field<&P::second_home>("second_home", {.says = "its home switch"}),
      field<&P::first_encoder>("first_encoder", {.says = "the first encoder's angle minus that of the steps"}),
      field<&P::second_encoder>("second_encoder", {.says = "the second encoder's angle minus that of the steps"}),
      field<&P::realtime>("realtime", {.says = "whether the steps have real-time priority"})};
};

namespace stepper {

astro::MountDescription Mount::description() {
  return {.geometry = astro::Geometry::alt_az,
          .first = {astro::degrees(-720), astro::degrees(720)},
          .second = {astro::degrees(-720), astro::degrees(720)},
          .rates = true,
          .parks = true,
          .homes = true};
}

Mount::Mount(Settings settings) : settings_(std::move(settings)) {
  check(settings_.first, "first");
  check(settings_.second, "second");
}

astro::MountDescription Mount::described() const {
  astro::MountDescription told = description();
  const AxisSettings& first = settings_.first;
  const AxisSettings& second = settings_.second;
  told.geometry = settings_.geometry;
  told.first = {first.from, first.to};
  told.second = {second.from, second.to};
  told.fastest = {first.speed, second.speed};
  told.braking = astro::from_seconds(std::max(
      first.speed / first.acceleration + (first.jerk > astro::Angle{} ? first.acceleration / first.jerk : 0.0),
      second.speed / second.acceleration + (second.jerk > astro::Angle{} ? second.acceleration / second.jerk : 0.0)));
  // Half a step is as near as it comes.
  const double coarsest = std::min(Motors::steps_per_degree(first), Motors::steps_per_degree(second));
  told.accuracy = astro::degrees(std::max(0.001, 0.6 / coarsest));
  told.parks = settings_.park.has_value();
  told.parks_at = settings_.park;
  told.homes = !first.home.empty() || !second.home.empty();
  return told;
}

/// Where the axes were when the device was closed. What is read is gone: after a crash nobody knows where they are.
Place Mount::known_place(astro::Emitter& host) {
  Place place;
  std::ifstream stream(file_);
  if (stream >> place.dish[0] >> place.play[0] >> place.dish[1] >> place.play[1]) {
    stream.close();
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
    return place;
  }
  host.log(astro::LogLevel::warning,
           "where the axes stand is not known from before: taken for `start`. Home them, or bring them there");
  const std::array<const AxisSettings*, 2> axes{&settings_.first, &settings_.second};
  const std::array<astro::Angle, 2> start{settings_.start.first, settings_.start.second};
  place = {};
  for (std::size_t i = 0; i < 2; ++i) {
    const Axis::Settings reach = Motors::axis_settings(*axes[i]);
    place.dish[i] = std::clamp<std::int64_t>(std::llround(start[i].degrees() * Motors::steps_per_degree(*axes[i])),
                                             reach.from, reach.to);
  }
  return place;
}

void Mount::keep_place() noexcept {
  const Standing told = motors_->standing();
  if (told.moves || !told.fault.empty()) return;
  std::ofstream stream(file_);
  stream << told.place.dish[0] << ' ' << told.place.play[0] << ' ' << told.place.dish[1] << ' ' << told.place.play[1]
         << '\n';
}

void Mount::open(astro::Emitter& host) {
  const astro::Surroundings& here = host.surroundings();
  clock_ = here.clock;
  device_ = here.device;
  observatory_ = here.observatory;
  file_ = here.state_folder / (here.device + ".steps");
  auto made = std::make_shared<Motors>(settings_, known_place(host), [&host](const std::string& message) {
    host.log(astro::LogLevel::warning, message);
  });
  {
    const std::lock_guard lock(mutex_);
    motors_ = made;
  }
  parking_ = false;
  host_ = &host;
  fault_.clear();
  Known::here().put(observatory_, device_, made);
  host.describe(described());
}

std::shared_ptr<Motors> Mount::motors() const {
  const std::lock_guard lock(mutex_);
  return motors_;
}

void Mount::close() noexcept {
  stop();
  const auto end = std::chrono::steady_clock::now() + longest_braking;
  while (motors_->standing().moves && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  keep_place();
  Known::here().forget(observatory_, device_);
  motors_->end();
  std::shared_ptr<Motors> last;
  const std::lock_guard lock(mutex_);
  last.swap(motors_);
}

void Mount::stop() noexcept {
  parking_ = false;
  if (const auto running = motors()) running->stop();
}

void Mount::move_to(astro::Axes target) {
  parking_ = false;
  const auto running = motors();
  running->go({std::llround(target.first.degrees() * running->steps_per_degree(0)),
               std::llround(target.second.degrees() * running->steps_per_degree(1))});
}

void Mount::move_rate(astro::AxisRates rates, astro::Duration lifetime) {
  parking_ = false;
  // The motors live in real time, the rate in that of the observatory.
  const astro::Duration real = astro::from_seconds(astro::seconds(lifetime) / clock_->speed());
  motors()->turn({rates.first.degrees(), rates.second.degrees()}, real);
}

void Mount::park() {
  if (!settings_.park) return astro::Mount::park();
  move_to(*settings_.park);
  parking_ = true;
}

void Mount::home() {
  if (settings_.first.home.empty() && settings_.second.home.empty()) return astro::Mount::home();
  parking_ = false;
  motors()->home();
}

astro::MountStatus Mount::status() {
  const auto running = motors();
  const Telling told = running->tell();
  astro::MountStatus status{
      .position = {astro::degrees(static_cast<double>(told.place.dish[0]) / running->steps_per_degree(0)),
                   astro::degrees(static_cast<double>(told.place.dish[1]) / running->steps_per_degree(1))},
      .detail = told.fault};
  if (told.fault != std::exchange(fault_, told.fault) && !told.fault.empty())
    host_->log(astro::LogLevel::error, told.fault);
  if (!told.fault.empty()) status.state = astro::MountState::fault;
  else if (told.moves) status.state = astro::MountState::moving;
  else if (parking_) status.state = astro::MountState::parked;
  return status;
}

astro::ControllerDescription Watch::description() { return {.points = astro::schema_of<Points>().fields}; }

void Watch::poll() {
  const astro::Surroundings& here = host_->surroundings();
  const auto motors = Known::here().find(here.observatory, settings_.of);
  if (!motors) {
    throw astro::Error(astro::ErrorCode::not_found, "watching the motors of \"" + settings_.of +
                                                        "\": no mount of the driver stepper has this name in this "
                                                        "process; both run here, or not at all");
  }
  const Telling told = motors->tell();
  const Lateness late = motors->lateness();
  Points points{.late_rms_us = late.rms_s * 1e6,
                .late_max_us = late.max_s * 1e6,
                .slips = late.slips,
                .first_steps = told.made[0],
                .second_steps = told.made[1],
                .emergency_stop = told.emergency,
                .first_low = told.switches[0][0],
                .first_high = told.switches[0][1],
                .first_home = told.switches[0][2],
                .second_low = told.switches[1][0],
                .second_high = told.switches[1][1],
                .second_home = told.switches[1][2],
                .realtime = told.realtime};
  if (told.differs[0]) points.first_encoder = astro::degrees(*told.differs[0] / motors->steps_per_degree(0));
  if (told.differs[1]) points.second_encoder = astro::degrees(*told.differs[1] / motors->steps_per_degree(1));
  const astro::Value values = astro::to_value(points);
  for (const auto& [name, value] : values.as_map()) {
    // Nobody wants to know how late no step was.
    if (late.steps == 0 && (name == "late_rms" || name == "late_max")) continue;
    if (!value.is_null()) host_->point(name, value);
  }
}

}  // namespace stepper
