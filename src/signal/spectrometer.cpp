// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/spectrometer.hpp"

#include <cmath>
#include <complex>
#include <numbers>
#include <string>
#include <utility>

#include "astro/error.hpp"
#include "signal/coverage.hpp"
#include "signal/periodogram.hpp"
#include "signal/spectra_mean.hpp"
#include "signal/window.hpp"
#include "text.hpp"

namespace astro {
namespace {

constexpr std::uint32_t most_channels = 1U << 20;
constexpr std::uint32_t most_taps = 32;
constexpr std::uint32_t fewest_judged = 24;
constexpr std::uint32_t most_judged = 16384;  // more, and the rounding of their float sums would show

[[noreturn]] void refuse_options(const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "a spectrometer " + why);
}

const SpectrometerOptions& checked(const SpectrometerOptions& options) {
  if (options.channels < 2 || options.channels > most_channels) {
    refuse_options("of " + std::to_string(options.channels) + " channels cannot be made: 2 to 1048576 are possible");
  }
  if (options.taps < 1 || options.taps > most_taps) {
    refuse_options("of " + std::to_string(options.taps) + " taps cannot be made: 1 to 32 are possible");
  }
  if (options.kurtosis != 0 && (options.kurtosis < fewest_judged || options.kurtosis > most_judged)) {
    refuse_options("cannot judge " + std::to_string(options.kurtosis) +
                   " transforms together: 24 to 16384 are possible, or 0 for none");
  }
  if (options.correction && !(std::norm(options.correction->image) < 1.0)) {
    refuse_options("cannot take off an image that is as strong as its signal");
  }
  return options;
}

bool is_complex(Dtype dtype) noexcept {
  return dtype == Dtype::cu8 || dtype == Dtype::ci8 || dtype == Dtype::ci16 || dtype == Dtype::cf32;
}

bool is_real_sample(Dtype dtype) noexcept {
  return dtype == Dtype::u8 || dtype == Dtype::i8 || dtype == Dtype::i16 || dtype == Dtype::f32;
}

std::string name_of(const StreamSettings& settings) {
  return settings.receiver.empty() ? std::string("the receiver") : "receiver " + text::quoted(settings.receiver);
}

[[noreturn]] void refuse_stream(const StreamSettings& settings, const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "a spectrum of " + name_of(settings) + " cannot be made: " + why);
}

void check_settings(const StreamSettings& settings) {
  const double rate = settings.tuning.sample_rate.hertz();
  if (!std::isfinite(rate) || rate <= 0.0) {
    refuse_stream(settings, "its sample rate is " + text::of(rate) + " Hz, a positive one was expected");
  }
  if (settings.is_iq()) {
    if (is_complex(settings.dtype) || is_real_sample(settings.dtype)) return;
    refuse_stream(settings, "its samples are " + std::string(to_string(settings.dtype)) +
                                ", and cu8, ci8, ci16 or cf32, or real u8, i8, i16 or f32 were expected");
  }
  if (settings.item_shape.size() != 1 || settings.item_shape[0] < 2 || settings.item_shape[0] > most_channels) {
    refuse_stream(settings, "its items are neither samples nor spectra of 2 to 1048576 channels");
  }
  if (is_complex(settings.dtype)) {
    refuse_stream(settings,
                  "its spectra are " + std::string(to_string(settings.dtype)) + ", and real numbers were expected");
  }
  if (settings.item_period <= Duration::zero())
    refuse_stream(settings, "it does not say how long one of its spectra takes");
}

/// Whether both can be averaged into one spectrum.
bool same_stream(const StreamSettings& a, const StreamSettings& b) {
  return a.tuning == b.tuning && a.dtype == b.dtype && a.item_shape == b.item_shape && a.item_period == b.item_period;
}

bool is_real(const StreamSettings& settings) noexcept { return settings.is_iq() && !is_complex(settings.dtype); }

FrequencyAxis axis_of(const StreamSettings& settings, std::size_t channels) noexcept {
  const Frequency band = settings.tuning.sample_rate / (is_real(settings) ? 2.0 : 1.0);
  const Frequency step = band / static_cast<double>(channels);
  const Frequency first = settings.tuning.frequency - step * static_cast<double>(channels / 2);
  return {first, step, static_cast<std::uint32_t>(channels)};
}

/// The channel of frequency zero holds the offset of the converter, not the sky. With two channels
/// there is one neighbour, and at the edge of the band as well.
void replace_dc(Spectrum& spectrum, std::size_t dc) noexcept {
  const bool has_left = dc > 0;
  const bool has_right = dc + 1 < spectrum.power.size();
  const float left = has_left ? spectrum.power[dc - 1] : spectrum.power[dc + 1];
  const float right = has_right ? spectrum.power[dc + 1] : left;
  spectrum.power[dc] = 0.5F * (left + right);
  spectrum.weight[dc] = 0.0F;
}

}  // namespace

struct Spectrometer::State {
  explicit State(const SpectrometerOptions& wanted) : options(checked(wanted)), periodogram(options) {}

  void accept(const std::shared_ptr<const StreamSettings>& next);
  void add_samples(const Block& block) noexcept;
  void add_spectra(const Block& block) noexcept;
  void fill_power(Spectrum& spectrum) const;
  void fill_gaps(Spectrum& spectrum) const;
  Duration time_of(double items) const;

  SpectrometerOptions options;
  signal::Periodogram periodogram;
  signal::SpectraMean spectra;
  signal::Coverage coverage;
  std::shared_ptr<const StreamSettings> settings;  ///< of the stream that is integrated; null: none yet
};

