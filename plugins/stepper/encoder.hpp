// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace stepper {

/// Counts the edges of a quadrature encoder: A before B is up.
class Quadrature {
 public:
  void begin(bool a, bool b) noexcept { a_ = a, b_ = b, count_ = 0; }
  void a(bool on) noexcept {
    if (on == a_) return;  // the edge between was lost
    a_ = on;
    count_ += a_ != b_ ? 1 : -1;
  }
  void b(bool on) noexcept {
    if (on == b_) return;
    b_ = on;
    count_ += a_ == b_ ? 1 : -1;
  }
  std::int64_t count() const noexcept { return count_; }

 private:
  bool a_ = false;
  bool b_ = false;
  std::int64_t count_ = 0;
};

}  // namespace stepper
