// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "astro/block.hpp"
#include "astro/coordinates.hpp"
#include "astro/time.hpp"

namespace replay {

/// What a site says of files that do not say it themselves.
struct Hints {
  std::optional<astro::Dtype> dtype{};
  astro::Frequency sample_rate{};
  astro::Frequency frequency{};
  std::optional<astro::Time> start{};
};

/// One recording: items in order of time, without a gap.
class Recording {
 public:
  virtual ~Recording() = default;

  virtual const std::string& name() const noexcept = 0;  ///< for messages
  virtual const astro::StreamSettings& stream() const noexcept = 0;
  virtual std::optional<astro::Time> start() const noexcept = 0;
  /// Where the beam was at its start, if the file says it.
  virtual std::optional<astro::AltAz> place() const { return std::nullopt; }
  virtual std::uint64_t items() const noexcept = 0;
  /// Items from where it is; fewer than asked only at the end.
  virtual std::size_t read(std::span<std::byte> buffer) = 0;
  virtual void rewind() = 0;
};

/// All recordings that the paths name, files or folders (in order of their names), checked: they
/// exist, are whole, and are of one kind. Throws `not_found`, `invalid_file`, `invalid_argument`.
std::vector<std::unique_ptr<Recording>> open_recordings(const std::vector<std::string>& paths, const Hints& hints);

}  // namespace replay
