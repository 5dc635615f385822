// SPDX-License-Identifier: BSD-3-Clause
#include <gmock/gmock.h>
#include <astro/plugin.hpp>

#include <filesystem>
#include <fstream>

#include "testing/testing.hpp"

// Each library that is refused here would end this process with its global constructor if any of
// its code ran.
namespace astro {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;

const std::filesystem::path built = PLUGIN_FOLDER;

std::string refusal_of_file(const std::filesystem::path& library) {
  Registry registry;
  try {
    registry.load(library);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::refused_plugin) << error.what();
    EXPECT_TRUE(registry.drivers().empty());
    return error.what();
  }
  return "it was loaded";
}

std::string refusal_of(const std::string& name) { return refusal_of_file(built / ("astro_" + name + ".so")); }

TEST(RefusedPlugin, IsBuiltAgainstAnotherInterface) {
  const std::string own = std::to_string(detail::interface_version);
  EXPECT_THAT(refusal_of("interface"),
              AllOf(HasSubstr("astro_interface.so was built against version 999999 of the plugin interface"),
                    HasSubstr("this program against version " + own),
                    EndsWith("rebuild it against the headers of this libastro")));
}

TEST(RefusedPlugin, HasTheStandardLibrarysDebugMode) {
  EXPECT_THAT(refusal_of("debug"), AllOf(HasSubstr("with the standard library's debug mode, this program without it"),
                                         EndsWith("rebuild it without -D_GLIBCXX_DEBUG")));
}

TEST(RefusedPlugin, HasTheOldFormOfStrings) {
  EXPECT_THAT(refusal_of("strings"), AllOf(HasSubstr("with the old form of std::string"),
                                           EndsWith("rebuild it with -D_GLIBCXX_USE_CXX11_ABI=1")));
}

TEST(RefusedPlugin, HasAnotherSanitizerThanTheProgram) {
#if defined(__SANITIZE_ADDRESS__)
  const char* advice = "rebuild it with -fsanitize=address";
#elif defined(__SANITIZE_THREAD__)
  const char* advice = "rebuild it with -fsanitize=thread";
#else
  const char* advice = "with the address sanitizer, this program without: rebuild it without -fsanitize=address";
#endif
  EXPECT_THAT(refusal_of("sanitizer"), EndsWith(advice));
}

TEST(RefusedPlugin, IsForAnotherArchitecture) {
  ASSERT_TRUE(std::filesystem::exists(built / "astro_architecture.so"))
      << "there is no compiler for another architecture (Debian: g++-aarch64-linux-gnu; scripts/bootstrap installs it)";
  EXPECT_THAT(refusal_of("architecture"), AllOf(HasSubstr("was built for "), HasSubstr("this program for "),
                                                EndsWith("rebuild it on this machine")));
}

TEST(RefusedPlugin, HasNoTag) { EXPECT_THAT(refusal_of("untagged"), HasSubstr("has no tag of libastro")); }

TEST(RefusedPlugin, HidesItsEntry) {
  EXPECT_THAT(refusal_of("hidden"),
              AllOf(HasSubstr("has no symbol astro_plugin_hidden"), HasSubstr("write ASTRO_PLUGIN(hidden, ...)")));
}

TEST(RefusedPlugin, HasTheNameOfAnother) {
  EXPECT_THAT(refusal_of("renamed"), HasSubstr("holds the plugin \"misnamed\", not \"renamed\""));
}

TEST(RefusedPlugin, IsNoPluginByItsName) {
  EXPECT_THAT(refusal_of_file(built / "libsomething.so"), HasSubstr("expected astro_NAME.so"));
}

TEST(RefusedPlugin, IsNotThere) { EXPECT_THAT(refusal_of("nowhere"), HasSubstr("cannot be read: No such file")); }

TEST(RefusedPlugin, IsTruncatedAnywhere) {
  // The whole one differs from these by nothing but its end.
  const std::string whole = testing::read_file(built / "astro_interface.so");
  testing::TemporaryFolder folder;
  const std::size_t size = whole.size();
  for (const std::size_t length : {std::size_t{1}, std::size_t{4}, std::size_t{16}, std::size_t{63}, std::size_t{64},
                                   std::size_t{200}, std::size_t{4096}, size / 4, size / 2, size - 64, size - 1}) {
    SCOPED_TRACE(length);
    const auto file = folder.write("astro_interface.so", whole.substr(0, length));
    EXPECT_THAT(refusal_of_file(file), ::testing::AnyOf(HasSubstr("is truncated"), HasSubstr("is no shared library")));
  }
  EXPECT_THAT(refusal_of_file(folder.write("astro_interface.so", "")), HasSubstr("is empty"));
}

