// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "astro/block.hpp"
#include "astro/coordinates.hpp"
#include "astro/export.hpp"
#include "astro/files/recordings.hpp"
#include "astro/frequency.hpp"
#include "astro/time.hpp"
#include "astro/value.hpp"

/// Recordings of IQ in SigMF 1.0: samples in `.sigmf-data`, and JSON that describes them beside it.
namespace astro::files {

/// From a sample on, until the next capture: how the receiver was tuned.
struct SigmfCapture {
  std::uint64_t first = 0;
  Frequency frequency{};       ///< zero: not said
  std::optional<Time> time{};  ///< of its first sample
  Value more{};                ///< a map of its other keys

  bool operator==(const SigmfCapture&) const = default;
};

/// What somebody saw in some of the samples.
struct SigmfAnnotation {
  std::uint64_t first = 0;
  std::optional<std::uint64_t> samples{};  ///< null: to the end of the capture
  Frequency lower{};                       ///< edges of the band; both zero: not said
  Frequency upper{};
  std::string label{};
  std::string comment{};
  std::string generator{};  ///< who or what wrote it
  Value more{};             ///< a map of its other keys

  bool operator==(const SigmfAnnotation&) const = default;
};

/// All that the JSON says.
struct SigmfMeta {
  Dtype dtype = Dtype::cf32;  ///< cu8, ci8, ci16 or cf32
  Frequency sample_rate{};    ///< zero: not said
  std::string author{};
  std::string description{};
  std::string hardware{};
  std::string recorder{};
  std::optional<Location> site{};  ///< where it was recorded
  std::vector<SigmfCapture> captures{};
  std::vector<SigmfAnnotation> annotations{};
  Value more{};  ///< a map of the other global keys; those of extensions are kept too
};

/// Reads the JSON, by either of the two files' names. Throws `not_found`, `invalid_file`.
ASTRO_API SigmfMeta read_sigmf(const std::filesystem::path& path);

/// Our extension of SigMF. Global, true while a recording goes on; it stays where that was cut short.
inline constexpr std::string_view sigmf_unfinished = "astro:unfinished";
/// Of a capture: samples that were lost just before it.
inline constexpr std::string_view sigmf_samples_lost = "astro:samples_lost";

/// When the two files get their names.
enum class SigmfNames : unsigned char {
  when_whole,  ///< at `finish`; without it nothing stays
  at_once      ///< what was written can be read at any moment, also after a kill: the global key `astro:unfinished`
               ///< is true until `finish`, and a sample that was cut in its middle does not count
};

/// Takes samples as they come and writes both files.
class ASTRO_API SigmfWriter {
 public:
  /// `path` ends in .sigmf-meta or .sigmf-data. Throws `invalid_argument` for another dtype or ending.
  SigmfWriter(const std::filesystem::path& path, SigmfMeta meta, SigmfNames names = SigmfNames::when_whole);
  ~SigmfWriter();
  SigmfWriter(const SigmfWriter&) = delete;
  SigmfWriter& operator=(const SigmfWriter&) = delete;

  /// Captures and annotations may be added until the end; they are written in order of their samples.
  SigmfMeta& meta() noexcept;
  /// Whole samples. Throws `invalid_argument`, `storage`.
  void write(std::span<const std::byte> samples);
  /// A block of a stream of IQ: where samples were lost before it, the receiver was tuned anew or the machine's clock
  /// was set, a capture of its own begins, so that every sample keeps its time.
  void write(const Block& block);
  std::uint64_t samples() const noexcept;
  std::uint64_t samples_lost() const noexcept;  ///< between the blocks written
  void finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace astro::files
