# SPDX-License-Identifier: BSD-3-Clause
"""The driver `soapy` through the real SoapySDR, with a radio of ours whose samples are their own numbers, so that
each gap can be counted (tests/plugins/soapy_device)."""

import contextlib
import os
import pathlib
import random
import re
import time

import numpy as np
import pytest
from hardware import seconds_to

import astro

SITE = """
site: {{name: Radio, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}}
receivers:
  sdr: {{driver: soapy, device: "{device}{more}", sample_rate: 1 MHz{settings}}}
"""
HERE = "driver=astrotest,folder={folder}"
THERE = "driver=remote,remote=tcp://127.0.0.1:{port},remote:driver=astrotest,remote:folder={folder}"
RATE = 1e6
BLOCK = 8192  # what the radio gives at once
LATE = 0.2  # seconds: a busy machine may be so late to hear one that was away; tests/plugins/gaps_test.cpp is exact


@pytest.fixture(autouse=True)
def module_of_the_radio(monkeypatch):
    folder = pathlib.Path(astro.__file__).parents[2] / "soapy"
    assert (folder / "astro_soapy_device.so").is_file(), "build the target astro_soapy_device"
    monkeypatch.setenv("SOAPY_SDR_PLUGIN_PATH", str(folder))


@contextlib.contextmanager
def opened(tmp_path, more="", settings="", device=HERE, port=0):
    folder = tmp_path / "radio"
    folder.mkdir(exist_ok=True)
    file = tmp_path / "site.yaml"
    file.write_text(SITE.format(device=device.format(folder=folder, port=port), more=more, settings=settings))
    with astro.Observatory.open(file, state_folder=tmp_path / "state") as site:
        yield site, folder


def ask(folder, what, number):
    """As one step, so that the radio never reads half a number."""
    (folder / f".{what}").write_text(f"{number}\n")
    os.rename(folder / f".{what}", folder / what)


def numbers(block):
    """Of the samples, modulo 2^30."""
    samples = np.asarray(block.array())
    if samples.dtype.kind == "c":
        low, high = np.rint(samples.real * 32768), np.rint(samples.imag * 32768)
    else:
        low, high = samples[..., 0], samples[..., 1]
    return low.astype(np.int64) + (high.astype(np.int64) << 15)


class Count:
    """Follows a stream: what the samples say against what the blocks say, also of a radio that was unplugged and counts
    from the beginning again."""

    def __init__(self, folder=None):
        self.folder = folder
        self.last = None
        self.starts = 1
        self.told = self.true = self.samples = 0
        self.misses = []  # of a gap: told minus true
        self.misses_away = []  # the same, of one in which it was unplugged

    def began_ns(self):
        """When its streams began."""
        lines = (self.folder / "log").read_text().splitlines() if self.folder else []
        return [int(line.split()[1]) for line in lines if line.startswith("began ")]

    def take(self, block):
        values = numbers(block)
        assert (np.diff(values) == 1).all(), "a gap inside a block"
        if self.last is not None:
            gap = int(values[0] - self.last - 1)
            misses = self.misses
            if len(began := self.began_ns()) > self.starts and gap < 0:
                gap += round((began[-1] - began[self.starts - 1]) * 1e-9 * RATE)
                self.starts = len(began)
                misses = self.misses_away
            assert gap >= 0
            if gap or block.lost:
                misses.append(block.lost - gap)
            self.true += gap
            self.told += block.lost
        self.last = int(values[-1])
        self.samples += len(values)


def follow(stream, count, seconds, samples=0):
    """For so long, and until there are so many samples."""
    end = time.monotonic() + seconds
    while count.samples < samples and time.monotonic() < end + 60:
        if (block := stream.next(timeout_s=0.2)) is not None:
            count.take(block)
    while time.monotonic() < end:
        if (block := stream.next(timeout_s=0.2)) is not None:
            count.take(block)


def test_what_it_can_do_is_asked_of_the_hardware(tmp_path):
    with opened(tmp_path, settings=", gain: 33 dB, antenna: LNA, bias_tee: true") as (site, folder):
        sdr = site.receiver("sdr")
        can = sdr.description
        assert can.lowest.megahertz == 24
        assert can.antennas == ["RX", "LNA"]
        assert [field.name for field in can.options] == ["gain_lna", "gain_vga"]
        taken = sdr.settings.tuning
        assert (taken.gain_db, taken.antenna) == (33, "LNA")
        assert taken.sample_rate.megahertz == 1
        assert (folder / "setting_biastee").read_text() == "true"


