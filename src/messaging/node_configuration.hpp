// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "astro/command.hpp"

namespace astro::messaging {

/// The site files of a node by version, in its state folder, and which of them it runs. A version is tried before it
/// counts; one that was begun and never confirmed, as after a crash, is rolled back. What happens is on the disk before
/// it acts.
class NodeConfiguration {
 public:
  /// `own`: the site file on the node's disk, version 0. Once somebody changed that by hand, what was sent is void.
  /// Throws `storage`.
  NodeConfiguration(const std::filesystem::path& state_folder, const std::string& own);

  std::int64_t version() const noexcept { return is_trial() ? kept_.trial : kept_.current; }
  bool is_trial() const noexcept { return kept_.trial != 0; }
  std::string text() const;  ///< of this version

  /// A new version, that is tried at the next start. Returns its number.
  std::int64_t propose(const std::string& text, const Command& command);
  /// Marks the trial as begun; rolls back one that was begun before.
  void begin();
  void confirm();
  void roll_back(const std::string& why);

  /// What became of a trial, until it is told.
  struct Outcome {
    Command command{};
    Acknowledgment acknowledgment{};
  };
  std::optional<Outcome> outcome() const;
  /// Of the command whose end is not told yet; empty: of none.
  std::string pending_id() const;
  void told();

  struct Kept {
    std::int64_t current = 0;
    std::int64_t last = 0;   ///< the highest number ever given
    std::int64_t trial = 0;  ///< 0: none
    bool begun = false;
    std::string command{};  ///< of the trial, JSON
    std::string outcome{};  ///< untold, JSON
  };

 private:
  void end_trial(CommandState state, const std::string& message);
  void save();
  std::filesystem::path file_of(std::int64_t version) const;

  const std::filesystem::path folder_;
  Kept kept_{};
};

}  // namespace astro::messaging

namespace astro {

template <>
struct Description<messaging::NodeConfiguration::Kept> {
  using K = messaging::NodeConfiguration::Kept;
  static constexpr std::array fields{field<&K::current>("current"), field<&K::last>("last"),
                                     field<&K::trial>("trial"),     field<&K::begun>("begun"),
                                     field<&K::command>("command"), field<&K::outcome>("outcome")};
};

}  // namespace astro
