# SPDX-License-Identifier: BSD-3-Clause
"""The drivers `indi` against the real indiserver with INDI's simulators, with indi_getprop and indi_setprop as the other
eye; and against servers that lie."""

import base64
import contextlib
import io
import random
import re
import subprocess
import time
import zlib

import numpy as np
import pytest
from astropy.io import fits
from hardware import Peer, eventually, opened, place, reading, state
from local_server import Server

import astro
from astro import degrees

HEAD = "site: {{name: Dome, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}}\n"
TELESCOPE = HEAD + 'mounts:\n  scope: {{driver: indi, host: 127.0.0.1, port: {port}, device: "Telescope Simulator"{more}}}\n'
CAMERA = HEAD + 'receivers:\n  camera: {{driver: indi, host: 127.0.0.1, port: {port}, device: "CCD Simulator", exposure: 0.1 s{more}}}\n'


def seen(port, prop):
    """As INDI's own client reads it."""
    asked = ["indi_getprop", "-p", str(port), "-t", "5", "-1", prop]
    return subprocess.run(asked, capture_output=True, text=True, timeout=15, check=True).stdout.strip()


def put(port, setting):
    subprocess.run(["indi_setprop", "-p", str(port), setting], timeout=15, check=True)


def axes(first, second):
    return astro.Axes(degrees(first), degrees(second))


@pytest.fixture(scope="module")
def indi(root):
    """One server for the tests that leave it as it was."""
    server = Server(root, "indi", ["telescope", "ccd", "focus", "wheel", "dome", "weather"])
    yield server
    server.remove()


# The telescope.


def test_a_telescope_goes_where_it_is_sent_stands_there_and_indi_sees_the_same(tmp_path, indi):
    with opened(tmp_path, TELESCOPE.format(port=indi.port, more="")) as site:
        scope = site.mount("scope")
        scope.move_to(axes(-20, 40))
        scope.wait_until_on_target(timeout_s=90)
        assert eventually(lambda: state(scope) == "stopped")
        assert place(scope) == pytest.approx((-20, 40), abs=0.06)
        assert seen(indi.port, "Telescope Simulator.TELESCOPE_TRACK_STATE.TRACK_OFF") == "On"
        began, before = time.monotonic(), float(seen(indi.port, "Telescope Simulator.EQUATORIAL_EOD_COORD.RA"))
        assert float(seen(indi.port, "Telescope Simulator.EQUATORIAL_EOD_COORD.DEC")) == pytest.approx(40, abs=0.06)
        time.sleep(3)
        after = float(seen(indi.port, "Telescope Simulator.EQUATORIAL_EOD_COORD.RA"))
        assert (after - before) * 3600 == pytest.approx(time.monotonic() - began, abs=2.5)  # the sky goes on: it stands
        assert place(scope) == pytest.approx((-20, 40), abs=0.06)


def test_it_follows_the_sky_by_itself(tmp_path, indi):
    with opened(tmp_path, TELESCOPE.format(port=indi.port, more="")) as site:
        scope = site.mount("scope")
        target = astro.sky.icrs(
            astro.HourAngleDec(degrees(-15), degrees(35)),
            site.location,
            astro.Time.now(),
        )
        scope.track(target)
        scope.wait_until_on_target(timeout_s=90)
        assert eventually(lambda: state(scope) == "tracking")
        before = float(seen(indi.port, "Telescope Simulator.EQUATORIAL_EOD_COORD.RA"))
        hour_angle = place(scope)[0]
        time.sleep(4)
        assert float(seen(indi.port, "Telescope Simulator.EQUATORIAL_EOD_COORD.RA")) == pytest.approx(before, abs=1e-3)
        assert eventually(lambda: place(scope)[0] > hour_angle + 0.01)
        assert scope.status().on_target
        scope.stop()
        assert eventually(lambda: state(scope) == "stopped")
        assert seen(indi.port, "Telescope Simulator.TELESCOPE_TRACK_STATE.TRACK_OFF") == "On"


