// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <fftw3.h>

#include <cstddef>
#include <memory>

namespace astro::signal {

/// One complex Fourier transform of a fixed size, out of place, in single precision, with the
/// aligned buffers that it works in. FFTW's planner is not safe for threads: all plans of the
/// process are made and destroyed under one lock.
class Transform {
 public:
  explicit Transform(std::size_t size);
  ~Transform();
  Transform(const Transform&) = delete;
  Transform& operator=(const Transform&) = delete;

  std::size_t size() const noexcept { return size_; }
  float* input() noexcept { return reinterpret_cast<float*>(input_.get()); }  ///< real, imaginary, ...
  const float* output() const noexcept { return reinterpret_cast<const float*>(output_.get()); }
  void run() noexcept { fftwf_execute(plan_); }

 private:
  struct Free {
    void operator()(fftwf_complex* memory) const noexcept { fftwf_free(memory); }
  };
  using Buffer = std::unique_ptr<fftwf_complex[], Free>;

  std::size_t size_;
  Buffer input_;
  Buffer output_;
  fftwf_plan plan_ = nullptr;
};

}  // namespace astro::signal
