# SPDX-License-Identifier: BSD-3-Clause
"""The driver `camera.folder` on files that astropy and Pillow wrote: whole, cut, late, wrong. The driver `camera` is
tested on a camera of the kernel: test_on_a_kernel.py."""

import contextlib
import io
import os
import random
import shutil
import time

import numpy as np
import PIL.Image
import pytest
from astropy.io import fits

import astro

SITE = """
site: {{name: Dome, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}}
receivers:
  eye: {{driver: camera.folder, folder: "{folder}", look_every: 50 ms, patience: 1 s{settings}}}
"""
SMALL = ", columns: 70, rows: 50"


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "incoming"
    made.mkdir()
    return made


@contextlib.contextmanager
def opened(tmp_path, folder, settings=SMALL):
    file = tmp_path / "site.yaml"
    file.write_text(SITE.format(folder=folder, settings=settings))
    with astro.Observatory.open(file, state_folder=tmp_path / "state") as site:
        yield site.receiver("eye"), site


@contextlib.contextmanager
def streaming(tmp_path, folder, settings=SMALL):
    with opened(tmp_path, folder, settings) as (eye, site), eye.stream() as stream:
        time.sleep(0.2)  # what is there when it starts is no news
        yield stream, site


def pixels(number=0, rows=50, columns=70):
    return np.arange(rows * columns, dtype=np.int16).reshape(rows, columns) + 1000 * number


def fits_of(image, **cards):
    file = io.BytesIO()
    unit = fits.PrimaryHDU(image)
    unit.header.update({key.replace("_", "-"): value for key, value in cards.items()})
    unit.writeto(file)
    return file.getvalue()


def put(folder, name, content):
    """Beside and renamed, as careful programs do."""
    (folder / f".{name}").write_bytes(content)
    os.rename(folder / f".{name}", folder / name)


def take(stream, count=1, at_most_s=30):
    found = []
    end = time.monotonic() + at_most_s
    while len(found) < count and time.monotonic() < end:
        if (block := stream.next(timeout_s=0.2)) is not None:
            found.append(block)
    assert len(found) == count
    return found


def image_of(block):
    return np.asarray(block.array())[0]


def test_an_image_that_appears_is_a_frame_with_its_time(tmp_path, folder):
    with streaming(tmp_path, folder) as (stream, _):
        put(folder, "a.fits", fits_of(pixels(), DATE_OBS="2026-01-02T03:04:05.250"))
        block = take(stream)[0]
        assert np.array_equal(image_of(block)[:, :, 0], pixels())
        assert block.time_is_exact
        assert block.time.nanoseconds == 1767323045_250_000_000
        put(folder, "B.FIT", fits_of(pixels(1).astype(np.uint16)))
        block = take(stream)[0]
        assert np.array_equal(image_of(block)[:, :, 0], pixels(1))
        assert block.lost == 0


def test_images_come_in_the_order_in_which_they_were_written(tmp_path, folder):
    for number in range(5):
        put(folder, f"{9 - number}.fits", fits_of(pixels(number)))
        os.utime(folder / f"{9 - number}.fits", (1000 + number, 1000 + number))
    with streaming(tmp_path, folder, ", existing: true") as (stream, _):
        assert [image_of(block)[0, 0, 0] for block in take(stream, 5)] == [0, 1000, 2000, 3000, 4000]


def test_what_was_there_before_is_no_news_and_says_how_large_images_are(tmp_path, folder):
    put(folder, "old.fits", fits_of(pixels()))
    with streaming(tmp_path, folder, "") as (stream, _):
        assert stream.next(timeout_s=0.5) is None
        put(folder, "new.fits", fits_of(pixels(3)))
        assert image_of(take(stream)[0])[0, 0, 0] == 3000


def test_a_file_that_is_written_anew_is_a_new_frame(tmp_path, folder):
    with streaming(tmp_path, folder) as (stream, _):
        for number in range(3):
            put(folder, "latest.fits", fits_of(pixels(number)))
            assert image_of(take(stream)[0])[0, 0, 0] == 1000 * number


def test_a_file_is_read_when_it_is_whole(tmp_path, folder):
    content = fits_of(pixels(7))
    with streaming(tmp_path, folder) as (stream, _), open(folder / "slow.fits", "wb", buffering=0) as file:
        for at in range(0, len(content), 1200):
            file.write(content[at : at + 1200])
            assert stream.next(timeout_s=0.1) is None or at + 1200 >= 2880 + 2 * 50 * 70  # header and pixels; the rest is padding
        put(folder, "next.fits", fits_of(pixels(7)))
        assert np.array_equal(image_of(take(stream)[0])[:, :, 0], pixels(7))