def test_stop_ends_a_slew(tmp_path, indi):
    with opened(tmp_path, TELESCOPE.format(port=indi.port, more="")) as site:
        scope = site.mount("scope")
        start = place(scope)
        goal = 60 if start[0] < 0 else -60
        scope.move_to(axes(goal, 10))
        assert eventually(lambda: abs(place(scope)[0] - start[0]) > 1, 20)
        scope.stop()
        assert eventually(lambda: state(scope) == "stopped")
        there = place(scope)
        assert abs(there[0] - goal) > 3
        time.sleep(1.5)
        assert place(scope) == pytest.approx(there, abs=0.02)


def test_a_rate_is_held_and_dies_by_itself(tmp_path, indi):
    with opened(tmp_path, TELESCOPE.format(port=indi.port, more="")) as site:
        scope = site.mount("scope")
        scope.move_to(axes(-10, 20))
        scope.wait_until_on_target(timeout_s=120)
        before = place(scope)
        for _ in range(10):
            scope.move_rate(astro.AxisRates(degrees(0.3), degrees(0.2)), lifetime_s=1)
            time.sleep(0.5)
        assert eventually(lambda: state(scope) == "stopped")
        after = place(scope)
        assert 0.6 < after[0] - before[0] < 3
        assert 0.4 < after[1] - before[1] < 2
        time.sleep(1.5)
        assert place(scope) == pytest.approx(after, abs=0.02)


def test_it_parks_and_is_unparked_by_the_next_move(tmp_path, indi):
    with opened(tmp_path, TELESCOPE.format(port=indi.port, more="")) as site:
        scope = site.mount("scope")
        scope.park()
        assert eventually(lambda: state(scope) == "parked", 120)
        assert seen(indi.port, "Telescope Simulator.TELESCOPE_PARK.PARK") == "On"
        scope.move_to(axes(-60, 60))
        scope.wait_until_on_target(timeout_s=120)
        assert seen(indi.port, "Telescope Simulator.TELESCOPE_PARK.UNPARK") == "On"
        assert place(scope) == pytest.approx((-60, 60), abs=0.06)


def test_limits_hold(tmp_path, indi):
    more = ", limits: {hour_angle: [-60 deg, 60 deg], declination: [-20 deg, 80 deg]}"
    with opened(tmp_path, TELESCOPE.format(port=indi.port, more=more)) as site:
        with pytest.raises(astro.Error, match="hour_angle 70 deg is outside its limits"):
            site.mount("scope").move_to(axes(70, 0))


def test_a_server_that_goes_and_comes_back_is_survived_and_what_is_owed_is_paid(tmp_path, start_server):
    server = start_server("indi", "telescope")
    with opened(tmp_path, TELESCOPE.format(port=server.port, more="")) as site:
        scope = site.mount("scope")
        server.kill()
        assert eventually(lambda: state(scope) == "fault")
        scope.stop()  # nobody hears it, so that it is owed
        server.start()
        assert eventually(lambda: state(scope) == "stopped", 20)
        assert seen(server.port, "Telescope Simulator.CONNECTION.CONNECT") == "On"
        scope.move_to(axes(-80, 80))
        scope.wait_until_on_target(timeout_s=120)


def test_a_driver_that_dies_and_comes_back_is_survived(tmp_path, start_server):
    server = start_server("indi", "ccd")
    with opened(tmp_path, CAMERA.format(port=server.port, more="")) as site:
        camera = site.receiver("camera")
        with camera.stream() as frames:
            assert frames.next(timeout_s=30).array().shape[1:] == (1024, 1280)
            put(server.port, "CCD Simulator.CCD_SIMULATE_CRASH.CRASH=On")
            time.sleep(1)
            first = frames.next(timeout_s=40).first
            assert eventually(lambda: frames.next(timeout_s=40).first > first + 1, 60)


def test_a_sync_is_had_through_the_controller(tmp_path, start_server):
    server = start_server("indi", "telescope")
    text = TELESCOPE.replace("mounts:", "controllers:").format(port=server.port, more=", poll_every: 100 ms")
    with opened(tmp_path, text) as site:
        scope = site.controller("scope")
        scope.perform("telescope_track_state", to="track_on")
        assert eventually(lambda: reading(scope, "telescope_track_state_state") == "busy")  # as long as it tracks
        there = (reading(scope, "equatorial_eod_coord_ra") + 0.05) % 24
        scope.perform("on_coord_set", to="sync").wait_completed(20)
        scope.perform("equatorial_eod_coord", ra=there, dec=reading(scope, "equatorial_eod_coord_dec")).wait_completed(20)
        assert eventually(lambda: reading(scope, "equatorial_eod_coord_ra") == pytest.approx(there, abs=2e-3))
        scope.stop()


