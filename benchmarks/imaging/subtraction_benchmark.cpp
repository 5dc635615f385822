// SPDX-License-Identifier: BSD-3-Clause
#include <benchmark/benchmark.h>
#include <fftw3.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <random>
#include <thread>
#include <vector>

#include "astro/imaging/detection.hpp"
#include "astro/imaging/subtraction.hpp"

namespace {

namespace imaging = astro::imaging;

constexpr std::size_t side = 2048;

imaging::Plane<float> gaussian(double fwhm) {
  imaging::Plane<float> made(33, 33);
  const double sigma = fwhm / 2.3548;
  for (std::size_t y = 0; y < 33; ++y) {
    for (std::size_t x = 0; x < 33; ++x) {
      const double u = static_cast<double>(x) - 16.0;
      const double v = static_cast<double>(y) - 16.0;
      made(y, x) = static_cast<float>(std::exp(-0.5 * (u * u + v * v) / (sigma * sigma)));
    }
  }
  return made;
}

/// The same 1000 stars, with noise of their own.
imaging::Image field(const imaging::Plane<float>& psf, float noise, unsigned seed) {
  std::mt19937 places(1);
  std::mt19937 random(seed);
  imaging::Image image;
  image.pixels = imaging::Plane<float>(side, side);
  image.variance = imaging::Plane<float>(side, side, noise * noise);
  for (int k = 0; k < 1000; ++k) {
    const std::size_t top = 40 + places() % (side - 80);
    const std::size_t left = 40 + places() % (side - 80);
    const float flux = 300.0F * static_cast<float>(1U + places() % 200U);
    for (std::size_t y = 0; y < psf.rows(); ++y) {
      for (std::size_t x = 0; x < psf.columns(); ++x) image.pixels(top + y - 16, left + x - 16) += flux * psf(y, x);
    }
  }
  std::normal_distribution<float> normal(0.0F, noise);
  for (float& value : image.pixels.values()) value += normal(random);
  return image;
}

struct Pair {
  imaging::Psf science_psf{gaussian(3.6)};
  imaging::Psf reference_psf{gaussian(2.8)};
  imaging::Image science = field(science_psf.at({}), 14.0F, 2);
  imaging::Image reference = field(reference_psf.at({}), 6.0F, 3);

  imaging::Subtraction subtracted(int threads) const {
    return imaging::subtract(science, science_psf, reference, reference_psf, {.threads = threads});
  }
};

const Pair& pair() {
  static const Pair made;
  return made;
}

/// What the calculation cannot be without: 8 transforms and 8 back, each of a plane that caches do not hold.
void sixteen_transforms(benchmark::State& state) {
  const std::size_t stride = 2 * (side / 2 + 1);
  const auto threads = static_cast<std::size_t>(state.range(0));
  std::vector<float*> planes(threads);
  for (float*& plane : planes) plane = fftwf_alloc_real(side * stride);
  auto* spectrum = reinterpret_cast<fftwf_complex*>(planes[0]);
  const fftwf_plan forward = fftwf_plan_dft_r2c_2d(side, side, planes[0], spectrum, FFTW_MEASURE);
  const fftwf_plan back = fftwf_plan_dft_c2r_2d(side, side, spectrum, planes[0], FFTW_MEASURE);
  for (float* plane : planes) std::fill_n(plane, side * stride, 0.0F);
  for (auto _ : state) {
    std::vector<std::jthread> others;
    const auto work = [&](float* plane) {
      for (std::size_t k = 0; k < 8 / threads; ++k) {
        fftwf_execute_dft_r2c(forward, plane, reinterpret_cast<fftwf_complex*>(plane));
        fftwf_execute_dft_c2r(back, reinterpret_cast<fftwf_complex*>(plane), plane);
      }
    };
    for (std::size_t k = 1; k < threads; ++k) others.emplace_back(work, planes[k]);
    work(planes[0]);
  }
  fftwf_destroy_plan(forward);
  fftwf_destroy_plan(back);
  for (float* plane : planes) fftwf_free(plane);
}
BENCHMARK(sixteen_transforms)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();

/// All of it: backgrounds, flux ratio and shift measured, D, S_corr, F_psf and its error. The plans are made before.
void subtract(benchmark::State& state) {
  const int threads = static_cast<int>(state.range(0));
  benchmark::DoNotOptimize(pair().subtracted(threads));
  for (auto _ : state) benchmark::DoNotOptimize(pair().subtracted(threads));
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  state.counters["peak_MB"] = static_cast<double>(used.ru_maxrss) / 1024.0;
}
BENCHMARK(subtract)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();

/// The best of each in turn: what else runs on the machine takes of two threads more than of one.
void two_threads(benchmark::State& state) {
  std::array<double, 2> best{HUGE_VAL, HUGE_VAL};
  for (auto _ : state) {
    for (int threads = 1; threads <= 2; ++threads) {
      const auto begin = std::chrono::steady_clock::now();
      benchmark::DoNotOptimize(pair().subtracted(threads));
      const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
      double& least = best[static_cast<std::size_t>(threads) - 1];
      least = std::min(least, took.count());
    }
  }
  state.counters["one_ms"] = best[0];
  state.counters["two_ms"] = best[1];
}
BENCHMARK(two_threads)->Iterations(20)->Unit(benchmark::kMillisecond)->UseRealTime();

void detect(benchmark::State& state) {
  static const imaging::Subtraction made = pair().subtracted(2);
  std::size_t found = 0;
  for (auto _ : state) found = imaging::detect(made, pair().science, pair().reference, {}, {.threshold = 4.0}).size();
  state.counters["candidates"] = static_cast<double>(found);
}
BENCHMARK(detect)->Unit(benchmark::kMillisecond);

}  // namespace
