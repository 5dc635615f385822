// SPDX-License-Identifier: BSD-3-Clause
#include "messaging/machine_usage.hpp"

#include <fstream>
#include <string>
#include <utility>

namespace astro::messaging {

namespace {

double percent(double part, double whole) { return 100.0 * part / whole; }

std::optional<double> memory_in_use() {
  std::ifstream file("/proc/meminfo");
  double total = 0.0;
  double available = 0.0;
  std::string rest;
  for (std::string key; file >> key;) {
    double kibibytes = 0.0;
    if (!(file >> kibibytes)) break;
    std::getline(file, rest);
    if (key == "MemTotal:") total = kibibytes;
    if (key == "MemAvailable:") available = kibibytes;
    if (total > 0.0 && available > 0.0) return percent(total - available, total);
  }
  return std::nullopt;
}

}  // namespace

MachineUsage MachineUsageMeter::read(const std::filesystem::path& folder) {
  MachineUsage usage{.memory_percent = memory_in_use()};
  // The first line of proc(5), /proc/stat: ticks as user, nice, system, idle, iowait and more.
  std::ifstream file("/proc/stat");
  std::string cpu;
  file >> cpu;
  double total = 0.0;
  double idle = 0.0;
  double ticks = 0.0;
  for (int column = 0; column < 8 && file >> ticks; ++column) {
    total += ticks;
    if (column == 3 || column == 4) idle += ticks;
  }
  const double before = std::exchange(total_, total);
  const double busy_before = std::exchange(busy_, total - idle);
  if (before > 0.0 && total > before) usage.cpu_percent = percent(busy_ - busy_before, total - before);
  std::error_code failed;
  const auto space = std::filesystem::space(folder, failed);
  if (!failed && space.capacity > 0) {
    usage.disk_percent =
        percent(static_cast<double>(space.capacity - space.available), static_cast<double>(space.capacity));
  }
  return usage;
}

}  // namespace astro::messaging
