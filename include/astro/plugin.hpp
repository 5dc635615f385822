// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "astro/detail/abi.hpp"
#include "astro/error.hpp"
#include "astro/registry.hpp"

/// \file
/// A plugin is a shared library with one block:
///
///     ASTRO_PLUGIN(gs232, "1.0.0", registry) {
///       registry.add<Gs232>("gs232", {.geometry = astro::Geometry::alt_az});
///     }
///
/// and one line in its build file, `astro_add_plugin(gs232 gs232.cpp)`, which makes `astro_gs232.so`.
/// Its ABI tag is a note in the file, which libastro reads before it opens the library: what was
/// built against another interface or in another mode is refused with a sentence and never run.
/// The same source can be linked statically: then `astro::enroll(astro_plugin_gs232)` adds it.
namespace astro {

/// What a plugin exports, as `astro_plugin_NAME`. Plain C; `size` grows when members are added.
struct PluginDescriptor {
  std::uint32_t size;
  const char* name;
  const char* version;
  void (*enroll)(Registry& registry);
};

/// Adds a plugin that is linked into the program.
ASTRO_API void enroll(const PluginDescriptor& plugin, Registry& registry = Registry::shared());

}  // namespace astro

// NOLINTBEGIN(bugprone-macro-parentheses): these are names

/// The block that follows is the body of a function with `Registry& registry`.
#define ASTRO_PLUGIN(name_, version_, registry_)                                                               \
  static void astro_enroll_##name_(::astro::Registry& registry_);                                              \
  extern "C" {                                                                                                 \
  extern ASTRO_API const ::astro::PluginDescriptor astro_plugin_##name_;                                       \
  const ::astro::PluginDescriptor astro_plugin_##name_ = {sizeof(::astro::PluginDescriptor), #name_, version_, \
                                                          &astro_enroll_##name_};                              \
  }                                                                                                            \
  __attribute__((section(".note.astro"), used,                                                                 \
                 aligned(4))) static const ::astro::detail::AbiNote astro_abi_note_##name_ =                   \
      ::astro::detail::make_abi_note();                                                                        \
  static void astro_enroll_##name_([[maybe_unused]] ::astro::Registry& registry_)

// NOLINTEND(bugprone-macro-parentheses)