# The camera.


def frame_of(stream):
    block = stream.next(timeout_s=30)
    return np.asarray(block.array())[0], block


def test_frames_come_with_the_time_of_their_exposure(tmp_path, indi):
    with opened(tmp_path, CAMERA.format(port=indi.port, more="")) as site, site.receiver("camera").stream() as frames:
        frame, block = frame_of(frames)
        assert frame.shape == (1024, 1280) and frame.dtype == np.uint16
        assert block.time_is_exact
        assert abs(block.time - astro.Time.now()) < 30
        assert frame.std() > 0


def test_binning_window_exposure_and_gain_are_taken_and_seen_by_indi(tmp_path, indi):
    with opened(tmp_path, CAMERA.format(port=indi.port, more="")) as site:
        camera = site.receiver("camera")
        taken = camera.tune(options={"binning": 2, "x": 100, "y": 200, "width": 640, "height": 400, "gain": 20.0, "exposure": 0.05})
        assert taken.options["binning"] == 2 and taken.options["width"] == 640 and taken.options["exposure"] == 0.05
        assert seen(indi.port, "CCD Simulator.CCD_BINNING.HOR_BIN") == "2"
        assert seen(indi.port, "CCD Simulator.CCD_FRAME.X") == "100"
        assert seen(indi.port, "CCD Simulator.CCD_GAIN.GAIN") == "20"
        with camera.stream() as frames:
            assert frame_of(frames)[0].shape == (200, 320)
            camera.tune(options={"binning": 1})
            assert eventually(lambda: frame_of(frames)[0].shape == (400, 640), 30)
        with pytest.raises(astro.Error, match="has no option colour"):
            camera.tune(options={"colour": 1})
        with pytest.raises(astro.Error, match="reaches past the sensor"):
            camera.tune(options={"x": 1000, "width": 640})
        camera.tune(options={"x": 0, "y": 0, "width": 1280, "height": 1024})


def test_a_camera_that_comes_back_has_all_its_settings_also_one_that_stood_idle(tmp_path, start_server):
    server = start_server("indi", "ccd")

    def crash():
        put(server.port, "CCD Simulator.CCD_SIMULATE_CRASH.CRASH=On")
        time.sleep(1)

    def has_its_settings():
        with contextlib.suppress(subprocess.CalledProcessError):
            return [seen(server.port, f"CCD Simulator.{each}") for each in ("CCD_FRAME_TYPE.FRAME_DARK", "CCD_BINNING.HOR_BIN", "CCD_GAIN.GAIN")] == ["On", "2", "33"]

    with opened(tmp_path, CAMERA.format(port=server.port, more="")) as site:
        camera = site.receiver("camera")
        camera.tune(options={"frame": "dark", "binning": 2, "gain": 33.0})
        with camera.stream() as frames:
            assert frame_of(frames)[0].shape == (512, 640)
            crash()
            assert eventually(has_its_settings, 40)
        crash()
        assert eventually(has_its_settings, 40)
        with camera.stream() as frames:
            assert frame_of(frames)[0].shape == (512, 640)


def test_compressed_frames_are_the_same_kind_of_frame(tmp_path, indi):
    with opened(tmp_path, CAMERA.format(port=indi.port, more=", compress: true")) as site:
        with site.receiver("camera").stream() as frames:
            frame, _ = frame_of(frames)
            assert frame.shape == (1024, 1280) and frame.std() > 0
    assert seen(indi.port, "CCD Simulator.CCD_COMPRESSION.INDI_ENABLED") == "On"


# Every other device.

OTHERS = HEAD + (
    "controllers:\n"
    '  focuser: {{driver: indi, host: 127.0.0.1, port: {port}, device: "Focuser Simulator", poll_every: 100 ms}}\n'
    '  wheel: {{driver: indi, host: 127.0.0.1, port: {port}, device: "Filter Simulator", poll_every: 100 ms}}\n'
    '  dome: {{driver: indi, host: 127.0.0.1, port: {port}, device: "Dome Simulator", poll_every: 100 ms}}\n'
    '  weather: {{driver: indi, host: 127.0.0.1, port: {port}, device: "Weather Simulator", poll_every: 100 ms}}\n'
)


