// SPDX-License-Identifier: BSD-3-Clause
#include "astro/error.hpp"
#include "astro/observing/observe.hpp"
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

/// Puts a mount back to what it did, also when the calibration between failed.
class Return {
 public:
  Return(const Observatory& site, const std::string& mount) : mount_(site.mount(mount)), target_(mount_.target()) {
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
  const detail::Loads loads(site, receiver, handle.issuer());
  std::optional<Return> back;
  if (loads.moves_mount()) back.emplace(site, handle.settings()->mount);

  detail::Collector collector(site, handle, spectrometer);
  loads.hot(stop);
  collector.start_afresh();
  const Spectrum hot = collector.next(duration, stop);
  collector.rest();
  loads.cold(stop);
  collector.start_afresh();
  const Spectrum cold = collector.next(duration, stop);
  collector.rest();
  loads.sky(stop);
  if (back) back->go(site, stop);
  return Calibration::from_hot_cold(hot, cold, {.hot_k = loads.hot_k(), .cold_k = loads.cold_k()});
}

}  // namespace astro
