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

/// The plan that `make` makes with the flags it is given: from wisdom where there is some, else measured. Call it under
/// the planner's lock.
template <class Make>
fftwf_plan measured(Make make) {
  fftwf_plan plan = make(flags | FFTW_WISDOM_ONLY);
  if (plan == nullptr && load_wisdom()) plan = make(flags | FFTW_WISDOM_ONLY);
  if (plan == nullptr) {
    fftwf_set_timelimit(planning_seconds);
    plan = make(flags);
    fftwf_set_timelimit(FFTW_NO_TIMELIMIT);
    save_wisdom();
  }
  return plan;
}

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
  plan_ = measured([&](unsigned how) { return plan(input, how); });
  if (plan_ == nullptr) {
    throw Error(ErrorCode::internal, "FFTW makes no plan for a transform to " + std::to_string(channels) + " channels");
  }
  std::fill_n(input_.get(), 2 * channels, 0.0F);  // measuring wrote into it
}

Transform::~Transform() {
  const std::lock_guard lock(planner());
  fftwf_destroy_plan(plan_);
}

PlaneTransform::PlaneTransform(std::size_t rows, std::size_t columns) : rows_(rows), columns_(columns) {
  const Buffer scratch = buffer();  // measuring writes into it
  auto* spectrum = reinterpret_cast<fftwf_complex*>(scratch.get());
  const auto m = static_cast<int>(rows);
  const auto n = static_cast<int>(columns);
  const std::lock_guard lock(planner());
  forward_ = measured([&](unsigned how) { return fftwf_plan_dft_r2c_2d(m, n, scratch.get(), spectrum, how); });
  inverse_ = measured([&](unsigned how) { return fftwf_plan_dft_c2r_2d(m, n, spectrum, scratch.get(), how); });
  if (forward_ != nullptr && inverse_ != nullptr) return;
  fftwf_destroy_plan(forward_);
  fftwf_destroy_plan(inverse_);
  throw Error(ErrorCode::internal, "FFTW makes no plan for planes of " + std::to_string(rows) + " rows of " +
                                       std::to_string(columns) + " columns");
}

PlaneTransform::~PlaneTransform() {
  const std::lock_guard lock(planner());
  fftwf_destroy_plan(forward_);
  fftwf_destroy_plan(inverse_);
}

PlaneTransform::Buffer PlaneTransform::buffer() const {
  Buffer memory(fftwf_alloc_real(size()));
  if (!memory) throw std::bad_alloc();
  std::fill_n(memory.get(), size(), 0.0F);
  return memory;
}

void PlaneTransform::forward(float* plane) const noexcept {
  fftwf_execute_dft_r2c(forward_, plane, reinterpret_cast<fftwf_complex*>(plane));
}

void PlaneTransform::inverse(float* plane) const noexcept {
  fftwf_execute_dft_c2r(inverse_, reinterpret_cast<fftwf_complex*>(plane), plane);
}

std::size_t PlaneTransform::quick_size(std::size_t least) noexcept {
  for (std::size_t size = least + least % 2;; size += 2) {
    std::size_t rest = size;
    for (const std::size_t factor : {2U, 3U, 5U, 7U}) {
      while (rest % factor == 0) rest /= factor;
    }
    if (rest == 1) return size;
  }
}

}  // namespace astro::signal