def test_focuser_wheel_dome_and_weather_are_points_and_commands(tmp_path, indi):
    with opened(tmp_path, OTHERS.format(port=indi.port)) as site:
        focuser, wheel, dome = (site.controller(name) for name in ("focuser", "wheel", "dome"))
        focuser.perform("abs_focus_position", focus_absolute_position=51000.0).wait_completed(60)
        assert eventually(lambda: reading(focuser, "abs_focus_position") == 51000)
        assert float(seen(indi.port, "Focuser Simulator.ABS_FOCUS_POSITION.FOCUS_ABSOLUTE_POSITION")) == 51000
        wheel.perform("filter_slot", filter_slot_value=3.0).wait_completed(60)
        assert eventually(lambda: reading(wheel, "filter_slot") == 3)
        dome.perform("abs_dome_position", dome_absolute_position=30.0).wait_completed(120)
        assert eventually(lambda: reading(dome, "abs_dome_position") == pytest.approx(30, abs=1))
        assert reading(dome, "abs_dome_position_state") in ("ok", "idle")
        weather = site.controller("weather")
        weather.perform("weather_control", wind=18.0).wait_completed(20)
        weather.perform("weather_refresh", to="refresh").wait_completed(20)
        assert eventually(lambda: reading(weather, "weather_parameters_weather_wind_speed") == 18, 30)
        assert reading(weather, "weather_status_weather_wind_speed") in ("ok", "busy")


def test_what_another_client_does_is_told(tmp_path, indi):
    with opened(tmp_path, OTHERS.format(port=indi.port)) as site:
        focuser = site.controller("focuser")
        put(indi.port, "Focuser Simulator.ABS_FOCUS_POSITION.FOCUS_ABSOLUTE_POSITION=49000")
        assert eventually(lambda: reading(focuser, "abs_focus_position") == 49000, 30)


def test_stop_ends_a_command_that_goes_on(tmp_path, indi):
    with opened(tmp_path, OTHERS.format(port=indi.port)) as site:
        dome = site.controller("dome")
        assert eventually(lambda: reading(dome, "abs_dome_position") is not None)
        here = reading(dome, "abs_dome_position")
        running = dome.perform("abs_dome_position", dome_absolute_position=(here + 170) % 360)
        assert eventually(lambda: reading(dome, "abs_dome_position_state") == "busy")
        dome.stop()
        with pytest.raises(astro.Error, match="stopped"):
            running.wait_completed(10)
        assert eventually(lambda: reading(dome, "abs_dome_position_state") != "busy")


def test_what_is_not_in_range_never_leaves(tmp_path, indi):
    with opened(tmp_path, OTHERS.format(port=indi.port)) as site:
        with pytest.raises(astro.Error, match="filter_slot_value"):
            site.controller("wheel").perform("filter_slot", filter_slot_value=99.0)
        with pytest.raises(astro.Error, match="did you mean filter_slot"):
            site.controller("wheel").perform("filter_slt")


# Observations end to end.


def test_the_telescope_points_and_the_camera_looks_and_what_it_sees_is_stored(tmp_path, indi):
    text = (
        TELESCOPE.format(port=indi.port, more="")
        + CAMERA.format(port=indi.port, more=", mount: scope")[len(HEAD) - 2 :]
        + "stores:\n  archive: {driver: sqlite, path: frames.db}\n"
    )
    with opened(tmp_path, text) as site:
        scope, camera, archive = (
            site.mount("scope"),
            site.receiver("camera"),
            site.store("archive"),
        )
        scope.track(astro.AltAz(azimuth=degrees(150), altitude=degrees(60)))
        scope.wait_until_on_target(timeout_s=120)
        kept = []
        with camera.stream() as frames:
            for _ in range(3):
                frame, block = frame_of(frames)
                file = io.BytesIO()
                fits.PrimaryHDU(frame).writeto(file)
                kept.append((archive.put_object(file.getvalue()), frame))
                assert block.settings.mount == "scope"
        for address, frame in kept:
            assert (fits.getdata(io.BytesIO(bytes(archive.get_object(address)))) == frame).all()


