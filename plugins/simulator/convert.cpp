// SPDX-License-Identifier: BSD-3-Clause
#include "convert.hpp"

#include <algorithm>

namespace simulator {

void to_cu8(std::span<const std::complex<float>> samples, std::span<std::uint8_t> out) noexcept {
  const auto* const values = reinterpret_cast<const float*>(samples.data());
  for (std::size_t i = 0; i < 2 * samples.size(); ++i) {
    const float level = std::clamp(values[i] * 127.5F + 128.0F, 0.0F, 255.0F);  // 127.5 and a half to round
    out[i] = static_cast<std::uint8_t>(level);
  }
}

}  // namespace simulator
