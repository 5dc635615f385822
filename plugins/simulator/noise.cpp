// SPDX-License-Identifier: BSD-3-Clause
#include "noise.hpp"

#include <fftw3.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <new>
#include <numbers>

namespace simulator {
namespace {

constexpr int layers = 256;
constexpr double tail_start = 3.6541528853610088;
constexpr double layer_area = 0.00492867323399;

struct Ziggurat {
  std::array<float, layers + 1> edge{};    ///< x of each layer, falling
  std::array<float, layers + 1> height{};  ///< exp(-x^2 / 2)
  Ziggurat() noexcept {
    const auto f = [](double x) { return std::exp(-0.5 * x * x); };
    double x = tail_start;
    edge[0] = static_cast<float>(layer_area / f(x));
    edge[1] = static_cast<float>(x);
    for (std::size_t i = 2; i < layers; ++i) {
      x = std::sqrt(-2.0 * std::log(layer_area / x + f(x)));
      edge[i] = static_cast<float>(x);
    }
    edge[layers] = 0.0F;
    for (std::size_t i = 0; i <= layers; ++i) height[i] = static_cast<float>(f(static_cast<double>(edge[i])));
  }
};

float tail(Random& random) noexcept {
  for (;;) {
    const double x = -std::log1p(-random.uniform()) / tail_start;
    const double y = -std::log1p(-random.uniform());
    if (2.0 * y >= x * x) return static_cast<float>(tail_start + x);
  }
}

/// One deviate from 32 random bits: 8 choose the layer, 24 the place in it with its sign.
float normal(const Ziggurat& table, Random& random, std::uint32_t bits) noexcept {
  for (;;) {
    const std::size_t layer = bits & (layers - 1);
    const auto place = static_cast<float>(static_cast<std::int32_t>(bits) >> 8) * 0x1p-23F;
    const float x = place * table.edge[layer];
    if (std::abs(x) < table.edge[layer + 1]) [[likely]]
      return x;
    if (layer == 0) return std::copysign(tail(random), place);
    const auto u = static_cast<float>(random.uniform());
    const float y = table.height[layer] + u * (table.height[layer + 1] - table.height[layer]);
    if (y < std::exp(-0.5F * x * x)) return x;
    bits = static_cast<std::uint32_t>(random() >> 32);
  }
}

/// FFTW's planner is not for two threads. Other code of the process plans too, beyond our reach:
/// FFTW's own lock serves all of it.
void lock_planner() {
  static std::once_flag once;
  std::call_once(once, [] { fftwf_make_planner_thread_safe(); });
}

}  // namespace

void fill_normal(Random& random, std::span<float> out) noexcept {
  static const Ziggurat table;
  std::size_t i = 0;
  for (; i + 1 < out.size(); i += 2) {
    const std::uint64_t bits = random();
    out[i] = normal(table, random, static_cast<std::uint32_t>(bits));
    out[i + 1] = normal(table, random, static_cast<std::uint32_t>(bits >> 32));
  }
  if (i < out.size()) out[i] = normal(table, random, static_cast<std::uint32_t>(random()));
}

struct NoiseSynthesis::Plan {
  explicit Plan(std::size_t length) : memory(fftwf_alloc_complex(length)) {
    if (memory == nullptr) throw std::bad_alloc();
    lock_planner();
    // Estimated, not measured: what is measured differs from run to run, and so would the last bits.
    plan = fftwf_plan_dft_1d(static_cast<int>(length), memory, memory, FFTW_BACKWARD, FFTW_ESTIMATE);
  }
  ~Plan() {
    fftwf_destroy_plan(plan);
    fftwf_free(memory);
  }
  Plan(const Plan&) = delete;
  Plan& operator=(const Plan&) = delete;

  fftwf_complex* memory;
  fftwf_plan plan;
};

NoiseSynthesis::NoiseSynthesis(std::size_t length, std::uint64_t seed)
    : seed_(seed), window_(length), amplitude_(length), tail_(length / 2), plan_(std::make_unique<Plan>(length)) {
  for (std::size_t i = 0; i < length; ++i) {
    window_[i] =
        static_cast<float>(std::sin(std::numbers::pi * (static_cast<double>(i) + 0.5) / static_cast<double>(length)));
  }
}

NoiseSynthesis::NoiseSynthesis(NoiseSynthesis&&) noexcept = default;
NoiseSynthesis& NoiseSynthesis::operator=(NoiseSynthesis&&) noexcept = default;
NoiseSynthesis::~NoiseSynthesis() = default;

void NoiseSynthesis::set_density(std::span<const float> density, double sample_rate_hz) {
  const std::size_t n = length();
  const auto scale = static_cast<float>(sample_rate_hz / (2.0 * static_cast<double>(n)));
  for (std::size_t i = 0; i < n; ++i) amplitude_[(i + n - n / 2) % n] = std::sqrt(density[i] * scale);
}

void NoiseSynthesis::segment(std::int64_t index) {
  Random random(mix(seed_, static_cast<std::uint64_t>(index)));
  auto* const values = reinterpret_cast<float*>(plan_->memory);
  fill_normal(random, {values, 2 * length()});
  for (std::size_t i = 0; i < length(); ++i) {
    values[2 * i] *= amplitude_[i];
    values[2 * i + 1] *= amplitude_[i];
  }
  fftwf_execute(plan_->plan);
  for (std::size_t i = 0; i < length(); ++i) {
    values[2 * i] *= window_[i];
    values[2 * i + 1] *= window_[i];
  }
}

void NoiseSynthesis::make(std::int64_t index, std::span<std::complex<float>> out) {
  const auto* const made = reinterpret_cast<const std::complex<float>*>(plan_->memory);
  if (tail_of_ != index - 1) {
    segment(index - 1);
    std::copy_n(made + hop(), hop(), tail_.begin());
  }
  segment(index);
  for (std::size_t i = 0; i < hop(); ++i) out[i] = tail_[i] + made[i];
  std::copy_n(made + hop(), hop(), tail_.begin());
  tail_of_ = index;
}

}  // namespace simulator