void Spectrometer::State::accept(const std::shared_ptr<const StreamSettings>& next) {
  if (next == settings) return;
  if (settings && same_stream(*settings, *next)) {
    settings = next;
    return;
  }
  if (settings) {
    refuse_stream(*next,
                  "its tuning or the shape of its items changed during the integration; take the spectrum and reset");
  }
  check_settings(*next);
  if (next->is_iq()) {
    periodogram.expect(next->dtype);
  } else {
    spectra.expect(next->dtype, next->item_shape[0]);
  }
  settings = next;
}

void Spectrometer::State::add_samples(const Block& block) noexcept {
  const std::size_t sample_bytes = size_of(block.settings().dtype);
  const std::size_t row = periodogram.row_items();
  auto left = block.bytes().first(block.items() * sample_bytes);
  while (!left.empty()) {
    const std::size_t taken = periodogram.take(left);
    left = left.subspan(taken * sample_bytes);
    coverage.advance(taken);
    if (!periodogram.is_complete()) continue;
    periodogram.transform();
    coverage.use(row, row * periodogram.taps());
  }
  periodogram.keep();
}

void Spectrometer::State::add_spectra(const Block& block) noexcept {
  spectra.add(block.bytes());
  coverage.advance(block.items());
  coverage.use(block.items(), block.items());
}

Duration Spectrometer::State::time_of(double items) const {
  const double each = settings->is_iq() ? 1.0 / settings->tuning.sample_rate.hertz() : seconds(settings->item_period);
  return from_seconds(items * each);
}

void Spectrometer::State::fill_power(Spectrum& spectrum) const {
  if (!settings->is_iq()) {
    for (std::size_t i = 0; i < spectra.channels(); ++i) {
      spectrum.power.push_back(static_cast<float>(spectra.mean(i)));
      spectrum.weight.push_back(static_cast<float>(spectra.weight(i)));
    }
    return;
  }
  signal::Periodogram::Density density = periodogram.density(settings->tuning.sample_rate.hertz());
  spectrum.power.assign(density.power.begin(), density.power.end());
  spectrum.weight = std::move(density.weight);
  if (options.remove_dc) replace_dc(spectrum, is_real(*settings) ? 0 : spectrum.power.size() / 2);
}

void Spectrometer::State::fill_gaps(Spectrum& spectrum) const {
  for (const auto& gap : coverage.gaps()) {
    const Duration duration = time_of(static_cast<double>(gap.count));
    spectrum.gaps.push_back({coverage.start() + time_of(static_cast<double>(gap.before)) - duration, duration});
  }
}

Spectrometer::Spectrometer(const SpectrometerOptions& options) : state_(std::make_unique<State>(options)) {}
Spectrometer::Spectrometer(const Spectrometer& other) : Spectrometer(other.options()) {}
Spectrometer::Spectrometer(Spectrometer&&) noexcept = default;
Spectrometer& Spectrometer::operator=(Spectrometer&&) noexcept = default;
Spectrometer::~Spectrometer() = default;

const SpectrometerOptions& Spectrometer::options() const noexcept { return state_->options; }

void Spectrometer::add(const Block& block) {
  state_->accept(block.shared_settings());
  if (!state_->coverage.follows(block)) state_->periodogram.drop_unfinished();
  if (block.settings().is_iq()) {
    state_->add_samples(block);
  } else {
    state_->add_spectra(block);
  }
}

Duration Spectrometer::exposure() const noexcept {
  return state_->settings ? state_->settings->duration_of(state_->coverage.used()) : Duration::zero();
}

Spectrum Spectrometer::spectrum() const {
  const State& state = *state_;
  const auto& coverage = state.coverage;
  if (coverage.used() == 0) {
    throw Error(ErrorCode::invalid_argument,
                "there is no spectrum yet: nothing was integrated since the last reset (a spectrum of IQ takes " +
                    std::to_string(state.options.channels) + " samples without a gap at least)");
  }
  const StreamSettings& settings = *state.settings;
  Spectrum spectrum;
  spectrum.axis = axis_of(settings, settings.is_iq() ? state.options.channels : settings.item_shape[0]);
  state.fill_power(spectrum);
  spectrum.start = coverage.start();
  spectrum.mid = coverage.start() + state.time_of(coverage.middle());
  spectrum.duration = settings.duration_of(coverage.length());
  spectrum.exposure = exposure();
  spectrum.effective_averages = spectrum.axis.step.hertz() * seconds(spectrum.exposure) /
                                (settings.is_iq() ? state.periodogram.correlation() : 1.0);
  spectrum.samples = coverage.used();
  spectrum.samples_lost = coverage.lost();
  state.fill_gaps(spectrum);
  spectrum.receiver = settings.receiver;
  return spectrum;
}

std::vector<double> channel_response(const SpectrometerOptions& options, std::span<const double> channels_off) {
  const std::size_t channels = checked(options).channels;
  const std::vector<double> taps = signal::make_taps(options.window, options.taps, channels);
  const auto at = [&](double off) {
    std::complex<double> sum{};
    for (std::size_t i = 0; i < taps.size(); ++i) {
      const double turns = off * static_cast<double>(i) / static_cast<double>(channels);
      sum += std::polar(1.0, 2.0 * std::numbers::pi * turns) * taps[i];
    }
    return std::norm(sum);
  };
  std::vector<double> response;
  for (const double off : channels_off) response.push_back(at(off) / at(0.0));
  return response;
}

void Spectrometer::reset() noexcept {
  state_->settings.reset();
  state_->coverage = {};
  state_->periodogram.reset();
}

}  // namespace astro