def jpeg_of(image):
    file = io.BytesIO()
    PIL.Image.fromarray(image).save(file, "jpeg", quality=95)
    return file.getvalue()


def test_jpeg_in_grey_and_in_colours(tmp_path, folder):
    chance = np.random.default_rng(1)
    grey = np.repeat(np.repeat(chance.integers(0, 255, (2, 3), np.uint8), 16, 0), 16, 1)
    put(folder, "grey.jpg", jpeg_of(grey))
    with opened(tmp_path, folder, ", existing: true") as (eye, _), eye.stream() as stream:
        image = image_of(take(stream)[0])
        expected = np.asarray(PIL.Image.open(folder / "grey.jpg"))
        assert image.shape == (32, 48, 1)
        assert np.abs(image[:, :, 0] - expected).max() <= 2
    (folder / "grey.jpg").unlink()
    put(folder, "colours.jpeg", jpeg_of(np.stack([grey, grey[::-1], 255 - grey], axis=2)))
    with opened(tmp_path, folder, ", existing: true") as (eye, _), eye.stream() as stream:
        image = image_of(take(stream)[0])
        expected = np.asarray(PIL.Image.open(folder / "colours.jpeg"))
        assert image.shape == (32, 48, 3)
        assert np.abs(image - expected).max() <= 4


def test_planes_lie_side_by_side(tmp_path, folder):
    cube = np.stack([pixels(1), pixels(2), pixels(3)])
    with streaming(tmp_path, folder, SMALL + ", planes: 3") as (stream, _):
        put(folder, "cube.fits", fits_of(cube))
        assert np.array_equal(np.moveaxis(image_of(take(stream)[0]), 2, 0), cube)


def damaged_images():
    whole = fits_of(pixels())
    picture = jpeg_of(np.zeros((50, 70), np.uint8))
    frame_header = picture.index(b"\xff\xc0\x00\x0b\x08") + 5  # then rows and columns
    return {
        "cut.fits": whole[:3000],
        "empty.fits": b"",
        "text.fits": b"not an image",
        "large.fits": fits_of(pixels(rows=51)),
        "line.fits": fits_of(np.arange(35)),
        "cut.jpg": picture[: len(picture) // 2],
        "text.jpg": b"not an image either",
        "large.jpg": jpeg_of(np.zeros((9, 9), np.uint8)),
        "giant.jpg": picture[:frame_header] + b"\xff\xdc\xff\xdc" + picture[frame_header + 4 :],
    }


@pytest.mark.parametrize("name", damaged_images())
def test_what_cannot_be_read_is_named_and_counted_and_holds_up_nothing(tmp_path, folder, name):
    with streaming(tmp_path, folder) as (stream, site):
        notices = []
        with site.subscribe(notice=notices.append):
            put(folder, name, damaged_images()[name])
            put(folder, "good.fits", fits_of(pixels(1)))
            before = take(stream)[0]  # while the other is tried again
            end = time.monotonic() + 20
            while not any("it is left out" in each.message for each in notices) and time.monotonic() < end:
                time.sleep(0.05)
            put(folder, "after.fits", fits_of(pixels(2)))
            assert before.lost + take(stream)[0].lost == 1


def test_broken_files_of_any_kind_end_nothing(tmp_path, folder):
    chance = random.Random("broken images")
    with streaming(tmp_path, folder) as (stream, _):
        for number in range(60):
            content = bytearray(fits_of(pixels()) if number % 2 else jpeg_of(np.zeros((50, 70), np.uint8)))
            for _ in range(chance.randrange(1, 10)):
                content[chance.randrange(min(len(content), 1000))] = chance.randrange(256)
            put(folder, f"{number}.{'fits' if number % 2 else 'jpg'}", bytes(content[: chance.randrange(len(content))]))
        time.sleep(0.5)
        put(folder, "good.fits", fits_of(pixels(8)))
        end = time.monotonic() + 20
        while image_of(take(stream)[0])[0, 0, 0] != 8000:
            assert time.monotonic() < end


def test_an_empty_folder_or_none_is_told(tmp_path, folder):
    with pytest.raises(astro.Error, match='as a camera: no image is in it .*"columns" and "rows"'), opened(tmp_path, folder, ""):
        pass
    with pytest.raises(astro.Error, match="looking for images in /nowhere: No such file or directory"), opened(tmp_path, "/nowhere"):
        pass


def test_a_folder_that_vanishes_ends_the_stream_with_a_reason(tmp_path, folder):
    with streaming(tmp_path, folder) as (stream, _):
        shutil.rmtree(folder)
        with pytest.raises(astro.Error, match="looking for images in"):
            take(stream)
