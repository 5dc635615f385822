// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace camera {

/// Rows, columns and planes of an image; the planes of a pixel lie side by side.
struct Size {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::size_t planes = 1;

  std::size_t values() const noexcept { return rows * columns * planes; }
  bool operator==(const Size&) const = default;
};

/// Decodes one JPEG after the other: grey ones have one plane, others red, green and blue.
class Jpeg final {
 public:
  Jpeg();
  ~Jpeg();
  Jpeg(const Jpeg&) = delete;
  Jpeg& operator=(const Jpeg&) = delete;

  /// Its size by its header. Throws `invalid_file` with the library's words.
  Size size_of(std::span<const std::byte> image);
  /// Into as many values as `expected` has. Throws `invalid_file`, also for one that is cut, damaged or of another
  /// size.
  void decode(std::span<const std::byte> image, const Size& expected, std::span<std::uint8_t> into);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace camera
