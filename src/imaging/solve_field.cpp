// SPDX-License-Identifier: BSD-3-Clause
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <thread>

#include "astro/error.hpp"
#include "astro/imaging/astrometry.hpp"
#include "text.hpp"

namespace astro::imaging {
namespace {

namespace fs = std::filesystem;

class SolvingFolder {
 public:
  SolvingFolder() {
    std::string name = (fs::temp_directory_path() / "astro-solve-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
      throw Error(ErrorCode::storage, "solving a field: cannot make a folder under " +
                                          fs::temp_directory_path().string() + ": " + std::strerror(errno));
    }
    path_ = name;
  }
  SolvingFolder(const SolvingFolder&) = delete;
  SolvingFolder& operator=(const SolvingFolder&) = delete;
  ~SolvingFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const noexcept { return path_; }

 private:
  fs::path path_{};
};

void put_card(std::string& header, const std::string& text) {
  std::string card = text;
  card.resize(80, ' ');
  header += card;
}

void end_block(std::string& bytes, char filler) { bytes.resize((bytes.size() + 2879) / 2880 * 2880, filler); }

/// The stars as the table of FITS that the program reads: X, Y (from 1) and FLUX, the brightest first.
std::string star_table(std::span<const Star> stars) {
  std::vector<Star> sorted(stars.begin(), stars.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const Star& a, const Star& b) { return a.flux > b.flux; });
  std::string bytes;
  put_card(bytes, "SIMPLE  =                    T");
  put_card(bytes, "BITPIX  =                    8");
  put_card(bytes, "NAXIS   =                    0");
  put_card(bytes, "EXTEND  =                    T");
  put_card(bytes, "END");
  end_block(bytes, ' ');
  put_card(bytes, "XTENSION= 'BINTABLE'");
  put_card(bytes, "BITPIX  =                    8");
  put_card(bytes, "NAXIS   =                    2");
  put_card(bytes, "NAXIS1  =                   24");
  put_card(bytes, "NAXIS2  = " + std::to_string(sorted.size()));
  put_card(bytes, "PCOUNT  =                    0");
  put_card(bytes, "GCOUNT  =                    1");
  put_card(bytes, "TFIELDS =                    3");
  for (const auto& [number, name] : {std::pair{"1", "X"}, {"2", "Y"}, {"3", "FLUX"}}) {
    put_card(bytes, std::string("TTYPE") + number + "  = '" + name + "'");
    put_card(bytes, std::string("TFORM") + number + "  = '1D'");
  }
  put_card(bytes, "END");
  end_block(bytes, ' ');
  for (const Star& star : sorted) {
    for (const double value : {star.place.x + 1.0, star.place.y + 1.0, star.flux}) {
      const auto bits = std::bit_cast<std::uint64_t>(value);
      for (int shift = 56; shift >= 0; shift -= 8)
        bytes += static_cast<char>((bits >> static_cast<unsigned>(shift)) & 0xFFU);
    }
  }
  end_block(bytes, '\0');
  return bytes;
}

void write_solving_file(const fs::path& file, const std::string& content) {
  std::ofstream stream(file, std::ios::binary);
  stream.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!stream.flush()) throw Error(ErrorCode::storage, "solving a field: cannot write " + file.string());
}

