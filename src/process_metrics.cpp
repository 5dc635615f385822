// SPDX-License-Identifier: BSD-3-Clause
#include "process_metrics.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "astro/version.hpp"

namespace astro::detail {

namespace {

/// Field `number` of /proc/self/stat as proc(5) counts them, 3 or later; the second may hold anything, also blanks.
double stat_field(int number) {
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string field;
  for (int i = 3; i <= number; ++i) fields >> field;
  return field.empty() ? 0.0 : std::stod(field);
}

double booted() {
  std::ifstream file("/proc/stat");
  for (std::string word; file >> word;) {
    if (double seconds = 0.0; word == "btime" && file >> seconds) return seconds;
  }
  return 0.0;
}

double start_time() { return booted() + stat_field(22) / static_cast<double>(::sysconf(_SC_CLK_TCK)); }

}  // namespace

void tell_of_process(MetricWriter& writer) {
  static const double started = start_time();
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  writer.counter("process_cpu_seconds_total", "Processor time of the process, user and system",
                 seconds(used.ru_utime) + seconds(used.ru_stime));
  writer.gauge("process_resident_memory_bytes", "Memory of the process that is in RAM",
               stat_field(24) * static_cast<double>(::sysconf(_SC_PAGESIZE)));
  writer.gauge("process_virtual_memory_bytes", "Addresses that the process has mapped", stat_field(23));
  writer.gauge("process_threads", "Threads of the process", stat_field(20));
  writer.gauge("process_start_time_seconds", "When the process began, since 1970", started);
  std::error_code none;
  const auto files = std::filesystem::directory_iterator("/proc/self/fd", none);
  writer.gauge("process_open_fds", "Files that the process has open",
               static_cast<double>(std::distance(begin(files), std::filesystem::directory_iterator())));
  rlimit files_at_most{};
  ::getrlimit(RLIMIT_NOFILE, &files_at_most);
  writer.gauge("process_max_fds", "Files that it may have open", static_cast<double>(files_at_most.rlim_cur));
  writer.gauge("astro_build_info", "Which libastro it is; always 1", 1.0, {{"version", version}});
}

}  // namespace astro::detail
