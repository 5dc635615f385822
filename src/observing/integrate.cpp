// SPDX-License-Identifier: BSD-3-Clause
#include "astro/error.hpp"
#include "astro/observing/observe.hpp"
#include "observing/beam.hpp"
#include "observing/collector.hpp"
#include "observing/loads.hpp"

namespace astro {

Spectrum integrate(const Observatory& site, const std::string& receiver, const Spectrometer& spectrometer,
                   Duration duration, const std::stop_token& stop) {
  if (duration <= Duration::zero()) {
    throw Error(ErrorCode::invalid_argument, "integrating '" + receiver + "': the duration must be more than 0 s");
  }
  return detail::Collector(site, site.receiver(receiver), spectrometer).next(duration, stop);
}

namespace {

/// Puts a mount back to what it did.
class Return {
 public:
  explicit Return(const MountHandle& mount) : mount_(mount), target_(mount_.target()) {
    tracking_ = mount_.status().tracking;
  }
  void go(const Observatory& site, const std::stop_token& stop) const {
    if (!target_) return;
    if (tracking_) mount_.track(*target_);
    else mount_.slew_to(*target_);
    detail::wait_on_target(mount_, site, stop);
  }

 private:
  MountHandle mount_;
  std::optional<Target> target_;
  bool tracking_ = false;
};

}  // namespace

Calibration calibrate(const Observatory& site, const std::string& receiver, const Spectrometer& spectrometer,
                      Duration duration, const std::stop_token& stop) {
  const ReceiverHandle handle = site.receiver(receiver);
  detail::Loads loads(site, receiver, CalibrationKind::loads, handle.issuer());
  std::optional<MountHandle> mount;
  if (const std::string name = handle.settings()->mount; !name.empty()) mount = site.mount(name);
  std::optional<Return> back;
  if (mount && loads.moves_mount()) back.emplace(*mount);

  detail::Beam beam(site, mount);
  detail::Collector collector(site, handle, spectrometer);
  const auto spectrum_of = [&](Phase phase) {
    collector.rest();
    loads.apply(phase, stop);
    const Step step{.phase = phase, .target = loads.target_of(phase), .duration = duration};
    collector.start_afresh(beam.go_to({.step = step}, stop));
    return collector.next(duration, stop);
  };
  const Spectrum hot = spectrum_of(Phase::hot);
  const Spectrum cold = spectrum_of(Phase::cold);
  collector.rest();
  loads.apply(Phase::sky, stop);
  if (back) back->go(site, stop);
  return Calibration::from_hot_cold(hot, cold, {.hot_k = loads.hot_k(), .cold_k = loads.cold_k()});
}

}  // namespace astro
