// SPDX-License-Identifier: BSD-3-Clause
#include "signal/transform.hpp"

#include <algorithm>
#include <mutex>
#include <new>
#include <string>

#include "astro/error.hpp"
#include "signal/wisdom.hpp"

namespace astro::signal {
namespace {

/// FFTW's planner is not safe for threads. Other code of the process plans too, beyond our reach:
/// FFTW's own lock serves all of it, and ours keeps its limit of time and its wisdom together.
std::mutex& planner() {
  static std::mutex mutex;
  static const bool once = (fftwf_make_planner_thread_safe(), true);
  (void)once;
  return mutex;
}

/// Measuring finds the better plan, but a large one would take long: FFTW then keeps the best it has
/// found within this time.
constexpr double planning_seconds = 3.0;

/// The input is written anew for each transform, which leaves FFTW free to work in it.
constexpr unsigned flags = FFTW_MEASURE | FFTW_DESTROY_INPUT;

}  // namespace

Transform::Buffer Transform::allocate(std::size_t size) {
  Buffer memory(fftwf_alloc_real(size));
  if (!memory) throw std::bad_alloc();
  std::fill_n(memory.get(), size, 0.0F);
  return memory;
}

fftwf_plan Transform::plan(Input input, unsigned how) noexcept {
  auto* out = reinterpret_cast<fftwf_complex*>(output_.get());
  if (input == Input::real) return fftwf_plan_dft_r2c_1d(static_cast<int>(2 * channels_), input_.get(), out, how);
  auto* in = reinterpret_cast<fftwf_complex*>(input_.get());
  return fftwf_plan_dft_1d(static_cast<int>(channels_), in, out, FFTW_FORWARD, how);
}

Transform::Transform(std::size_t channels, Input input)
    : channels_(channels), input_(allocate(2 * channels)), output_(allocate(2 * channels + 2)) {
  const std::lock_guard lock(planner());
  plan_ = plan(input, flags | FFTW_WISDOM_ONLY);
  if (plan_ == nullptr && load_wisdom()) plan_ = plan(input, flags | FFTW_WISDOM_ONLY);
  if (plan_ == nullptr) {
    fftwf_set_timelimit(planning_seconds);
    plan_ = plan(input, flags);
    fftwf_set_timelimit(FFTW_NO_TIMELIMIT);
    save_wisdom();
  }
  if (plan_ == nullptr) {
    throw Error(ErrorCode::internal, "FFTW makes no plan for a transform to " + std::to_string(channels) + " channels");
  }
  std::fill_n(input_.get(), 2 * channels, 0.0F);  // measuring wrote into it
}

Transform::~Transform() {
  const std::lock_guard lock(planner());
  fftwf_destroy_plan(plan_);
}

}  // namespace astro::signal
