// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "../../../src/conformance/store_records.hpp"

// The records that `astro conform` keeps in a store, for the tests that do more with them.
namespace astro::testing {

using conformance::Band;
using conformance::bytes;
using conformance::Counted;
using conformance::full_reading;
using conformance::Inner;
using conformance::Reading;

inline const Schema& readings() { return schema_of<Reading>(); }
inline const Schema& counted() { return schema_of<Counted>(); }

}  // namespace astro::testing
