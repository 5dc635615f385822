// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

#include "astro/plugin.hpp"

namespace astro::detail {

/// While it lives, what this thread adds to a registry belongs to the plugin. Enrolments nest.
class Enrolment final {
 public:
  explicit Enrolment(const PluginDescriptor& plugin) noexcept;
  ~Enrolment();
  Enrolment(const Enrolment&) = delete;
  Enrolment& operator=(const Enrolment&) = delete;

  /// The innermost of this thread, or null.
  static const Enrolment* current() noexcept;

  const PluginDescriptor& plugin;
  const std::uint64_t id;  ///< unlike any other enrolment of this process; never 0

 private:
  const Enrolment* outer_;
};

/// Keeps a checked library open until the process ends and returns its descriptor. Throws
/// `refused_plugin` with what the loader says.
const PluginDescriptor& open_plugin(const std::filesystem::path& library, const std::string& name);

/// Throws `refused_plugin` when the descriptor is not whole.
void check_descriptor(const PluginDescriptor& plugin);

}  // namespace astro::detail
