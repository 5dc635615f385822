// SPDX-License-Identifier: BSD-3-Clause
#include "cli/templates.hpp"

#include <algorithm>

namespace astro::cli {

namespace {

constexpr std::string_view build_file = R"(cmake_minimum_required(VERSION 3.25)
project(astro_@name@ LANGUAGES CXX)

find_package(astro 0.1 REQUIRED)
astro_add_plugin(@name@ @name@.cpp)
set_target_properties(astro_plugin_@name@ PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR})

# One test uses it as a site would, and its simulated twin; the other tries every promise of its interface's header.
# Both take its settings from site.yaml.
enable_testing()
add_executable(@name@_test @name@_test.cpp)
target_link_libraries(@name@_test PRIVATE astro::astro)
add_test(NAME @name@ COMMAND @name@_test ${CMAKE_CURRENT_SOURCE_DIR}/site.yaml)
find_program(ASTRO_PROGRAM astro HINTS ${astro_DIR}/../../../bin REQUIRED)
add_test(NAME @name@_conforms COMMAND ${ASTRO_PROGRAM} conform --site ${CMAKE_CURRENT_SOURCE_DIR}/site.yaml --device device)
set_tests_properties(@name@ @name@_conforms PROPERTIES ENVIRONMENT "ASTRO_PLUGIN_PATH=${CMAKE_CURRENT_BINARY_DIR}")
)";

constexpr std::string_view page = R"(# @name@

A @kind@ driver for libastro.

    cmake -S . -B build && cmake --build build
    ctest --test-dir build
    ASTRO_PLUGIN_PATH=$PWD/build astro describe @name@

`@name@.cpp` is the whole driver. What each hook promises stands in the header `astro/@kind@.hpp`, and what holds for all
drivers in `astro/device.hpp`. The tests take the settings from `site.yaml`, and

- use it as a site does, and its simulated twin in its place (`--simulate`), so that whoever has not got the hardware can
  try a program;
- try every promise, as `ASTRO_PLUGIN_PATH=$PWD/build astro conform --site site.yaml --device device` does@moves@.

## Settings

Write here what the hardware needs: cables, rights, which port. `astro describe @name@` says the rest.
)";

constexpr std::string_view site_file =
    R"(# The driver in a site, with its settings; and what its simulated twin needs to be told: `astro check --simulate site.yaml`.
site: {name: Test of @name@, latitude: 50 deg, longitude: 10 deg, height: 100 m}

@kind@s:
  device:
    driver: @name@@simulate@
)";

constexpr std::string_view test_file = R"(// Uses the driver as a site does, and then its simulated twin.
#include <astro/observatory.hpp>
#include <atomic>
#include <cstdio>
#include <exception>
#include <thread>

using namespace std::chrono_literals;

void use(const astro::Observatory& observatory) {
@use@
}

int main(int, char** arguments) try {
  for (const bool simulated : {false, true}) {
    const astro::Site site = astro::load_site(arguments[1], {.simulate = simulated});
    // Hardware lives in real time, its twin as fast as one likes.
    const auto clock = simulated ? astro::Clock::simulated(astro::parse_time("2026-01-01"), 20) : astro::Clock::system();
    auto observatory = astro::Observatory::open(site, {.clock = clock});
    use(observatory);
    std::puts(simulated ? "its simulated twin works" : "@name@ works");
  }
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
)";

/// What is peculiar to a kind, beside its driver.
struct Kind {
  std::string_view name;
  std::string_view simulate;  ///< in the site file
  std::string_view use;       ///< in the test
  std::string_view moves;     ///< on the page
};

constexpr Kind template_kinds[] = {
    {"mount", "\n    simulate: {max_speed: 5 deg}",
     R"(  const auto mount = observatory.mount("device");
  mount.move_to({astro::degrees(10), astro::degrees(45)});
  mount.wait_until_on_target(2min);)",
     ". It moves the mount: look first that nothing is in its way"},
    {"receiver", "\n    simulate: {sample_rate: 1 MHz}",
     R"(  auto stream = observatory.receiver("device").stream();
  const astro::BlockPtr block = stream.next();
  if (!block || block->items() == 0) throw astro::Error(astro::ErrorCode::timeout, "no samples within a second");)",
     ""},
    {"controller", "",
     R"(  const auto controller = observatory.controller("device");
  controller.perform("switch", astro::Map{{"on", true}}).wait_completed(1min);)",
     ". It performs each command: look first that none does harm"},
    {"transport", "",
     R"(  struct Counter : astro::Subscriber {
    void deliver(std::span<const astro::Message> messages) override { count += messages.size(); }
    std::atomic<std::size_t> count = 0;
  } counter;
  const auto transport = observatory.transport("device");
  transport->subscribe("test/#", counter);
  const astro::Message message{.topic = "test/greeting", .body = std::as_bytes(std::span("hello"))};
  const astro::Ticket ticket = transport->publish({&message, 1}).ticket;
  if (transport->confirmed(ticket, 10s) < ticket) throw astro::Error(astro::ErrorCode::timeout, "it is not confirmed");
  for (int i = 0; i < 1000 && counter.count == 0; ++i) std::this_thread::sleep_for(10ms);
  transport->unsubscribe(counter);
  if (counter.count == 0) throw astro::Error(astro::ErrorCode::timeout, "it is not delivered");)",
     ""},
    {"store", "",
     R"(  auto store = observatory.store("device");
  if (store.get_object(store.put_object(std::as_bytes(std::span("hello")))).empty())
    throw astro::Error(astro::ErrorCode::storage, "what was put is not there");)",
     ". It makes tables of its own, and leaves them there"},
};

std::string_view driver_template(std::string_view kind) {
  if (kind == "mount") return mount_template;
  if (kind == "receiver") return receiver_template;
  if (kind == "controller") return controller_template;
  return kind == "transport" ? transport_template : store_template;
}

std::string replaced(std::string_view text, std::string_view word, std::string_view by) {
  std::string made(text);
  made.replace(made.find(word), word.size(), by);
  return made;
}

}  // namespace

std::vector<TemplateFile> template_files(std::string_view kind) {
  const Kind& of = *std::ranges::find(template_kinds, kind, &Kind::name);
  return {{"CMakeLists.txt", std::string(build_file)},
          {"README.md", replaced(page, "@moves@", of.moves)},
          {"site.yaml", replaced(site_file, "@simulate@", of.simulate)},
          {"@name@.cpp", std::string(driver_template(kind))},
          {"@name@_test.cpp", replaced(test_file, "@use@", of.use)}};
}

}  // namespace astro::cli
