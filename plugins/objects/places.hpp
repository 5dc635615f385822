// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "objects/objects.hpp"
#include "objects/s3.hpp"

namespace astro::objects {

/// The place outside a database that a store's settings name. Throws `invalid_argument` when a setting lacks.
std::unique_ptr<Place> place_outside(Keep keep, const std::filesystem::path& folder,
                                     const std::optional<S3Settings>& s3, const S3::Log& log);

}  // namespace astro::objects
