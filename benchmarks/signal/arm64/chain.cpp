// SPDX-License-Identifier: BSD-3-Clause
// chain KIND TAPS TRANSFORMS: so many transforms of 4096 channels, from a receiver's block to the spectrum.
#include <fftw3.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "astro/signal/spectrometer.hpp"

/// The linker's --wrap: whatever the library asks for, FFTW estimates. It would measure the emulator.
extern "C" {
fftwf_plan __real_fftwf_plan_dft_1d(int size, fftwf_complex* in, fftwf_complex* out, int sign, unsigned flags);
fftwf_plan __wrap_fftwf_plan_dft_1d(int size, fftwf_complex* in, fftwf_complex* out, int sign, unsigned) {
  return __real_fftwf_plan_dft_1d(size, in, out, sign, FFTW_ESTIMATE | FFTW_DESTROY_INPUT);
}
}

int main(int count, char** words) {
  if (count != 4) return 2;
  constexpr std::uint32_t channels = 4096;
  astro::StreamSettings settings;
  settings.tuning.sample_rate = astro::megahertz(10);
  settings.dtype = std::strcmp(words[1], "cf32") == 0 ? astro::Dtype::cf32 : astro::Dtype::cu8;
  const auto shared = std::make_shared<const astro::StreamSettings>(settings);
  std::vector<std::byte> samples(channels * size_of(settings.dtype));
  std::minstd_rand random(1);
  for (std::byte& byte : samples)
    byte = static_cast<std::byte>(random() % 32);  // as floats they are small, but no zeros
  astro::Spectrometer spectrometer(
      {.channels = channels, .taps = static_cast<std::uint32_t>(std::strtoul(words[2], nullptr, 10))});
  astro::Block block(nullptr, samples, shared);
  for (long i = std::strtol(words[3], nullptr, 10); i > 0; --i) {
    spectrometer.add(block);
    block.first += channels;
  }
  return spectrometer.exposure() > astro::Duration::zero() ? 0 : 1;
}
