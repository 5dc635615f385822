// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>

namespace astro::messaging {

/// How much of the machine is used, in percent; empty: the system does not say.
struct MachineUsage {
  std::optional<double> cpu_percent{};  ///< of all cores, since the call before
  std::optional<double> memory_percent{};
  std::optional<double> disk_percent{};  ///< of the file system of a folder
};

/// Not for several threads.
class MachineUsageMeter {
 public:
  MachineUsage read(const std::filesystem::path& folder);

 private:
  double busy_ = 0.0;
  double total_ = 0.0;
};

}  // namespace astro::messaging
