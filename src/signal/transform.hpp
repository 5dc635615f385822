// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <fftw3.h>

#include <cstddef>
#include <memory>

namespace astro::signal {

enum class Input { complex, real };

/// One Fourier transform of a fixed size, out of place, in single precision, with the aligned
/// buffers that it works in. `channels` complex numbers, or 2 `channels` real ones, go in; at least
/// `channels` complex ones come out. Its plan is measured once for a machine: what was learnt is
/// kept in the user's cache folder (see wisdom.hpp).
class Transform {
 public:
  Transform(std::size_t channels, Input input);
  ~Transform();
  Transform(const Transform&) = delete;
  Transform& operator=(const Transform&) = delete;

  std::size_t channels() const noexcept { return channels_; }
  float* input() noexcept { return input_.get(); }  ///< 2 `channels` numbers
  const float* output() const noexcept { return output_.get(); }
  void run() noexcept { fftwf_execute(plan_); }

 private:
  struct Free {
    void operator()(float* memory) const noexcept { fftwf_free(memory); }
  };
  using Buffer = std::unique_ptr<float[], Free>;
  static Buffer allocate(std::size_t size);
  fftwf_plan plan(Input input, unsigned flags) noexcept;

  std::size_t channels_;
  Buffer input_;
  Buffer output_;
  fftwf_plan plan_ = nullptr;
};

}  // namespace astro::signal
