// SPDX-License-Identifier: BSD-3-Clause
#include "astro/plugin.hpp"

#define BOOST_DLL_USE_STD_FS
#include <atomic>
#include <boost/dll/shared_library.hpp>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "plugin_enrolment.hpp"

namespace astro {

namespace detail {

namespace {
thread_local const Enrolment* innermost = nullptr;
std::atomic<std::uint64_t> enrolments{0};
}  // namespace

namespace {

void keep(std::unique_ptr<boost::dll::shared_library> library) {
  static std::mutex mutex;
  static auto& kept = *new std::vector<std::unique_ptr<boost::dll::shared_library>>;
  const std::lock_guard lock(mutex);
  kept.push_back(std::move(library));
}

}  // namespace

Enrolment::Enrolment(const PluginDescriptor& given) noexcept : plugin(given), id(++enrolments), outer_(innermost) {
  innermost = this;
}
Enrolment::~Enrolment() { innermost = outer_; }
const Enrolment* Enrolment::current() noexcept { return innermost; }

const PluginDescriptor& open_plugin(const std::filesystem::path& library, const std::string& name) {
  try {
    using boost::dll::load_mode::rtld_local;
    using boost::dll::load_mode::rtld_now;
    auto opened = std::make_unique<boost::dll::shared_library>(library, rtld_now | rtld_local);
    const auto& descriptor = opened->get<const PluginDescriptor>("astro_plugin_" + name);
    // Never closed: an object or an exception of the plugin may outlive everything that knows it.
    keep(std::move(opened));
    return descriptor;
  } catch (const std::exception& failure) {
    throw Error(ErrorCode::refused_plugin, "plugin " + library.string() + " cannot be opened: " + failure.what());
  }
}

void check_descriptor(const PluginDescriptor& plugin) {
  constexpr std::size_t needed = offsetof(PluginDescriptor, enroll) + sizeof plugin.enroll;
  if (plugin.size < needed || plugin.name == nullptr || plugin.version == nullptr || plugin.enroll == nullptr) {
    throw Error(ErrorCode::refused_plugin,
                "a plugin's descriptor is not whole: expected what ASTRO_PLUGIN makes, with at least " +
                    std::to_string(needed) + " bytes");
  }
}

}  // namespace detail

void enroll(const PluginDescriptor& plugin, Registry& registry) {
  detail::check_descriptor(plugin);
  registry.enroll_all_or_nothing(plugin);
}

}  // namespace astro
