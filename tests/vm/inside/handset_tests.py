# SPDX-License-Identifier: BSD-3-Clause
"""The driver `handset` with a gamepad and lines of the kernel, in the virtual machine."""

import contextlib
import os
import pathlib
import signal
import time

import pytest
from lines import Chip, eventually
from uinput import EAST, LEFT_SHOULDER, RIGHT_SHOULDER, SOUTH, START, Gamepad

import astro
from astro import degrees

SITE = """
site: {name: Pedestal, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}
mounts:
  dish: {driver: simulator, max_speed: 10 deg, acceleration: 100 deg}
controllers:
  pedestal: {driver: handset, steers: dish, gamepad: Test Pad, speeds: [0.5 deg, 2 deg, 8 deg], keeps: 2 s, lifetime: 1 s}
"""
LINES = """
site: {name: Pedestal, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}
mounts:
  dish: {driver: simulator, max_speed: 10 deg, acceleration: 100 deg}
controllers:
  pedestal:
    driver: handset
    steers: dish
    speeds: [2 deg]
    lifetime: 1 s
    buttons:
      - {line: "pedestal:0", does: up}
      - {line: "pedestal:1", does: left}
      - {line: "pedestal:2", does: stop}
      - {line: "pedestal:3", does: give_back}
"""


@contextlib.contextmanager
def opened(tmp_path, site=SITE):
    file = tmp_path / "site.yaml"
    file.write_text(site)
    with astro.Observatory.open(file, state_folder=tmp_path / "state") as observatory:
        observatory.mount("dish").move_to(astro.Axes(degrees(180), degrees(45)))
        assert eventually(lambda: state(observatory.mount("dish")) == "stopped")
        yield observatory, observatory.mount("dish"), observatory.controller("pedestal")


@pytest.fixture
def pad():
    made = Gamepad()
    yield made
    with contextlib.suppress(OSError):
        made.vanish()


def state(dish):
    return str(dish.status().state).rsplit(".", 1)[-1]


def first(dish):
    return dish.status().axes.first.degrees


def second(dish):
    return dish.status().axes.second.degrees


def speed(dish, where=first):
    begin, time_begin = where(dish), time.monotonic()
    time.sleep(1)
    return (where(dish) - begin) / (time.monotonic() - time_begin)


def moves(dish):
    return eventually(lambda: state(dish) == "moving")


def stands(dish):
    return eventually(lambda: state(dish) == "stopped")


def test_the_stick_moves_the_mount_while_the_button_is_held(tmp_path, pad):
    with opened(tmp_path) as (_, dish, pedestal):
        pad.stick(1.0, 0.0)
        time.sleep(0.5)
        assert state(dish) == "stopped"  # the dead man's button is not held
        pad.stick(0.0, 0.0)
        pad.press(SOUTH)
        pad.stick(1.0, 0.0)
        assert moves(dish)
        assert eventually(lambda: pedestal.point("steering").value is True)
        assert speed(dish) == pytest.approx(0.5, rel=0.3)
        pad.tap(RIGHT_SHOULDER)
        time.sleep(0.5)
        assert speed(dish) == pytest.approx(2.0, rel=0.3)
        assert pedestal.point("speed_step").value == 2
        pad.stick(0.0, -1.0)
        time.sleep(0.5)
        assert speed(dish, second) == pytest.approx(-2.0, rel=0.3)
        pad.tap(LEFT_SHOULDER)
        pad.press(SOUTH, False)
        assert stands(dish)
        assert eventually(lambda: pedestal.point("steering").value is False)
        there = first(dish), second(dish)
        time.sleep(1)
        assert (first(dish), second(dish)) == there


def test_a_gamepad_that_vanishes_stops_the_mount_and_may_come_back(tmp_path, pad):
    with opened(tmp_path) as (_, dish, pedestal):
        pad.press(SOUTH)
        pad.stick(-1.0, 0.0)
        assert moves(dish)
        pad.vanish()
        assert stands(dish)
        assert eventually(lambda: pedestal.point("connected").value is False)
        again = Gamepad()
        try:
            assert eventually(lambda: pedestal.point("connected").value is True)
            again.press(SOUTH)
            again.stick(1.0, 0.0)
            assert moves(dish)
        finally:
            again.vanish()
        assert stands(dish)