def test_the_telescope_points_and_a_radio_listens(tmp_path, indi):
    text = TELESCOPE.format(port=indi.port, more="") + (
        "receivers:\n  hydrogen: {driver: simulator, mount: scope, frequency: 1420.405751768 MHz, sample_rate: 2.4 MHz, gain: 40 dB}\n"
        "stores:\n  archive: {driver: sqlite, path: mixed.db}\n"
    )
    with opened(tmp_path, text) as site:
        request = astro.ObservationRequest(
            target="altaz 150 60",
            integration_time_s=1,
            calibration="none",
            channels=256,
        )
        done = astro.observe(site, request)
        kept = site.store("archive").find("integration", where={"observation_id": done.observation.id})
        assert kept and done.spectrum is not None


def test_the_site_of_the_examples_is_right(root):
    assert {device.name for device in astro.load_site(str(root / "examples/sites/telescope.yaml")).devices} >= {
        "scope",
        "camera",
        "focuser",
    }


# Servers that lie.


def define(kind, name, elements, device="Liar", more='perm="rw" rule="OneOfMany"'):
    inside = "".join(f'<def{kind} name="{key}"{extra}>{value}</def{kind}>' for key, value, extra in elements)
    return f'<def{kind}Vector device="{device}" name="{name}" state="Ok" {more}>{inside}</def{kind}Vector>'


def switches(name, **elements):
    return define(
        "Switch",
        name,
        [(key, "On" if on else "Off", "") for key, on in elements.items()],
    )


def numbers(name, **elements):
    return define(
        "Number",
        name,
        [(key, value, ' format="%g" min="0" max="0" step="0"') for key, value in elements.items()],
    )


CONNECTED = switches("CONNECTION", CONNECT=True, DISCONNECT=False)
SCOPE = CONNECTED + numbers("EQUATORIAL_EOD_COORD", RA=3.5, DEC=20) + switches("TELESCOPE_ABORT_MOTION", ABORT=False)
LIAR = HEAD + "mounts:\n  scope: {{driver: indi, host: 127.0.0.1, port: {port}, device: Liar, silence: 1 s}}\n"

WRONG = {
    "no XML": b"HTTP/1.1 400 Bad Request\r\n\r\n<html></oops>",
    "zeros": b"\0" * 1000,
    "crossed tags": b"<setNumberVector device='Liar' name='A'><oneNumber name='x'></setNumberVector></oneNumber>",
    "deep": b"<message device='Liar'>" + b"<a>" * 100,
    "entities": b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><message device='Liar' message='&a;'/>",
    "an endless attribute": b"<message device='Liar' message='" + b"x" * 300_000,
    "endless attributes": b"<message " + b" ".join(b"a%d='1'" % i for i in range(60_000)),
    "an endless comment": b"<!-- " + b"-x" * 200_000,
    "an endless text": b"<setTextVector device='Liar' name='T'><oneText name='t'>" + b"x" * 300_000,
    "endless names": b"".join(b"<new%d device='Liar'/>" % i for i in range(5000)),
    "a long name": b"<message device='" + b"x" * 3000 + b"'/><delProperty device='" + b"y" * 3000 + b"'/>",
    "too many elements": b"<setNumberVector device='Liar' name='A'>" + b"<oneNumber name='x'>1</oneNumber>" * 10_000,
    "too many properties": b"".join(b"<defTextVector device='Liar' name='p%d' state='Ok'></defTextVector>" % i for i in range(5000)),
    "more text than a property has": b"<setTextVector device='Liar' name='T'>"
    + b"".join(b"<oneText name='%d'>%s</oneText>" % (i, b"x" * 60_000) for i in range(200)),
    "properties full of text": b"".join(
        b"<defTextVector device='Liar' name='p%d' state='Ok'>%s</defTextVector>"
        % (i, b"".join(b"<defText name='%d'>%s</defText>" % (k, b"x" * 60_000) for k in range(50)))
        for i in range(30)
    ),
    "no number": b"<setNumberVector device='Liar' name='EQUATORIAL_EOD_COORD'><oneNumber name='RA'>east</oneNumber></setNumberVector>",
    "not a number": b"<setNumberVector device='Liar' name='EQUATORIAL_EOD_COORD'><oneNumber name='RA'>nan</oneNumber></setNumberVector>",
    "another kind": b"<setTextVector device='Liar' name='EQUATORIAL_EOD_COORD'><oneText name='RA'>1</oneText></setTextVector>",
    "no such state": b"<setNumberVector device='Liar' name='EQUATORIAL_EOD_COORD' state='Happy'/>",
    "no switch": b"<setSwitchVector device='Liar' name='CONNECTION'><oneSwitch name='CONNECT'>Maybe</oneSwitch></setSwitchVector>",
    "a blob of a petabyte": b"<setBLOBVector device='Liar' name='B'><oneBLOB name='B' size='1e15' format='.fits'>AAAA</oneBLOB></setBLOBVector>",
    "a blob that is larger than it says": b"<setBLOBVector device='Liar' name='B'><oneBLOB name='B' size='4' format='.fits'>"
    + b"AAAA" * 600_000,
    "blobs that are larger together": b"<setBLOBVector device='Liar' name='B'>"
    + (b"<oneBLOB name='B' size='900000' format='.fits'>" + b"AAAA" * 300_000 + b"</oneBLOB>") * 2,
    "broken base64": b"<setBLOBVector device='Liar' name='B'><oneBLOB name='B' size='4' format='.fits'>####</oneBLOB></setBLOBVector>",
}


