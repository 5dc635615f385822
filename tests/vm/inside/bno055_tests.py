# SPDX-License-Identifier: BSD-3-Clause
"""The driver `sensors.bno055` on a bus of the kernel whose chip is memory (i2c-stub): the registers are those of
Bosch's data sheet, and we write what the chip would."""

import contextlib
import ctypes
import fcntl
import glob
import math
import os
import pathlib
import struct
import subprocess
import time

import pytest
from lines import eventually

import astro

ROOT = pathlib.Path(__file__).resolve().parents[3]
SITE = """
site: {{name: Dish, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}}
controllers:
  attitude: {{driver: sensors.bno055, bus: {bus}, every: 50 ms{settings}}}
"""
CHIP_ID, QUATERNION, TEMPERATURE, CALIBRATION, STATUS, ERROR, UNITS, MODE, TRIGGER, OFFSETS = (
    0x00, 0x20, 0x34, 0x35, 0x39, 0x3A, 0x3B, 0x3D, 0x3F, 0x55,
)  # fmt: skip
NDOF, IMU = 0x0C, 0x08


class Transfer(ctypes.Structure):
    """struct i2c_smbus_ioctl_data of linux/i2c-dev.h."""

    _fields_ = [("read_write", ctypes.c_uint8), ("command", ctypes.c_uint8), ("size", ctypes.c_uint32), ("data", ctypes.c_void_p)]


class Chip:
    def __init__(self, bus):
        self.file = os.open(bus, os.O_RDWR)
        fcntl.ioctl(self.file, 0x0706, 0x28)  # I2C_SLAVE_FORCE

    def transfer(self, read, register, value=0):
        data = ctypes.create_string_buffer(bytes([value]), 34)
        fcntl.ioctl(self.file, 0x0720, Transfer(read, register, 2, ctypes.addressof(data)))  # I2C_SMBUS, a byte
        return data.raw[0]

    def write(self, register, *values):
        for i, value in enumerate(values):
            self.transfer(0, register + i, value)

    def read(self, register):
        return self.transfer(1, register)

    def lie(self, w, x, y, z):
        self.write(QUATERNION, *struct.pack("<4h", *(round(16384 * part) for part in (w, x, y, z))))


def find_bus():
    for name in glob.glob("/sys/class/i2c-dev/i2c-*/name"):
        if "SMBus stub driver" in pathlib.Path(name).read_text():
            device = pathlib.Path("/dev") / pathlib.Path(name).parent.name
            if device.exists():
                return device
    return None


def made_bus():
    if find_bus() is None:
        subprocess.run(["busybox", "insmod", ROOT / "build/vm/first/modules/i2c-stub.ko", "chip_addr=0x28"], check=True)
    for _ in range(100):
        if (device := find_bus()) is not None:
            return device
        time.sleep(0.05)
    raise AssertionError("the bus did not come")


def made_chip(bus):
    made = Chip(bus)
    made.write(CHIP_ID, 0xA0)
    made.write(CALIBRATION, 0xFF)
    made.write(STATUS, 5, 0)
    made.write(TEMPERATURE, 0xFB)
    made.lie(1, 0, 0, 0)
    return made


@pytest.fixture(scope="session")
def bus():
    return made_bus()


@pytest.fixture
def chip(bus):
    made = made_chip(bus)
    yield made
    os.close(made.file)


@contextlib.contextmanager
def opened(tmp_path, bus, settings=""):
    file = tmp_path / "site.yaml"
    file.write_text(SITE.format(bus=bus, settings=settings))
    with astro.Observatory.open(file, state_folder=tmp_path / "state") as site:
        yield site.controller("attitude")


def latest(attitude, name):
    try:
        point = attitude.point(name)
    except astro.Error:
        return None, ""
    return point.value, str(point.quality).rpartition(".")[2]


def about(axis, degrees):
    """A turn about one of the axes."""
    half = math.radians(degrees) / 2
    return (math.cos(half), *(math.sin(half) if each == axis else 0.0 for each in "xyz"))


LIES = [  # (axis of the beam, how it lies, azimuth, altitude); unturned the chip's x looks east, its y north, its z up
    ("x", about("z", 0), 90, 0),
    ("y", about("z", 0), 0, 0),
    ("-y", about("z", 0), 180, 0),
    ("z", about("z", 0), None, 90),
    ("-z", about("z", 0), None, -90),
    ("y", about("z", -30), 30, 0),  # azimuth runs clockwise
    ("y", about("x", 45), 0, 45),
    ("x", about("y", -60), 90, 60),
    ("-x", about("y", 10), 270, 10),
    ("y", (0.5, 0.5, 0.5, 0.5), None, 90),
]


