// SPDX-License-Identifier: BSD-3-Clause
#include "host.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "astro/error.hpp"

namespace sensors {

namespace {

constexpr double gibibyte = 1024.0 * 1024.0 * 1024.0;

}  // namespace

astro::ControllerDescription Host::about() const {
  return {.poll_every = settings_.every, .hook_bound = std::chrono::seconds(5)};
}

void Host::open(astro::Emitter& host) {
  busy_ = all_ = 0;
  if (const fs::path file = fs::path(settings_.root) / "proc/stat"; !fs::exists(file)) {
    throw astro::Error(astro::ErrorCode::device_fault,
                       "looking at the computer: there is no file " + file.string() + "; see that `root` is right");
  }
  Source::open(host);
}

/// Of the time since the last look, how much was used (proc(5), /proc/stat: user, nice, system, idle, iowait, irq,
/// softirq, steal; guest time is in user's).
Reading Host::processors() {
  astro::Field field = number("cpu", "%", 0, 100, "of all processors, since the last look");
  const Line line = read_line(fs::path(settings_.root) / "proc/stat");
  std::istringstream text(line.text);
  std::string word;
  text >> word;
  std::uint64_t ticks[8] = {};
  std::size_t count = 0;
  while (count < 8 && text >> ticks[count]) ++count;
  if (word != "cpu" || count < 4)
    return no_reading(std::move(field), "proc/stat does not begin with the processors' times");
  std::uint64_t all = 0;
  for (const std::uint64_t each : ticks) all += each;
  const std::uint64_t busy = all - ticks[3] - ticks[4];
  const double passed = static_cast<double>(all) - static_cast<double>(all_);
  const double used = static_cast<double>(busy) - static_cast<double>(busy_);
  all_ = all;
  busy_ = busy;
  return reading(std::move(field), passed > 0 ? std::clamp(100.0 * used / passed, 0.0, 100.0) : 0.0);
}

void Host::add_memory(std::vector<Reading>& readings) const {
  std::ifstream file(fs::path(settings_.root) / "proc/meminfo");
  std::map<std::string, double> kibibytes;
  for (std::string line; std::getline(file, line);) {
    std::istringstream text(line);
    std::string name;
    double value = 0.0;
    if (text >> name >> value) kibibytes[name] = value;
  }
  const auto used = [&](const char* point, const char* says, const char* all, const char* free) {
    astro::Field field = number(point, "%", 0, 100, says);
    const auto whole = kibibytes.find(all);
    const auto left = kibibytes.find(free);
    if (whole == kibibytes.end() || left == kibibytes.end())
      return readings.push_back(
          no_reading(std::move(field), std::string("proc/meminfo does not say ") + all + " and " + free));
    const double share = whole->second > 0 ? 100.0 * (1.0 - left->second / whole->second) : 0.0;
    readings.push_back(reading(std::move(field), share));
  };
  used("memory", "of the memory, used", "MemTotal:", "MemAvailable:");
  used("swap", "of the swap space, used", "SwapTotal:", "SwapFree:");
}

void Host::add_disk(std::vector<Reading>& readings) const {
  astro::Field used = number("disk", "%", 0, 100, "of the disk, used");
  astro::Field free = number("disk_free", "GiB", 0, 1e9, "left on the disk");
  struct statvfs disk {};
  const int error = ::statvfs(settings_.disk.c_str(), &disk) != 0 ? errno : 0;
  if (error != 0 || disk.f_blocks == 0) {
    const std::string fault = settings_.disk + ": " + (error != 0 ? std::strerror(error) : "no disk");
    readings.push_back(no_reading(std::move(used), fault));
    readings.push_back(no_reading(std::move(free), fault));
    return;
  }
  // As df(1) counts: what root keeps for itself is neither used nor free.
  const auto taken = static_cast<double>(disk.f_blocks - disk.f_bfree);
  const auto left = static_cast<double>(disk.f_bavail);
  readings.push_back(reading(std::move(used), 100.0 * taken / std::max(taken + left, 1.0)));
  readings.push_back(reading(std::move(free), left * static_cast<double>(disk.f_frsize) / gibibyte));
}

/// The hottest of the kernel's thermal zones (Documentation/driver-api/thermal/sysfs-api.rst).
Reading Host::temperature() const {
  astro::Field field = number("temperature", "degC", -60, 150, "of the hottest part that the kernel watches");
  const fs::path folder = fs::path(settings_.root) / "sys/class/thermal";
  Reading hottest = no_reading(field, "the kernel watches none");
  for (const std::string& zone : names_in(folder, "thermal_zone")) {
    Reading each = read_number(folder / zone / "temp", 1e-3, field);
    const bool is_first = hottest.value.is_null();
    if (!each.fault.empty() ? is_first : is_first || each.value.as_number() > hottest.value.as_number())
      hottest = std::move(each);
  }
  return hottest;
}

std::vector<Reading> Host::look() {
  std::vector<Reading> readings{processors()};
  const Line loads = read_line(fs::path(settings_.root) / "proc/loadavg");
  astro::Field load = number("load", "", 0, 1e6, "programs that want a processor, over a minute");
  const auto value = number_in(loads.text.substr(0, loads.text.find(' ')));
  readings.push_back(value ? reading(std::move(load), *value)
                           : no_reading(std::move(load), "proc/loadavg says no number"));
  add_memory(readings);
  add_disk(readings);
  readings.push_back(temperature());
  const Line up = read_line(fs::path(settings_.root) / "proc/uptime");
  astro::Field uptime = number("uptime", "s", 0, 1e12, "since the machine was started");
  const auto seconds = number_in(up.text.substr(0, up.text.find(' ')));
  readings.push_back(seconds ? reading(std::move(uptime), *seconds)
                             : no_reading(std::move(uptime), "proc/uptime says no number"));
  return readings;
}

}  // namespace sensors
