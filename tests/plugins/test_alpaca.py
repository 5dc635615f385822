# SPDX-License-Identifier: BSD-3-Clause
"""The drivers `alpaca` against the simulators of alpaca-simulators, with ASCOM's own client alpyca as the other eye; and
against servers that lie."""

import contextlib
import io
import json
import random
import socket
import struct
import threading
import time

import alpaca.camera
import alpaca.dome
import alpaca.exceptions
import alpaca.focuser
import alpaca.switch
import alpaca.telescope
import numpy as np
import pytest
from astropy.io import fits
from hardware import Peer, eventually, opened, place, reading, state
from local_server import Server

import astro
from astro import degrees

HEAD = "site: {{name: Dome, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}}\n"
TELESCOPE = HEAD + "mounts:\n  scope: {{driver: {driver}, address: 127.0.0.1, port: {port}, accuracy: 0.2 deg{more}}}\n"
CAMERA = HEAD + "receivers:\n  camera: {{driver: alpaca, address: 127.0.0.1, port: {port}, exposure: 0.1 s{more}}}\n"


PATIENT = ", timeout: 10 s"  # with simulators in Python on a busy machine


def axes(first, second):
    return astro.Axes(degrees(first), degrees(second))


@pytest.fixture(scope="module")
def server(root):
    """One for the tests that do it no harm."""
    made = Server(root, "alpaca")
    yield made
    made.remove()


@pytest.fixture
def eye(server):
    """The telescope as ASCOM's client sees it."""
    return alpaca.telescope.Telescope(f"127.0.0.1:{server.port}", 0)


# The telescope.


def test_a_telescope_goes_where_it_is_sent_stands_there_and_ascom_sees_the_same(tmp_path, server, eye):
    with opened(tmp_path, TELESCOPE.format(driver="alpaca", port=server.port, more=PATIENT)) as site:
        scope = site.mount("scope")
        scope.move_to(axes(-20, 40))
        scope.wait_until_on_target(timeout_s=90)
        assert eventually(lambda: state(scope) == "stopped")
        assert place(scope) == pytest.approx((-20, 40), abs=0.25)
        assert not eye.Tracking and eye.Declination == pytest.approx(40, abs=0.25)
        began, before = time.monotonic(), eye.RightAscension
        time.sleep(3)
        after = eye.RightAscension
        assert (after - before) * 3600 == pytest.approx(time.monotonic() - began, abs=2)  # the sky goes on: it stands


def test_it_follows_the_sky_by_itself(tmp_path, server, eye):
    with opened(tmp_path, TELESCOPE.format(driver="alpaca", port=server.port, more=PATIENT)) as site:
        scope = site.mount("scope")
        target = astro.sky.icrs(
            astro.HourAngleDec(degrees(-15), degrees(35)),
            site.location,
            astro.Time.now(),
        )
        scope.track(target)
        scope.wait_until_on_target(timeout_s=90)
        assert eventually(lambda: state(scope) == "tracking")
        before = eye.RightAscension
        hour_angle = place(scope)[0]
        time.sleep(4)
        assert eye.Tracking and eye.RightAscension == pytest.approx(before, abs=1e-3)
        assert eventually(lambda: place(scope)[0] > hour_angle + 0.01)
        scope.stop()
        assert eventually(lambda: state(scope) == "stopped")
        assert not eye.Tracking


def test_by_azimuth_and_altitude(tmp_path, server, eye):
    with opened(
        tmp_path,
        TELESCOPE.format(driver="alpaca.altaz", port=server.port, more=PATIENT),
    ) as site:
        scope = site.mount("scope")
        scope.slew_to(astro.AltAz(azimuth=degrees(140), altitude=degrees(50)))
        scope.wait_until_on_target(timeout_s=90)
        assert (eye.Azimuth, eye.Altitude) == pytest.approx((140, 50), abs=0.3)


