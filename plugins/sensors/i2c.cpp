// SPDX-License-Identifier: BSD-3-Clause
#include "i2c.hpp"

#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "astro/error.hpp"

namespace sensors {

namespace {

std::string hex(int number) {
  char text[16];
  std::snprintf(text, sizeof text, "0x%02x", static_cast<unsigned>(number));
  return text;
}

}  // namespace

void I2c::fail(const std::string& doing, int error) const {
  throw astro::Error(astro::ErrorCode::device_fault, "the I2C bus " + place_ + ": " + doing + ": " +
                                                         std::strerror(error) +
                                                         "; see wires and address (i2cdetect), and that the bus is on");
}

void I2c::open(const std::string& bus, int address) {
  close();
  place_ = bus + ", address " + hex(address);
  file_ = ::open(bus.c_str(), O_RDWR | O_CLOEXEC);
  if (file_ < 0) fail("opening it", errno);
  if (::ioctl(file_, I2C_SLAVE, static_cast<long>(address)) < 0) {
    const int error = errno;
    close();
    fail("taking the address", error);
  }
}

void I2c::close() noexcept {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

void I2c::read(std::uint8_t from, std::span<std::uint8_t> into) {
  i2c_smbus_data data{};
  data.block[0] = static_cast<__u8>(into.size());
  i2c_smbus_ioctl_data asked{I2C_SMBUS_READ, from, I2C_SMBUS_I2C_BLOCK_DATA, &data};
  const std::string doing = "reading register " + hex(from);
  if (::ioctl(file_, I2C_SMBUS, &asked) < 0) fail(doing, errno);
  if (data.block[0] < into.size()) fail(doing, EIO);
  std::copy_n(data.block + 1, into.size(), into.begin());
}

std::uint8_t I2c::read(std::uint8_t from) {
  std::uint8_t value = 0;
  read(from, {&value, 1});
  return value;
}

void I2c::write(std::uint8_t to, std::uint8_t value) {
  i2c_smbus_data data{};
  data.byte = value;
  i2c_smbus_ioctl_data asked{I2C_SMBUS_WRITE, to, I2C_SMBUS_BYTE_DATA, &data};
  if (::ioctl(file_, I2C_SMBUS, &asked) < 0) fail("writing register " + hex(to), errno);
}

void I2c::write(std::uint8_t to, std::span<const std::uint8_t> values) {
  for (const std::uint8_t value : values) write(to++, value);
}

}  // namespace sensors
