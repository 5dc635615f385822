// SPDX-License-Identifier: BSD-3-Clause
#include "objects/places.hpp"

#include "astro/error.hpp"
#include "objects/folder.hpp"

namespace astro::objects {

std::unique_ptr<Place> place_outside(Keep keep, const std::filesystem::path& folder,
                                     const std::optional<S3Settings>& s3, const S3::Log& log) {
  const std::string doing = "opening the store: its objects are to be kept in ";
  if (keep == Keep::folder) {
    if (folder.empty()) throw Error(ErrorCode::invalid_argument, doing + "a folder; name it by `objects_folder`");
    return std::make_unique<Folder>(std::filesystem::absolute(folder));
  }
  if (!s3) throw Error(ErrorCode::invalid_argument, doing + "S3; say where by `s3: {endpoint: ..., bucket: ...}`");
  auto place = std::make_unique<S3>(*s3, log);
  place->check();
  return place;
}

}  // namespace astro::objects