def test_stop_ends_a_slew(tmp_path, server, eye):
    with opened(tmp_path, TELESCOPE.format(driver="alpaca", port=server.port, more=PATIENT)) as site:
        scope = site.mount("scope")
        goal = 90 if place(scope)[0] < 0 else -90
        scope.move_to(axes(goal, 10))
        assert eventually(lambda: eye.Slewing and state(scope) == "moving")
        scope.stop()
        assert eventually(lambda: state(scope) == "stopped")
        there = place(scope)
        assert abs(there[0] - goal) > 2
        time.sleep(1)
        assert place(scope) == pytest.approx(there, abs=0.05)


def test_a_rate_is_held_and_dies_by_itself(tmp_path, server, eye):
    with opened(tmp_path, TELESCOPE.format(driver="alpaca", port=server.port, more=PATIENT)) as site:
        scope = site.mount("scope")
        scope.move_to(axes(-10, 20))
        scope.wait_until_on_target(timeout_s=90)
        before = place(scope)
        for _ in range(6):
            scope.move_rate(astro.AxisRates(degrees(1), degrees(0.5)), lifetime_s=1)
            time.sleep(0.4)
        assert eventually(lambda: state(scope) == "stopped" and not eye.Slewing)
        after = place(scope)
        assert 1.5 < after[0] - before[0] < 9 and 0.7 < after[1] - before[1] < 5
        with pytest.raises(astro.Error, match="limit|rate|fast"):
            scope.move_rate(astro.AxisRates(degrees(400), degrees(0)), lifetime_s=1)


def test_it_parks_is_unparked_by_the_next_move_and_finds_home(tmp_path, server, eye):
    with opened(tmp_path, TELESCOPE.format(driver="alpaca", port=server.port, more=PATIENT)) as site:
        scope = site.mount("scope")
        scope.park()
        assert eventually(lambda: state(scope) == "parked", 60)
        assert eye.AtPark
        scope.move_to(axes(-60, 60))
        scope.wait_until_on_target(timeout_s=90)
        assert not eye.AtPark
        scope.home()
        assert eventually(lambda: eye.AtHome)


def test_a_server_that_goes_and_comes_back_is_survived_and_what_is_owed_is_paid(tmp_path, start_server):
    server = start_server("alpaca")
    with opened(tmp_path, TELESCOPE.format(driver="alpaca", port=server.port, more=PATIENT)) as site:
        scope = site.mount("scope")
        server.kill()
        assert eventually(lambda: state(scope) == "fault")
        scope.stop()  # nobody hears it, so that it is owed
        server.start()
        assert eventually(lambda: state(scope) != "fault", 20)
        scope.move_to(axes(-30, 50))
        scope.wait_until_on_target(timeout_s=90)


def test_discovery_finds_the_server_that_has_the_device(tmp_path, server):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as answering:
        answering.bind(("0.0.0.0", 0))
        answering.settimeout(20)
        asked = []

        def answer():
            with contextlib.suppress(OSError):
                while True:
                    question, who = answering.recvfrom(1000)
                    asked.append(question)
                    for said in (
                        b"nonsense",
                        b'{"AlpacaPort": 70000}',
                        b'{"AlpacaPort": 1}',
                        b'{"AlpacaPort": %d}' % server.port,
                    ):
                        answering.sendto(said, who)

        threading.Thread(target=answer, daemon=True).start()
        more = f"driver: alpaca, type: focuser, discovery_port: {answering.getsockname()[1]}{PATIENT}"
        with opened(tmp_path, HEAD.format() + "controllers: {focuser: {" + more + "}}\n") as site:
            assert eventually(lambda: reading(site.controller("focuser"), "position") is not None)
    assert asked[0] == b"alpacadiscovery1"


# The controllers.

