// SPDX-License-Identifier: BSD-3-Clause
// The spectrometer, from a receiver's block to the finished spectrum, beside its limit and beside the
// loop of another program. All in one run, on the same samples in cache: only their ratios count.
#include <benchmark/benchmark.h>
#include <fftw3.h>

#include <array>
#include <complex>
#include <cstdint>
#include <memory>
#include <numbers>
#include <random>
#include <span>
#include <type_traits>
#include <vector>

#include "astro/signal/spectrometer.hpp"
#include "signal/limit.hpp"

namespace {

constexpr std::size_t samples_in_block = 65536;

using Complex = std::complex<float>;
using Pair = std::array<std::uint8_t, 2>;

template <class Sample>
std::vector<Sample> samples_of_noise() {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<Sample> samples(samples_in_block);
  for (auto& sample : samples) {
    if constexpr (std::is_same_v<Sample, Complex>) sample = {normal(random), normal(random)};
    else {
      const auto byte = [&] { return static_cast<std::uint8_t>(127.5F + 20.0F * normal(random)); };
      sample = {byte(), byte()};
    }
  }
  return samples;
}

void report(benchmark::State& state) {
  state.counters["MS/s"] = benchmark::Counter(1e-6 * static_cast<double>(state.iterations()) * samples_in_block,
                                              benchmark::Counter::kIsRate);
}

/// Not inlined, as `limit_block`, so that a profiler can tell what belongs to it.
__attribute__((noinline)) void library_block(astro::Spectrometer& spectrometer, const astro::Block& block) {
  spectrometer.add(block);
}

template <class Sample>
void run_library(benchmark::State& state, std::uint32_t taps, std::uint32_t kurtosis) {
  const auto samples = samples_of_noise<Sample>();
  astro::StreamSettings settings;
  settings.tuning.sample_rate = astro::megahertz(10);
  settings.dtype = std::is_same_v<Sample, Complex> ? astro::Dtype::cf32 : astro::Dtype::cu8;
  const auto shared = std::make_shared<const astro::StreamSettings>(settings);
  astro::Block block(nullptr, std::as_bytes(std::span(samples)), shared);
  const auto channels = static_cast<std::uint32_t>(state.range(0));
  astro::Spectrometer spectrometer({.channels = channels, .taps = taps, .kurtosis = kurtosis});
  for (auto _ : state) {
    library_block(spectrometer, block);
    block.first += samples_in_block;
  }
  benchmark::DoNotOptimize(spectrometer.spectrum());
  report(state);
}

template <class Sample>
__attribute__((noinline)) void limit_block(limit::Spectrometer& spectrometer, const std::vector<Sample>& samples,
                                           std::uint32_t taps) {
  using Number = std::conditional_t<std::is_same_v<Sample, Complex>, float, std::uint8_t>;
  const auto* in = reinterpret_cast<const Number*>(samples.data());
  if (taps == 1) spectrometer.add_windowed(in, 2 * samples_in_block);
  else spectrometer.add_filtered(in, 2 * samples_in_block);
}

template <class Sample>
void run_limit(benchmark::State& state, std::uint32_t taps) {
  const auto samples = samples_of_noise<Sample>();
  limit::Spectrometer spectrometer(static_cast<std::size_t>(state.range(0)), taps);
  for (auto _ : state) limit_block(spectrometer, samples, taps);
  benchmark::DoNotOptimize(spectrometer.sum());
  report(state);
}

/// What rtl_power_fftw does with each buffer of its receiver, in our words: sample by sample, the sign
/// turned for each other one so that the spectrum comes out with its centre in the middle; sums in double.
void rtl_power_fftw(benchmark::State& state) {
  const auto samples = samples_of_noise<Pair>();
  const auto channels = static_cast<std::size_t>(state.range(0));
  auto* input = reinterpret_cast<Complex*>(fftwf_alloc_complex(channels));
  auto* output = reinterpret_cast<Complex*>(fftwf_alloc_complex(channels));
  const fftwf_plan plan = fftwf_plan_dft_1d(static_cast<int>(channels), reinterpret_cast<fftwf_complex*>(input),
                                            reinterpret_cast<fftwf_complex*>(output), FFTW_FORWARD, FFTW_MEASURE);
  std::vector<float> taper(channels);
  for (std::size_t i = 0; i < channels; ++i) {
    const double turns = static_cast<double>(i) / static_cast<double>(channels);
    taper[i] = static_cast<float>(0.5 - 0.5 * std::cos(2.0 * std::numbers::pi * turns));
  }
  std::vector<double> power(channels);
  std::size_t filled = 0;
  for (auto _ : state) {
    for (std::size_t at = 0; at < samples.size();) {
      for (; filled < channels && at < samples.size(); ++filled, ++at) {
        const float sign = filled % 2 == 0 ? 1.0F : -1.0F;
        const Complex raw(samples[at][0], samples[at][1]);
        input[filled] = (raw - Complex(127.0F, 127.0F)) * sign;
        input[filled] *= taper[filled];
      }
      if (filled < channels) break;
      fftwf_execute(plan);
      for (std::size_t k = 0; k < channels; ++k) power[k] += static_cast<double>(std::norm(output[k]));
      filled = 0;
    }
  }
  benchmark::DoNotOptimize(power.data());
  fftwf_destroy_plan(plan);
  fftwf_free(input);
  fftwf_free(output);
  report(state);
}

void limit_cf32(benchmark::State& state) { run_limit<Complex>(state, 1); }
void limit_cu8(benchmark::State& state) { run_limit<Pair>(state, 1); }
void limit_filterbank_cf32(benchmark::State& state) { run_limit<Complex>(state, 4); }
void limit_filterbank_cu8(benchmark::State& state) { run_limit<Pair>(state, 4); }
void spectrometer_cf32(benchmark::State& state) { run_library<Complex>(state, 1, 0); }
void spectrometer_cu8(benchmark::State& state) { run_library<Pair>(state, 1, 0); }
void filterbank_cf32(benchmark::State& state) { run_library<Complex>(state, 4, 0); }
void filterbank_cu8(benchmark::State& state) { run_library<Pair>(state, 4, 0); }
void kurtosis_cf32(benchmark::State& state) { run_library<Complex>(state, 1, 256); }
void kurtosis_cu8(benchmark::State& state) { run_library<Pair>(state, 1, 256); }
void kurtosis_filterbank_cf32(benchmark::State& state) { run_library<Complex>(state, 4, 256); }
void kurtosis_filterbank_cu8(benchmark::State& state) { run_library<Pair>(state, 4, 256); }

/// From nothing to a spectrometer that is ready: part of the time to a program's first spectrum.
void plan_first(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    fftwf_forget_wisdom();
    state.ResumeTiming();
    benchmark::DoNotOptimize(astro::Spectrometer({.channels = 4096}));
  }
}

#define ASTRO_SIZES Arg(1024)->Arg(4096)->Arg(16384)
BENCHMARK(limit_cf32)->ASTRO_SIZES;
BENCHMARK(spectrometer_cf32)->ASTRO_SIZES;
BENCHMARK(kurtosis_cf32)->ASTRO_SIZES;
BENCHMARK(limit_cu8)->ASTRO_SIZES;
BENCHMARK(spectrometer_cu8)->ASTRO_SIZES;
BENCHMARK(kurtosis_cu8)->ASTRO_SIZES;
BENCHMARK(rtl_power_fftw)->ASTRO_SIZES;
BENCHMARK(limit_filterbank_cf32)->ASTRO_SIZES;
BENCHMARK(filterbank_cf32)->ASTRO_SIZES;
BENCHMARK(kurtosis_filterbank_cf32)->ASTRO_SIZES;
BENCHMARK(limit_filterbank_cu8)->ASTRO_SIZES;
BENCHMARK(filterbank_cu8)->ASTRO_SIZES;
BENCHMARK(kurtosis_filterbank_cu8)->ASTRO_SIZES;
BENCHMARK(plan_first)->Unit(benchmark::kMillisecond);

}  // namespace
