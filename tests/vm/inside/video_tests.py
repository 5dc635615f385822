# SPDX-License-Identifier: BSD-3-Clause
"""The driver `camera` on the kernel's own simulated camera (vivid), with v4l2-ctl as the other eye."""

import contextlib
import glob
import pathlib
import subprocess
import time

import numpy as np
import pytest

import astro

SITE = """
site: {{name: Sky, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}}
receivers:
  eye: {{driver: camera, device: {device}, columns: 320, rows: 180{settings}}}
"""


@pytest.fixture
def device():
    for name in sorted(glob.glob("/sys/class/video4linux/video*/name")):
        if "vid-cap" in pathlib.Path(name).read_text():
            return "/dev/" + pathlib.Path(name).parent.name
    raise AssertionError("vivid made no camera")


def control(device, **settings):
    for name, value in settings.items():
        subprocess.run(["v4l2-ctl", "-d", device, "-c", f"{name}={value}"], check=True, capture_output=True, text=True)


@contextlib.contextmanager
def opened(tmp_path, device, settings=""):
    file = tmp_path / "site.yaml"
    file.write_text(SITE.format(device=device, settings=settings))
    with astro.Observatory.open(file, state_folder=tmp_path / "state") as site:
        yield site.receiver("eye"), site


def frames(stream, count, at_most_s=60):
    end = time.monotonic() + at_most_s
    found = []
    while len(found) < count and time.monotonic() < end:
        if (block := stream.next(timeout_s=1)) is not None:
            found.append(block)
    assert len(found) == count
    return found


def seen_by_v4l2(tmp_path, device, code, dtype, shape):
    raw = tmp_path / "frame.raw"
    asked = ["v4l2-ctl", "-d", device, f"--set-fmt-video=width=320,height=180,pixelformat={code}", "--stream-mmap", "--stream-count=1", f"--stream-to={raw}"]
    subprocess.run(asked, check=True, capture_output=True, timeout=60)
    return np.fromfile(raw, dtype).reshape(shape)


BELOW_THE_TEXT = slice(120, 180)  # vivid writes the time into its frames


@pytest.mark.parametrize("code, dtype, planes", [("GREY", "u1", 1), ("Y16 ", "<u2", 1), ("RGB3", "u1", 3), ("BGR3", "u1", 3), ("RGGB", "u1", 1)])
def test_pixels_are_those_that_v4l2_ctl_sees(tmp_path, device, code, dtype, planes):
    raw = seen_by_v4l2(tmp_path, device, code, dtype, (180, 320, planes))
    with opened(tmp_path, device, f', format: "{code.strip()}"') as (eye, _), eye.stream() as stream:
        image = np.asarray(frames(stream, 1)[0].array())[0]
    assert image.shape == (180, 320, planes)
    if code == "BGR3":
        raw = raw[..., ::-1]
    assert np.array_equal(image[BELOW_THE_TEXT], raw[BELOW_THE_TEXT])
    assert len(np.unique(image[BELOW_THE_TEXT])) > 1  # bars of colours


@pytest.mark.parametrize("code", ["YUYV", "UYVY"])
def test_colours_in_pairs_of_pixels_are_those_of_red_green_and_blue(tmp_path, device, code):
    rgb = seen_by_v4l2(tmp_path, device, "RGB3", "u1", (180, 320, 3)).astype(int)
    with opened(tmp_path, device, f", format: {code}") as (eye, _), eye.stream() as stream:
        image = np.asarray(frames(stream, 1)[0].array())[0].astype(int)
    off = np.abs(image - rgb)[BELOW_THE_TEXT]
    assert np.median(off) <= 2
    assert np.mean(off > 8) < 0.05  # at the edges of the bars two pixels share their colour


def test_what_it_can_do_is_asked_of_it(tmp_path, device):
    with opened(tmp_path, device, ", gain: 77") as (eye, _):
        assert [field.name for field in eye.description.options] == ["gain"]
        assert eye.settings.tuning.options == {"gain": 77}
        assert eye.tune(astro.Tuning(options={"gain": 120})).options == {"gain": 120}
        seen = subprocess.run(["v4l2-ctl", "-d", device, "-C", "gain"], capture_output=True, text=True, check=True).stdout
        assert seen.split() == ["gain:", "120"]
        with pytest.raises(astro.Error, match="gain"):
            eye.tune(astro.Tuning(options={"gain": 100_000}))


def test_what_it_has_not_is_told_with_what_it_has(tmp_path, device):
    with pytest.raises(astro.Error, match="no format NOPE that can be read; it has .*YUYV"), opened(tmp_path, device, ", format: NOPE"):
        pass
    with pytest.raises(astro.Error, match="has no exposure that can be set"), opened(tmp_path, device, ", exposure: 1 s"):
        pass
    with pytest.raises(astro.Error, match="opening the camera /dev/video99: No such file.*v4l2-ctl --list-devices"), opened(tmp_path, "/dev/video99"):
        pass


def test_frames_have_their_times_and_those_that_the_camera_drops_are_counted(tmp_path, device):
    with opened(tmp_path, device, ", format: GREY, every: 100 ms") as (eye, _), eye.stream() as stream:
        calm = frames(stream, 10)
        assert all(block.time_is_exact for block in calm)
        apart = np.diff([block.time.nanoseconds * 1e-9 for block in calm])
        assert np.median(apart) == pytest.approx(eye.settings.item_period_s, rel=0.5)
        assert sum(block.lost for block in calm[1:]) == 0
        control(device, percentage_of_dropped_buffers=50)
        try:
            lossy = frames(stream, 12)
        finally:
            control(device, percentage_of_dropped_buffers=0)
        assert sum(block.lost for block in lossy) > 0
        firsts = [block.first for block in [*calm, *lossy]]
        assert firsts == sorted(set(firsts))


def test_damaged_frames_are_lost_frames(tmp_path, device):
    with opened(tmp_path, device, ", format: GREY, every: 100 ms") as (eye, _), eye.stream() as stream:
        frames(stream, 2)
        for _ in range(3):
            control(device, inject_v4l2_buf_flag_error=1)
            time.sleep(0.2)
        assert sum(block.lost for block in frames(stream, 6)) > 0


def test_it_can_be_stopped_and_started_again(tmp_path, device):
    with opened(tmp_path, device, ", format: GREY") as (eye, _):
        for _ in range(3):
            with eye.stream() as stream:
                frames(stream, 2)
                eye.stop()


def test_one_that_is_unplugged_comes_back(tmp_path, device):
    driver = pathlib.Path("/sys/bus/platform/drivers/vivid")
    with opened(tmp_path, device, ", format: GREY") as (eye, site):
        notices = []
        with site.subscribe(notice=notices.append), eye.stream() as stream:
            frames(stream, 2)
            (driver / "unbind").write_text("vivid.0")
            end = time.monotonic() + 30
            while not any("the camera is gone" in each.message for each in notices) and time.monotonic() < end:
                stream.next(timeout_s=0.1)
            (driver / "bind").write_text("vivid.0")
            back = frames(stream, 2)
        assert any("the camera is back" in each.message for each in notices)
        assert back[0].lost > 0
