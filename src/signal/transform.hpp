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

/// Real planes to their spectra and back, in place and in single precision. A row of `columns` numbers stands in
/// `stride` = 2 (columns / 2 + 1) of them, where its columns / 2 + 1 complex ones have room. The plans are measured
/// once for a machine, as those of `Transform`. Any number of threads may use one, each with a buffer of its own.
class PlaneTransform {
 public:
  struct Free {
    void operator()(float* memory) const noexcept { fftwf_free(memory); }
  };
  using Buffer = std::unique_ptr<float[], Free>;

  PlaneTransform(std::size_t rows, std::size_t columns);
  ~PlaneTransform();
  PlaneTransform(const PlaneTransform&) = delete;
  PlaneTransform& operator=(const PlaneTransform&) = delete;

  std::size_t rows() const noexcept { return rows_; }
  std::size_t columns() const noexcept { return columns_; }
  std::size_t stride() const noexcept { return 2 * (columns_ / 2 + 1); }
  std::size_t size() const noexcept { return rows_ * stride(); }  ///< numbers of a buffer
  Buffer buffer() const;                                          ///< zeros

  void forward(float* plane) const noexcept;
  /// Not normalised: what went forward comes back `rows` x `columns` times as large.
  void inverse(float* plane) const noexcept;

  /// The next size that FFTW is quick with: even, without a prime factor above 7.
  static std::size_t quick_size(std::size_t least) noexcept;

 private:
  std::size_t rows_;
  std::size_t columns_;
  fftwf_plan forward_ = nullptr;
  fftwf_plan inverse_ = nullptr;
};

}  // namespace astro::signal
