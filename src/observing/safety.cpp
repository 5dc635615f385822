// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/safety.hpp"

#include <algorithm>
#include <utility>

#include "astro/error.hpp"
#include "observing/devices.hpp"
#include "observing/forbidden_sky.hpp"
#include "observing/safe_route.hpp"
#include "observing/safety_guard.hpp"
#include "text.hpp"

namespace astro {

namespace {

using detail::ForbiddenSky;

/// A device of the site by the id of one of its points, and the point's name; the device is null
/// when the site has none.
std::pair<const DeviceEntry*, std::string> owner_of(const Site& site, const std::string& id) {
  const std::size_t dot = id.find('.');
  for (const DeviceEntry& device : site.devices) {
    if (device.bare && dot == std::string::npos) return {&device, id};
    if (!device.bare && dot != std::string::npos && device.name == id.substr(0, dot)) {
      return {&device, id.substr(dot + 1)};
    }
  }
  return {nullptr, id};
}

/// The conditions of one mount, checked against what the site's devices measure.
class ConditionCheck {
 public:
  ConditionCheck(const SectionCheck& check, const std::string& mount) : check_(check), mount_(mount) {}

  void operator()(const SafetyCondition& condition) const {
    if (!condition.above && !condition.below && condition.equals.is_null()) {
      complain(condition, "needs `above`, `below` or `equals`: else it is never met");
    }
    const auto [device, name] = owner_of(check_.site, condition.point);
    if (device == nullptr) return complain_of_device(condition);
    if (device->kind != DeviceKind::controller) return;
    const auto driver = check_.driver_of(*device);
    if (!driver || driver->controller.points.empty()) return;  // it says only when it is open
    const auto& points = driver->controller.points;
    const auto field = std::ranges::find(points, name, &Field::name);
    if (field == points.end()) {
      std::vector<std::string> names;
      for (const Field& point : points) names.push_back(point.name);
      return complain(condition, "'" + device->name + "' has no such point", nearest(name, names));
    }
    check_value(condition, *field);
  }

 private:
  void complain(const SafetyCondition& condition, const std::string& message,
                const std::string& suggestion = {}) const {
    check_.complain({mount_, "conditions"}, "the condition on " + text::quoted(condition.point) + ": " + message,
                    suggestion);
  }

  void complain_of_device(const SafetyCondition& condition) const {
    std::vector<std::string> names;
    for (const DeviceEntry& device : check_.site.devices) names.push_back(device.name);
    const std::string asked = condition.point.substr(0, condition.point.find('.'));
    complain(condition, "no device of this site has this point: expected DEVICE.POINT, or of a bare device the point",
             nearest(asked, names));
  }

  void check_value(const SafetyCondition& condition, const Field& point) const {
    const bool is_number = point.type == FieldType::number || point.type == FieldType::integer ||
                           point.type == FieldType::angle || point.type == FieldType::frequency ||
                           point.type == FieldType::duration || point.type == FieldType::any;
    if ((condition.above || condition.below) && !is_number) {
      complain(condition, "it is no number; expected `equals`");
    }
    if (condition.equals.is_null()) return;
    try {
      (void)canonical(point, condition.equals);
    } catch (const Error& error) {
      complain(condition, std::string("equals: ") + error.what());
    }
  }

  const SectionCheck& check_;
  const std::string& mount_;
};

void check_horizon(const SectionCheck& check, const std::string& mount, const SafetySection& section) {
  std::vector<double> seen;
  for (const HorizonPoint& point : section.horizon) {
    const double azimuth = point.azimuth.wrapped().degrees();
    if (std::ranges::find(seen, azimuth) != seen.end()) {
      check.complain({mount, "horizon"}, "azimuth " + text::of(azimuth) + " deg stands there twice", {});
    }
    seen.push_back(azimuth);
  }
}

void check_safety(const SectionCheck& check) {
  for (const auto& [mount, value] : check.section) {
    const auto section = from_value<SafetySection>(value);
    check_horizon(check, mount, section);
    if (section.sun_action == SafetyAction::refuse) {
      check.complain({mount, "sun_action"}, "the Sun cannot be refused: expected warn, stop or park", {});
    }
    std::ranges::for_each(section.conditions, ConditionCheck(check, mount));
  }
}

std::shared_ptr<MountGuard> make_guard(const GuardedMount& mount, const Value& section) {
  return std::make_shared<detail::SafetyGuard>(mount, from_value<SafetySection>(section));
}

const SectionEnrolment safety_section({.name = "safety",
                                       .says = "what keeps each mount from harm, whoever moves it",
                                       .schema = schema_of<SafetySection>(),
                                       .keyed = true,
                                       .keys_name = "mount",
                                       .check = check_safety,
                                       .guard = make_guard});

}  // namespace

SafetySection safety_of(const Site& site, std::string_view mount) {
  for (auto& [name, section] : site.keyed_section<SafetySection>("safety")) {
    if (name == mount) return std::move(section);
  }
  return {};
}

SafeSky::SafeSky(const Location& site, Geometry geometry, const MountLimits& limits, SafetySection section,
                 std::shared_ptr<const sky::PointingModel> model)
    : rules_(std::make_shared<const detail::SkyRules>(site, geometry, limits, std::move(section), std::move(model))) {}

const SafetySection& SafeSky::section() const noexcept { return rules_->section; }
const MountLimits& SafeSky::limits() const noexcept { return rules_->limits; }

std::optional<std::string> SafeSky::objection(const AltAz& place, Time time) const {
  auto found = ForbiddenSky(*rules_, time).objection(place);
  if (!found) return std::nullopt;
  return std::move(found->reason);
}

std::optional<std::string> SafeSky::objection(const Axes& axes, Time time) const {
  if (const auto found = refusal(axes, time)) return found->what();
  return std::nullopt;
}

std::optional<Error> SafeSky::refusal(const Axes& axes, Time time) const {
  try {
    detail::check_limits(axes, rules_->limits, rules_->geometry);
    detail::check_free(*rules_, axes, time, {});
  } catch (const Error& error) {
    return error;
  }
  return std::nullopt;
}

Angle SafeSky::clearance(const AltAz& place, Time time) const {
  return radians(std::ranges::min(ForbiddenSky(*rules_, time).clearances(place)));
}

std::vector<Axes> SafeSky::route(const MountDescription& mount, const Axes& from, const Axes& to, Time time) const {
  detail::check_limits(to, rules_->limits, rules_->geometry);
  detail::check_free(*rules_, to, time, {});
  if (auto way = detail::safe_way(*rules_, mount, {from, from}, to, time)) return std::move(*way);
  detail::refuse_way(*rules_, from, to, time);
}

SafeSky safe_sky(const Observatory& site, const std::string& mount) {
  const MountHandle handle = site.mount(mount);
  const Geometry geometry = handle.description().geometry;
  return {
      site.location(), geometry, handle.limits(), safety_of(site.site(), mount),
      detail::pointing_model_of(detail::device_of(site.site(), DeviceKind::mount, mount), geometry, site.location())};
}

}  // namespace astro
