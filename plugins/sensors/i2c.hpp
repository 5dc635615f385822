// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace sensors {

/// One chip with registers on an I2C bus of the kernel's (i2c-dev, by SMBus transactions, which every adapter has).
/// Failures are `device_fault`, naming bus, address and register.
class I2c final {
 public:
  I2c() = default;
  ~I2c() { close(); }
  I2c(const I2c&) = delete;
  I2c& operator=(const I2c&) = delete;

  void open(const std::string& bus, int address);
  void close() noexcept;
  bool is_open() const noexcept { return file_ >= 0; }

  void read(std::uint8_t from, std::span<std::uint8_t> into);  ///< at most 32 registers at once
  std::uint8_t read(std::uint8_t from);
  void write(std::uint8_t to, std::uint8_t value);
  void write(std::uint8_t to, std::span<const std::uint8_t> values);  ///< one after the other

 private:
  [[noreturn]] void fail(const std::string& doing, int error) const;

  int file_ = -1;
  std::string place_;  ///< "/dev/i2c-1, address 0x28"
};

}  // namespace sensors
