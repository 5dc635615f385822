// SPDX-License-Identifier: BSD-3-Clause
#include <cstdlib>

#include "astro/detail/apart.hpp"
#include "astro/detail/conformance.hpp"

int main() {
  const bool tries_a_check = std::getenv(astro::detail::conformance_variable) != nullptr;
  return tries_a_check ? astro::detail::serve_conformance() : astro::detail::serve_apart();
}
