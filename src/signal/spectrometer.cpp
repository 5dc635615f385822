// SPDX-License-Identifier: BSD-3-Clause
#include "astro/signal/spectrometer.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "astro/error.hpp"
#include "signal/coverage.hpp"
#include "signal/periodogram.hpp"
#include "signal/spectra_mean.hpp"
#include "text.hpp"

namespace astro {
namespace {

constexpr std::uint32_t most_channels = 1U << 20;

const SpectrometerOptions& checked(const SpectrometerOptions& options) {
  if (options.channels < 2 || options.channels > most_channels) {
    throw Error(ErrorCode::invalid_argument, "a spectrometer of " + std::to_string(options.channels) +
                                                 " channels cannot be made: 2 to 1048576 are possible");
  }
  return options;
}

bool is_complex(Dtype dtype) noexcept {
  return dtype == Dtype::cu8 || dtype == Dtype::ci8 || dtype == Dtype::ci16 || dtype == Dtype::cf32;
}

std::string name_of(const StreamSettings& settings) {
  return settings.receiver.empty() ? std::string("the receiver") : "receiver " + text::quoted(settings.receiver);
}

[[noreturn]] void refuse(const StreamSettings& settings, const std::string& why) {
  throw Error(ErrorCode::invalid_argument, "a spectrum of " + name_of(settings) + " cannot be made: " + why);
}

void check_settings(const StreamSettings& settings) {
  const double rate = settings.tuning.sample_rate.hertz();
  if (!std::isfinite(rate) || rate <= 0.0) {
    refuse(settings, "its sample rate is " + text::of(rate) + " Hz, a positive one was expected");
  }
  if (settings.is_iq()) {
    if (is_complex(settings.dtype)) return;
    refuse(settings,
           "its samples are " + std::string(to_string(settings.dtype)) + ", and cu8, ci8, ci16 or cf32 were expected");
  }
  if (settings.item_shape.size() != 1 || settings.item_shape[0] < 2 || settings.item_shape[0] > most_channels) {
    refuse(settings, "its items are neither samples nor spectra of 2 to 1048576 channels");
  }
  if (is_complex(settings.dtype)) {
    refuse(settings, "its spectra are " + std::string(to_string(settings.dtype)) + ", and real numbers were expected");
  }
  if (settings.item_period <= Duration::zero()) refuse(settings, "it does not say how long one of its spectra takes");
}

/// Whether both can be averaged into one spectrum.
bool same_stream(const StreamSettings& a, const StreamSettings& b) {
  return a.tuning == b.tuning && a.dtype == b.dtype && a.item_shape == b.item_shape && a.item_period == b.item_period;
}

FrequencyAxis axis_of(const Tuning& tuning, std::size_t channels) noexcept {
  const Frequency step = tuning.sample_rate / static_cast<double>(channels);
  const Frequency first = tuning.frequency - step * static_cast<double>(channels / 2);
  return {first, step, static_cast<std::uint32_t>(channels)};
}

/// The centre channel holds the offset of the converter, not the sky. With two channels there is
/// one neighbour.
void replace_dc(Spectrum& spectrum) noexcept {
  const std::size_t centre = spectrum.power.size() / 2;
  const bool has_right = centre + 1 < spectrum.power.size();
  const float left = spectrum.power[centre - 1];
  spectrum.power[centre] = has_right ? 0.5F * (left + spectrum.power[centre + 1]) : left;
  spectrum.weight[centre] = 0.0F;
}

}  // namespace

struct Spectrometer::State {
  explicit State(const SpectrometerOptions& wanted)
      : options(checked(wanted)), periodogram(options.window, options.channels) {}

  void accept(const std::shared_ptr<const StreamSettings>& next);
  void add_samples(const Block& block) noexcept;
  void add_spectra(const Block& block) noexcept;
  void fill_power(Spectrum& spectrum) const;
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
    refuse(*next, "its tuning or the shape of its items changed during the integration; take the spectrum and reset");
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
  auto left = block.bytes().first(block.items() * sample_bytes);
  while (!left.empty()) {
    const std::size_t taken = periodogram.take(left, sample_bytes);
    left = left.subspan(taken * sample_bytes);
    coverage.advance(taken);
    if (!periodogram.is_complete()) continue;
    periodogram.transform();
    coverage.use(periodogram.channels());
  }
}

void Spectrometer::State::add_spectra(const Block& block) noexcept {
  spectra.add(block.bytes());
  coverage.advance(block.items());
  coverage.use(block.items());
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
  for (const double density : periodogram.density(settings->tuning.sample_rate.hertz())) {
    spectrum.power.push_back(static_cast<float>(density));
  }
  spectrum.weight.assign(spectrum.power.size(), 1.0F);
  if (options.remove_dc) replace_dc(spectrum);
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
  spectrum.axis = axis_of(settings.tuning, settings.is_iq() ? state.options.channels : settings.item_shape[0]);
  state.fill_power(spectrum);
  spectrum.start = coverage.start();
  spectrum.mid = coverage.start() + state.time_of(coverage.middle());
  spectrum.duration = settings.duration_of(coverage.length());
  spectrum.exposure = exposure();
  spectrum.effective_averages = spectrum.axis.step.hertz() * seconds(spectrum.exposure);
  spectrum.samples = coverage.used();
  spectrum.samples_lost = coverage.lost();
  spectrum.receiver = settings.receiver;
  return spectrum;
}

void Spectrometer::reset() noexcept {
  state_->settings.reset();
  state_->coverage = {};
  state_->periodogram.reset();
}

}  // namespace astro
