// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/plan.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>

#include "astro/error.hpp"
#include "astro/observatory.hpp"
#include "astro/observing/safety.hpp"
#include "astro/registry.hpp"
#include "astro/sky/events.hpp"
#include "astro/sky/track.hpp"
#include "observing/beam_path.hpp"
#include "observing/devices.hpp"
#include "observing/modes.hpp"
#include "observing/until_rms.hpp"
#include "text.hpp"

namespace astro {

using namespace std::chrono_literals;
using detail::BeamPath;

namespace {

constexpr Duration longest_look = 48h;
constexpr Duration between_looks = 10min;
constexpr Duration settling = 2s;  // of the dish after a slew, and of a load that was switched

[[noreturn]] void refuse_plan(const std::string& why) { throw Error(ErrorCode::invalid_argument, "planning: " + why); }

/// Hour and minute are enough for people.
std::string at_time(Time time) { return " at " + format_time(time, 0); }

/// Whether two reasons differ in nothing but their label and numbers.
bool is_alike(const std::string& a, const std::string& b) {
  const auto plain = [](const std::string& reason) {
    std::string words;
    for (const char c : reason.substr(reason.find(':'))) {
      if (!std::isdigit(static_cast<unsigned char>(c)) && c != '.' && c != '-') words += c;
    }
    return words;
  };
  return plain(a) == plain(b);
}

/// A time in which the place of some steps is forbidden, as a target that has set, and when those steps are done after
/// any start: a start that leads there within it is refused, and need not be planned for that.
struct ClosedTime {
  Time from{};
  Time to{};
  Duration first_begin{};  ///< of these steps, after the start, at most
  Duration last_end{};     ///< at least
  Duration apart{};        ///< from one of them to the next, at most

  bool refuses(Time start) const {
    return std::min(start + last_end, to) - std::max(start + first_begin, from) > apart;
  }
};

class Planner {
 public:
  Planner(const Site& site, const ObservationRequest& request, const PlanOptions& options);

  Plan plan(std::span<const Step> steps, Time start, Axes axes, bool to_first_refusal = false) const;
  Axes start_axes() const { return mount_ ? mount_->axes : Axes{}; }
  std::size_t steps_until_rms(std::span<const Step> steps) const;
  std::optional<ClosedTime> closed_by(std::span<const Step> steps, const Plan& refused) const;
  std::optional<Time> clear_of_sun(Time from) const;

 private:
  /// Time that was spent, by what was looked at.
  struct Spent {
    double sky_s = 0.0;
    double reference_s = 0.0;
    double load_s = 0.0;

    void add(const Step& step);
  };

  void plan_step(PlannedStep& planned, Time& now, Axes& axes, Plan& plan) const;
  Step pointed(Step step) const;
  bool is_forbidden(const BeamPath& path, Time time) const;
  Duration longest_slew() const;
  Axes wanted(const AltAz& place, Time time) const { return mount_->pointing.axes_of(place, time); }
  std::vector<Time> samples(const PlannedStep& planned, bool moves) const;
  std::optional<Error> objection(bool is_celestial, const AltAz& place, const sky::TrackPoint& point) const;
  Duration slew_time(const Axes& from, const Axes& to, Time now, PlannedStep& planned) const;
  std::string load_target(Phase phase) const;
  void check_receiver() const;
  void check_shift() const;
  const char* why_no_kelvin() const;
  void check_condition() const;
  void check_files() const;
  void check_beam() const;
  double sample_rate_hz() const;
  double expected_rms_k(const Spent& spent, std::int64_t passes) const;
  std::uint64_t bytes(std::span<const Step> steps) const;