def test_a_handset_whose_process_stalls_moves_nothing_for_long(tmp_path, pad):
    with opened(tmp_path, SITE.replace("driver: handset", "driver: handset, runs: apart")) as (_, dish, _):
        pad.press(SOUTH)
        pad.stick(1.0, 0.0)
        assert moves(dish)
        drivers = [p for p in pathlib.Path("/proc").glob("[0-9]*/cmdline") if b"astro-driver" in p.read_bytes()]
        assert len(drivers) == 1
        process = int(drivers[0].parent.name)
        os.kill(process, signal.SIGSTOP)
        try:
            assert stands(dish)
            there = first(dish)
            time.sleep(0.5)
            assert first(dish) == there
        finally:
            os.kill(process, signal.SIGCONT)


def test_it_has_authority_over_everyone_and_gives_it_back(tmp_path, pad):
    with opened(tmp_path) as (site, dish, pedestal):
        anna = site.mount("dish", astro.Issuer(name="anna", rank="operator"))
        anna.take(600)
        anna.track(astro.AltAz(altitude=degrees(50), azimuth=degrees(200)))
        pad.press(SOUTH)
        pad.stick(1.0, 0.0)
        assert eventually(lambda: dish.holder is not None and dish.holder[0].name == "pedestal")
        assert eventually(lambda: pedestal.point("control").value is True)
        with pytest.raises(astro.Error, match="held by handset pedestal"):
            anna.move_to(astro.Axes(degrees(10), degrees(50)))
        pad.press(SOUTH, False)
        pad.stick(0.0, 0.0)
        assert stands(dish)
        pad.tap(START)
        assert eventually(lambda: dish.holder is None)
        anna.move_to(astro.Axes(degrees(180), degrees(50)))
        assert eventually(lambda: state(dish) == "stopped" and second(dish) == pytest.approx(50, abs=0.1))

        pad.press(SOUTH)
        pad.stick(1.0, 0.0)
        assert eventually(lambda: dish.holder is not None)
        pad.press(SOUTH, False)
        pad.stick(0.0, 0.0)
        assert eventually(lambda: dish.holder is None)  # after 2 s without steering


def test_its_stop_button_stops_what_others_began(tmp_path, pad):
    with opened(tmp_path) as (_, dish, _):
        dish.move_to(astro.Axes(degrees(300), degrees(20)))
        assert moves(dish)
        pad.tap(EAST)
        assert stands(dish)
        assert first(dish) < 290


def test_what_the_mount_refuses_is_told(tmp_path, pad):
    with opened(tmp_path, SITE.replace("acceleration: 100 deg", "acceleration: 100 deg, limits: {azimuth: [180 deg, 181 deg], altitude: [40 deg, 50 deg]}")) as (_, dish, pedestal):
        pad.press(SOUTH)
        pad.tap(RIGHT_SHOULDER)
        pad.tap(RIGHT_SHOULDER)
        pad.stick(-1.0, 0.0)
        assert eventually(lambda: "limits" in (pedestal.point("refused").value or ""))
        assert stands(dish)


def test_buttons_on_lines(tmp_path):
    chip = Chip("pedestal", 4)
    for line in range(4):
        chip.pull(line, True)
    with opened(tmp_path, LINES) as (_, dish, pedestal):
        chip.pull(0, False)
        assert moves(dish)
        assert speed(dish, second) == pytest.approx(2.0, rel=0.3)
        chip.pull(1, False)
        time.sleep(0.5)
        assert speed(dish) == pytest.approx(-2.0, rel=0.3)
        chip.pull(2, False)
        assert stands(dish)  # until all were let go
        chip.pull(2, True)
        time.sleep(0.5)
        assert state(dish) == "stopped"
        for line in (0, 1):
            chip.pull(line, True)
        assert eventually(lambda: pedestal.point("control").value is True)
        chip.pull(3, False)
        assert eventually(lambda: pedestal.point("control").value is False)
        assert eventually(lambda: dish.holder is None)


def test_a_gamepad_that_is_not_there_is_told_with_those_that_are(tmp_path, pad):
    with pytest.raises(astro.Error, match=r'looking for the gamepad "Other Pad": there is .*\(Test Pad\)'):
        with opened(tmp_path, SITE.replace("gamepad: Test Pad", "gamepad: Other Pad")):
            pass
