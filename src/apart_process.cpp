// SPDX-License-Identifier: BSD-3-Clause
#include "apart_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <thread>

#include "apart_wire.hpp"
#include "astro/error.hpp"
#include "plugin_folders.hpp"
#include "steady.hpp"

extern char** environ;  // NOLINT(readability-redundant-declaration): unistd.h has it for GNU alone

namespace astro::detail {

namespace {

constexpr int calls_file = 3;
constexpr int stops_file = 4;
constexpr std::size_t longest_line = 4096;

/// Above the numbers that the child gets: none is overwritten while the others are put in their places.
File raised(const File& file) { return File(::fcntl(file.number(), F_DUPFD_CLOEXEC, 10)); }

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (std::string& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

std::vector<std::string> environment_of(const Program& program) {
  std::map<std::string, std::string> all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (const auto end = text.find('='); end != std::string::npos) all[text.substr(0, end)] = text.substr(end + 1);
  }
  for (const auto& [name, value] : program.environment) all[name] = value;
  all[wire::calls_variable] = std::to_string(calls_file);
  all[wire::stops_variable] = std::to_string(stops_file);
  std::vector<std::string> made;
  for (const auto& [name, value] : all) {
    std::string entry = name;
    made.push_back(entry.append("=").append(value));
  }
  return made;
}

struct Programs {
  std::mutex mutex;
  std::map<std::pair<DeviceKind, std::string>, Program> all;
};

Programs& programs() {
  static Programs& known = *new Programs;
  return known;
}

}  // namespace

Process::Process(const Program& program) {
  auto [ours, theirs] = PacketSocket::pair();
  auto [our_stops, their_stops] = PacketSocket::pair();
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0) {
    throw Error(ErrorCode::storage, std::string("making a pipe for a driver that runs apart: ") + std::strerror(errno));
  }
  output_ = File(pipe[0]);
  File their_output(pipe[1]);
  ::fcntl(output_.number(), F_SETFL, O_NONBLOCK);
  const File files[] = {raised(theirs.file()), raised(their_stops.file()), raised(their_output)};

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t how;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&how);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, files[2].number(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, files[2].number(), STDERR_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, files[0].number(), calls_file);
  ::posix_spawn_file_actions_adddup2(&actions, files[1].number(), stops_file);
  // A group of its own: what is typed at a terminal is for the parent, which ends its drivers in order.
  sigset_t none;
  sigset_t defaults;
  ::sigemptyset(&none);
  ::sigemptyset(&defaults);
  for (const int signal : {SIGPIPE, SIGINT, SIGTERM, SIGHUP, SIGCHLD}) ::sigaddset(&defaults, signal);
  ::posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  ::posix_spawnattr_setpgroup(&how, 0);
  ::posix_spawnattr_setsigmask(&how, &none);
  ::posix_spawnattr_setsigdefault(&how, &defaults);

  std::vector<std::string> arguments = program.arguments;
  std::vector<std::string> environment = environment_of(program);
  const int failed = ::posix_spawnp(&id_, arguments.at(0).c_str(), &actions, &how, pointers(arguments).data(),
                                    pointers(environment).data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&how);
  if (failed != 0) {
    reaped_ = true;
    throw Error(ErrorCode::not_found, "starting " + arguments.at(0) + " for a driver that runs apart: " +
                                          std::strerror(failed) + "; expected an executable file");
  }
  calls = std::move(ours);
  stops = std::move(our_stops);
}

void Process::read_output(const std::function<void(const std::string&)>& line) {
  const std::lock_guard lock(output_mutex_);
  char bytes[4096];
  while (!output_ended_) {
    const ssize_t length = ::read(output_.number(), bytes, sizeof bytes);
    if (length == 0) output_ended_ = true;
    if (length <= 0) break;
    for (const char c : std::string_view(bytes, static_cast<std::size_t>(length))) {
      const bool ends = c == '\n';
      if (!ends) line_ += c;
      if ((ends && !line_.empty()) || line_.size() >= longest_line) line(std::exchange(line_, {}));
    }
  }
  if (output_ended_ && !line_.empty()) line(std::exchange(line_, {}));
}

bool Process::is_reaped(bool waits) noexcept {
  const std::lock_guard lock(mutex_);
  if (reaped_) return true;
  int status = 0;
  pid_t found = 0;
  do found = ::waitpid(id_, &status, waits ? 0 : WNOHANG);
  while (found < 0 && errno == EINTR);
  if (found == 0) return false;
  reaped_ = true;
  if (found < 0) how_ = "somebody else waited for it";  // a program that ignores SIGCHLD
  else if (WIFSIGNALED(status)) how_ = "signal " + std::to_string(WTERMSIG(status));
  else how_ = "exit code " + std::to_string(WEXITSTATUS(status));
  return true;
}

void Process::kill() noexcept {
  const std::lock_guard lock(mutex_);
  if (!reaped_) ::kill(id_, SIGKILL);
}

std::string Process::end(Duration at_most) noexcept {
  calls.hang_up();
  stops.hang_up();
  const auto deadline = after(at_most);
  while (!is_reaped(false)) {
    if (Steady::now() >= deadline) {
      kill();
      is_reaped(true);
      break;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return how_;
}

Program driver_program() {
  return {.arguments = {(folder_beside_library().parent_path() / "astro-driver").string()}, .environment = {}};
}

void remember_program(DeviceKind kind, const std::string& driver, Program program) {
  Programs& known = programs();
  const std::lock_guard lock(known.mutex);
  known.all[{kind, driver}] = std::move(program);
}

Program remembered_program(DeviceKind kind, const std::string& driver) {
  Programs& known = programs();
  const std::lock_guard lock(known.mutex);
  const auto found = known.all.find({kind, driver});
  return found == known.all.end() ? Program{} : found->second;
}

}  // namespace astro::detail
