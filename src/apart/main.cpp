// SPDX-License-Identifier: BSD-3-Clause
#include "astro/detail/apart.hpp"

int main() { return astro::detail::serve_apart(); }