@pytest.mark.parametrize("axis, lies, azimuth, altitude", LIES)
def test_where_the_beam_looks(tmp_path, bus, chip, axis, lies, azimuth, altitude):
    chip.lie(*lies)
    with opened(tmp_path, bus, f', beam: "{axis}"') as attitude:
        assert eventually(lambda: latest(attitude, "altitude")[0] == pytest.approx(altitude, abs=0.02))
        if azimuth is not None:
            there, quality = latest(attitude, "azimuth")
            assert (there - azimuth + 180) % 360 - 180 == pytest.approx(0, abs=0.02)
            assert quality == "good"
        assert latest(attitude, "temperature")[0] == -5


def test_the_chip_is_set_up_as_the_site_says(tmp_path, bus, chip):
    with opened(tmp_path, bus, ", external_crystal: true, azimuth_offset: 5 deg, altitude_offset: -1 deg, beam: y") as attitude:
        assert (chip.read(MODE), chip.read(TRIGGER), chip.read(UNITS)) == (NDOF, 0x80, 0x80)
        assert eventually(lambda: latest(attitude, "azimuth")[0] == pytest.approx(5, abs=0.02))
        assert latest(attitude, "altitude")[0] == pytest.approx(-1, abs=0.02)


def test_what_is_not_calibrated_is_doubtful(tmp_path, bus, chip):
    chip.write(CALIBRATION, 0b00_11_01_00)
    with opened(tmp_path, bus) as attitude:
        assert eventually(lambda: latest(attitude, "azimuth")[1] == "doubtful")
        assert latest(attitude, "altitude")[1] == "good"
        assert [latest(attitude, f"calibration{what}")[0] for what in ("", "_gyroscope", "_accelerometer", "_magnetometer")] == [0, 3, 1, 0]
        with pytest.raises(astro.Error, match="not calibrated yet"):
            attitude.perform("keep_calibration").wait_completed(30)
        chip.write(CALIBRATION, 0xFF)
        assert eventually(lambda: latest(attitude, "azimuth")[1] == "good")


def test_without_the_magnetometer_north_is_not_known(tmp_path, bus, chip):
    with opened(tmp_path, bus, ", fusion: imu") as attitude:
        assert eventually(lambda: latest(attitude, "azimuth")[1] == "doubtful")
        assert chip.read(MODE) == IMU


def test_calibration_is_kept_and_given_back(tmp_path, bus, chip):
    learnt = list(range(1, 23))
    with opened(tmp_path, bus) as attitude:
        chip.write(OFFSETS, *learnt)
        attitude.perform("keep_calibration").wait_completed(30)
    chip.write(OFFSETS, *[0] * 22)
    with opened(tmp_path, bus):
        assert [chip.read(OFFSETS + i) for i in range(22)] == learnt


def test_no_attitude_is_told_as_none(tmp_path, bus, chip):
    with opened(tmp_path, bus) as attitude:
        assert eventually(lambda: latest(attitude, "altitude")[1] == "good")
        chip.lie(0, 0, 0, 0)  # before the first fusion
        assert eventually(lambda: latest(attitude, "altitude") == (None, "bad"))
        chip.lie(1, 1, 0, 0)
        time.sleep(0.2)
        assert latest(attitude, "azimuth") == (None, "bad")
        chip.lie(1, 0, 0, 0)
        assert eventually(lambda: latest(attitude, "altitude")[1] == "good")


def test_a_chip_that_lost_its_power_or_reports_an_error_is_set_up_again(tmp_path, bus, chip):
    with opened(tmp_path, bus) as attitude:
        assert eventually(lambda: latest(attitude, "altitude")[1] == "good")
        chip.write(MODE, 0)
        assert eventually(lambda: chip.read(MODE) == NDOF)
        chip.write(STATUS, 1, 3)
        assert eventually(lambda: latest(attitude, "altitude")[1] == "bad")
        chip.write(STATUS, 5, 0)
        assert eventually(lambda: latest(attitude, "altitude")[1] == "good")


def test_another_chip_or_none_is_told(tmp_path, bus, chip):
    chip.write(CHIP_ID, 0x55)
    with pytest.raises(astro.Error, match="calls itself 85, expected 160"), opened(tmp_path, bus):
        pass
    with pytest.raises(astro.Error, match=f"the I2C bus {bus}, address 0x29: .*see wires and address"), opened(tmp_path, bus, ", address: 41"):
        pass
    with pytest.raises(astro.Error, match="the I2C bus /dev/i2c-99, address 0x28: opening it"), opened(tmp_path, "/dev/i2c-99"):
        pass
