// SPDX-License-Identifier: BSD-3-Clause
#include "signal/transform.hpp"

#include <algorithm>
#include <mutex>
#include <new>
#include <string>

#include "astro/error.hpp"

namespace astro::signal {
namespace {

constinit std::mutex planner;

/// Measuring finds the better plan, but a large one would take seconds: FFTW then keeps the best it
/// has found within this time. What was measured once is remembered for the life of the process.
constexpr double planning_seconds = 0.1;

fftwf_complex* allocate(std::size_t size) {
  fftwf_complex* memory = fftwf_alloc_complex(size);
  if (memory == nullptr) throw std::bad_alloc();
  std::fill_n(reinterpret_cast<float*>(memory), 2 * size, 0.0F);
  return memory;
}

}  // namespace

Transform::Transform(std::size_t size) : size_(size), input_(allocate(size)), output_(allocate(size)) {
  const std::lock_guard lock(planner);
  fftwf_set_timelimit(planning_seconds);
  plan_ = fftwf_plan_dft_1d(static_cast<int>(size), input_.get(), output_.get(), FFTW_FORWARD, FFTW_MEASURE);
  fftwf_set_timelimit(FFTW_NO_TIMELIMIT);
  if (plan_ == nullptr) {
    throw Error(ErrorCode::internal, "FFTW makes no plan for a transform of " + std::to_string(size) + " points");
  }
  std::fill_n(input(), 2 * size, 0.0F);  // measuring wrote into it
}

Transform::~Transform() {
  const std::lock_guard lock(planner);
  fftwf_destroy_plan(plan_);
}

}  // namespace astro::signal
