// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "astro/observatory.hpp"

namespace astro::cli {

/// Name of the store that holds an observation; throws `not_found` with how to list those that are there.
std::string held_by(const Observatory& observatory, const std::string& observation_id, const std::string& site_file);

/// The stores of a site alone, with a journal of their own for so long: old data can be looked at
/// while the observatory is at work, and no mount is opened for it.
class Archive {
 public:
  Archive(const std::string& site_file, bool simulate);
  ~Archive();
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  const Observatory& observatory() const noexcept { return observatory_; }
  std::vector<StoreHandle> stores() const;
  /// As `held_by`.
  StoreHandle store_with(const std::string& observation_id) const;

 private:
  std::string site_file_;
  std::filesystem::path folder_;
  Observatory observatory_;
};

}  // namespace astro::cli
