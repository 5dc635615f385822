# SPDX-License-Identifier: BSD-3-Clause
"""The driver `stepper` on lines of the kernel, in the virtual machine. The steps are counted by the kernel, at the lines."""

import contextlib
import math
import os
import random
import time

import pytest
from lines import Chip, Follower, Record, eventually

import astro
from astro import degrees

STEPS = 20  # in a degree: 200 a turn of the motor, 36 turns for one of the axis
ACCELERATION = 8000.0  # steps/s^2
SITE = """
site: {name: Motors, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}
mounts:
  dish:
    driver: stepper
    emergency_stop: EMERGENCY
    enable: ENABLE
    switches_active_low: false
    switches_bias: down
    start: {first: 100 deg, second: 45 deg}
    park: {first: 100 deg, second: 45 deg}
    first:
      {step: "motors:0", direction: "motors:1", microsteps: 1, gear: 36, from: 0 deg, to: 450 deg, speed: 50 deg,
       acceleration: 400 deg, limit_low: "motors:6", limit_high: "motors:7"FIRST}
    second:
      {step: "motors:2", direction: "motors:3", reversed: true, microsteps: 1, gear: 36, from: 0 deg, to: 90 deg,
       speed: 50 deg, acceleration: 400 deg, jerk: 8000 degSECOND}
controllers:
  watch: {driver: stepper.watch, of: dish}
"""
FAULTS = []
STEP, ENABLE, EMERGENCY, LOW, HIGH, HOME, A, B = {"first": (0, 1), "second": (2, 3)}, 4, 5, 6, 7, 8, 9, 10


@pytest.fixture(scope="module")
def chip():
    return Chip("motors", 16, names=["", "", "", "", "ENABLE", "EMERGENCY"])


@contextlib.contextmanager
def opened(tmp_path, chip, first="", second="", site=SITE):
    for line in (EMERGENCY, LOW, HIGH, HOME, A, B):
        chip.pull(line, False)
    file = tmp_path / "site.yaml"
    file.write_text(site.replace("FIRST", first).replace("SECOND", second))
    with astro.Observatory.open(file, state_folder=tmp_path / "state") as observatory:
        FAULTS.clear()
        with observatory.subscribe(notice=lambda notice: FAULTS.append(notice.message)):
            yield observatory.mount("dish"), observatory


def told(what):
    return eventually(lambda: any(what in message for message in FAULTS))


def state(dish):
    return str(dish.status().state).rsplit(".", 1)[-1]


def place(dish):
    """In steps."""
    here = dish.status().axes
    return round(here.first.degrees * STEPS), round(here.second.degrees * STEPS)


def axes(first, second):
    return astro.Axes(degrees(first / STEPS), degrees(second / STEPS))


def stands_at(dish, first, second, at_most_s=60):
    return eventually(lambda: state(dish) == "stopped" and place(dish) == (first, second), at_most_s)


class Counter:
    """Counts the steps of both motors from the kernel's record, and those that come through the play of their gears."""

    def __init__(self, chip, first=2000, second=900, play=None):
        self.record = Record(chip, 8192)
        self.at = {"first": first, "second": second}
        self.dish = dict(self.at)
        self.play = play or {"first": 0, "second": 0}
        self.taken = {"first": 0, "second": 0}  # of the play, from below
        self.up = {}
        self.reached = {"first": [first, first], "second": [second, second]}
        self.steps = 0

    def count(self):
        """Since the last time; the motors stand."""
        changes = self.record.changes()
        self.record.clear()
        rises = {"first": [], "second": []}
        for change in changes:
            for axis, (step, direction) in STEP.items():
                if change.line == direction:
                    self.up[axis] = bool(change.value) != (axis == "second")  # which is reversed
                elif change.line == step and change.value:
                    way = 1 if self.up[axis] else -1
                    self.at[axis] += way
                    is_free = self.taken[axis] < self.play[axis] if way > 0 else self.taken[axis] > 0
                    (self.taken if is_free else self.dish)[axis] += way
                    low, high = self.reached[axis]
                    self.reached[axis] = [min(low, self.at[axis]), max(high, self.at[axis])]
                    self.steps += 1
                    rises[axis].append(change.time)
        return rises

    @property
    def place(self):
        return self.at["first"], self.at["second"]


