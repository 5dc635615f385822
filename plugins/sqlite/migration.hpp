// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "database.hpp"

namespace astro::sqlite {

/// Looks whether the file is ours, or new, without changing it. Throws `storage` for another
/// program's database and for a format that is newer than this program.
void check_format(const Database& database);

/// Brings the file's own tables up to the newest format, step by step, in one transaction.
void migrate(const Database& database);

}  // namespace astro::sqlite
