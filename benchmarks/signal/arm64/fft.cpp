// SPDX-License-Identifier: BSD-3-Clause
// fft CHANNELS TRANSFORMS: so many transforms by the plan that FFTW estimates.
#include <fftw3.h>

#include <algorithm>
#include <cstdlib>

int main(int count, char** words) {
  if (count != 3) return 2;
  const int channels = std::atoi(words[1]);
  float* in = fftwf_alloc_real(2 * static_cast<std::size_t>(channels));
  auto* input = reinterpret_cast<fftwf_complex*>(in);
  fftwf_complex* output = fftwf_alloc_complex(static_cast<std::size_t>(channels));
  const auto plan = fftwf_plan_dft_1d(channels, input, output, FFTW_FORWARD, FFTW_ESTIMATE | FFTW_DESTROY_INPUT);
  std::fill_n(in, 2 * channels, 0.25F);
  for (int i = std::atoi(words[2]); i > 0; --i) fftwf_execute(plan);
}