def test_commanded_and_counted_steps_are_the_same(tmp_path, chip):
    """Every fourth move comes to its end, the others are sent elsewhere on the way."""
    moves = 10_000 if os.environ.get("ASTRO_LONG") == "1" else 1_000
    chance = random.Random("moves of the motors")
    with opened(tmp_path, chip) as (dish, site):
        counter = Counter(chip)
        assert chip.value(ENABLE) == 0  # low powers them
        for move in range(moves):
            target = chance.randrange(1950, 2050), chance.randrange(850, 950)
            dish.move_to(axes(*target))
            if move % 4 == 3:
                assert stands_at(dish, *target)
                if move % 100 == 99:
                    counter.count()
                    assert counter.place == target
            else:
                time.sleep(chance.uniform(0, 0.03))
        assert counter.place == place(dish)
        watch = site.controller("watch")
        assert eventually(lambda: watch.point("first_steps").value + watch.point("second_steps").value == counter.steps)
    print(f"{moves} moves, {counter.steps} steps, all counted")


def test_the_play_of_the_gears_is_taken_up_at_each_turn(tmp_path, chip):
    """Behind gears with play the dish stands still while the motor turns through it."""
    play = {"first": 10, "second": 4}  # steps: half a degree, and a fifth of one
    chance = random.Random("moves behind play")
    with opened(tmp_path, chip, first=", backlash: 0.5 deg", second=", backlash: 0.2 deg") as (dish, _):
        counter = Counter(chip, play=play)
        for target, made in [((2100, 950), 110 + 54), ((2140, 960), 40 + 10), ((2120, 940), 30 + 24), ((2130, 950), 20 + 14)]:
            before = counter.steps
            dish.move_to(axes(*target))
            assert stands_at(dish, *target)
            counter.count()
            assert counter.dish == {"first": target[0], "second": target[1]}
            assert counter.steps - before == made
        for move in range(100):
            target = chance.randrange(1950, 2050), chance.randrange(850, 950)
            dish.move_to(axes(*target))
            if move % 4 == 3:  # the others are sent elsewhere on the way
                assert stands_at(dish, *target)
                counter.count()
                assert counter.dish == {"first": target[0], "second": target[1]}
            else:
                time.sleep(chance.uniform(0, 0.1))


def check_ramp(times, speed, acceleration):
    """No step sooner than the acceleration from rest and the speed allow; from the other end the same, for braking.
    A step may be late for a quarter of the way to the next, so that from it the others are that much nearer; on an
    emulated processor one in twenty may be later. A speed that is two in a hundred too high shows in each window."""
    for way in (times, [-t for t in reversed(times)]):
        for k in range(1, len(way)):
            accelerated = math.sqrt(2 * (k + 0.5) / acceleration) - math.sqrt(1 / acceleration)
            slack = 0.3 * max(1 / speed, math.sqrt(1 / acceleration))
            assert way[k] - way[0] >= accelerated - slack
            assert way[k] - way[0] >= k / speed - slack
    windows = [last - first for first, last in zip(times, times[20:], strict=False)]
    short = [window for window in windows if window < 20 / speed - 0.3 / speed]
    assert len(short) <= len(windows) / 20


def test_ramps_keep_their_acceleration_at_a_thousand_steps_a_second(tmp_path, chip):
    with opened(tmp_path, chip) as (dish, site):
        counter = Counter(chip)
        for target in [(4000, 100), (3990, 101), (2000, 1700), (2000, 900)]:
            dish.move_to(axes(*target))
            assert stands_at(dish, *target, 60)
            rises = counter.count()
            assert counter.place == target
            for times in rises.values():
                if len(times) > 3:
                    check_ramp(times, 1000.0, ACCELERATION)
                    print(f"{len(times)} steps in {times[-1] - times[0]:.3f} s")
        watch = site.controller("watch")
        worst = watch.point("late_max").value
        print(f"late: {watch.point('late_rms').value:.0f} us (rms), {worst:.0f} us at most; real time: {watch.point('realtime').value}")
        assert watch.point("realtime").value is True
        assert worst > 0


