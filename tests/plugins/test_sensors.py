# SPDX-License-Identifier: BSD-3-Clause
"""The drivers `sensors.*` on trees of files that we wrote by the kernel's documented ABI (no machine of ours has the
sensors), on this machine itself, and against Debian's gpsd and servers that lie. The BNO055 is tested on a real bus:
test_on_a_kernel.py."""

import contextlib
import json
import random
import shutil
import socket
import threading
import time

import pytest
from gps_receiver import Receiver, nmea
from hardware import eventually, reading

import astro

SITE = """
site: {{name: Sensors, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}}
controllers:
  sensors: {{driver: sensors.{driver}{settings}}}
"""


@contextlib.contextmanager
def opened(tmp_path, driver, settings=""):
    file = tmp_path / "site.yaml"
    file.write_text(SITE.format(driver=driver, settings=settings))
    with astro.Observatory.open(file, state_folder=tmp_path / "state") as site:
        yield site.controller("sensors"), site


def write(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(".new")
        new.write_text(text)
        new.rename(path)  # as one step, so that nobody reads half of it


def quality(sensors, name):
    return str(sensors.point(name).quality).rpartition(".")[2]


def becomes(sensors, name, expected):
    return eventually(lambda: reading(sensors, name) == (expected if expected is None else pytest.approx(expected)))


def is_bad(sensors, name):
    return eventually(lambda: quality(sensors, name) == "bad" and reading(sensors, name) is None)


FAST = ", every: 50 ms"

# hwmon: Documentation/hwmon/sysfs-interface.rst

CHIP = "sys/class/hwmon/hwmon0/"
CHIPS = {
    CHIP + "name": "coretemp\n",
    CHIP + "temp1_input": "41500\n",
    CHIP + "temp1_label": "Package id 0\n",
    CHIP + "temp2_input": "40000\n",
    CHIP + "temp1_crit": "100000\n",
    CHIP + "in0_input": "1088\n",
    CHIP + "fan1_input": "1200\n",
    CHIP + "curr1_input": "2500\n",
    CHIP + "power1_input": "15500000\n",
    CHIP + "humidity1_input": "45600\n",
    CHIP + "intrusion0_alarm": "0\n",
    "sys/class/hwmon/hwmon10/name": "nvme\n",
    "sys/class/hwmon/hwmon10/temp1_input": "30000\n",
    "sys/class/hwmon/hwmon2/name": "nvme\n",
    "sys/class/hwmon/hwmon2/temp1_input": "20000\n",
}


def test_chips_are_shown_with_their_units(tmp_path):
    write(tmp_path, CHIPS)
    with opened(tmp_path, "hwmon", f", root: {tmp_path}/sys{FAST}") as (sensors, _):
        assert becomes(sensors, "coretemp_package_id_0", 41.5)
        units = {field.name: field.unit for field in sensors.description.points}
        assert units == {
            "coretemp_package_id_0": "degC",
            "coretemp_temp2": "degC",
            "coretemp_in0": "V",
            "coretemp_fan1": "1/min",
            "coretemp_curr1": "A",
            "coretemp_power1": "W",
            "coretemp_humidity1": "%",
            "nvme_temp1": "degC",
            "nvme_temp1_2": "degC",
        }
        expected = {"temp2": 40, "in0": 1.088, "fan1": 1200, "curr1": 2.5, "power1": 15.5, "humidity1": 45.6}
        assert all(becomes(sensors, f"coretemp_{name}", number) for name, number in expected.items())
        assert becomes(sensors, "nvme_temp1", 20)  # hwmon2 before hwmon10
        assert becomes(sensors, "nvme_temp1_2", 30)


def test_chips_come_and_go(tmp_path):
    write(tmp_path, {CHIP + "name": "nct6775\n", CHIP + "temp1_input": "1000\n"})
    with opened(tmp_path, "hwmon", f", root: {tmp_path}/sys{FAST}") as (sensors, site):
        notices = []
        with site.subscribe(notice=notices.append):
            assert becomes(sensors, "nct6775_temp1", 1)
            write(tmp_path, {"sys/class/hwmon/hwmon1/temp1_input": "2000\n"})
            assert becomes(sensors, "hwmon1_temp1", 2)  # a chip without a name
            shutil.rmtree(tmp_path / CHIP)
            assert is_bad(sensors, "nct6775_temp1")
            assert reading(sensors, "hwmon1_temp1") == 2
            assert eventually(lambda: any("nct6775_temp1: its sensor is not there any more" in each.message for each in notices))
            write(tmp_path, {CHIP + "name": "nct6775\n", CHIP + "temp1_input": "3000\n"})
            assert becomes(sensors, "nct6775_temp1", 3)
            assert eventually(lambda: any("nct6775_temp1: it can be read again" in each.message for each in notices))


WRONG_NUMBERS = ["", "\n", "warm\n", "-1000000\n", "9999999\n", "nan\n", "inf\n", "12 34\n", "\0\0\0\n", "1" * 5000, "0x20\n"]


@pytest.mark.parametrize("wrong", WRONG_NUMBERS)
def test_what_is_no_temperature_is_a_fault_until_it_is_one(tmp_path, wrong):
    write(tmp_path, {CHIP + "name": "chip\n", CHIP + "temp1_input": "21000\n", CHIP + "temp2_input": "22000\n"})
    with opened(tmp_path, "hwmon", f", root: {tmp_path}/sys{FAST}") as (sensors, _):
        assert becomes(sensors, "chip_temp1", 21)
        write(tmp_path, {CHIP + "temp1_input": wrong})
        assert is_bad(sensors, "chip_temp1")
        assert reading(sensors, "chip_temp2") == 22
        write(tmp_path, {CHIP + "temp1_input": "23000\n"})
        assert becomes(sensors, "chip_temp1", 23)


def test_what_the_chip_says_of_its_sensor_is_believed(tmp_path):
    write(tmp_path, {CHIP + "name": "chip\n", CHIP + "temp1_input": "21000\n", CHIP + "temp1_fault": "0\n", CHIP + "temp1_alarm": "0\n"})
    with opened(tmp_path, "hwmon", f", root: {tmp_path}/sys{FAST}") as (sensors, _):
        assert becomes(sensors, "chip_temp1", 21)
        write(tmp_path, {CHIP + "temp1_alarm": "1\n"})
        assert eventually(lambda: quality(sensors, "chip_temp1") == "doubtful")
        assert reading(sensors, "chip_temp1") == 21
        write(tmp_path, {CHIP + "temp1_fault": "1\n"})
        assert is_bad(sensors, "chip_temp1")


@pytest.mark.parametrize("driver, folder", [("hwmon", "class/hwmon"), ("onewire", "bus/w1/devices"), ("iio", "bus/iio/devices"), ("host", "proc/stat")])
def test_a_kernel_without_them_is_told(tmp_path, driver, folder):
    with pytest.raises(astro.Error, match=f"there is no (folder|file) {tmp_path}/{folder}"), opened(tmp_path, driver, f", root: {tmp_path}"):
        pass


# 1-Wire: Documentation/w1/slaves/w1_therm.rst

SENSOR = "sys/bus/w1/devices/28-0316a2794bff/"


def test_thermometers_on_1_wire(tmp_path):
    slave = "sys/bus/w1/devices/10-000802b4ba0e/"
    write(tmp_path, {"sys/bus/w1/devices/w1_bus_master1/w1_master_slave_count": "2\n", SENSOR + "temperature": "21312\n", SENSOR + "w1_slave": "x\n"})
    write(tmp_path, {slave + "w1_slave": "50 05 4b 46 7f ff 0c 10 1c : crc=1c YES\n50 05 4b 46 7f ff 0c 10 1c t=-1250\n"})
    with opened(tmp_path, "onewire", f', root: {tmp_path}/sys{FAST}, names: ["28-0316a2794bff=focus"]') as (sensors, _):
        assert becomes(sensors, "focus", 21.312)
        assert becomes(sensors, "sensor_10_000802b4ba0e", -1.25)
        assert len(sensors.description.points) == 2
        write(tmp_path, {slave + "w1_slave": "50 05 4b 46 7f ff 0c 10 1c : crc=1d NO\n50 05 4b 46 7f ff 0c 10 1c t=85000\n"})
        assert is_bad(sensors, "sensor_10_000802b4ba0e")
        write(tmp_path, {slave + "w1_slave": ""})
        time.sleep(0.2)
        assert is_bad(sensors, "sensor_10_000802b4ba0e")


@pytest.mark.parametrize("wrong", ["-1000000\n", "-127000\n", "127937\n", "", "no\n"])
def test_what_no_thermometer_says_is_a_fault(tmp_path, wrong):
    write(tmp_path, {SENSOR + "temperature": "20000\n"})
    with opened(tmp_path, "onewire", f", root: {tmp_path}/sys{FAST}") as (sensors, _):
        name = sensors.description.points[0].name
        assert becomes(sensors, name, 20)
        write(tmp_path, {SENSOR + "temperature": wrong})
        assert is_bad(sensors, name)


def test_85_degrees_are_believed_only_of_what_was_nearly_so_warm(tmp_path):
    write(tmp_path, {SENSOR + "temperature": "20000\n"})
    with opened(tmp_path, "onewire", f", root: {tmp_path}/sys{FAST}") as (sensors, _):
        name = sensors.description.points[0].name
        assert becomes(sensors, name, 20)
        write(tmp_path, {SENSOR + "temperature": "85000\n"})
        assert is_bad(sensors, name)
        write(tmp_path, {SENSOR + "temperature": "80000\n"})
        assert becomes(sensors, name, 80)
        write(tmp_path, {SENSOR + "temperature": "85000\n"})
        assert becomes(sensors, name, 85)


@pytest.mark.parametrize("names", ["focus", "=focus", "28-1=", "28-1=Big Name"])
def test_names_that_are_none_are_refused(tmp_path, names):
    write(tmp_path, {SENSOR + "temperature": "20000\n"})
    with pytest.raises(astro.Error, match='the setting "names" has'), opened(tmp_path, "onewire", f', root: {tmp_path}/sys, names: ["{names}"]'):
        pass


# Industrial I/O: Documentation/ABI/testing/sysfs-bus-iio

WEATHER, CONVERTER, TURNS = (f"sys/bus/iio/devices/iio:device{i}/" for i in range(3))


def test_sensors_of_industrial_io(tmp_path):
    write(
        tmp_path,
        {
            WEATHER + "name": "bme280\n",
            WEATHER + "in_temp_input": "21430\n",
            WEATHER + "in_pressure_input": "76.512300000\n",
            WEATHER + "in_humidityrelative_input": "44321\n",
            WEATHER + "in_temp_oversampling_ratio": "2\n",
            CONVERTER + "name": "ads1115\n",
            CONVERTER + "in_voltage0_raw": "1600\n",
            CONVERTER + "in_voltage0_scale": "0.125\n",
            CONVERTER + "in_voltage1_raw": "-800\n",
            CONVERTER + "in_voltage_scale": "2\n",
            CONVERTER + "in_voltage0-voltage1_raw": "10\n",
            CONVERTER + "in_temp_raw": "1000\n",
            CONVERTER + "in_temp_offset": "-600\n",
            CONVERTER + "in_temp_scale": "62.5\n",
            TURNS + "name": "mpu6050\n",
            TURNS + "in_accel_x_raw": "16384\n",
            TURNS + "in_accel_scale": "0.000598\n",
            TURNS + "in_anglvel_z_raw": "100\n",
            TURNS + "in_anglvel_scale": "0.001064724\n",
        },
    )
    with opened(tmp_path, "iio", f", root: {tmp_path}/sys{FAST}") as (sensors, _):
        expected = {
            "bme280_temp": 21.43,
            "bme280_pressure": 765.123,
            "bme280_humidityrelative": 44.321,
            "ads1115_voltage0": 0.2,
            "ads1115_voltage1": -1.6,
            "ads1115_voltage0_voltage1": 0.02,
            "ads1115_temp": 25,
            "mpu6050_accel_x": 16384 * 0.000598,
            "mpu6050_anglvel_z": 6.1004193,
        }
        assert all(becomes(sensors, name, number) for name, number in expected.items())
        assert {field.name for field in sensors.description.points} == set(expected)
        write(tmp_path, {WEATHER + "in_humidityrelative_input": "144321\n", CONVERTER + "in_voltage0_raw": "\n"})
        assert is_bad(sensors, "bme280_humidityrelative")
        assert is_bad(sensors, "ads1115_voltage0")


# The computer.


def test_this_computer(tmp_path):
    with opened(tmp_path, "host", FAST) as (sensors, _):
        assert eventually(lambda: reading(sensors, "cpu") is not None and reading(sensors, "uptime") is not None)
        memory = dict(line.split(":") for line in open("/proc/meminfo").read().splitlines())
        used = 100 * (1 - int(memory["MemAvailable"].split()[0]) / int(memory["MemTotal"].split()[0]))
        assert reading(sensors, "memory") == pytest.approx(used, abs=20)
        disk = shutil.disk_usage("/")
        assert reading(sensors, "disk_free") == pytest.approx(disk.free / 2**30, rel=0.2)
        assert reading(sensors, "disk") == pytest.approx(100 * disk.used / (disk.used + disk.free), abs=5)
        assert 0 <= reading(sensors, "cpu") <= 100
        assert reading(sensors, "uptime") == pytest.approx(float(open("/proc/uptime").read().split()[0]), abs=10)


def test_a_computer_of_which_the_numbers_are_known(tmp_path):
    write(
        tmp_path,
        {
            "proc/stat": "cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 2 3 4\n",
            "proc/meminfo": "MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 250 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
            "proc/loadavg": "1.25 0.50 0.10 2/345 6789\n",
            "proc/uptime": "4321.00 1234.00\n",
            "sys/class/thermal/thermal_zone0/temp": "45000\n",
            "sys/class/thermal/thermal_zone1/temp": "51500\n",
            "sys/class/thermal/thermal_zone2/temp": "-274000\n",
        },
    )
    with opened(tmp_path, "host", f", root: {tmp_path}, disk: /nowhere{FAST}") as (sensors, _):
        assert becomes(sensors, "memory", 75)
        assert becomes(sensors, "swap", 0)
        assert becomes(sensors, "load", 1.25)
        assert becomes(sensors, "uptime", 4321)
        assert becomes(sensors, "temperature", 51.5)
        assert is_bad(sensors, "disk")
        write(tmp_path, {"proc/stat": "nothing\n", "proc/meminfo": "MemTotal: 1000 kB\n"})
        assert is_bad(sensors, "cpu")
        assert is_bad(sensors, "memory")


# gpsd.


def test_time_and_place_from_gpsd(tmp_path, start_server):
    receiver = Receiver()
    server = start_server("gpsd", f"tcp://127.0.0.1:{receiver.port}")
    with opened(tmp_path, "gpsd", f", host: 127.0.0.1, port: {server.port}") as (sensors, site):
        assert eventually(lambda: reading(sensors, "fix") == "3d", 30)
        assert reading(sensors, "latitude") == pytest.approx(28.3009, abs=1e-5)
        assert reading(sensors, "longitude") == pytest.approx(-16.5098, abs=1e-5)
        assert becomes(sensors, "height", 2390)
        assert reading(sensors, "from_site") == pytest.approx(965, abs=5)  # the site file is rounded to 0.1 deg
        assert abs(reading(sensors, "clock_error")) < 5
        assert eventually(lambda: reading(sensors, "satellites") == 8, 20)
        receiver.says = lambda: nmea(quality=0)
        assert eventually(lambda: reading(sensors, "fix") == "none" and reading(sensors, "latitude") is None, 30)
        server.kill()
        assert eventually(lambda: quality(sensors, "fix") == "bad", 20)
        receiver.says = nmea
        server.start()
        assert eventually(lambda: reading(sensors, "fix") == "3d" and quality(sensors, "fix") == "good", 30)


TPV = {"class": "TPV", "mode": 3, "time": "2026-01-01T00:00:00.000Z", "lat": 28.0, "lon": -16.0, "altMSL": 100.0, "eph": 4.5}
VERSION = b'{"class":"VERSION","release":"3.22","rev":"3.22","proto_major":3,"proto_minor":14}\r\n'


class Gpsd:
    """What speaks as gpsd, or not."""

    def __init__(self, says=b""):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.says = says
        self.heard = b""
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.sendall(VERSION)
            self.heard += connection.recv(1000)
            while self.says is not None:
                connection.sendall(self.says)
                time.sleep(0.2)


def right():
    return json.dumps(TPV).encode() + b"\r\n"


def test_what_gpsd_is_asked_and_what_it_says(tmp_path):
    gpsd = Gpsd(right() + b'{"class":"SKY","satellites":[{"used":true},{"used":false},{"used":true},7]}\r\n{"class":"GST","unknown":[1,2]}\r\n')
    with opened(tmp_path, "gpsd", f", host: 127.0.0.1, port: {gpsd.port}, receiver: /dev/ttyACM0") as (sensors, _):
        assert becomes(sensors, "error", 4.5)
        assert becomes(sensors, "satellites", 2)
        assert gpsd.heard == b'?WATCH={"enable":true,"json":true,"device":"/dev/ttyACM0"};\n'
        # 0.3 degrees of latitude and 0.5 of longitude from the site, by haversines on a sphere of 6371008.8 m
        assert reading(sensors, "from_site") == pytest.approx(59295, rel=1e-4)


WRONG_REPORTS = {
    "no JSON": b"hello\r\n",
    "half": b'{"class":"TPV","mode":3,\r\n',
    "no end": b"x" * 200_000,
    "deep": b"[" * 5000 + b"\r\n",
    "nowhere": json.dumps(TPV | {"lat": 91.0}).encode() + b"\r\n",
    "too high": json.dumps(TPV | {"altMSL": 1e308}).encode() + b"\r\n",
    "too exact": json.dumps(TPV | {"eph": -4}).encode() + b"\r\n",
    "too many satellites": b'{"class":"SKY","uSat":1e300}\r\n',
    "refusal": b'{"class":"ERROR","message":"Unrecognized request"}\r\n',
    "no time": json.dumps(TPV | {"time": "yesterday"}).encode() + b"\r\n",
    "gone": None,
}


@pytest.mark.parametrize("what", WRONG_REPORTS)
def test_what_is_not_as_gpsd_says_it_is_a_fault_until_it_is(tmp_path, what):
    gpsd = Gpsd(right())
    with opened(tmp_path, "gpsd", f", host: 127.0.0.1, port: {gpsd.port}") as (sensors, site):
        assert becomes(sensors, "latitude", 28)
        notices = []
        with site.subscribe(notice=notices.append):
            gpsd.says = WRONG_REPORTS[what]
            assert eventually(lambda: any(f"127.0.0.1:{gpsd.port}" in each.message for each in notices))
            assert eventually(lambda: quality(sensors, "latitude") == "bad")
            assert eventually(lambda: quality(sensors, "clock_error") == "bad" and reading(sensors, "time") is None)
        gpsd.says = right()
        assert eventually(lambda: quality(sensors, "latitude") == "good" and reading(sensors, "latitude") == 28)


@pytest.mark.parametrize("odd", [{"lat": "28"}, {"mode": "3"}, {"mode": None}, {"lat": None, "lon": None}, {"mode": 1}])
def test_a_report_without_a_place_is_no_fix(tmp_path, odd):
    gpsd = Gpsd(json.dumps(TPV | odd).encode() + b"\r\n")
    with opened(tmp_path, "gpsd", f", host: 127.0.0.1, port: {gpsd.port}") as (sensors, _):
        assert eventually(lambda: reading(sensors, "fix") == "none")
        assert reading(sensors, "latitude") is None


def test_garbage_of_any_kind_and_a_flood_end_nothing(tmp_path):
    chance = random.Random("garbage of gpsd")
    gpsd = Gpsd(right() * 20_000)
    with opened(tmp_path, "gpsd", f", host: 127.0.0.1, port: {gpsd.port}") as (sensors, _):
        assert becomes(sensors, "latitude", 28)
        for _ in range(10):
            broken = bytearray(right())
            for _ in range(chance.randrange(1, 20)):
                broken[chance.randrange(len(broken) - 2)] = chance.randrange(256)
            gpsd.says = bytes(broken)
            time.sleep(0.2)
        gpsd.says = right()
        assert eventually(lambda: quality(sensors, "latitude") == "good" and reading(sensors, "latitude") == 28, 20)