  const Site& site_;
  const ObservationRequest& request_;
  const DeviceEntry& receiver_;
  std::optional<CalibrationSection> calibration_;
  std::optional<detail::PlanningMount> mount_;
  std::optional<SafeSky> safe_sky_;
  std::string mount_name_;
  sky::Observer observer_;
  sky::Observer apparent_;
};

Planner::Planner(const Site& site, const ObservationRequest& request, const PlanOptions& options)
    : site_(site),
      request_(request),
      receiver_(detail::device_of(site, DeviceKind::receiver, request.receiver)),
      calibration_(detail::calibration_of(site, receiver_.name)),
      mount_name_(receiver_.mount),
      observer_(site.location),
      apparent_(site.location, sky::standard_weather(site.location)) {
  (void)detail::device_of(site, DeviceKind::store, request.store);
  detail::check_calibration(calibration_, request.calibration, receiver_.name);
  check_receiver();
  check_shift();
  check_condition();
  check_files();
  check_beam();
  if (request.output_filename.find_first_of("/\\") != std::string::npos || request.output_filename.starts_with("."))
    refuse_plan("`output_filename` is a name without folder and ending, as in cygnus; it is " +
                text::quoted(request.output_filename));
  if (mount_name_.empty()) return;
  mount_.emplace(site, mount_name_, options.axes, options.mount);
  safe_sky_.emplace(site.location, mount_->description.geometry, mount_->limits, safety_of(site, mount_name_));
}

void Planner::check_receiver() const {
  const ReceiverDescription described = Registry::shared().find(DeviceKind::receiver, receiver_.driver).receiver;
  const auto check = [&](const char* what, Frequency value, Frequency least, Frequency most) {
    if (value >= least && value <= most) return;
    refuse_plan("receiver '" + receiver_.name + "' takes a " + what + " of " + text::of(least.megahertz()) + " to " +
                text::of(most.megahertz()) + " MHz, and the request wants " + text::of(value.megahertz()) + " MHz");
  };
  check("centre frequency", request_.center_frequency, described.lowest, described.highest);
  if (request_.bandwidth > Frequency()) check("bandwidth", request_.bandwidth, described.slowest, described.fastest);
  if (request_.gain_db && !(*request_.gain_db >= described.min_gain_db && *request_.gain_db <= described.max_gain_db)) {
    refuse_plan("receiver '" + receiver_.name + "' takes a gain of " + text::of(described.min_gain_db) + " to " +
                text::of(described.max_gain_db) + " dB, and the request wants " + text::of(*request_.gain_db) + " dB");
  }
}

/// Whether the line is in the band at both tunings, and not in the same channel.
void Planner::check_shift() const {
  const double band_hz = sample_rate_hz();
  if (request_.mode != Mode::frequency_switch || band_hz == 0.0) return;
  const double shift_hz = std::abs(request_.frequency_shift.hertz());
  if (shift_hz >= band_hz) {
    refuse_plan("a `frequency_shift` of " + text::of(request_.frequency_shift.megahertz()) +
                " MHz moves the line out of the band of " + text::of(band_hz / 1e6) +
                " MHz; it has to be in it at both tunings");
  }
  if (const double channel_hz = band_hz / request_.channels; shift_hz < channel_hz) {
    refuse_plan(
        "a `frequency_shift` of " + text::of(request_.frequency_shift.kilohertz()) + " kHz is less than a channel, " +
        text::of(channel_hz / 1e3) +
        " kHz: the line would be taken from itself; shift it by more than it is broad, or take more `channels`");
  }
}

/// Why there will be no spectrum of the sky in kelvin; null: there will be.
const char* Planner::why_no_kelvin() const {
  if (request_.mode == Mode::loads) return "`mode: loads` has no spectrum of the sky";
  if (request_.product == Product::continuum) return "`product: continuum` keeps no channels";
  if (request_.calibration == CalibrationKind::none) return "`calibration: none` has no kelvin";
  return nullptr;
}

/// Whether the noise that passes are repeated for is there to be looked at.
void Planner::check_condition() const {
  const char* why = request_.until_rms_k > 0.0 ? why_no_kelvin() : nullptr;
  if (why != nullptr) refuse_plan(std::string("`until_rms` is the noise of a channel in kelvin, and ") + why);
}

/// Whether all files that are to be made at its end can be made of what is kept, as `export_observation` makes them.
void Planner::check_files() const {
  const Mode mode = request_.mode;
  const auto refuse = [&](ProductFile kind, const std::string& why) {
    refuse_plan(std::string("`files` asks for ") +
                Description<ProductFile>::choices.at(static_cast<std::size_t>(kind)) + ", and " + why);
  };
  const auto need_spectrum = [&](ProductFile kind) {
    if (const char* why = why_no_kelvin()) refuse(kind, why);
  };
  for (const ProductFile kind : request_.files) {
    if (kind == ProductFile::sigmf && request_.product != Product::recording && request_.product != Product::all)
      refuse(kind, "nothing is recorded; ask for `product: recording` or `product: all`");
    if (kind == ProductFile::sdfits && mode == Mode::loads) need_spectrum(kind);
    if (kind == ProductFile::csv && !detail::visits_places(mode)) need_spectrum(kind);
    if (kind != ProductFile::fits) continue;
    if (!detail::covers_an_area(mode)) need_spectrum(kind);
    else if (!calibration_ || calibration_->beam_width <= Angle())
      refuse(kind, "a map is gridded by the beam: say `beam_width: 5 deg` in the site's `calibration: {" +
                       receiver_.name + ": ...}`");
  }
}

/// What nothing can turn stands still: its spectra would be stored as those of places where it never looked.
void Planner::check_beam() const {
  const Mode mode = request_.mode;
  const bool stands =
      mode == Mode::track || mode == Mode::drift || mode == Mode::frequency_switch || mode == Mode::loads;
  if (!mount_name_.empty() || stands) return;
  refuse_plan("receiver '" + receiver_.name +
              "' stands on no mount, and `mode: " + Description<Mode>::choices.at(static_cast<std::size_t>(mode)) +
              "` moves the beam; say `mount:` of the receiver, or take `mode: drift`");
}

std::string Planner::load_target(Phase phase) const {
  if (!calibration_ || request_.calibration != CalibrationKind::loads) return {};
  if (phase == Phase::hot) return calibration_->hot.target;
  if (phase == Phase::cold) return calibration_->cold.target;
  return {};
}

/// As it is observed: a load may have a place of its own.
Step Planner::pointed(Step step) const {
  if (std::string load = load_target(step.phase); !load.empty()) step.target = std::move(load);
  return step;
}

/// From when it sets out to where it stands again.
std::vector<Time> Planner::samples(const PlannedStep& planned, bool moves) const {
  if (planned.step.drift) return {planned.begin};
  const Time begin = planned.begin - (moves ? BeamPath::run_up : Duration{});
  const Duration duration = planned.begin + planned.step.duration + (moves ? BeamPath::run_out : Duration{}) - begin;
  const std::int64_t gaps = std::clamp<std::int64_t>(duration / 60s + 1, moves ? 4 : 2, 1500);
  std::vector<Time> times;
  for (std::int64_t i = 0; i <= gaps; ++i) times.push_back(begin + duration * i / gaps);
  return times;
}

std::optional<Error> Planner::objection(bool is_celestial, const AltAz& place, const sky::TrackPoint& point) const {
  if (is_celestial && place.altitude < Angle())
    return Error(ErrorCode::not_visible, "it is below the horizon, at an altitude of " +
                                             text::of(std::round(place.altitude.degrees() * 10) / 10) + " deg");
  if (point.reached) return safe_sky_->refusal(point.axes, point.time);
  try {
    (void)detail::nearest_allowed(wanted(place, point.time), mount_->limits, mount_->axes, mount_->pointing);
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorCode::out_of_limits, "the axes do not get there in time");
}

/// Whether the axes may not be there then, wherever they come from.
bool Planner::is_forbidden(const BeamPath& path, Time time) const {
  const AltAz place = path.apparent_place(observer_, apparent_, time, time);
  const Axes axes = wanted(place, time);
  const sky::AxisReach reach{mount_->limits.first, mount_->limits.second, mount_->description.fastest};
  const sky::TrackPlan there =
      sky::plan_track({&time, 1}, {&axes, 1}, reach, mount_->axes, mount_->pointing.model().get());
  return objection(path.is_celestial(), place, there.points.front()).has_value();
}

/// Also by a way round what is forbidden.
Duration Planner::longest_slew() const {
  const AxisRates fastest = mount_->description.fastest;
  const MountLimits& limits = mount_->limits;
  return from_seconds(3.0 * std::max((limits.first.to - limits.first.from) / fastest.first,
                                     (limits.second.to - limits.second.from) / fastest.second));
}

/// Of a plan that ends with a step that is refused. Nothing where that does not last, or nothing would be spared.
std::optional<ClosedTime> Planner::closed_by(std::span<const Step> steps, const Plan& refused) const {
  constexpr std::size_t few = 50;
  constexpr Duration every = 1min;
  if (!mount_ || refused.steps.size() < few) return std::nullopt;
  const Step place = pointed(refused.steps.back().step);
  const BeamPath path(place, site_.location);
  if (place.drift || path.moves()) return std::nullopt;
  ClosedTime closed;
  try {
    const std::vector<Time> times = samples(refused.steps.back(), false);
    const auto first = std::ranges::find_if(times, [&](Time time) { return is_forbidden(path, time); });
    if (first == times.end()) return std::nullopt;
    closed.from = closed.to = *first;
    while (closed.to < closed.from + 24h && is_forbidden(path, closed.to + every)) closed.to += every;
  } catch (const Error&) {  // an offset leads over a pole of its frame, at this time
    return std::nullopt;
  }
  const Duration between_steps = settling + longest_slew() + BeamPath::run_up + BeamPath::run_out;
  Duration passed{};
  Duration since = between_steps;
  for (const Step& each : steps) {
    const Step step = pointed(each);
    passed += step.duration;
    if (step.target != place.target || step.frame != place.frame || step.drift || step.x != place.x ||
        step.y != place.y || step.to_x != place.to_x || step.to_y != place.to_y) {
      since += step.duration + between_steps;
      continue;
    }
    if (closed.last_end == Duration{}) closed.first_begin = since;
    closed.apart = std::max(closed.apart, since);
    closed.last_end = passed;
    since = between_steps;
  }
  closed.apart += 10min;  // of a long step not each moment is looked at
  return closed;
}

/// Over the way points that keep off forbidden sky; the step is refused where there are none.
Duration Planner::slew_time(const Axes& from, const Axes& to, Time now, PlannedStep& planned) const {
  const AxisRates fastest = mount_->description.fastest;
  double sum_s = 0.0;
  try {
    Axes at = from;
    for (const Axes& next : safe_sky_->route(mount_->description, from, to, now)) {
      sum_s +=
          std::max((next.first - at.first).abs() / fastest.first, (next.second - at.second).abs() / fastest.second);
      at = next;
    }
  } catch (const Error& error) {
    planned.refusal = std::string("there is no safe way there: ") + error.what() + at_time(now);
    planned.refusal_code = error.code();
  }
  return from_seconds(sum_s);
}

void Planner::plan_step(PlannedStep& planned, Time& now, Axes& axes, Plan& plan) const {
  const Step step = pointed(planned.step);
  const BeamPath path(step, site_.location);
  planned.start = now;
  const bool moves = path.moves() && !path.is_anywhere();
  const Duration run_up = moves ? BeamPath::run_up : Duration{};
  const bool has_place = mount_ && !path.is_anywhere();
  const bool is_switched = !plan.steps.empty() && plan.steps.back().step.phase != step.phase;
  const bool settles = now != plan.start && (has_place || is_switched);
  planned.begin = now + (settles ? settling : Duration{}) + run_up;
  if (has_place) {
    const sky::AxisReach reach{mount_->limits.first, mount_->limits.second, mount_->description.fastest};
    planned.has_place = true;
    // The slew takes its time, in which the sky turns on: twice is enough.
    for (int pass = 0; pass < 2; ++pass) {
      const std::vector<Time> times = samples(planned, moves);
      std::vector<AltAz> places;
      std::vector<Axes> axes_wanted;
      try {
        planned.place = path.apparent_place(observer_, apparent_, planned.begin, planned.begin);
        for (const Time time : times) {
          places.push_back(path.apparent_place(observer_, apparent_, planned.begin, time));
          axes_wanted.push_back(wanted(places.back(), time));
        }
      } catch (const Error& error) {  // an offset leads over a pole of its frame, at this time
        planned.refusal = error.what() + at_time(planned.begin);
        planned.refusal_code = error.code();
        break;
      }
      const sky::TrackPlan track = sky::plan_track(times, axes_wanted, reach, axes, mount_->pointing.model().get());
      planned.from = track.points.front().axes;
      planned.to = track.points.back().axes;
      planned.refusal.clear();
      for (std::size_t i = 0; i < times.size() && planned.refusal.empty(); ++i) {
        const std::optional<Error> why = objection(path.is_celestial(), places[i], track.points[i]);
        if (!why) continue;
        planned.refusal = why->what() + at_time(times[i]);
        planned.refusal_code = why->code();
      }
      if (!planned.refusal.empty()) break;
      const Duration slew = slew_time(axes, planned.from, now, planned);
      if (!planned.refusal.empty()) break;
      if (pass == 0) planned.begin = now + slew + settling + run_up;
      else plan.unwinds += track.changes;
    }
    if (planned.refusal.empty()) axes = planned.to;
    const Angle sun = separation(planned.place, apparent_.altaz(Target(Body::sun), planned.begin));
    plan.sun_distance = std::min(plan.sun_distance.value_or(sun), sun);
    plan.slewing += planned.begin - planned.start;
  }
  planned.end = planned.begin + step.duration;
  now = planned.end;
}

/// As the request wants it, else as the site file sets the receiver; 0: not known.
double Planner::sample_rate_hz() const {
  if (request_.bandwidth > Frequency()) return request_.bandwidth.hertz();
  const Value* set = receiver_.settings.find("sample_rate");
  const bool is_number = set != nullptr && (set->get_if<double>() != nullptr || set->get_if<std::int64_t>() != nullptr);
  return is_number ? set->as_number() : 0.0;
}

void Planner::Spent::add(const Step& step) {
  const double spent_s = seconds(step.duration);
  if (step.phase == Phase::sky) sky_s += spent_s;
  else if (step.phase == Phase::reference) reference_s += spent_s;
  else load_s += spent_s;
}

double Planner::expected_rms_k(const Spent& spent, std::int64_t passes) const {
  const double rate_hz = sample_rate_hz();
  if (!calibration_ || !calibration_->tsys_k || rate_hz == 0.0) return 0.0;
  double on_s = spent.sky_s;
  const double off_s = spent.reference_s;
  const double load_s = spent.load_s;
  const bool is_folded = request_.mode == Mode::frequency_switch;
  const bool one_place = request_.mode == Mode::track || request_.mode == Mode::drift || is_folded || off_s > 0.0;
  // Else of one place: a point of a grid, or one spectrum of a line.
  const bool moves = detail::scans(request_.mode);
  if (!one_place)
    on_s = seconds(moves ? request_.integration : request_.integration_time) * static_cast<double>(passes);
  const double spectra_per_s = rate_hz / request_.channels;
  double variance = 1.0 / (on_s * spectra_per_s);
  if (is_folded) variance *= 2.0;  // one half against the other, and both differences averaged
  else if (off_s > 0.0) variance += 1.0 / (off_s * spectra_per_s);
  else if (load_s > 0.0) variance += 2.0 / (load_s * spectra_per_s);
  return *calibration_->tsys_k * std::sqrt(variance);
}

/// Those of the passes after which the noise is expected to be as little as was asked for; all where it is not.
std::size_t Planner::steps_until_rms(std::span<const Step> steps) const {
  Spent spent;
  std::int64_t passes = 1;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    if (i > 0 && steps[i].pass != steps[i - 1].pass) {
      const double rms_k = expected_rms_k(spent, passes++);
      if (rms_k > 0.0 && rms_k < request_.until_rms_k) return i;
    }
    spent.add(steps[i]);
  }
  return steps.size();
}

std::uint64_t Planner::bytes(std::span<const Step> steps) const {
  const double per_spectrum = request_.product == Product::continuum ? 8.0 : 8.0 * request_.channels;
  const double rate_hz = sample_rate_hz();
  const bool records = request_.product == Product::recording || request_.product == Product::all;
  double sum = 4096.0;
  for (const Step& step : steps) {
    sum += std::ceil(step.duration / request_.integration) * (per_spectrum + 400.0);
    if (records) sum += 8.0 * rate_hz * seconds(step.duration);
  }
  return static_cast<std::uint64_t>(sum);
}

Plan Planner::plan(std::span<const Step> steps, Time start, Axes axes, bool to_first_refusal) const {
  Plan plan;
  plan.start = start;
  Time now = start;
  std::vector<std::pair<std::string, int>> reasons;  // with how many steps they concern
  for (const Step& step : steps) {
    PlannedStep planned{.step = step};
    plan_step(planned, now, axes, plan);
    if (step.phase == Phase::sky || step.phase == Phase::reference) plan.integrating += step.duration;
    if (!planned.refusal.empty()) {
      if (reasons.empty()) plan.refusal_code = planned.refusal_code;
      const std::string reason = step.label + ": " + planned.refusal;
      const auto same = std::ranges::find_if(reasons, [&](const auto& known) { return is_alike(known.first, reason); });
      if (same == reasons.end()) reasons.emplace_back(reason, 1);
      else ++same->second;
    }
    plan.steps.push_back(std::move(planned));
    if (to_first_refusal && !reasons.empty()) break;
  }
  for (const auto& [reason, count] : reasons) {
    plan.refusals.push_back(reason + (count > 1 ? ", and " + std::to_string(count - 1) + " more like it" : ""));
  }
  plan.end = now;
  Spent spent;
  for (const Step& step : steps) spent.add(step);
  plan.passes = steps.empty() ? 0 : steps.back().pass + 1;
  plan.expected_rms_k = expected_rms_k(spent, plan.passes);
  plan.bytes = bytes(steps);
  return plan;
}

/// The first day, of a year, on which the Sun is no longer too near to the target.
std::optional<Time> Planner::clear_of_sun(Time from) const {
  if (!safe_sky_) return std::nullopt;
  const Target target = parse_target(request_.target);
  if (std::holds_alternative<AltAz>(target)) return std::nullopt;
  for (int days = 1; days <= 366; ++days) {
    const Time later = from + days * 24h;
    if (sky::sun_distance(target, site_.location, later) > safe_sky_->section().sun_distance) return later;
  }
  return std::nullopt;
}

}  // namespace

