// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "astro/export.hpp"
#include "astro/field.hpp"
#include "astro/registry.hpp"

/// \file
/// Descriptions as maps, for programs that make forms and pages of them: what `astro describe --json` prints.
namespace astro {

class Observatory;

/// `name`, `type`, `unit`, `required`, `says`, `default` (not of a secret), and where there are some `min`, `max`,
/// `choices`, `members`.
ASTRO_API Value describe(const Field& field);
/// `command`, `says`, `expected_s`, `parameters`.
ASTRO_API Value describe(const CommandDescription& command);
/// `driver`, `kind`, `says`, `plugin`, `version`, `settings`; of a controller also `points` and `commands`.
ASTRO_API Value describe(const DriverDescription& driver);
/// A device that is open: `device`, `kind`, `driver`, `bare`, `node`, `mount`, `points` (each with its `id`),
/// `commands`. Throws `not_found`.
ASTRO_API Value describe(const Observatory& site, const std::string& device);
/// All its mounts, receivers and controllers: a list.
ASTRO_API Value describe(const Observatory& site);

}  // namespace astro
