# SPDX-License-Identifier: BSD-3-Clause
"""The example driver of the Raspberry Pi's camera. picamera2 and the camera are to be had on a Pi alone: what stands in
for them here is a module of ours with as much of its interface as the driver uses, by picamera2's manual. So this shows
that the driver keeps the promises of a receiver, apart and with its times, and not that a camera works."""

import json
import os
import pathlib
import subprocess
import textwrap
import time

import numpy as np
import pytest

import astro

STAND_IN = '''
import threading, time, pathlib
from concurrent.futures import CancelledError, Future

import numpy as np

HERE = pathlib.Path(__file__).parent


class Request:
    def __init__(self, number, controls):
        self.number, self.controls = number, controls
        self.began = time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    def make_array(self, name):
        assert name == "raw"
        image = np.zeros((6, 16), np.uint16)  # rows are padded to 32 bytes
        image[:, :10] = np.arange(60).reshape(6, 10) + 1000 * self.number
        return image.view(np.uint8)

    def get_metadata(self):
        return {"SensorTimestamp": self.began, "FrameDuration": self.controls["FrameDurationLimits"][0], "ExposureTime": self.controls["ExposureTime"]}

    def release(self):
        pass


class Picamera2:
    sensor_resolution = (10, 6)

    def __init__(self, camera_num=0):
        self.controls, self.number, self.running, self.jobs = {}, 0, False, []

    def create_still_configuration(self, raw=None, buffer_count=1):
        return {"raw": dict(raw), "buffer_count": buffer_count}

    def configure(self, configuration):
        self.configuration = configuration

    def camera_configuration(self):
        if (HERE / "packed").exists():
            return {"raw": {"format": "SRGGB12_CSI2P", "size": (10, 6)}}
        return self.configuration

    def set_controls(self, controls):
        self.controls.update(controls)
        (HERE / "controls").write_text(repr(self.controls))

    def start(self):
        self.running = True

    def stop(self):
        """A job of the camera's loop as the others are: behind those that wait for a frame."""
        for job in self.jobs:
            job.exception()
        self.running = False

    def close(self):
        self.stop()
        (HERE / "closed").touch()

    def capture_request(self, wait=None):
        assert self.running and wait is False
        job = Future()
        self.jobs = [job]
        threading.Thread(target=self.run, args=(job,), daemon=True).start()
        return job

    def wait(self, job, timeout=None):
        return job.result(timeout)

    def cancel_all_and_flush(self):
        """From the queue, and for who waits for them."""
        jobs, self.jobs = self.jobs, []
        for job in jobs:
            if not job.done():
                job.set_exception(CancelledError())

    def run(self, job):
        try:
            made = self.expose()
        except Exception as error:
            made = error
        if job not in self.jobs or job.done():
            return
        job.set_exception(made) if isinstance(made, Exception) else job.set_result(made)

    def expose(self):
        time.sleep(self.controls["FrameDurationLimits"][0] * 1e-6)
        if (HERE / "skip").exists():
            (HERE / "skip").unlink()
            time.sleep(3 * self.controls["FrameDurationLimits"][0] * 1e-6)
        if (HERE / "fail").exists():
            raise RuntimeError("the camera frontend has timed out")
        self.number += 1
        return Request(self.number, self.controls)
'''


@pytest.fixture
def camera(tmp_path, root, monkeypatch):
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "picamera2.py").write_text(textwrap.dedent(STAND_IN))
    path = [str(root / "examples/pi_camera"), str(modules), str(pathlib.Path(astro.__file__).parents[1])]
    monkeypatch.setenv("PYTHONPATH", ":".join(path))
    monkeypatch.setenv("ASTRO_PYTHON", str(root / "build/venv/bin/python"))
    file = tmp_path / "site.yaml"
    file.write_text(
        "site: {name: Pi, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}\n"
        "receivers:\n  sky: {driver: python, module: pi_camera, exposure: 0.1 s, gain: 4}\n"
    )
    return modules, lambda: astro.Observatory.open(file, state_folder=tmp_path / "state")


def take(stream, count):
    found = []
    end = time.monotonic() + 30
    while len(found) < count and time.monotonic() < end:
        if (block := stream.next(timeout_s=0.5)) is not None:
            found.append(block)
    assert len(found) == count
    return found


def test_frames_come_with_their_times_and_settings(camera):
    folder, open_site = camera
    with open_site() as site:
        sky = site.receiver("sky")
        with sky.stream() as stream:
            blocks = take(stream, 3)
            image = np.asarray(blocks[0].array())[0, :, :, 0]
            assert image.shape == (6, 10)
            assert np.array_equal(image % 1000, np.arange(60).reshape(6, 10))
            assert all(block.time_is_exact for block in blocks)
            assert abs(time.time() - blocks[-1].time.nanoseconds * 1e-9) < 5
            taken = sky.tune(astro.Tuning(options={"exposure": 0.05, "gain": 8.0}))
            assert taken.options == {"exposure": 0.05, "gain": 8.0}
            assert "'ExposureTime': 50000" in (folder / "controls").read_text()
            (folder / "skip").touch()
            assert sum(block.lost for block in take(stream, 6)) >= 1
    assert (folder / "closed").exists()


def test_a_camera_that_fails_ends_the_stream_with_a_reason_and_may_begin_again(camera):
    folder, open_site = camera
    with open_site() as site:
        sky = site.receiver("sky")
        with sky.stream() as stream:
            take(stream, 1)
            (folder / "fail").touch()
            with pytest.raises(astro.Error, match="the camera frontend has timed out; see that the camera's cable"):
                for _ in range(100):
                    stream.next(timeout_s=0.2)
        (folder / "fail").unlink()
        with sky.stream() as stream:
            take(stream, 1)


def test_a_stream_begins_behind_one_that_was_stopped_within_a_long_exposure(camera):
    folder, open_site = camera
    with open_site() as site:
        sky = site.receiver("sky")
        notices = []
        with site.subscribe(notice=notices.append):
            with sky.stream() as stream:
                take(stream, 1)
                sky.tune(astro.Tuning(options={"exposure": 8.0}))  # longer than a hook may wait
                time.sleep(0.5)
            time.sleep(1)  # it is stopped, and still exposes
            sky.tune(astro.Tuning(options={"exposure": 0.1}))
            with sky.stream() as stream:
                take(stream, 2)
        assert not any("process" in notice.message for notice in notices)


def test_it_is_closed_within_a_long_exposure(camera):
    folder, open_site = camera
    with open_site() as site:
        sky = site.receiver("sky")
        stream = sky.stream()
        take(stream, 1)
        sky.tune(astro.Tuning(options={"exposure": 600.0}))
        time.sleep(1)  # it exposes
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert (folder / "closed").exists()


def test_it_keeps_what_a_receiver_promises(camera, root, tmp_path):
    program = pathlib.Path(os.environ.get("ASTRO_BUILD", root / "build/release")) / "bin/astro"
    asked = [program, "conform", "python", "--kind", "receiver", "--settings", "module=pi_camera", "exposure=0.1 s", "--json"]
    ran = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, timeout=500)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (report,) = json.loads(ran.stdout)["reports"]
    verdicts = {result["id"]: result["verdict"] for result in report["results"]}
    assert verdicts["R-07"] == "passed", "a fill that waits for a frame ends with a stop"
    assert list(verdicts.values()).count("passed") >= 15


def test_packed_pixels_are_refused(camera):
    folder, open_site = camera
    (folder / "packed").touch()
    with pytest.raises(astro.Error, match="gives SRGGB12_CSI2P in place of SRGGB12"):
        open_site()