def test_tuning_says_what_the_hardware_took(tmp_path):
    with opened(tmp_path) as (site, _):
        sdr = site.receiver("sdr")
        taken = sdr.tune(astro.Tuning(frequency=astro.megahertz(1420.4), options={"gain_lna": 12.0, "gain_vga": 3.0}))
        assert taken.frequency.megahertz == pytest.approx(1420.4)
        assert taken.options == {"gain_lna": 12.0, "gain_vga": 3.0}
        assert taken.gain_db == 15
        with pytest.raises(astro.Error, match="1766"):
            sdr.tune(astro.Tuning(frequency=astro.gigahertz(2)))
        with pytest.raises(astro.Error, match="gain_lna"):
            sdr.tune(astro.Tuning(options={"gain_lna": 99.0}))


def test_without_a_gain_it_is_automatic_also_when_it_comes_back(tmp_path):
    with opened(tmp_path) as (site, folder):
        sdr = site.receiver("sdr")
        assert sdr.settings.tuning.gain_db is None
        count = Count(folder)
        stream = sdr.stream()
        follow(stream, count, 0.3)
        ask(folder, "vanish", 1)
        follow(stream, count, 0.3)
        (folder / "vanish").unlink()
        follow(stream, count, 0.3, samples=count.samples + RATE // 10)
        assert sdr.tune(astro.Tuning()).gain_db is None
        assert sdr.tune(astro.Tuning(gain_db=20)).gain_db == 20


@pytest.mark.parametrize("form, dtype", [("native", "ci16"), ("cf32", "cf32")])
def test_samples_come_whole_and_in_order(tmp_path, form, dtype):
    with opened(tmp_path, settings=f", format: {form}") as (site, _):
        count = Count()
        stream = site.receiver("sdr").stream()
        follow(stream, count, 1.0, samples=RATE)
        assert str(site.receiver("sdr").settings.dtype).endswith(dtype)
        assert (count.true, count.told) == (0, 0)


def test_a_format_that_it_has_not_is_refused_with_those_that_it_has(tmp_path):
    with pytest.raises(astro.Error, match="CS16, CF32"), opened(tmp_path, settings=", format: cu8"):
        pass


def test_stamped_samples_lose_nothing_uncounted(tmp_path):
    chance = random.Random("stamped")
    with opened(tmp_path) as (site, folder):
        count = Count()
        stream = site.receiver("sdr").stream()
        follow(stream, count, 0.3)
        for what in ("lose", "lose_untold", "stall", "lose"):
            ask(folder, what, chance.randrange(50, 200) if what == "stall" else chance.randrange(100, 200_000))
            follow(stream, count, 0.6)
        assert len(count.misses) == 4
        assert count.misses == [0, 0, 0, 0]
        assert count.true > 0


@pytest.mark.parametrize("told_as", ["lose", "lose_broken"])
def test_without_stamps_what_is_told_to_be_lost_is_counted_by_the_clock(tmp_path, told_as):
    with opened(tmp_path, more=",stamps=no") as (site, folder):
        count = Count()
        stream = site.receiver("sdr").stream()
        follow(stream, count, 1.0)
        for lost in (100_000, 30_000, 250_000):
            ask(folder, told_as, lost)
            follow(stream, count, 1.0)
        assert len(count.misses) == 3
        assert max(map(abs, count.misses)) < 25_000, count.misses  # less than the smallest; gaps_test.cpp is exact


@pytest.mark.parametrize("stamps", ["yes", "no"])
@pytest.mark.parametrize("what", ["stall_untold", "late"])
def test_what_a_time_out_lost_is_counted_and_what_was_only_late_is_not(tmp_path, what, stamps):
    """Without stamps that is judged by when samples come, for some seconds."""
    told = []
    with opened(tmp_path, more=f",stamps={stamps}") as (site, folder), site.subscribe(notice=told.append):
        count = Count()
        stream = site.receiver("sdr").stream()
        follow(stream, count, 3.5)
        ask(folder, what, 600)
        follow(stream, count, 6.0)
    # A busy machine may lose some of what was only late.
    assert count.true > 0.5 * RATE if what == "stall_untold" else count.true < 0.3 * RATE
    is_exact = stamps == "yes" or count.true == 0
    assert abs(count.told - count.true) <= (0 if is_exact else 2 * BLOCK)
    assert any(re.search(r"0 overflows, 1 time-outs, in which nothing came for [6-9]\d\d ms", notice.message) for notice in told)


def test_one_that_is_unplugged_comes_back_and_the_time_is_counted(tmp_path):
    with opened(tmp_path) as (site, folder):
        count = Count(folder)
        stream = site.receiver("sdr").stream()
        follow(stream, count, 0.5)
        first = count.samples
        ask(folder, "vanish", 1)
        follow(stream, count, 1.5)
        with pytest.raises(astro.Error, match="the SDR is away"):
            site.receiver("sdr").tune(astro.Tuning(frequency=astro.megahertz(1419)))
        (folder / "vanish").unlink()
        follow(stream, count, 0.5, samples=first + 0.3 * RATE)
        assert len(count.misses_away) == 1 and count.true > 1.4 * RATE
        assert abs(count.misses_away[0]) < LATE * RATE


def test_nothing_plugged_in_is_told_with_what_there_is(tmp_path):
    file = tmp_path / "site.yaml"
    file.write_text(SITE.format(device="driver=rtlsdr", more="", settings=""))
    with pytest.raises(astro.Error, match=r'opening the SDR "driver=rtlsdr.*there is "driver=astrotest'):
        astro.Observatory.open(file, state_folder=tmp_path / "state")


def test_it_can_be_stopped_and_started_again(tmp_path):
    with opened(tmp_path) as (site, _):
        sdr = site.receiver("sdr")
        took = []
        for _ in range(3):
            count = Count()
            stream = sdr.stream()
            follow(stream, count, 0.3)
            took.append(seconds_to(sdr.stop))
            assert count.samples > 0
            del stream
        assert min(took) < 0.05  # on a busy machine any one may be scheduled late


@pytest.mark.parametrize("way", ["udp", "tcp"])
def test_the_radio_of_another_machine(tmp_path, start_server, way):
    """Behind SoapyRemote's server, found by its address."""
    server = start_server("soapy_remote")
    with opened(tmp_path, settings=f', stream: "remote:prot={way}"', device=THERE, port=server.port) as (site, folder):
        sdr = site.receiver("sdr")
        assert [field.name for field in sdr.description.options] == ["gain_lna", "gain_vga"]
        count = Count()
        stream = sdr.stream()
        follow(stream, count, 0.5, samples=0.3 * RATE)
        for what, number in (("lose", 100_000), ("lose_untold", 30_000), ("stall", 150)):
            ask(folder, what, number)
            follow(stream, count, 0.6)
        assert count.misses == [0, 0, 0]
        assert count.true > 130_000


def test_another_machine_that_dies_and_comes_back(tmp_path, start_server):
    server = start_server("soapy_remote")
    with opened(tmp_path, settings=', stream: "remote:prot=tcp"', device=THERE, port=server.port) as (site, folder):
        count = Count(folder)
        stream = site.receiver("sdr").stream()
        follow(stream, count, 0.5, samples=0.3 * RATE)
        server.kill()
        follow(stream, count, 1.0)
        first = count.samples
        server.start()
        follow(stream, count, 0.5, samples=first + 0.3 * RATE)
        assert len(count.misses_away) == 1 and count.true > RATE
        assert abs(count.misses_away[0]) < LATE * RATE


@pytest.mark.long
def test_an_hour_of_faults(tmp_path):
    faults(tmp_path, 3600)


def test_faults_at_random_moments(tmp_path):
    faults(tmp_path, 12)


def faults(tmp_path, seconds):
    chance = random.Random("faults of an SDR")
    with opened(tmp_path) as (site, folder):
        count = Count(folder)
        stream = site.receiver("sdr").stream()
        follow(stream, count, 0.5)
        end = time.monotonic() + seconds
        asked = unplugged = 0
        while time.monotonic() < end:
            what = chance.choice(["lose", "lose_untold", "stall", "vanish"])
            ask(folder, what, chance.randrange(20, 300) if what == "stall" else chance.randrange(1, 300_000))
            follow(stream, count, chance.uniform(0.4, 0.9))
            if what == "vanish":
                unplugged += 1
                (folder / "vanish").unlink()
                follow(stream, count, 0.5, samples=count.samples + 0.3 * RATE)
            else:
                asked += 1
        print(f"{asked} faults, {unplugged} times unplugged, {count.samples} samples came, {count.true} were lost, {count.told} told")
        assert len(count.misses_away) == unplugged > 0
        assert all(abs(miss) < LATE * RATE for miss in count.misses_away)
        assert count.told - count.true == sum(count.misses_away)
        assert len(count.misses) >= 0.9 * asked  # two that fall together are one gap
        assert not any(count.misses)