@pytest.mark.parametrize("what", WRONG)
def test_what_a_server_says_wrongly_is_a_fault_with_a_reason_until_it_speaks_right(tmp_path, what):
    wrong = []

    def talk(connection):
        connection.recv(4096)
        connection.sendall(SCOPE.encode())
        while connection.recv(4096):  # commands, and what it is asked after a spell of silence
            connection.sendall(wrong[0] if wrong else CONNECTED.encode())

    with Peer(talk) as peer, opened(tmp_path, LIAR.format(port=peer.port)) as site:
        scope = site.mount("scope")
        assert state(scope) == "stopped"
        notices = []
        with site.subscribe(notice=notices.append):
            wrong.append(WRONG[what])
            with contextlib.suppress(astro.Error):
                scope.move_to(axes(0, 30))
            assert eventually(lambda: any(f'INDI device "Liar" at 127.0.0.1:{peer.port}' in each.message for each in notices))
        started = time.monotonic()
        scope.stop()
        assert time.monotonic() - started < 0.5
        wrong.clear()
        assert eventually(lambda: state(scope) == "stopped")


def test_a_server_that_drips_or_falls_silent_is_given_up(tmp_path):
    calm = []

    def talk(connection):
        connection.recv(4096)
        connection.sendall(SCOPE.encode())
        while not calm:
            connection.sendall(b"<" if not calm and not talk.begun else b"m")
            talk.begun = True
            time.sleep(0.1)
        while connection.recv(4096):
            connection.sendall(CONNECTED.encode())

    talk.begun = False
    with Peer(talk) as peer, opened(tmp_path, LIAR.format(port=peer.port)) as site:
        notices = []
        with site.subscribe(notice=notices.append):
            assert eventually(lambda: any("has said nothing whole for 1 s" in each.message for each in notices))
        calm.append(True)
        assert eventually(lambda: state(site.mount("scope")) == "stopped")


def test_garbage_of_any_kind_never_ends_the_process(tmp_path):
    chance = random.Random(test_garbage_of_any_kind_never_ends_the_process.__name__)
    wild = []

    def talk(connection):
        connection.recv(4096)
        right = bytearray(SCOPE.encode())
        if wild:
            for _ in range(chance.randrange(1, 4)):
                right[chance.randrange(len(right))] = chance.randrange(256)
            del right[chance.randrange(len(right)) :: chance.choice([1, 10_000])]
        connection.sendall(bytes(right))
        while not wild and connection.recv(4096):
            connection.sendall(CONNECTED.encode())

    with Peer(talk) as peer, opened(tmp_path, LIAR.format(port=peer.port)) as site:
        scope = site.mount("scope")
        wild.append(True)
        for _ in range(10):
            with contextlib.suppress(astro.Error):
                scope.move_to(axes(chance.uniform(-90, 90), chance.uniform(-60, 60)))
            scope.stop()
            time.sleep(0.3)
        wild.clear()
        assert eventually(lambda: state(scope) == "stopped", 20)


