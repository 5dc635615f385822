// SPDX-License-Identifier: BSD-3-Clause
#include "faults.hpp"

#include <thread>

#include "astro/error.hpp"

namespace simulator {

void Faults::open(astro::Time on, astro::Time now) {
  opened_ = on;
  used_.assign(faults_.size(), false);
  if (on == now) return;
  for (std::size_t i = 0; i < faults_.size(); ++i) used_[i] = now >= on + faults_[i].at;
}

const Fault* Faults::at(FaultKind kind, astro::Time time) const noexcept {
  for (const Fault& fault : faults_) {
    if (fault.kind == kind && time >= opened_ + fault.at && time < end_of(fault)) return &fault;
  }
  return nullptr;
}

const Fault* Faults::once(FaultKind kind, astro::Time time) {
  for (std::size_t i = 0; i < faults_.size(); ++i) {
    if (faults_[i].kind != kind || used_[i] || time < opened_ + faults_[i].at) continue;
    used_[i] = true;
    return &faults_[i];
  }
  return nullptr;
}

void Faults::strike(const std::string& doing, astro::Time now) {
  if (const Fault* hang = once(FaultKind::hang, now)) std::this_thread::sleep_for(hang->lasts);
  if (at(FaultKind::exception, now) != nullptr) {
    throw astro::Error(astro::ErrorCode::device_fault,
                       doing + ": the simulated hardware reports a fault, as its setting \"faults\" asks for");
  }
}

}  // namespace simulator
