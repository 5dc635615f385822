# SPDX-License-Identifier: BSD-3-Clause
"""The driver `rtl_tcp` against a dongle of ours that numbers its samples, loses, stalls and lies; its server against
rtl_433, a client that shares nothing with it; and both against each other with a real recording."""

import contextlib
import pathlib
import random
import resource
import socket
import struct
import subprocess
import threading
import time

import numpy as np
import pytest
from hardware import eventually, reading, seconds_to

import astro

SITE = """
site: {{name: Radio, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}}
receivers:
  sdr: {{driver: rtl_tcp, host: 127.0.0.1, port: {port}, sample_rate: {rate}, settle: {settle}{settings}}}
"""
RATE = 250_000
GREETING = b"RTL0" + struct.pack(">II", 5, 29)
COMMANDS = {1: "frequency", 2: "sample_rate", 3: "gain_mode", 4: "gain", 5: "correction", 6: "if_gain", 8: "agc", 9: "direct_sampling", 13: "gain_index", 14: "bias_tee"}


@contextlib.contextmanager
def opened(tmp_path, port, settings="", rate="250 kHz", settle="0 s"):
    file = tmp_path / "site.yaml"
    file.write_text(SITE.format(port=port, rate=rate, settle=settle, settings=settings))
    with astro.Observatory.open(file, state_folder=tmp_path / "state") as site:
        yield site