OTHERS = (
    HEAD
    + "controllers:\n"
    + "".join(
        f"  {name}: {{{{driver: alpaca, type: {kind}, address: 127.0.0.1, port: {{port}}, poll_every: 100 ms, timeout: 10 s}}}}\n"
        for name, kind in {
            "focuser": "focuser",
            "wheel": "filterwheel",
            "dome": "dome",
            "turner": "rotator",
            "power": "switch",
            "weather": "observingconditions",
            "safety": "safetymonitor",
            "panel": "covercalibrator",
        }.items()
    )
)


def test_every_type_of_device_is_points_and_commands_and_ascom_sees_the_same(tmp_path, server):
    where = f"127.0.0.1:{server.port}"
    with opened(tmp_path, OTHERS.format(port=server.port)) as site:
        site.controller("focuser").perform("move", position=10100).wait_completed(30)
        assert alpaca.focuser.Focuser(where, 0).Position == 10100
        site.controller("wheel").perform("select", position=2).wait_completed(30)
        assert eventually(lambda: reading(site.controller("wheel"), "position") == 2)
        assert reading(site.controller("wheel"), "names")[0] == "Red"
        site.controller("dome").perform("turn", azimuth=degrees(77)).wait_completed(60)
        assert alpaca.dome.Dome(where, 0).Azimuth == pytest.approx(77)
        site.controller("dome").perform("open_shutter").wait_completed(60)
        assert eventually(lambda: reading(site.controller("dome"), "shutter") == "open")
        site.controller("turner").perform("turn_to", position=degrees(33)).wait_completed(60)
        assert eventually(lambda: reading(site.controller("turner"), "position") == pytest.approx(33))
        power = site.controller("power")
        power.perform("set_power_switch_1", to=True).wait_completed(10)
        power.perform("set_dimmer_1", to=0.3).wait_completed(10)
        assert eventually(lambda: reading(power, "power_switch_1") is True)
        assert alpaca.switch.Switch(where, 0).GetSwitchValue(1) == pytest.approx(0.3)
        assert eventually(lambda: reading(site.controller("weather"), "pressure") == pytest.approx(1013.25, abs=50))
        assert eventually(lambda: reading(site.controller("safety"), "is_safe") is True)
        site.controller("panel").perform("open").wait_completed(30)
        assert eventually(lambda: reading(site.controller("panel"), "cover") == "open")


def test_what_the_device_refuses_is_told_with_its_number_and_its_words(tmp_path, server):
    with opened(tmp_path, OTHERS.format(port=server.port)) as site:
        with pytest.raises(
            astro.Error,
            match=r"Alpaca's error 0x401 \(the value is not one that it takes\)",
        ) as refused:
            site.controller("wheel").perform("select", position=99).wait_completed(10)
        assert refused.value.code == "out_of_limits"


# The camera.


def frame_of(stream):
    block = stream.next(timeout_s=30)
    return np.asarray(block.array())[0], block


def test_frames_come_as_ascom_sees_them(tmp_path, server):
    with opened(tmp_path, CAMERA.format(port=server.port, more=PATIENT)) as site:
        camera = site.receiver("camera")
        taken = camera.tune(options={"frame": "dark", "exposure": 0.05})
        assert taken.options["frame"] == "dark"
        with camera.stream() as frames:
            frame, block = frame_of(frames)
            assert frame.shape == (64, 96) and frame.dtype == np.uint16 and frame.std() > 0
    eye = alpaca.camera.Camera(f"127.0.0.1:{server.port}", 0)

    def exposes():  # the simulator is with the exposure that was aborted for a while
        with contextlib.suppress(alpaca.exceptions.ActionNotImplementedException):
            eye.StartExposure(0.05, False)
            return True

    assert eventually(exposes, 20)
    assert eventually(lambda: eye.ImageReady)
    assert np.array(eye.ImageArray).shape == (96, 64)


