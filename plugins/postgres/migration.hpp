// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "connection.hpp"

namespace astro::postgres {

/// Makes the schema where there is none, and brings the store's own tables up to the newest format, in one
/// transaction. Throws `storage` for a format that is newer than this program.
void migrate(const Connection& connection);

/// Keeps every other program of this schema from making or changing tables until the transaction ends.
void lock_definitions(const Connection& connection, const std::string& doing);

}  // namespace astro::postgres
