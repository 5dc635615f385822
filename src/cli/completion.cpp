// SPDX-License-Identifier: BSD-3-Clause
#include <iostream>
#include <sstream>

#include "astro/error.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace astro::cli {

namespace {

std::vector<std::string> words_of(const CLI::App& app) {
  std::vector<std::string> words;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    words.push_back(command->get_name());
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  }
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// One line for each command: the words that may follow, after the words that stand there already.
void add_cases(const CLI::App& app, const std::string& path, std::ostream& out) {
  out << "    '" << path << "') words='" << joined(words_of(app)) << "' ;;\n";
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    add_cases(*command, path.empty() ? command->get_name() : path + " " + command->get_name(), out);
  }
}

/// Commands and options from here, files from the shell.
std::string bash(const CLI::App& app) {
  std::ostringstream out;
  out << "_astro() {\n"
         "  local current=${COMP_WORDS[COMP_CWORD]} path= words= word\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case \"$word\" in\n"
         "      -*|*/*|*.*) ;;\n"
         "      *) [ -z \"$path\" ] && path=$word || { [ \"$path\" = queue ] && path=\"$path $word\"; } ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$path\" in\n";
  add_cases(app, "", out);
  out << "  esac\n"
         "  case \"$current\" in\n"
         "    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$current\")) ;;\n"
         "    *) COMPREPLY=($(compgen -W \"$words\" -- \"$current\") $(compgen -f -- \"$current\")) ;;\n"
         "  esac\n"
         "}\n"
         "complete -o filenames -F _astro astro\n";
  return out.str();
}

}  // namespace

void add_completion(CLI::App& app, Action& action) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "prints what makes a shell complete astro's commands");
  command->add_option("shell", *shell, "bash or zsh")->required()->check(CLI::IsMember({"bash", "zsh"}));
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