def test_binning_and_window(tmp_path, server):
    with opened(tmp_path, CAMERA.format(port=server.port, more=PATIENT)) as site:
        camera = site.receiver("camera")
        taken = camera.tune(
            options={
                "frame": "dark",
                "exposure": 0.02,
                "binning": 2,
                "x": 8,
                "y": 4,
                "width": 40,
                "height": 20,
            }
        )
        assert (
            taken.options["width"],
            taken.options["height"],
            taken.options["binning"],
        ) == (40, 20, 2)
        with camera.stream() as frames:
            assert frame_of(frames)[0].shape == (10, 20)
            camera.tune(options={"binning": 1})
            assert eventually(lambda: frame_of(frames)[0].shape == (20, 40), 30)
        with pytest.raises(astro.Error, match="reaches past the sensor"):
            camera.tune(options={"x": 90, "width": 40})
        camera.tune(options={"x": 0, "y": 0, "width": 96, "height": 64})


def test_the_telescope_points_and_the_camera_looks_and_what_it_sees_is_stored(tmp_path, server):
    text = (
        TELESCOPE.format(driver="alpaca", port=server.port, more=PATIENT)
        + f"receivers:\n  camera: {{driver: alpaca, mount: scope, address: 127.0.0.1, port: {server.port}{PATIENT}}}\n"
        + "stores:\n  archive: {driver: sqlite, path: frames.db}\n"
    )
    with opened(tmp_path, text) as site:
        scope, camera, archive = (
            site.mount("scope"),
            site.receiver("camera"),
            site.store("archive"),
        )
        scope.track(astro.AltAz(azimuth=degrees(150), altitude=degrees(60)))
        scope.wait_until_on_target(timeout_s=90)
        camera.tune(options={"frame": "dark", "exposure": 0.02})
        kept = []
        with camera.stream() as frames:
            for _ in range(3):
                frame, block = frame_of(frames)
                assert block.settings.mount == "scope"
                file = io.BytesIO()
                fits.PrimaryHDU(frame).writeto(file)
                kept.append((archive.put_object(file.getvalue()), frame))
        for address, frame in kept:
            assert (fits.getdata(io.BytesIO(archive.get_object(address))) == frame).all()


def test_the_site_of_the_examples_is_right(root):
    assert {device.name for device in astro.load_site(str(root / "examples/sites/alpaca.yaml")).devices} >= {
        "scope",
        "camera",
        "dome",
        "weather",
    }


# Servers that lie.


def http(body, status="200 OK", kind="application/json", length=None):
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length or len(body)}\r\n\r\n".encode() + body


def say(value):
    return http(json.dumps({"Value": value, "ErrorNumber": 0, "ErrorMessage": ""}).encode())


RIGHT = {
    "name": "Liar", "connected": True, "canslewasync": True, "canpark": True, "canunpark": True, "canfindhome": False,
    "cansettracking": True, "canmoveaxis": False, "equatorialsystem": 1, "doesrefraction": False, "rightascension": 3.5,
    "declination": 20.0, "slewing": False, "tracking": False, "atpark": False, "canabortexposure": True, "cameraxsize": 8,
    "cameraysize": 4, "maxadu": 65535, "sensortype": 0, "binx": 1, "numx": 8, "numy": 4, "startx": 0, "starty": 0,
    "imageready": True, "startexposure": None, "camerastate": 0, "exposuremin": 0.001, "exposuremax": 10, "maxbinx": 1,
}  # fmt: skip


def talking(answer):
    """Speaks HTTP; `answer(method)` gives all bytes of an answer, or None for what is right."""

    def talk(connection):
        with connection.makefile("rb") as lines:
            while request := lines.readline():
                length = 0
                while (line := lines.readline().strip()) and line:
                    name, _, value = line.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                lines.read(length)
                method = request.split()[1].split(b"?")[0].split(b"/")[-1].decode()
                given = answer(method)
                if given is None:
                    given = say(RIGHT[method]) if method in RIGHT else http(b'{"ErrorNumber": 1024, "ErrorMessage": "no"}')
                connection.sendall(given)

    return talk


