// SPDX-License-Identifier: BSD-3-Clause
// The spectrometer beside its limit: the same work composed by hand from FFTW and three loops,
// without blocks, gaps and times. Both in one run, on the same samples: only their ratio counts.
#include <benchmark/benchmark.h>
#include <fftw3.h>

#include <array>
#include <cmath>
#include <complex>
#include <cstdint>
#include <memory>
#include <numbers>
#include <random>
#include <span>
#include <vector>

#include "astro/signal/spectrometer.hpp"

namespace {

constexpr std::size_t channels = 4096;
constexpr std::size_t samples_in_block = 65536;

std::vector<std::complex<float>> float_samples() {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<std::complex<float>> samples(samples_in_block);
  for (auto& sample : samples) sample = {normal(random), normal(random)};
  return samples;
}

std::vector<std::array<std::uint8_t, 2>> byte_samples() {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> any(0, 255);
  std::vector<std::array<std::uint8_t, 2>> samples(samples_in_block);
  for (auto& sample : samples) {
    sample = {static_cast<std::uint8_t>(any(random)), static_cast<std::uint8_t>(any(random))};
  }
  return samples;
}

void report(benchmark::State& state) {
  state.counters["MS/s"] = benchmark::Counter(1e-6 * static_cast<double>(state.iterations()) * samples_in_block,
                                              benchmark::Counter::kIsRate);
}

template <class Sample>
void run_ours(benchmark::State& state, const std::vector<Sample>& samples, astro::Dtype dtype) {
  astro::StreamSettings settings;
  settings.tuning.sample_rate = astro::megahertz(10);
  settings.dtype = dtype;
  const auto shared = std::make_shared<const astro::StreamSettings>(settings);
  astro::Block block(nullptr, std::as_bytes(std::span(samples)), shared);
  astro::Spectrometer spectrometer({.channels = channels});
  for (auto _ : state) {
    spectrometer.add(block);
    block.first += samples_in_block;
  }
  benchmark::DoNotOptimize(spectrometer.spectrum());
  report(state);
}

/// FFTW's buffers and plan, a Hann window and the sum.
struct Limit {
  Limit() {
    input = reinterpret_cast<float*>(fftwf_alloc_complex(channels));
    output = reinterpret_cast<float*>(fftwf_alloc_complex(channels));
    plan = fftwf_plan_dft_1d(channels, reinterpret_cast<fftwf_complex*>(input),
                             reinterpret_cast<fftwf_complex*>(output), FFTW_FORWARD, FFTW_MEASURE);
    for (std::size_t i = 0; i < channels; ++i) {
      const double angle = 2.0 * std::numbers::pi * static_cast<double>(i) / channels;
      window[2 * i] = window[2 * i + 1] = static_cast<float>(0.5 - 0.5 * std::cos(angle));
    }
  }
  ~Limit() {
    fftwf_destroy_plan(plan);
    fftwf_free(input);
    fftwf_free(output);
  }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;

  void transform_and_add() {
    fftwf_execute(plan);
    for (std::size_t k = 0; k < channels; ++k) {
      sum[k] += output[2 * k] * output[2 * k] + output[2 * k + 1] * output[2 * k + 1];
    }
  }

  float* input;
  float* output;
  fftwf_plan plan;
  std::vector<float> window = std::vector<float>(2 * channels);
  std::vector<float> sum = std::vector<float>(channels);
};

void limit_cf32(benchmark::State& state) {
  const auto samples = float_samples();
  const auto* in = reinterpret_cast<const float*>(samples.data());
  Limit limit;
  for (auto _ : state) {
    for (std::size_t at = 0; at < 2 * samples_in_block; at += 2 * channels) {
      for (std::size_t i = 0; i < 2 * channels; ++i) limit.input[i] = in[at + i] * limit.window[i];
      limit.transform_and_add();
    }
  }
  benchmark::DoNotOptimize(limit.sum.data());
  report(state);
}

void limit_cu8(benchmark::State& state) {
  const auto samples = byte_samples();
  const auto* in = samples.front().data();
  Limit limit;
  for (auto _ : state) {
    for (std::size_t at = 0; at < 2 * samples_in_block; at += 2 * channels) {
      for (std::size_t i = 0; i < 2 * channels; ++i) {
        limit.input[i] = (static_cast<float>(in[at + i]) - 127.5F) * limit.window[i];
      }
      limit.transform_and_add();
    }
  }
  benchmark::DoNotOptimize(limit.sum.data());
  report(state);
}

void spectrometer_cf32(benchmark::State& state) { run_ours(state, float_samples(), astro::Dtype::cf32); }
void spectrometer_cu8(benchmark::State& state) { run_ours(state, byte_samples(), astro::Dtype::cu8); }

/// From nothing to a spectrometer that is ready: part of the time to a program's first spectrum.
void plan_first(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    fftwf_forget_wisdom();
    state.ResumeTiming();
    benchmark::DoNotOptimize(astro::Spectrometer({.channels = channels}));
  }
}

BENCHMARK(limit_cf32);
BENCHMARK(spectrometer_cf32);
BENCHMARK(limit_cu8);
BENCHMARK(spectrometer_cu8);
BENCHMARK(plan_first)->Unit(benchmark::kMillisecond);

}  // namespace
