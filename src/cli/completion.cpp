// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <iostream>
#include <sstream>

#include "astro/error.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace astro::cli {

namespace {

constexpr std::array shells{"bash", "zsh"};

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

std::string joined(const std::vector<std::string>& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

std::string name_within(const std::string& path, const CLI::App& command) {
  return path.empty() ? command.get_name() : path + " " + command.get_name();
}

/// All commands, each with those that it belongs to before it.
void add_paths(const CLI::App& app, const std::string& path, std::vector<std::string>& paths) {
  for (const CLI::App* command : commands_of(app)) {
    paths.push_back("'" + name_within(path, *command) + "'");
    add_paths(*command, name_within(path, *command), paths);
  }
}

/// What the argument of a command may be, where it is one of a few words and no file.
std::vector<std::string> words_of(const CLI::App& command) {
  return command.get_name() == "completion" ? std::vector<std::string>(shells.begin(), shells.end())
                                            : std::vector<std::string>();
}

/// One line for each command: what may follow, after the words that stand there already.
void add_cases(const CLI::App& app, const std::string& path, std::ostream& out) {
  std::vector<std::string> options;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
  }
  std::vector<std::string> commands = words_of(app);
  for (const CLI::App* command : commands_of(app)) commands.push_back(command->get_name());
  out << "    '" << path << "') options='" << joined(options, " ") << "' commands='" << joined(commands, " ")
      << "' ;;\n";
  for (const CLI::App* command : commands_of(app)) add_cases(*command, name_within(path, *command), out);
}

/// Commands and options from here, files from the shell.
std::string bash(const CLI::App& app) {
  std::vector<std::string> paths;
  add_paths(app, "", paths);
  std::ostringstream out;
  out << "_astro() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} path= options= commands= word\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case \"${path:+$path }$word\" in\n"
         "      "
      << joined(paths, "|")
      << ") path=\"${path:+$path }$word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$path\" in\n";
  add_cases(app, "", out);
  out << "  esac\n"
         "  if [[ $current == -* ]]; then COMPREPLY=($(compgen -W \"$options\" -- \"$current\"))\n"
         "  elif [[ -n $commands ]]; then COMPREPLY=($(compgen -W \"$commands\" -- \"$current\"))\n"
         "  else\n"
         "    local IFS=$'\\n'  # names of files may have spaces\n"
         "    COMPREPLY=($(compgen -f -- \"$current\"))\n"
         "  fi\n"
         "}\n"
         "complete -o filenames -F _astro astro\n";
  return out.str();
}

}  // namespace

void add_completion(CLI::App& app, Action& action) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "prints what makes a shell complete astro's commands");
  command->add_option("shell", *shell, "bash or zsh")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>(shells.begin(), shells.end())));
  command->footer("bash: eval \"$(astro completion bash)\" in ~/.bashrc; zsh the same with zsh in ~/.zshrc.");
  command->callback([&action, &app, shell] {
    action = [&app, shell] {
      if (*shell == "zsh") std::cout << "autoload -U +X bashcompinit && bashcompinit\n";
      std::cout << bash(app);
      return static_cast<int>(done);
    };
  });
}

}  // namespace astro::cli
