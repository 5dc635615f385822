// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>

#include "astro/error.hpp"
#include "astro/files/export.hpp"
#include "astro/files/sigmf.hpp"
#include "files/growing_file.hpp"
#include "files/samples.hpp"
#include "text.hpp"

namespace astro::files {
namespace {

/// Where samples go.
class Target {
 public:
  explicit Target(Dtype dtype) : dtype_(dtype) {}
  virtual ~Target() = default;
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;

  Dtype dtype() const noexcept { return dtype_; }
  virtual void write(std::span<const std::byte> samples) = 0;
  virtual void finish() = 0;

 private:
  Dtype dtype_;
};

class RawTarget final : public Target {
 public:
  RawTarget(const std::filesystem::path& path, Dtype dtype) : Target(dtype), file_(path) {}
  void write(std::span<const std::byte> samples) override { file_.append(samples); }
  void finish() override { file_.finish(); }

 private:
  GrowingFile file_;
};

template <class T>
void append(std::string& text, T number) {
  text.append(reinterpret_cast<const char*>(&number), sizeof number);
}

/// RIFF WAVE; its sizes are known at the end.
class WavTarget final : public Target {
 public:
  WavTarget(const std::filesystem::path& path, const IqInfo& info)
      : Target(info.dtype == Dtype::ci8 ? Dtype::ci16 : info.dtype), path_(path), rate_(rate_of(info)), file_(path) {
    const std::string begin = head();
    file_.append(std::as_bytes(std::span(begin)));
  }

  void write(std::span<const std::byte> samples) override {
    bytes_ += samples.size();
    if (bytes_ > std::numeric_limits<std::uint32_t>::max() - 64) {
      throw Error(ErrorCode::storage, "cannot write \"" + path_.string() +
                                          "\": a .wav file holds no more than 4 GiB; write .sigmf-meta instead");
    }
    file_.append(samples);
  }

  void finish() override {
    const std::string begin = head();
    file_.rewrite(0, std::as_bytes(std::span(begin)));
    file_.finish();
  }

 private:
  static std::uint32_t rate_of(const IqInfo& info) {
    const double rate = std::round(info.sample_rate.hertz());
    if (rate >= 1.0 && rate < 4e9 / 8.0) return static_cast<std::uint32_t>(rate);
    throw Error(ErrorCode::invalid_argument, "writing a .wav file: the sample rate is " + text::of(rate) +
                                                 " Hz, expected 1 Hz to 500 MHz; say it where the recording does not");
  }

  std::string head() const {
    const bool is_float = dtype() == Dtype::cf32;
    const auto bits = static_cast<std::uint16_t>(4 * size_of(dtype()));
    const auto each = static_cast<std::uint16_t>(size_of(dtype()));
    const auto data = static_cast<std::uint32_t>(bytes_);
    std::string text = "RIFF";
    append(text, data + 36U);
    text += "WAVEfmt ";
    append(text, std::uint32_t{16});
    append(text, static_cast<std::uint16_t>(is_float ? 3 : 1));
    append(text, std::uint16_t{2});
    append(text, rate_);
    append(text, rate_ * each);
    append(text, each);
    append(text, bits);
    text += "data";
    append(text, data);
    return text;
  }

  std::filesystem::path path_;
  std::uint32_t rate_;
  std::uint64_t bytes_ = 0;
  GrowingFile file_;
};

class SigmfTarget final : public Target {
 public:
  SigmfTarget(const std::filesystem::path& path, const IqInfo& info)
      : Target(info.dtype), writer_(path, meta_of(info)) {}
  void write(std::span<const std::byte> samples) override { writer_.write(samples); }
  void finish() override { writer_.finish(); }

 private:
  static SigmfMeta meta_of(const IqInfo& info) {
    SigmfMeta meta;
    meta.dtype = info.dtype;
    meta.sample_rate = info.sample_rate;
    meta.captures = {{.frequency = info.frequency, .time = info.start}};
    return meta;
  }

  SigmfWriter writer_;
};

std::unique_ptr<Target> target_of(const std::filesystem::path& path, const IqInfo& info) {
  const std::string ending = path.extension().string();
  if (ending == ".cu8") return std::make_unique<RawTarget>(path, Dtype::cu8);
  if (ending == ".cs8") return std::make_unique<RawTarget>(path, Dtype::ci8);
  if (ending == ".cs16") return std::make_unique<RawTarget>(path, Dtype::ci16);
  if (ending == ".cf32") return std::make_unique<RawTarget>(path, Dtype::cf32);
  if (ending == ".wav") return std::make_unique<WavTarget>(path, info);
  if (ending == ".sigmf-meta" || ending == ".sigmf-data") return std::make_unique<SigmfTarget>(path, info);
  throw Error(ErrorCode::invalid_argument, "writing samples: \"" + path.string() + "\" ends in " +
                                               text::quoted(ending) +
                                               ", expected .cu8, .cs8, .cs16, .cf32, .wav or .sigmf-meta");
}

}  // namespace

struct IqWriter::State {
  Dtype from;
  std::unique_ptr<Target> target;
};

IqWriter::IqWriter(const std::filesystem::path& path, const IqInfo& info)
    : state_(new State{info.dtype, target_of(path, info)}) {}

IqWriter::~IqWriter() = default;

void IqWriter::write(std::span<const std::byte> samples) {
  const Dtype to = state_->target->dtype();
  if (state_->from == to && samples.size() % size_of(to) == 0) state_->target->write(samples);
  else state_->target->write(converted(samples, state_->from, to));
}

void IqWriter::finish() { state_->target->finish(); }

}  // namespace astro::files