@contextlib.contextmanager
def telescope(folder, answer):
    """A mount whose server answers so."""
    with (
        Peer(talking(answer)) as peer,
        opened(folder, TELESCOPE.format(driver="alpaca", port=peer.port, more="")) as site,
    ):
        yield site.mount("scope")


WRONG = {
    "no HTTP": b"\0" * 2000,
    "another status": http(b"down for tea", status="500 Internal Server Error"),
    "no JSON": http(b"<html>"),
    "no object": http(b"[1, 2]"),
    "half a JSON": http(b'{"Value": 3.'),
    "deep JSON": http(b"[" * 100_000),
    "not a number": http(b'{"Value": "east"}'),
    "NaN": http(b'{"Value": NaN}'),
    "no value": http(b"{}"),
    "a wrong error number": http(b'{"ErrorNumber": "many", "Value": 1}'),
    "an error of the driver's": http(b'{"ErrorNumber": 1281, "ErrorMessage": "gears \\u0007 ground"}'),
    "endless": http(b'{"Value": "' + b"x" * 6_000_000 + b'"}'),
    "cut": http(b'{"Value": 1', length=1000),
    "an endless header": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 500_000,
}


@pytest.mark.parametrize("what", WRONG)
def test_what_a_server_says_wrongly_is_a_fault_with_a_reason_until_it_speaks_right(tmp_path, what):
    wrong = threading.Event()
    answer = lambda method: WRONG[what] if wrong.is_set() and method == "rightascension" else None  # noqa: E731
    with (
        Peer(talking(answer)) as peer,
        opened(tmp_path, TELESCOPE.format(driver="alpaca", port=peer.port, more="")) as site,
    ):
        scope = site.mount("scope")
        assert state(scope) == "stopped"
        notices = []
        with site.subscribe(notice=notices.append):
            wrong.set()
            assert eventually(lambda: state(scope) == "fault")
            assert eventually(
                lambda: any(f"Alpaca telescope 0 at 127.0.0.1:{peer.port}: rightascension" in each.message for each in notices)
            )
        wrong.clear()
        assert eventually(lambda: state(scope) == "stopped")


def test_a_server_that_drips_is_given_up_and_stop_does_not_wait_for_it(tmp_path):
    drips = threading.Event()

    def answer(method):
        if drips.is_set() and method == "rightascension":
            time.sleep(3)

    with telescope(tmp_path, answer) as scope:
        drips.set()
        assert eventually(lambda: state(scope) == "fault")
        started = time.monotonic()
        scope.stop()
        assert time.monotonic() - started < 2
        drips.clear()
        assert eventually(lambda: state(scope) == "stopped")


def test_a_stop_that_is_not_answered_is_made_again_and_the_mount_is_not_given_up(tmp_path):
    drips = threading.Event()
    heard = []

    def answer(method):
        heard.append(method)
        if drips.is_set() and method == "abortslew":
            time.sleep(3)

    with telescope(tmp_path, answer) as scope:
        drips.set()
        before = heard.count("abortslew")
        scope.stop()
        assert eventually(lambda: heard.count("abortslew") > before + 1)  # the one that is owed
        drips.clear()
        assert eventually(lambda: state(scope) == "stopped")

        drips.set()
        scope.stop()
        drips.clear()
        with contextlib.suppress(astro.Error):  # this server has no slews
            scope.move_to(axes(1, 2))
        time.sleep(1)  # some polls
        begun = heard.index("slewtocoordinatesasync")
        assert "abortslew" not in heard[begun:]  # what was owed came before


def test_garbage_of_any_kind_never_ends_the_process(tmp_path):
    chance = random.Random(test_garbage_of_any_kind_never_ends_the_process.__name__)
    wild = threading.Event()

    def answer(method):
        if not wild.is_set():
            return None
        right = bytearray(say(RIGHT.get(method, 0)))
        for _ in range(chance.randrange(4)):
            right[chance.randrange(len(right))] = chance.randrange(256)
        return bytes(right[: chance.randrange(len(right) + 1)]) + b"\n" if chance.random() < 0.3 else bytes(right)

    with telescope(tmp_path, answer) as scope:
        wild.set()
        for _ in range(10):
            with contextlib.suppress(astro.Error):
                scope.move_to(axes(chance.uniform(-90, 90), chance.uniform(-60, 60)))
            scope.stop()
        wild.clear()
        assert eventually(lambda: state(scope) == "stopped", 20)