def test_its_reach_is_never_passed_by_a_step(tmp_path, chip):
    narrow = SITE.replace("from: 0 deg, to: 450 deg", "from: 80 deg, to: 120 deg").replace("from: 0 deg, to: 90 deg", "from: 30 deg, to: 60 deg")
    with opened(tmp_path, chip, site=narrow) as (dish, _):
        counter = Counter(chip)
        for way, near in ((1, (2300, 1150)), (-1, (1700, 650))):
            dish.move_to(axes(*near))
            assert stands_at(dish, *near)
            for speed in (20, 20, 10, 10, 5, 5, 2, 2, 1, 1):
                with contextlib.suppress(astro.Error):  # the host sees the end coming, too
                    dish.move_rate(astro.AxisRates(degrees(speed * way), degrees(speed * way / 2)), lifetime_s=0.2)
                time.sleep(0.1)
            assert eventually(lambda: state(dish) == "stopped")
        counter.count()
        assert counter.place == place(dish)
        assert 1600 <= counter.reached["first"][0] and counter.reached["first"][1] <= 2400
        assert 600 <= counter.reached["second"][0] and counter.reached["second"][1] <= 1200
        assert max(counter.reached["first"][1] - 2300, counter.reached["second"][1] - 1150) > 0  # it went on towards the end
        with pytest.raises(astro.Error):
            dish.move_to(axes(2401, 900))


def test_a_rate_dies_by_itself(tmp_path, chip):
    with opened(tmp_path, chip) as (dish, _):
        counter = Counter(chip)
        dish.move_rate(astro.AxisRates(degrees(10), degrees(0)), lifetime_s=0.5)
        time.sleep(2)
        times = counter.count()["first"]
        assert times[-1] - times[0] == pytest.approx(0.5, abs=0.2)
        assert 40 <= len(times) <= 115  # a busy machine makes fewer, never more
        assert counter.place == place(dish)
    assert [change.value for change in counter.record.changes(ENABLE)][-1] == 1  # without power when it is closed


def test_no_step_follows_an_emergency_stop(tmp_path, chip):
    chance = random.Random("emergency stops")
    with opened(tmp_path, chip) as (dish, _):
        counter = Counter(chip)
        for _ in range(20):
            target = (8000, 1700) if counter.at["first"] < 4500 else (1000, 100)
            dish.move_to(axes(*target))
            time.sleep(chance.uniform(0.05, 0.5))
            chip.pull(EMERGENCY, True)
            pressed = time.monotonic()
            assert eventually(lambda: state(dish) == "fault")
            assert told("the emergency stop was pressed")
            time.sleep(0.05)
            rises = counter.count()
            assert sum(1 for times in rises.values() for t in times if t > pressed) <= 1  # the one in progress
            assert counter.place == place(dish)
            with pytest.raises(astro.Error, match="emergency stop is pressed"):
                dish.move_to(axes(*target))
            chip.pull(EMERGENCY, False)
            time.sleep(0.05)
            assert not [t for times in counter.count().values() for t in times]  # it does not go on by itself


def test_a_limit_switch_lets_no_step_pass(tmp_path, chip):
    with opened(tmp_path, chip) as (dish, _):
        counter = Counter(chip)
        for line, target, back in ((HIGH, 8000, -50), (LOW, 100, 50)):
            dish.move_to(axes(target, 900))
            time.sleep(0.5)
            chip.pull(line, True)
            closed = time.monotonic()
            assert eventually(lambda: state(dish) == "fault")
            assert told("limit switch of the first axis")
            assert sum(1 for t in counter.count()["first"] if t > closed) <= 1
            dish.move_to(axes(target, 900))  # further on: not a step
            assert eventually(lambda: state(dish) == "fault")
            assert counter.count()["first"] == []
            away = counter.at["first"] + back
            dish.move_to(axes(away, 900))
            assert stands_at(dish, away, 900)
            chip.pull(line, False)
            counter.count()
            assert counter.place == (away, 900)