class Dongle:
    """rtl_tcp with a tuner that numbers its samples (modulo 2^16, the low byte first), in real time."""

    def __init__(self, greeting=GREETING, speak=None):
        self.greeting, self.speak = greeting, speak or self.stream
        self.heard = []
        self.sent = self.to_lose = 0
        self.stalled_until = 0.0
        self.clients = 0
        self.connection = None
        self.listen()

    def listen(self, port=0):
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.is_there = True
        threading.Thread(target=self.serve, args=(self.listener,), daemon=True).start()

    def serve(self, listener):
        while True:
            try:
                self.connection, _ = listener.accept()
            except OSError:
                return
            self.clients += 1
            threading.Thread(target=self.hear, args=(self.connection,), daemon=True).start()
            with contextlib.suppress(OSError), self.connection:
                self.connection.sendall(self.greeting)
                self.speak(self.connection)

    def hear(self, connection):
        with contextlib.suppress(OSError):
            while packet := connection.recv(5, socket.MSG_WAITALL):
                if len(packet) == 5:
                    self.heard.append((COMMANDS[packet[0]], struct.unpack(">i", packet[1:])[0]))

    def stream(self, connection):
        began, due = time.monotonic(), 0
        while True:
            now = time.monotonic()
            if now < self.stalled_until:
                time.sleep(0.005)
                continue
            first = due
            due = int((now - began) * RATE)
            if self.to_lose:
                self.to_lose, lost = max(0, self.to_lose - (due - first)), min(self.to_lose, due - first)
                first += lost
            if due > first:
                connection.sendall((np.arange(first, due) & 0xFFFF).astype("<u2").tobytes())
            time.sleep(0.01)

    def die(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        with contextlib.suppress(OSError):
            self.die()

    def last(self, command):
        return next((number for name, number in reversed(self.heard) if name == command), None)


class Count:
    """Follows a stream: what the samples say, modulo 2^16, against what the blocks say."""

    def __init__(self):
        self.ahead = None  # of the blocks' count before the samples'
        self.samples = self.told = 0
        self.steps = []  # told minus true, of each gap, modulo 2^16

    def take(self, block):
        pairs = np.asarray(block.array()).astype(np.int64)
        values = pairs[:, 0] + 256 * pairs[:, 1]
        inside = np.diff(values) % 65536
        ahead = (block.first - values[0]) % 65536
        if self.ahead is not None and (ahead != self.ahead or block.lost):
            self.steps.append(((ahead - self.ahead) + 32768) % 65536 - 32768)
        self.ahead = (block.first + len(values) - 1 - values[-1]) % 65536
        self.samples += len(values)
        self.told += block.lost
        return inside


def follow(stream, count, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (block := stream.next(timeout_s=0.2)) is not None:
            count.take(block)


def test_the_server_is_told_what_is_asked_and_what_its_chip_makes_of_it_is_said(tmp_path):
    with Dongle() as dongle, opened(tmp_path, dongle.port, ", gain: 40 dB, correction: -12 ppm, bias_tee: true, agc: true", rate="1 MHz") as site:
        sdr = site.receiver("sdr")
        can = sdr.description
        assert (can.lowest.megahertz, can.highest.megahertz) == (24, 1766)
        assert can.max_gain_db == pytest.approx(49.6)
        taken = sdr.settings.tuning
        assert taken.gain_db == pytest.approx(40.2)  # the nearest that a R820T has
        assert taken.sample_rate.hertz == pytest.approx(1e6, rel=1e-6)
        with sdr.stream() as stream:
            assert eventually(lambda: stream.next(timeout_s=0.2) is not None and "gain" in dict(dongle.heard))
            asked = dict(dongle.heard)
            assert asked["frequency"] == 1420405752
            assert (asked["sample_rate"], asked["gain_mode"], asked["gain"]) == (1000000, 1, 402)
            assert (asked["correction"], asked["bias_tee"], asked["agc"], asked["direct_sampling"]) == (-12, 1, 1, 0)
            taken = sdr.tune(astro.Tuning(frequency=astro.megahertz(1090), sample_rate=astro.megahertz(2.048)))
            assert taken.sample_rate.hertz == 2.048e6
            assert eventually(lambda: dongle.last("frequency") == 1_090_000_000 and dongle.last("sample_rate") == 2_048_000)
            taken = sdr.tune(astro.Tuning(options={"gain_index": 28}))
            assert taken.gain_db == pytest.approx(49.6)
            assert eventually(lambda: dongle.last("gain_index") == 28)
            sdr.tune(astro.Tuning(gain_db=-3.0 + 3.0, options={"if_gain_2": -3.0}))
            assert eventually(lambda: dongle.last("gain") == 0 and dongle.last("if_gain") == (2 << 16 | (-30 & 0xFFFF)))


def test_what_cannot_be_had_is_refused_with_what_can(tmp_path):
    with Dongle() as dongle, opened(tmp_path, dongle.port) as site:
        sdr = site.receiver("sdr")
        with pytest.raises(astro.Error, match="900001 Hz to 3.2 MHz"):
            sdr.tune(astro.Tuning(sample_rate=astro.kilohertz(500)))
        with pytest.raises(astro.Error, match="1766"):
            sdr.tune(astro.Tuning(frequency=astro.gigahertz(2)))
        with pytest.raises(astro.Error, match="gain_index"):
            sdr.tune(astro.Tuning(options={"gain_index": 29}))


@pytest.mark.parametrize("frequency", ["2 GHz", "5 GHz"])  # the second is more than the protocol's 32 bits hold
def test_a_frequency_of_the_site_file_is_refused_as_well(tmp_path, frequency):
    with Dongle() as dongle, pytest.raises(astro.Error, match="1766"):
        with opened(tmp_path, dongle.port, f", frequency: {frequency}"):
            pass


def test_samples_come_whole_and_in_order_also_in_odd_pieces(tmp_path):
    chance = random.Random("odd pieces")

    def in_odd_pieces(connection):
        numbers = (np.arange(3 * RATE) & 0xFFFF).astype("<u2").tobytes()
        at = 0
        while at < len(numbers):
            size = 2 * chance.randrange(3000) + 1
            connection.sendall(numbers[at : at + size])
            at += size
            time.sleep(size / 2 / RATE)

    with Dongle(speak=in_odd_pieces) as dongle, opened(tmp_path, dongle.port) as site:
        count = Count()
        with site.receiver("sdr").stream() as stream:
            first = stream.next(timeout_s=10)
            assert list(np.asarray(first.array())[:3].ravel()) == [0, 0, 1, 0, 2, 0]
            for _ in range(50):
                assert set(count.take(stream.next(timeout_s=10))) <= {1}
        assert count.steps == []


def test_what_was_on_its_way_when_it_was_tuned_is_thrown_away_and_counted(tmp_path):
    with Dongle() as dongle, opened(tmp_path, dongle.port, settle="300 ms") as site:
        sdr = site.receiver("sdr")
        with sdr.stream() as stream:
            first = stream.next(timeout_s=10)
            assert np.asarray(first.array()).astype(int)[0] @ [1, 256] == 75_000 % 65536
            sdr.tune(astro.Tuning(frequency=astro.megahertz(1419)))
            while not (block := stream.next(timeout_s=10)).lost:
                pass
            assert block.lost == 75_000
            assert block.settings_changed or block.settings.tuning.frequency.megahertz == 1419


def told_by_driver(sdr):
    """What the driver lost, without what this program was too slow for."""
    status = sdr.status()
    return status.lost - status.dropped


def test_what_the_server_loses_silently_is_found_by_the_clock(tmp_path):
    with Dongle() as dongle, opened(tmp_path, dongle.port) as site:
        count = Count()
        sdr = site.receiver("sdr")
        with sdr.stream() as stream:
            follow(stream, count, 4)
            assert told_by_driver(sdr) == 0
            for lost in (40_000, 100_000):
                before = told_by_driver(sdr)
                dongle.to_lose = lost
                end = time.monotonic() + 60
                follow(stream, count, 6)
                while told_by_driver(sdr) == before and time.monotonic() < end:
                    follow(stream, count, 1)
                assert told_by_driver(sdr) - before == pytest.approx(lost, abs=0.03 * RATE)


def test_a_stall_without_a_loss_is_no_loss(tmp_path):
    with Dongle() as dongle, opened(tmp_path, dongle.port) as site:
        count = Count()
        sdr = site.receiver("sdr")
        with sdr.stream() as stream:
            follow(stream, count, 3)
            dongle.stalled_until = time.monotonic() + 1.2
            follow(stream, count, 5)
            assert told_by_driver(sdr) == 0
        assert not any(count.steps)
        assert count.samples > 7 * RATE


def test_a_server_that_goes_away_comes_back_and_the_time_is_counted(tmp_path):
    with Dongle() as dongle, opened(tmp_path, dongle.port) as site:
        count = Count()
        logs = []
        sdr = site.receiver("sdr")
        with site.subscribe(notice=logs.append), sdr.stream() as stream:
            follow(stream, count, 1)
            sdr.tune(astro.Tuning(frequency=astro.megahertz(1400)))
            went = time.monotonic()
            dongle.die()
            follow(stream, count, 1.5)
            samples = count.samples
            dongle.heard.clear()
            dongle.listen(dongle.port)
            block = None
            while block is None:
                block = stream.next(timeout_s=10)
            assert block.lost == pytest.approx((time.monotonic() - went) * RATE, abs=0.4 * RATE)
            assert eventually(lambda: dongle.last("frequency") == 1_400_000_000)  # it is told again what it was told before
            assert count.samples == samples
        assert any("it is asked until it is back" in each.message for each in logs)
        assert any("is back" in each.message for each in logs)


def test_the_connection_lives_as_long_as_the_stream(tmp_path):
    """rtl_tcp serves one program at a time, and sends as long as somebody is connected."""
    with Dongle() as dongle, opened(tmp_path, dongle.port) as site:
        sdr = site.receiver("sdr")
        took = []
        for turn in (2, 3, 4):  # the first was when it was opened
            with sdr.stream() as stream:
                assert eventually(lambda stream=stream: stream.next(timeout_s=0.2) is not None)
                assert dongle.clients == turn
                took.append(seconds_to(sdr.stop))
            assert eventually(lambda: dongle.connection.fileno() == -1)
        assert min(took) < 0.1  # on a busy machine any one may be scheduled late


WRONG_GREETINGS = {
    "nothing": (b"", "no greeting came, only 0 bytes"),
    "another program": (b"HTTP/1.1 400 Bad Request\r\n\r\n", 'does not greet as rtl_tcp does, by "RTL0"'),
    "cut": (b"RTL0\0\0", "the other side has ended the connection|no greeting came, only 6 bytes"),
    "absurd": (b"RTL0" + b"\xff" * 8, "does not greet"),
    "zeros": (b"\0" * 100_000, "does not greet"),
}


@pytest.mark.parametrize("what", WRONG_GREETINGS)
def test_what_does_not_greet_right_is_a_fault_with_a_reason(tmp_path, what):
    greeting, reason = WRONG_GREETINGS[what]
    ended = threading.Event()
    with Dongle(greeting, speak=lambda _: None if what == "cut" else ended.wait(20)) as dongle:
        with pytest.raises(astro.Error, match=reason), opened(tmp_path, dongle.port):
            pass
        ended.set()


def test_a_greeting_that_drips_is_not_waited_for_forever(tmp_path):
    def drip(connection):
        for byte in GREETING:
            time.sleep(1)
            connection.sendall(bytes([byte]))

    with Dongle(b"", speak=drip) as dongle:
        began = time.monotonic()
        with pytest.raises(astro.Error, match=f"rtl_tcp at 127.0.0.1:{dongle.port}: no greeting came, only"), opened(tmp_path, dongle.port):
            pass
        assert time.monotonic() - began < 9


def test_a_flood_is_neither_kept_nor_waited_for(tmp_path):
    def flood(connection):
        while True:
            connection.sendall(b"\x80" * 1_000_000)

    with Dongle(speak=flood) as dongle, opened(tmp_path, dongle.port) as site:
        sdr = site.receiver("sdr")
        logs = []
        with site.subscribe(notice=logs.append), sdr.stream() as stream:
            assert stream.next(timeout_s=10) is not None
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            assert eventually(lambda: any("does not obey" in each.message for each in logs), 20)
            assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB: the pool's own
            assert seconds_to(sdr.stop) < 2  # it never ends by itself


def test_a_server_that_breaks_off_again_and_again_ends_nothing(tmp_path):
    chance = random.Random("breaking off")

    def break_off(connection):
        connection.sendall(chance.randbytes(chance.randrange(50_000)))

    with Dongle(speak=break_off) as dongle, opened(tmp_path, dongle.port) as site:
        sdr = site.receiver("sdr")
        with sdr.stream() as stream:
            assert eventually(lambda: stream.next(timeout_s=0.1) is None and dongle.clients > 3, 30)
            dongle.speak = dongle.stream
            count = Count()
            assert eventually(lambda: (block := stream.next(timeout_s=0.1)) is not None and count.take(block) is not None and count.samples > RATE // 2, 20)


# The server.

SERVED = """
site: {{name: Played, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}}
controllers:
  dongle: {{driver: rtl_tcp.server, file: "{file}", port: {port}{settings}}}
"""


@contextlib.contextmanager
def served(tmp_path, recording, settings=""):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = tmp_path / "served.yaml"
    file.write_text(SERVED.format(file=recording, port=port, settings=settings))
    with astro.Observatory.open(file, state_folder=tmp_path / "served") as site:
        yield site, port


@pytest.fixture
def aircraft(recordings, tmp_path):
    """Two megasamples a second of 1090 MHz by an RTL-SDR, eight bits."""
    link = tmp_path / "modes.cu8"
    link.symlink_to(recordings / "radio/rtlsdr_1090mhz/modes1.bin")
    return link


def counting(tmp_path, samples=2 * RATE):
    path = tmp_path / "count.cu8"
    path.write_bytes((np.arange(samples) & 0xFFFF).astype("<u2").tobytes())
    return path


def listen(port):
    client = socket.create_connection(("127.0.0.1", port), 20)
    assert hear(client, 12) == GREETING
    return client


def hear(client, size):
    heard = b""
    while len(heard) < size and (more := client.recv(size - len(heard))):
        heard += more
    return heard


def test_rtl_433_hears_the_recording_byte_for_byte(tmp_path, aircraft):
    with served(tmp_path, aircraft, ", sample_rate: 2 MHz") as (site, port):
        heard = tmp_path / "heard.cu8"
        asked = ["rtl_433", "-d", f"rtl_tcp:127.0.0.1:{port}", "-s", "2000000", "-f", "1090M", "-g", "40", "-n", "700000", "-R", "0", "-w", heard]
        subprocess.run(asked, capture_output=True, timeout=60, check=True, cwd=tmp_path)
        original = aircraft.read_bytes()
        bytes_heard = heard.read_bytes()
        assert len(bytes_heard) > len(original)  # it begins again
        assert bytes_heard == (original * 3)[: len(bytes_heard)]
        dongle = site.controller("dongle")
        assert eventually(lambda: dongle.point("asked_frequency").value == 1_090_000_000)
        assert dongle.point("asked_sample_rate").value == 2_000_000
        assert eventually(lambda: dongle.point("clients").value == 0)


def test_our_own_driver_hears_our_own_server_byte_for_byte(tmp_path, aircraft):
    with served(tmp_path, aircraft, ", sample_rate: 2 MHz") as (_, port), opened(tmp_path, port, rate="2 MHz") as site:
        with site.receiver("sdr").stream() as stream:
            heard = b""
            original = aircraft.read_bytes()
            while len(heard) < len(original):
                heard += np.asarray(stream.next(timeout_s=10).array()).tobytes()
        assert heard[: len(original)] == original


def test_an_observation_from_end_to_end(tmp_path, aircraft):
    """Played, sent, received, made into a spectrum: against numpy's of the recording."""
    with served(tmp_path, aircraft, ", sample_rate: 2 MHz") as (_, port), opened(tmp_path, port, rate="2 MHz") as site:
        spectrometer = astro.Spectrometer(channels=64, window="hann", remove_dc=False)
        spectrum = astro.integrate(site, "sdr", spectrometer, duration_s=1)
    pairs = np.frombuffer(aircraft.read_bytes(), np.uint8).astype(np.float32).reshape(-1, 2) - 127.5
    blocks = (pairs[:, 0] + 1j * pairs[:, 1])[: len(pairs) // 64 * 64].reshape(-1, 64)
    expected = np.fft.fftshift((np.abs(np.fft.fft(blocks * np.hanning(64))) ** 2).mean(0))
    power = np.asarray(spectrum.power)
    assert np.corrcoef(np.log(power), np.log(expected))[0, 1] > 0.99


def test_it_is_played_as_fast_as_it_was_recorded_and_ends(tmp_path):
    path = counting(tmp_path)
    with served(tmp_path, path, ", sample_rate: 250 kHz, repeat: false") as (_, port):
        with listen(port) as client:
            began = time.monotonic()
            heard = b"".join(iter(lambda: client.recv(1 << 16), b""))
            assert time.monotonic() - began > 1.9
        assert heard == path.read_bytes()


KINDS = {
    "cs8": (np.array([[-128, 0], [127, 1]], "i1"), [0, 128, 255, 129]),
    "cs16": (np.array([[-32768, 0], [32767, 256]], "<i2"), [0, 128, 255, 129]),
    "cf32": (np.array([[-1.0, 0.0], [1.5, np.nan]], "<f4"), [0, 128, 255, 128]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_other_kinds_of_samples_become_eight_bits(tmp_path, kind):
    samples, expected = KINDS[kind]
    path = tmp_path / f"few.{kind}"
    path.write_bytes(samples.tobytes())
    with served(tmp_path, path, ", sample_rate: 1 MHz, repeat: false") as (_, port), listen(port) as client:
        assert list(hear(client, 4)) == expected


def test_several_programs_hear_it_each_from_its_beginning(tmp_path):
    path = counting(tmp_path)
    with served(tmp_path, path, ", sample_rate: 250 kHz") as (site, port), listen(port) as first:
        assert hear(first, RATE) == path.read_bytes()[:RATE]
        with listen(port) as second:
            assert hear(second, RATE) == path.read_bytes()[:RATE]
            assert eventually(lambda: reading(site.controller("dongle"), "clients") == 2)


def test_a_program_that_does_not_read_costs_the_others_nothing(tmp_path):
    path = counting(tmp_path)
    with served(tmp_path, path, ", sample_rate: 20 MHz") as (site, port), listen(port):
        assert eventually(lambda: (reading(site.controller("dongle"), "dropped") or 0) > 0)
        with listen(port) as keen:
            assert hear(keen, RATE) == path.read_bytes()[:RATE]


def test_hostile_programs_cost_the_others_nothing(tmp_path):
    chance = random.Random("hostile programs")
    path = counting(tmp_path)
    with served(tmp_path, path, ", sample_rate: 250 kHz") as (site, port):
        for _ in range(30):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as each:
                each.sendall(chance.randbytes(chance.randrange(1, 5000)))
        assert eventually(lambda: site.controller("dongle").point("clients").value == 0)
        with listen(port) as flooding, listen(port) as client:
            flooding.setblocking(False)
            for _ in range(2000):
                with contextlib.suppress(OSError):
                    flooding.send(b"\x01" * 5000)
            assert hear(client, RATE) == path.read_bytes()[:RATE]


def test_a_recording_or_an_address_that_cannot_be_had_is_told(tmp_path):
    path = counting(tmp_path, samples=10)
    with pytest.raises(astro.Error, match="sample_rate"), served(tmp_path, path):
        pass
    with pytest.raises(astro.Error, match="no such file|not there|missing"), served(tmp_path, pathlib.Path("/nowhere.cu8"), ", sample_rate: 1 MHz"):
        pass
    with pytest.raises(astro.Error, match="listening at 192.0.2.1:"), served(tmp_path, path, ', sample_rate: 1 MHz, address: "192.0.2.1"'):
        pass
