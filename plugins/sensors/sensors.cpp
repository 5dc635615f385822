// SPDX-License-Identifier: BSD-3-Clause
#include "astro/plugin.hpp"
#include "bno055.hpp"
#include "gpsd.hpp"
#include "host.hpp"
#include "kernel.hpp"
#include "onewire.hpp"

ASTRO_PLUGIN(sensors, "1.0.0", registry) {
  registry.add<sensors::Bno055>("sensors.bno055", sensors::Bno055::description(),
                                "How the dish lies: Bosch's BNO055 on an I2C bus");
  registry.add<sensors::Gpsd>("sensors.gpsd", sensors::Gpsd::description(), "Time and place by satellites, from gpsd");
  registry.add<sensors::Host>("sensors.host", {}, "The computer itself: processors, memory, disk, temperature");
  registry.add<sensors::Hwmon>("sensors.hwmon", {}, "Temperatures, voltages and fans that the kernel's hwmon shows");
  registry.add<sensors::Iio>("sensors.iio", {},
                             "Sensors of the kernel's Industrial I/O: weather, light, converters, acceleration");
  registry.add<sensors::OneWire>("sensors.onewire", sensors::OneWire::bounds(),
                                 "Thermometers on 1-Wire, as the DS18B20");
}
