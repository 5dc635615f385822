// SPDX-License-Identifier: BSD-3-Clause
#include "recording.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "astro/error.hpp"
#include "astro/files/recordings.hpp"

namespace replay {
namespace {

namespace fs = std::filesystem;

/// IQ of one file.
class IqRecording final : public Recording {
 public:
  IqRecording(const fs::path& path, const Hints& hints)
      : name_(path.string()), reader_(complete(astro::files::inspect_iq(path, hints.dtype), hints, name_)) {
    const astro::files::IqInfo& info = reader_.info();
    stream_.tuning = {.frequency = info.frequency, .sample_rate = info.sample_rate, .bandwidth = info.sample_rate};
    stream_.dtype = info.dtype;
    stream_.item_period = astro::from_seconds(1.0 / info.sample_rate.hertz());
  }

  const std::string& name() const noexcept override { return name_; }
  const astro::StreamSettings& stream() const noexcept override { return stream_; }
  std::optional<astro::Time> start() const noexcept override { return reader_.info().start; }
  std::uint64_t items() const noexcept override { return reader_.info().samples; }
  std::size_t read(std::span<std::byte> buffer) override { return reader_.read(buffer); }
  void rewind() override { reader_.rewind(); }

 private:
  static astro::files::IqInfo complete(astro::files::IqInfo info, const Hints& hints, const std::string& name) {
    if (info.sample_rate == astro::Frequency{}) info.sample_rate = hints.sample_rate;
    if (info.frequency == astro::Frequency{}) info.frequency = hints.frequency;
    if (!info.start) info.start = hints.start;
    if (info.sample_rate > astro::Frequency{}) return info;
    throw astro::Error(astro::ErrorCode::invalid_argument,
                       "opening the recording " + name +
                           ": the file does not say how fast it was sampled; expected the "
                           "setting \"sample_rate\"");
  }

  std::string name_;
  astro::files::IqReader reader_;
  astro::StreamSettings stream_{};
};

/// Spectra of one file.
class SpectraRecording final : public Recording {
 public:
  explicit SpectraRecording(const fs::path& path) : name_(path.string()), file_(astro::files::read_spectra(path)) {
    if (file_.spectra.empty()) {
      throw astro::Error(astro::ErrorCode::invalid_file, "opening the recording " + name_ + ": it holds no spectrum");
    }
    const astro::Spectrum& first = file_.spectra.front();
    const astro::FrequencyAxis& axis = first.axis;
    const astro::Frequency width = axis.step * static_cast<double>(axis.channels);
    stream_.tuning = {.frequency = axis.at(std::floor(axis.channels / 2.0)), .sample_rate = width, .bandwidth = width};
    if (file_.gain_db != 0.0) stream_.tuning.gain_db = file_.gain_db;
    stream_.dtype = astro::Dtype::f32;
    stream_.item_shape = {axis.channels};
    stream_.item_period = first.duration;
  }

  const std::string& name() const noexcept override { return name_; }
  const astro::StreamSettings& stream() const noexcept override { return stream_; }
  std::optional<astro::Time> start() const noexcept override { return file_.spectra.front().start; }
  std::uint64_t items() const noexcept override { return file_.spectra.size(); }
  void rewind() override { next_ = 0; }

  std::size_t read(std::span<std::byte> buffer) override {
    const std::size_t bytes = stream_.item_bytes();
    const std::size_t count = std::min(buffer.size() / bytes, file_.spectra.size() - next_);
    for (std::size_t i = 0; i < count; ++i) {
      std::memcpy(buffer.data() + i * bytes, file_.spectra[next_ + i].power.data(), bytes);
    }
    next_ += count;
    return count;
  }

 private:
  std::string name_;
  astro::files::SpectraFile file_;
  astro::StreamSettings stream_{};
  std::size_t next_ = 0;
};

bool ends_with_one_of(const fs::path& path, std::initializer_list<const char*> endings) {
  const std::string ending = path.extension().string();
  return std::ranges::any_of(endings, [&](const char* known) { return ending == known; });
}

bool is_spectra(const fs::path& path) { return ends_with_one_of(path, {".ast", ".hot", ".dat"}); }

/// In a folder, a SigMF recording is named by its meta file alone.
bool is_recording(const fs::path& path) {
  return is_spectra(path) || ends_with_one_of(path, {".cu8", ".cs8", ".cs16", ".cf32", ".wav", ".sigmf-meta"});
}

std::vector<fs::path> files_of(const fs::path& path) {
  if (!fs::exists(path)) {
    throw astro::Error(astro::ErrorCode::not_found,
                       "opening the recording " + path.string() + ": there is no such file or folder");
  }
  if (!fs::is_directory(path)) return {path};
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path)) {
    if (entry.is_regular_file() && is_recording(entry.path())) files.push_back(entry.path());
  }
  if (files.empty()) {
    throw astro::Error(astro::ErrorCode::not_found, "opening the recordings in " + path.string() +
                                                        ": none is there; expected files that end in .ast, .hot, "
                                                        ".dat, .cu8, .cs8, .cs16, .cf32, .wav or .sigmf-meta");
  }
  std::ranges::sort(files);
  return files;
}

/// Frequencies in headers are rounded: a thousandth of the band is the same.
bool is_same_kind(const astro::StreamSettings& a, const astro::StreamSettings& b) {
  const double tolerance_hz = 1e-3 * a.tuning.sample_rate.hertz();
  const auto near = [&](astro::Frequency x, astro::Frequency y) { return std::abs((x - y).hertz()) <= tolerance_hz; };
  return a.dtype == b.dtype && a.item_shape == b.item_shape && near(a.tuning.frequency, b.tuning.frequency) &&
         near(a.tuning.sample_rate, b.tuning.sample_rate);
}

}  // namespace

std::vector<std::unique_ptr<Recording>> open_recordings(const std::vector<std::string>& paths, const Hints& hints) {
  std::vector<std::unique_ptr<Recording>> recordings;
  for (const std::string& path : paths) {
    for (const fs::path& file : files_of(path)) {
      if (is_spectra(file) && !hints.dtype) recordings.push_back(std::make_unique<SpectraRecording>(file));
      else recordings.push_back(std::make_unique<IqRecording>(file, hints));
      if (is_same_kind(recordings.front()->stream(), recordings.back()->stream())) continue;
      throw astro::Error(astro::ErrorCode::invalid_argument,
                         "opening the recording " + file.string() +
                             ": its frequency, rate or kind of samples is not that of " + recordings.front()->name() +
                             "; expected recordings of one kind");
    }
  }
  if (recordings.empty()) {
    throw astro::Error(astro::ErrorCode::invalid_argument,
                       "opening recordings: the setting \"files\" names none; expected files or folders");
  }
  return recordings;
}

}  // namespace replay