TEST(RefusedPlugin, IsDamagedAnywhere) {
  // Whatever its headers claim, reading it ends in a sentence. The global constructor stands guard.
  const std::string whole = testing::read_file(built / "astro_interface.so");
  testing::TemporaryFolder folder;
  for (std::size_t at = 0; at < 1024; at += 3) {
    SCOPED_TRACE(at);
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0xff);
    EXPECT_NE(refusal_of_file(folder.write("astro_interface.so", damaged)), "it was loaded");
  }
}

TEST(RefusedPlugin, IsAFolderOrAText) {
  testing::TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "astro_folder.so");
  EXPECT_THAT(refusal_of_file(folder.path() / "astro_folder.so"), HasSubstr("is no file"));
  EXPECT_THAT(refusal_of_file(folder.write("astro_text.so", "a text")), HasSubstr("is no shared library"));
}

TEST(RefusedPlugin, FailsToEnrolAndLeavesNothing) {
  EXPECT_THAT(refusal_of("failing"), AllOf(HasSubstr("plugin failing 3.1.4"), HasSubstr("no licence for this rail"),
                                           HasSubstr("astro_failing.so")));
}

// What crosses the border: values, exceptions by type, objects that are destroyed on the other side.
void expect_works(const std::string& plugin) {
  Registry registry;
  registry.add_plugin_folder(built);
  const DriverDescription description = registry.find(DeviceKind::mount, plugin);
  EXPECT_EQ(description.plugin, plugin);
  EXPECT_EQ(description.version, "3.1.4");
  EXPECT_TRUE(description.mount.parks);
  ASSERT_EQ(description.settings.fields.size(), 2u);
  const auto driver = registry.make(DeviceKind::mount, plugin, Map{{"port", "platform 9"}, {"tilt", "2 deg"}});
  auto* mount = dynamic_cast<Mount*>(driver.get());
  ASSERT_NE(mount, nullptr);
  mount->move_to({degrees(10), degrees(20)});
  EXPECT_NEAR(mount->status().position.first.degrees(), 12, 1e-12);
  EXPECT_EQ(mount->status().detail, "platform 9");
  try {
    mount->move_to({degrees(10), degrees(-20)});
    ADD_FAILURE() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::out_of_limits);
    EXPECT_STREQ(error.what(), "platform 9 does not look down");
  }
  EXPECT_THROW(mount->move_to({degrees(-10), degrees(20)}), std::runtime_error);
}

TEST(Plugin, IsFoundByItsDriversNameAndWorks) { expect_works("whole"); }

// Not in a sanitized build: sanitizers of two compilers do not mix.
#ifdef HAS_OTHER_COMPILER
TEST(Plugin, OfTheOtherCompilerWorks) { expect_works("compiler"); }
#endif

TEST(Plugin, IsLoadedOnce) {
  Registry registry;
  registry.load(built / "astro_whole.so");
  registry.load(built / "astro_whole.so");
  EXPECT_EQ(registry.drivers().size(), 1u);
  testing::TemporaryFolder folder;
  const auto copy = folder.write("astro_whole.so", testing::read_file(built / "astro_whole.so"));
  try {
    registry.load(copy);
    ADD_FAILURE() << "a second plugin of that name was loaded";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::duplicate);
    EXPECT_THAT(error.what(), HasSubstr("one of that name was loaded from"));
  }
}

TEST(Plugin, OutlivesTheRegistryThatLoadedIt) {
  std::unique_ptr<Driver> driver;
  {
    Registry registry;
    registry.load(built / "astro_whole.so");
    driver = registry.make(DeviceKind::mount, "whole", Map{{"port", "a"}});
  }
  EXPECT_EQ(dynamic_cast<Mount&>(*driver).status().detail, "a");
}

TEST(Plugin, OfAVendorIsLoadedAndDescribed) {
  Registry registry;
  registry.add_plugin_folder(built);
  const DriverDescription gs232 = registry.find(DeviceKind::mount, "gs232");
  EXPECT_EQ(gs232.version, "1.0.0");
  EXPECT_NEAR(gs232.mount.first.to.degrees(), 450, 1e-9);
  const Field* baud = gs232.settings.find("baud");
  ASSERT_NE(baud, nullptr);
  EXPECT_EQ(baud->unit, "Bd");
  EXPECT_EQ(baud->default_value.as_integer(), 9600);
  EXPECT_EQ(baud->says, "line speed");
}

TEST(Plugins, AreAllLoadedAndWhatIsRefusedIsSaid) {
  Registry registry;
  registry.add_plugin_folder(built);
  const std::vector<std::string> refused = registry.load_all();
  EXPECT_THAT(refused, ::testing::IsSupersetOf({HasSubstr("astro_interface.so"), HasSubstr("astro_debug.so"),
                                                HasSubstr("astro_untagged.so"), HasSubstr("astro_failing.so")}));
  std::vector<std::string> names;
  for (const DriverDescription& driver : registry.drivers()) names.push_back(driver.name);
  EXPECT_THAT(names, ::testing::IsSupersetOf({"whole", "gs232"}));
}

}  // namespace
}  // namespace astro