def camera_of(bits=16):
    return (
        CONNECTED
        + numbers("CCD_INFO", CCD_MAX_X=8, CCD_MAX_Y=4, CCD_BITSPERPIXEL=bits)
        + numbers("CCD_FRAME", X=0, Y=0, WIDTH=8, HEIGHT=4)
        + numbers("CCD_EXPOSURE", CCD_EXPOSURE_VALUE=1)
        + define("BLOB", "CCD1", [("CCD1", "", "")], more='perm="ro"')
    )


def fits_bytes(frame):
    file = io.BytesIO()
    fits.PrimaryHDU(frame).writeto(file)
    return file.getvalue()


def blob(content, size=None, form=".fits"):
    text = base64.encodebytes(content).decode()
    return (
        f'<setBLOBVector device="Liar" name="CCD1" state="Ok"><oneBLOB name="CCD1" size="{size or len(content)}" format="{form}">\n{text}'
        "</oneBLOB></setBLOBVector>"
    ).encode()


LIAR_CAMERA = (
    HEAD + "receivers:\n  camera: {{driver: indi, host: 127.0.0.1, port: {port}, device: Liar, exposure: 10 ms, largest_frame: 1 MiB}}\n"
)
PICTURE = np.arange(32, dtype=np.uint16).reshape(4, 8) + 65000


def serving(frames, bits=16):
    """A camera that answers each exposure with the next of these, and then with the last again."""
    left = list(frames)

    def talk(connection):
        connection.sendall(camera_of(bits).encode())
        heard = b""
        while more := connection.recv(65536):
            heard += more
            while found := re.search(rb"name=\"CCD_EXPOSURE\".*?</newNumberVector>", heard, re.DOTALL):
                heard = heard[found.end() :]
                connection.sendall(left.pop(0) if len(left) > 1 else left[0])
                time.sleep(0.01)

    return talk


@pytest.mark.parametrize("form", [".fits", ".fits.z", ".fits.fz"])
def test_frames_are_what_the_file_holds(tmp_path, form):
    plain = fits_bytes(PICTURE)
    content = plain
    if form == ".fits.z":
        content = zlib.compress(plain)
    if form == ".fits.fz":
        file = io.BytesIO()
        fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(PICTURE)]).writeto(file)
        content = file.getvalue()
    talk = serving([blob(content, len(plain) if form == ".fits.z" else None, form)])
    with (
        Peer(talk) as peer,
        opened(tmp_path, LIAR_CAMERA.format(port=peer.port)) as site,
        site.receiver("camera").stream() as frames,
    ):
        assert (frame_of(frames)[0] == PICTURE).all()


BROKEN = {
    "no FITS": blob(b"no FITS" * 1000),
    "a cut file": blob(fits_bytes(PICTURE)[:2000]),
    "a file without its pixels": blob(fits_bytes(PICTURE)[:2880]),
    "another size": blob(fits_bytes(PICTURE[:2])),
    "colour": blob(fits_bytes(np.stack([PICTURE] * 3))),
    "another format": blob(b"\xff\xd8 JPEG", form=".jpg"),
    "broken zlib": blob(b"no zlib", 4000, ".fits.z"),
    "a zlib bomb": blob(zlib.compress(bytes(50_000_000)), 1000, ".fits.z"),
    "a header of giants": blob(fits_bytes(PICTURE).replace(b"NAXIS1  =                    8", b"NAXIS1  =  900000000000000000")),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_frame_that_cannot_be_read_ends_the_stream_with_the_reason(tmp_path, what):
    with (
        Peer(serving([BROKEN[what]])) as peer,
        opened(tmp_path, LIAR_CAMERA.format(port=peer.port)) as site,
    ):
        with pytest.raises(astro.Error, match="the frame that came cannot be read"):
            with site.receiver("camera").stream() as frames:
                for _ in range(20):
                    frames.next(timeout_s=1)


def test_nobody_there_and_no_such_device_are_told_with_what_to_do(tmp_path, indi):
    with pytest.raises(
        astro.Error,
        match=r"connecting to 127.0.0.1:1: Connection refused; see that it is switched on",
    ):
        with opened(tmp_path, LIAR.format(port=1)):
            pass
    with pytest.raises(
        astro.Error,
        match="the server says nothing of such a device; `indi_getprop` lists",
    ):
        with opened(tmp_path, LIAR.format(port=indi.port)):
            pass