std::string read_solving_file(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<std::string> arguments_of(const fs::path& folder, std::size_t rows, std::size_t columns,
                                      const SolvingOptions& options) {
  const auto degrees_of = [](Angle angle) { return text::of(angle.degrees()); };
  std::vector<std::string> arguments{
      options.program,
      "--overwrite",
      "--no-plots",
      "--no-tweak",
      "--crpix-center",
      "--dir",
      folder.string(),
      "--temp-dir",
      folder.string(),
      "--x-column",
      "X",
      "--y-column",
      "Y",
      "--sort-column",
      "FLUX",
      "--width",
      std::to_string(columns),
      "--height",
      std::to_string(rows),
      "--cpulimit",
      std::to_string(
          std::max<std::int64_t>(1, std::chrono::duration_cast<std::chrono::seconds>(options.at_most).count()))};
  const auto add = [&arguments](std::initializer_list<std::string> more) { arguments.insert(arguments.end(), more); };
  if (!options.indexes.empty()) {
    write_solving_file(folder / "engine.cfg",
                       "inparallel\nadd_path " + fs::absolute(options.indexes).string() + "\nautoindex\n");
    add({"--config", (folder / "engine.cfg").string()});
  }
  if (options.least_scale || options.most_scale) {
    add({"--scale-units", "arcsecperpix"});
    if (options.least_scale) add({"--scale-low", text::of(options.least_scale->arcseconds())});
    if (options.most_scale) add({"--scale-high", text::of(options.most_scale->arcseconds())});
  }
  if (options.near) {
    add({"--ra", degrees_of(options.near->ra.wrapped()), "--dec", degrees_of(options.near->dec), "--radius",
         degrees_of(options.radius)});
  }
  add({(folder / "stars.xyls").string()});
  return arguments;
}

/// Runs the program with all its children in a group of their own; what they print goes into `log`.
void run_solver(std::vector<std::string> arguments, const fs::path& log, Duration at_most) {
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t how;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&how);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ::posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  ::posix_spawnattr_setpgroup(&how, 0);
  ::posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP);
  pid_t child = -1;
  const int failed = ::posix_spawnp(&child, pointers[0], &actions, &how, pointers.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&how);
  if (failed != 0) {
    throw Error(ErrorCode::unsupported,
                "solving a field: " + arguments[0] + " cannot be run (" + std::strerror(failed) +
                    "); on Debian, install astrometry.net and index files for the size of the field "
                    "(astrometry-data-tycho2, or those of its project)");
  }
  const auto until = std::chrono::steady_clock::now() + at_most;
  while (true) {
    int status = 0;
    if (::waitpid(child, &status, WNOHANG) != 0) return;
    if (std::chrono::steady_clock::now() >= until) {
      ::kill(-child, SIGKILL);
      ::waitpid(child, &status, 0);
      throw Error(ErrorCode::timeout, "solving a field: " + arguments[0] + " did not end in " +
                                          text::of(seconds(at_most)) +
                                          " s; say what the scale is, or where the field lies, or give it longer");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

/// The last lines of a log, as one.
std::string last_words(std::string said) {
  constexpr std::size_t most = 300;
  if (said.size() > most) {
    const std::size_t line = said.find('\n', said.size() - most);
    said.erase(0, line == std::string::npos ? said.size() - most : line + 1);
  }
  std::ranges::replace(said, '\n', ' ');
  return std::string(text::trimmed(said));
}

}  // namespace

Wcs solve_field(std::span<const Star> stars, std::size_t rows, std::size_t columns, const SolvingOptions& options) {
  for (const Star& star : stars) {
    if (std::isfinite(star.place.x) && std::isfinite(star.place.y) && std::isfinite(star.flux)) continue;
    throw Error(ErrorCode::invalid_argument, "solving a field: a star has a place or a flux that is not finite");
  }
  if (stars.size() < 4 || rows == 0 || columns == 0) {
    throw Error(ErrorCode::invalid_argument, "solving a field: " + std::to_string(stars.size()) + " stars on " +
                                                 std::to_string(rows) + " rows of " + std::to_string(columns) +
                                                 " pixels; expected at least 4 stars, and an image");
  }
  const SolvingFolder folder;
  write_solving_file(folder.path() / "stars.xyls", star_table(stars));
  const fs::path log = folder.path() / "log";
  run_solver(arguments_of(folder.path(), rows, columns, options), log, options.at_most);
  const std::string header = read_solving_file(folder.path() / "stars.wcs");
  if (!header.empty()) return Wcs::from_header(header);
  throw Error(ErrorCode::not_found, "solving a field: no index knows the pattern of these " +
                                        std::to_string(stars.size()) + " stars; the last words of " + options.program +
                                        ": " + last_words(read_solving_file(log)));
}

}  // namespace astro::imaging
