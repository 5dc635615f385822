// SPDX-License-Identifier: BSD-3-Clause
// The checks of the kernels as a program of its own: for processors that are emulated.
#include <cstdio>

#include "signal/kernel_checks.hpp"
#include "signal/kernels/select.hpp"

int main() {
  bool all_good = true;
  for (const astro::signal::Kernels* kernels : astro::signal::usable_kernels()) {
    for (const auto& check : astro::testing::check_kernels(*kernels)) {
      const bool good = check.worst <= 1.0;
      all_good = all_good && good;
      std::printf("%-9s %-20s %s, %.2f of the rounding allowed\n", kernels->name, check.name.c_str(),
                  good ? "good" : "WRONG", check.worst);
    }
  }
  return all_good ? 0 : 1;
}