std::size_t detail::steps_until_rms(const Site& site, const ObservationRequest& request, std::span<const Step> steps) {
  return request.until_rms_k > 0.0 ? Planner(site, request, {}).steps_until_rms(steps) : steps.size();
}

Plan plan(const Site& site, const ObservationRequest& request, const PlanOptions& options) {
  return plan(site, request, steps_of(request), options);
}

Plan plan(const Site& site, const ObservationRequest& request, std::span<const Step> steps,
          const PlanOptions& options) {
  const Planner planner(site, request, options);
  if (request.until_rms_k > 0.0) steps = steps.first(planner.steps_until_rms(steps));
  Time start = options.start;
  if (start == Time{})
    start = std::max(site.clock_start.value_or(Clock::system()->now()), request.planned_start.value_or(Time{}));
  const Axes axes = planner.start_axes();
  Plan made = planner.plan(steps, start, axes);
  if (made.is_possible() || !options.look_ahead) return made;
  const auto first_possible = [&](Time from) -> std::optional<Time> {
    std::optional<ClosedTime> closed;
    for (Time later = from; later <= from + longest_look; later += between_looks) {
      if (closed && closed->refuses(later)) continue;
      const Plan tried = planner.plan(steps, later, axes, true);
      if (tried.is_possible()) return later;
      closed = planner.closed_by(steps, tried);
    }
    return std::nullopt;
  };
  made.possible_from = first_possible(start + between_looks);
  if (made.possible_from || made.refusal_code != ErrorCode::unsafe) return made;
  if (const auto clear = planner.clear_of_sun(start)) made.possible_from = first_possible(*clear);
  return made;
}

Plan plan(const Observatory& site, const ObservationRequest& request, PlanOptions options) {
  return plan(site, request, steps_of(request), options);
}

Plan plan(const Observatory& site, const ObservationRequest& request, std::span<const Step> steps,
          PlanOptions options) {
  if (options.start == Time{}) options.start = std::max(site.clock()->now(), request.planned_start.value_or(Time{}));
  const std::string mount = detail::device_of(site.site(), DeviceKind::receiver, request.receiver).mount;
  if (!mount.empty()) {
    const MountHandle handle = site.mount(mount);
    if (!options.axes) options.axes = handle.status().axes;
    if (!options.mount) options.mount = handle.description();
  }
  return plan(site.site(), request, steps, options);
}

}  // namespace astro
