// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <vector>

#include "astro/record.hpp"

namespace simulator {

/// What goes wrong on demand.
enum class FaultKind : std::uint8_t { stall, dropout, overflow, exception, hang };

/// One fault: it begins so long after the device was opened, and lasts so long.
struct Fault {
  FaultKind kind = FaultKind::exception;
  astro::Duration at{};
  astro::Duration lasts = std::chrono::seconds(1);
};

/// The faults of one open device.
class Faults {
 public:
  explicit Faults(std::vector<Fault> faults) : faults_(std::move(faults)) {}

  /// Of hardware that was switched on then: what had struck before strikes no second time.
  void open(astro::Time on, astro::Time now);

  /// The fault of this kind that covers the instant, or nullptr.
  const Fault* at(FaultKind kind, astro::Time time) const noexcept;
  /// The same, but each fault only once.
  const Fault* once(FaultKind kind, astro::Time time);
  astro::Time end_of(const Fault& fault) const noexcept { return opened_ + fault.at + fault.lasts; }

  /// What any hook begins with: throws while an exception is due, and does not return while the
  /// device hangs. A hang is real time, and nothing ends it early: that is what it is for.
  void strike(const std::string& doing, astro::Time now);

 private:
  std::vector<Fault> faults_;
  std::vector<bool> used_{};
  astro::Time opened_{};
};

}  // namespace simulator

template <>
struct astro::Description<simulator::FaultKind> {
  static constexpr std::array choices{"stall", "dropout", "overflow", "exception", "hang"};
};

template <>
struct astro::Description<simulator::Fault> {
  static constexpr std::array fields{
      field<&simulator::Fault::kind>("kind", {.says = "what goes wrong", .required = true}),
      field<&simulator::Fault::at>("at", {.min = 0, .says = "so long after the device was opened"}),
      field<&simulator::Fault::lasts>("lasts", {.min = 0, .says = "for so long"})};
};