PICTURE = (np.arange(32, dtype=np.int64).reshape(4, 8) * 2000) % 65536


def image_bytes(
    pixels=PICTURE.T,
    kind=8,
    rank=2,
    error=0,
    version=1,
    start=44,
    lengths=None,
    words=b"",
):
    types = {
        1: "<i2",
        2: "<i4",
        3: "<f8",
        4: "<f4",
        5: "<u8",
        6: "u1",
        7: "<i8",
        8: "<u2",
        9: "<u4",
    }
    sizes = lengths or (*pixels.shape, 0, 0, 0)[:3]
    header = struct.pack("<iiIIiiiiiii", version, error, 1, 1, start, 2, kind, rank, *sizes)
    body = words or np.ascontiguousarray(pixels).astype(types.get(kind, "<u2")).tobytes()
    return http(header + body, kind="application/imagebytes")


def camera_of(image):
    return talking(lambda method: image if method == "imagearray" else None)


IMAGES = {
    "JSON": say(PICTURE.T.tolist()),
    **{f"ImageBytes of type {kind}": image_bytes(kind=kind) for kind in (2, 3, 4, 5, 7, 8, 9)},
}


@pytest.mark.parametrize("what", IMAGES)
def test_images_are_what_was_sent(tmp_path, what):
    with (
        Peer(camera_of(IMAGES[what])) as peer,
        opened(tmp_path, CAMERA.format(port=peer.port, more="")) as site,
    ):
        with site.receiver("camera").stream() as frames:
            assert (frame_of(frames)[0] == PICTURE).all()


BROKEN = {
    "nothing": http(b"", kind="application/imagebytes"),
    "a short header": http(b"\1\0\0\0" * 5, kind="application/imagebytes"),
    "another version": image_bytes(version=7),
    "an error in its place": image_bytes(error=0x40B, words=b"not now"),
    "a start behind its end": image_bytes(start=1_000_000),
    "a start before its header": image_bytes(start=-4),
    "no such type": image_bytes(kind=77),
    "another shape": image_bytes(pixels=PICTURE),
    "the size of a planet": image_bytes(lengths=(2_000_000_000, 2_000_000_000, 0)),
    "negative": image_bytes(lengths=(-8, -4, 0)),
    "too few pixels": image_bytes(words=b"12"),
    "pixels out of range": image_bytes(kind=2, pixels=PICTURE.T - 1),
    "no numbers": image_bytes(kind=3, pixels=PICTURE.T * np.nan),
    "JSON of another shape": say(PICTURE.tolist()),
    "JSON of words": say([["dark"] * 4] * 8),
    "JSON that is no image": say(7),
    "JSON that is too long": http(b'{"Value": [' + b"1," * 9_000_000 + b"1]}"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_an_image_that_cannot_be_read_ends_the_stream_with_the_reason(tmp_path, what):
    with (
        Peer(camera_of(BROKEN[what])) as peer,
        opened(tmp_path, CAMERA.format(port=peer.port, more="")) as site,
    ):
        with pytest.raises(astro.Error, match="Alpaca camera 0 at .*: imagearray: "):
            with site.receiver("camera").stream() as frames:
                for _ in range(20):
                    frames.next(timeout_s=1)


def test_nobody_there_is_told_with_what_to_do(tmp_path):
    with pytest.raises(astro.Error, match="Couldn't connect to server; see that its server runs"):
        with opened(tmp_path, TELESCOPE.format(driver="alpaca", port=1, more="")):
            pass