def test_it_stops_within_its_ramp_and_goes_on_from_where_it_stands_next_time(tmp_path, chip):
    with opened(tmp_path, chip) as (dish, _):
        counter = Counter(chip)
        dish.move_to(axes(6000, 1500))
        time.sleep(1)
        dish.stop()
        asked = time.monotonic()
        assert eventually(lambda: state(dish) == "stopped")
        braking = [t for t in counter.count()["first"] if t > asked]
        assert len(braking) <= 1000.0**2 / (2 * ACCELERATION) + 2
        stood = place(dish)
        assert counter.place == stood
    with opened(tmp_path, chip) as (dish, _):
        assert place(dish) == stood
        dish.park()
        assert eventually(lambda: state(dish) == "parked", 60)
        counter.count()
        assert counter.place == (2000, 900)


def test_a_chip_that_is_gone_is_a_fault_and_the_mount_can_be_closed(tmp_path, chip):
    loose = Chip("loose", 5)
    site = SITE.replace('"motors:2"', '"loose:0"').replace('"motors:3"', '"loose:1"').replace("SECOND", ', limit_low: "loose:2"')
    with opened(tmp_path, chip, site=site) as (dish, _):
        loose.remove()
        assert eventually(lambda: state(dish) == "fault")
        assert told("reading the GPIO line loose:2")


def test_it_finds_its_reference(tmp_path, chip):
    edge = 1700  # where the switch closes, of what the counter calls 2000 at the start
    at = {"place": 2000, "up": False}

    def turn(change):
        if change.line == 1:
            at["up"] = bool(change.value)
        if change.line == 0 and change.value:
            at["place"] += 1 if at["up"] else -1
            chip.pull(HOME, at["place"] <= edge)

    home = ', home: "motors:8", home_at: 10 deg, home_speed: 5 deg'
    with opened(tmp_path, chip, first=home) as (dish, _), Follower(chip, turn):
        dish.home()
        assert eventually(lambda: state(dish) == "stopped" and place(dish)[0] == 200, 60)
        assert abs(at["place"] - edge) <= 1
        dish.move_to(axes(300, 900))
        assert stands_at(dish, 300, 900)
        assert eventually(lambda: abs(at["place"] - edge - 100) <= 1)


def test_a_stall_is_seen_by_the_encoder(tmp_path, chip):
    """An encoder of one edge a step; then the axis sticks and the motor turns on."""
    at = {"place": 0, "up": False, "sticks": False}

    def turn(change):
        if change.line == 1:
            at["up"] = bool(change.value)
        if change.line == 0 and change.value and not at["sticks"]:
            at["place"] += 1 if at["up"] else -1
            phase = at["place"] % 4
            chip.pull(A, phase in (1, 2))
            chip.pull(B, phase in (2, 3))

    encoder = ', encoder_a: "motors:9", encoder_b: "motors:10", encoder_counts: 7200, stall_tolerance: 2 deg'
    with opened(tmp_path, chip, first=encoder) as (dish, site), Follower(chip, turn):
        watch = site.controller("watch")
        for target in (2150, 1950, 2000):
            dish.move_rate(astro.AxisRates(degrees(5 if target > place(dish)[0] else -5), degrees(0)), lifetime_s=1.0)
            assert eventually(lambda: state(dish) == "stopped")
        assert eventually(lambda: abs(watch.point("first_encoder").value) < 0.06)
        at["sticks"] = True
        before = place(dish)[0]
        for _ in range(20):
            with contextlib.suppress(astro.Error):
                dish.move_rate(astro.AxisRates(degrees(5), degrees(0)), lifetime_s=1.0)
            if eventually(lambda: state(dish) == "fault", 0.3):
                break
        assert state(dish) == "fault"
        assert told("the first axis stalled")
        assert 39 <= place(dish)[0] - before <= 45  # 2 degrees, and a step or two until it is seen
