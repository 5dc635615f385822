// SPDX-License-Identifier: BSD-3-Clause
#include "recording.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "astro/error.hpp"
#include "astro/files/filterbank.hpp"
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

/// Spectra of one file. Of a file with several axes (bands of a telescope) those of the first play.
class SpectraRecording final : public Recording {
 public:
  explicit SpectraRecording(const fs::path& path) : name_(path.string()), file_(astro::files::read_spectra(path)) {
    if (file_.spectra.empty()) {
      throw astro::Error(astro::ErrorCode::invalid_file, "opening the recording " + name_ + ": it holds no spectrum");
    }
    keep_first_axis();
    const astro::Spectrum& first = file_.spectra.front();
    stream_ = settings_of(first.axis, period());
    if (file_.gain_db != 0.0) stream_.tuning.gain_db = file_.gain_db;
  }

  /// Spectra as a stream: the middle channel lies at the tuning's frequency.
  static astro::StreamSettings settings_of(const astro::FrequencyAxis& axis, astro::Duration period) {
    const astro::Frequency width = axis.step * static_cast<double>(axis.channels);
    astro::StreamSettings stream;
    stream.tuning = {.frequency = axis.at(std::floor(axis.channels / 2.0)), .sample_rate = width, .bandwidth = width};
    stream.dtype = astro::Dtype::f32;
    stream.item_shape = {axis.channels};
    stream.item_period = period;
    return stream;
  }

  const std::string& name() const noexcept override { return name_; }
  const astro::StreamSettings& stream() const noexcept override { return stream_; }
  std::optional<astro::Time> start() const noexcept override { return file_.spectra.front().start; }
  std::optional<astro::AltAz> place() const override {
    const astro::Pointing& pointing = file_.spectra.front().pointing;
    return pointing.known ? std::optional(pointing.place) : std::nullopt;
  }
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
  /// Doppler tracking moves an axis by some channels, another band is elsewhere.
  void keep_first_axis() {
    const astro::FrequencyAxis first = file_.spectra.front().axis;
    const double width_hz = first.step.hertz() * first.channels;
    std::erase_if(file_.spectra, [&](const astro::Spectrum& spectrum) {
      return spectrum.axis.channels != first.channels ||
             std::abs((spectrum.axis.first - first.first).hertz()) > 0.01 * width_hz ||
             std::abs((spectrum.axis.step - first.step).hertz()) > 0.01 * first.step.hertz();
    });
  }

  /// From one spectrum to the next; polarisations of one time make it shorter than each lasts.
  astro::Duration period() const {
    const auto& spectra = file_.spectra;
    const astro::Duration whole = spectra.back().start + spectra.back().duration - spectra.front().start;
    const astro::Duration each = whole / static_cast<astro::Duration::rep>(spectra.size());
    const bool is_continuous =
        std::abs(astro::seconds(each - spectra.front().duration)) < 1e-3 * astro::seconds(spectra.front().duration);
    if (is_continuous || each <= astro::Duration::zero()) {
      return std::max(spectra.front().duration, astro::Duration(1));
    }
    return each;
  }

  std::string name_;
  astro::files::SpectraFile file_;
  astro::StreamSettings stream_{};
  std::size_t next_ = 0;
};

/// A filterbank, read as it plays.
class FilterbankRecording final : public Recording {
 public:
  explicit FilterbankRecording(const fs::path& path)
      : name_(path.string()),
        reader_(astro::files::inspect_filterbank(path)),
        stream_(SpectraRecording::settings_of(reader_.info().axis, reader_.info().period)) {}

  const std::string& name() const noexcept override { return name_; }
  const astro::StreamSettings& stream() const noexcept override { return stream_; }
  std::optional<astro::Time> start() const noexcept override { return reader_.info().start; }
  std::uint64_t items() const noexcept override { return reader_.info().spectra; }
  void rewind() override { reader_.rewind(); }

  std::size_t read(std::span<std::byte> buffer) override {
    numbers_.resize(buffer.size() / sizeof(float));
    const std::size_t count = reader_.read(numbers_);
    std::memcpy(buffer.data(), numbers_.data(), count * stream_.item_bytes());
    return count;
  }

 private:
  std::string name_;
  astro::files::FilterbankReader reader_;
  astro::StreamSettings stream_;
  std::vector<float> numbers_{};
};

bool ends_with_one_of(const fs::path& path, std::initializer_list<const char*> endings) {
  const std::string ending = path.extension().string();
  return std::ranges::any_of(endings, [&](const char* known) { return ending == known; });
}

bool is_filterbank(const fs::path& path) { return ends_with_one_of(path, {".fil", ".tim"}); }

bool is_spectra(const fs::path& path) {
  return ends_with_one_of(path, {".ast", ".hot", ".dat", ".txt", ".csv", ".fits", ".sdfits"});
}

/// In a folder, a SigMF recording is named by its meta file alone; what may as well be notes or
/// results (.txt, .csv, .fits) has to be named by itself.
bool is_recording(const fs::path& path) {
  return is_filterbank(path) || ends_with_one_of(path, {".ast", ".hot", ".dat", ".sdfits", ".cu8", ".cs8", ".cs16",
                                                        ".cf32", ".wav", ".sigmf-meta"});
}

std::unique_ptr<Recording> open_recording(const fs::path& file, const Hints& hints) {
  if (!hints.dtype && is_filterbank(file)) return std::make_unique<FilterbankRecording>(file);
  if (!hints.dtype && is_spectra(file)) return std::make_unique<SpectraRecording>(file);
  return std::make_unique<IqRecording>(file, hints);
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
    throw astro::Error(astro::ErrorCode::not_found,
                       "opening the recordings in " + path.string() +
                           ": none is there; expected files that end in .ast, .hot, "
                           ".dat, .sdfits, .fil, .tim, .cu8, .cs8, .cs16, .cf32, .wav or .sigmf-meta");
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
      recordings.push_back(open_recording(file, hints));
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
