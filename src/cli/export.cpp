// SPDX-License-Identifier: BSD-3-Clause
#include "astro/observing/export.hpp"

#include "cli/archive.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace astro::cli {

namespace {

struct ExportArguments {
  std::string site;
  std::string observation;
  std::vector<std::string> files;
  bool simulate = false;
  bool json = false;
};

int run(const ExportArguments& arguments) {
  const Archive archive(arguments.site, arguments.simulate);
  const Site site = load_site(arguments.site, {.simulate = arguments.simulate});
  const StoreHandle store = archive.store_with(arguments.observation);
  List written;
  for (const std::string& file : arguments.files) {
    for (const auto& path : export_observation(store, arguments.observation, site, file))
      written.emplace_back(path.string());
  }
  Value told;
  told.set("observation", arguments.observation).set("files", std::move(written));
  print(told, arguments.json);
  return done;
}

}  // namespace

void add_export(CLI::App& app, Action& action) {
  auto arguments = std::make_shared<ExportArguments>();
  CLI::App* command = app.add_subcommand("export", "makes files of a stored observation, as often as one likes");
  command->add_option("site", arguments->site, "the site file")->required();
  command->add_option("observation", arguments->observation, "its id, as `astro observations SITE` lists it")
      ->required();
  command->add_option("files", arguments->files, "what to write, by the ending: .fits .sdfits .csv .sigmf-meta")
      ->required();
  command->add_flag("--simulate", arguments->simulate, "search what `observe --simulate` stored");
  command->add_flag("--json", arguments->json, "one JSON object");
  command->callback([&action, arguments] { action = [arguments] { return run(*arguments); }; });
}

}  // namespace astro::cli
