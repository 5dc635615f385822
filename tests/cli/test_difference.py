# SPDX-License-Identifier: BSD-3-Clause
"""All the way from two FITS files to candidates, pictures and refusals; by the program and from Python."""

import csv
import resource
import subprocess

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image as Picture

from astro import difference, files, imaging, plot

SIDE = 400
TRANSIENTS = [(120.0, 90.0, 6000.0), (300.4, 250.7, 9000.0), (210.2, 330.1, -7000.0)]


def moffat(dx, dy, fwhm):
    y, x = np.mgrid[-15:16, -15:16]
    a = fwhm / 2 / np.sqrt(2 ** (1 / 3) - 1)
    made = (1 + ((x - dx) ** 2 + (y - dy) ** 2) / a**2) ** -3.0
    return made / made.sum()


def field(seed, fwhm, sky, changed=(), shift=(0.0, 0.0)):
    places = np.random.default_rng(1)
    light = np.full((SIDE, SIDE), sky)
    stars = np.column_stack([places.uniform(25, SIDE - 25, (120, 2)), 10 ** places.uniform(3, 5, 120)])
    for x, y, flux in [*stars, *changed]:
        x, y = x + shift[0], y + shift[1]
        column, row = round(x), round(y)
        if min(row, column) >= 15 and max(row, column) < SIDE - 15:
            light[row - 15 : row + 16, column - 15 : column + 16] += flux * moffat(x - column, y - row, fwhm)
    return np.random.default_rng(seed).poisson(light).astype(np.float32)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pair")
    gone = [(x, y, -flux) for x, y, flux in TRANSIENTS if flux < 0]
    come = [each for each in TRANSIENTS if each[2] > 0]
    for name, pixels in (("science", field(2, 3.4, 300.0, come, (5.3, -2.6))), ("reference", field(3, 2.8, 200.0, gone))):
        fits.writeto(folder / f"{name}.fits", pixels, fits.Header({"GAIN": 1.0, "SATURATE": 60000.0}))
    return folder / "science.fits", folder / "reference.fits"


def assert_found(places):
    for x, y, _ in TRANSIENTS:
        assert min(np.hypot(x + 5.3 - u, y - 2.6 - v) for u, v in places) < 0.5
    assert len(places) == len(TRANSIENTS)


def test_the_program_finds_what_changed_between_shifted_images(astro, pair, tmp_path):
    told = astro.json("difference", *pair, "--fits", tmp_path / "difference.fits")
    assert_found([(each["x"], each["y"]) for each in told["candidates"]])
    assert told["is_resampled"] and told["science_is_good"]
    assert told["classifier"] == "candidates-1" and all(each["score"] > 0.5 for each in told["candidates"])
    assert told["significance_std"] == pytest.approx(1.0, abs=0.05)
    with fits.open(tmp_path / "difference.fits") as written:
        assert written[0].data.shape == (SIDE, SIDE)
    refused = astro.json("difference", *pair, "--classifier", tmp_path / "none.onnx", expect=2)
    assert "none.json is not there" in refused["error"]
    shown = astro.run("difference", *pair).stdout
    assert shown.splitlines()[0].split() == ["X", "Y", "RA", "DEC", "SIGMA", "FLUX", "ERROR", "SCORE", "VETO"]


def test_python_writes_a_table_and_pictures(pair, tmp_path):
    difference.main([*map(str, pair), str(tmp_path / "out")])
    with open(tmp_path / "out/candidates.csv", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if not row["vetoes"]]
    assert_found([(float(row["x_pixel"]), float(row["y_pixel"])) for row in rows])
    assert all(float(row["score"]) > 0.5 for row in rows)
    for name in ("panes.png", "stamps.png", "significance.png"):
        with Picture.open(tmp_path / "out" / name) as picture:
            assert len(set(picture.convert("L").resize((64, 64)).tobytes())) > 20, name
    with Picture.open(tmp_path / "out/blink.gif") as picture:
        assert picture.n_frames == 2
        first = picture.convert("L").tobytes()
        picture.seek(1)
        assert picture.convert("L").tobytes() != first


def test_pictures_show_the_candidates_and_the_significance(pair):
    made = imaging.difference(*map(files.read_image, pair))
    panes = plot.difference(made).axes
    sound = sum(not each.vetoes for each in made.candidates)
    assert [len(ax.patches) for ax in panes[:3]] == [sound, sound, len(made.candidates)]
    stairs = plot.significance(made.subtraction).patches[0].get_data().values
    assert stairs.sum() == pytest.approx(made.subtraction.difference.usable.sum(), rel=0.01)
    assert len(plot.stamps(made).axes) == 3 * sound


def test_psfs_are_measured_as_it_is_asked_for(astro, pair):
    made = imaging.difference(*map(files.read_image, pair), psf_order=1, psf_side=21)
    assert made.science_psf.shape == made.reference_psf.shape == (21, 21)
    assert made.science_psf.order == 1
    refused = astro.run("difference", *pair, "--psf-side", 20, expect=2)
    assert "expected an odd number" in refused.stderr


def test_psfs_are_taken_from_files(astro, pair, tmp_path):
    wide = moffat(0, 0, 5.0).astype(np.float32)
    fits.writeto(tmp_path / "psf.fits", wide)
    told = astro.json("difference", *pair, "--science-psf", tmp_path / "psf.fits", "--all")
    made = imaging.difference(*map(files.read_image, pair), science_psf=imaging.Psf(wide))
    found = [each["significance"] for each in told["candidates"]]
    assert found == pytest.approx([each.significance for each in made.candidates], rel=1e-4)
    own = imaging.difference(*map(files.read_image, pair))
    assert found[0] != pytest.approx(own.candidates[0].significance, rel=1e-3)


@pytest.mark.parametrize(
    ("plane", "reason"), [(np.ones((30, 31)), "expected odd numbers"), (np.zeros((31, 31)), "its sum is"), (np.full((31, 31), -1.0), "its sum is"),
                          (np.where(np.eye(31) > 0, np.nan, 1.0), "have no number")]
)
def test_files_that_are_no_psf_are_refused(astro, pair, tmp_path, plane, reason):
    fits.writeto(tmp_path / "psf.fits", plane.astype(np.float32))
    refused = astro.run("difference", *pair, "--reference-psf", tmp_path / "psf.fits", expect=2)
    assert reason in refused.stderr and "psf.fits" in refused.stderr


def test_a_psf_that_varies_is_made_of_its_terms():
    flat = np.full((5, 5), 1 / 25)
    slope = np.outer(np.ones(5), [-1, 0, 0, 0, 1]) / 50
    psf = imaging.Psf([flat, slope, np.zeros((5, 5))], 1, (101, 201))
    assert psf.order == 1 and psf.at(200, 50)[2, 4] > psf.at(0, 50)[2, 4]


def test_real_exposures_without_a_transient_have_next_to_no_candidate(recordings):
    # Two minutes apart: what lies above 5 sigma are saturated stars, columns and edges, and all is said to be nothing on
    # the sky. One of 5 sigma that is not would be as often as 700,000 pixels of noise have one.
    made = imaging.difference(*(files.read_image(recordings / f"imaging/eso085/{name}.fit") for name in ("004", "005")))
    assert made.subtraction.match.significance_std == pytest.approx(1.0, abs=0.05)
    sound = [each for each in made.candidates if not each.vetoes]
    assert len(made.candidates) > 20
    assert len(sound) <= 2
    assert all(abs(each.significance) < 6 for each in sound)
    reasons = {veto.name for each in made.candidates for veto in each.vetoes}
    assert {"edge", "not_a_point"} <= reasons


def noise(shape=(SIDE, SIDE), seed=5):
    return np.random.default_rng(seed).normal(200, 14, shape).astype(np.float32)


def one_star():
    pixels = noise()
    pixels[185:216, 185:216] += 50000 * moffat(0, 0, 3.0)
    return pixels


@pytest.mark.parametrize(
    ("pixels", "code", "reason"),
    [
        (noise(), 2, "cannot be registered"),
        (one_star(), 2, "cannot be registered"),
        (np.full((SIDE, SIDE), np.nan, np.float32), 1, "none of its 160000 pixels has a number"),
        (np.full((SIDE, SIDE), 70000, np.float32), 2, "no pixel"),
        (np.zeros((SIDE, SIDE), np.float32), 2, "no noise"),
        (field(9, 3.0, 200.0)[:60, :60], 2, "cannot be registered"),
    ],
    ids=["no stars", "one star", "all NaN", "all saturated", "no noise", "no overlap"],
)
def test_images_that_show_nothing_are_refused_with_the_reason(astro, pair, tmp_path, pixels, code, reason):
    fits.writeto(tmp_path / "bad.fits", pixels, fits.Header({"SATURATE": 60000.0}))
    failed = astro.run("difference", tmp_path / "bad.fits", pair[1], expect=code)
    assert reason in failed.stderr


def damaged(path, into, how):
    content = path.read_bytes()
    if how == "truncated":
        content = content[: len(content) // 2]
    if how == "wrong BITPIX":
        content = content.replace(b"BITPIX  =                  -32", b"BITPIX  =                  -33")
    if how == "20k x 20k":
        content = content.replace(b"NAXIS1  =                  400", b"NAXIS1  =                20000")
        content = content.replace(b"NAXIS2  =                  400", b"NAXIS2  =                20000")
    into.write_bytes(content)
    return into


@pytest.mark.parametrize("how", ["truncated", "wrong BITPIX", "20k x 20k"])
def test_files_that_are_no_images_are_refused_by_name(astro, pair, tmp_path, how):
    failed = astro.run("difference", damaged(pair[0], tmp_path / "bad.fits", how), pair[1], expect=1)
    assert "bad.fits" in failed.stderr


def test_an_image_that_memory_cannot_hold_is_refused_in_a_sentence(astro, pair, tmp_path):
    # Whole, and almost nothing on the disk: 20,000 x 20,000 zeros of 1.6 GB.
    header = fits.Header({"SIMPLE": True, "BITPIX": -32, "NAXIS": 2, "NAXIS1": 20000, "NAXIS2": 20000}).tostring()
    with open(tmp_path / "large.fits", "wb") as file:
        file.write(header.encode())
        file.truncate(len(header) + -(-4 * 20000**2 // 2880) * 2880)

    def held():
        resource.setrlimit(resource.RLIMIT_AS, (1_400_000_000, 1_400_000_000))

    program = astro.start("difference", tmp_path / "large.fits", pair[1], stderr=subprocess.PIPE, preexec_fn=held)
    _, told = program.communicate(timeout=60)
    assert program.returncode == 1 and "there is not enough memory" in told


def test_an_image_that_is_mostly_masked_is_flagged_and_subtracted_all_the_same(pair):
    science, reference = map(files.read_image, pair)
    mask = np.zeros(science.shape, np.uint16)
    mask[:220] = imaging.Flag.bad
    science.mask = mask
    made = imaging.difference(science, reference)
    assert not made.science_quality.is_good
    assert "of the pixels can be used" in made.science_quality.reason
    assert made.reference_quality.is_good
    places = [(each.x_pixel, each.y_pixel) for each in made.candidates if not each.vetoes]
    assert all(y > 220 for _, y in places)
    seen = [(x + 5.3, y - 2.6) for x, y, _ in TRANSIENTS if y > 230]
    assert all(min(np.hypot(x - u, y - v) for u, v in places) < 0.5 for x, y in seen)
    assert len(places) <= len(seen) + 1  # of few stars the PSF is known less well


def test_pixels_without_a_noise_are_not_used(astro, pair, tmp_path):
    # As maps of surveys have them: NaN, 0 or less where the detector saw nothing.
    maps = []
    for name, sky in (("science", 300.0), ("reference", 200.0)):
        noise = np.full((SIDE, SIDE), np.sqrt(sky), np.float32)
        if name == "science":
            noise[200:240, 100:200] = np.nan
            noise[240:260, 100:200] = 0.0
            noise[260:280, 100:200] = -1.0
        maps.append(tmp_path / f"{name}.noise.fits")
        fits.writeto(maps[-1], noise)
    told = astro.json("difference", *pair, "--noise", *maps, "--fits", tmp_path / "difference.fits")
    assert told["significance_std"] == pytest.approx(1.0, abs=0.1)
    with fits.open(tmp_path / "difference.fits") as written:
        assert (written["MASK"].data[200:280, 100:200] != 0).all()
        assert (written["MASK"].data[200:280, 220:300] == 0).all()


def test_fluxes_of_small_units_have_their_figures(astro, pair, tmp_path):
    scaled = []
    for path in pair:
        header = fits.getheader(path)
        header["GAIN"], header["SATURATE"] = 1e6, 0.06
        scaled.append(tmp_path / path.name)
        fits.writeto(scaled[-1], fits.getdata(path) / np.float32(1e6), header)
    rows = [line.split() for line in astro.run("difference", *scaled).stdout.splitlines()[1 : 1 + len(TRANSIENTS)]]
    assert all(0.001 < abs(float(row[5])) < 0.02 and 0 < float(row[6]) < 0.001 for row in rows)


def test_python_refuses_in_a_sentence_and_writes_columns_without_candidates(pair, tmp_path):
    with pytest.raises(SystemExit, match="astro.difference: .*none.fits.*there is no such file"):
        difference.main([str(pair[0]), str(tmp_path / "none.fits"), str(tmp_path / "out")])
    difference.main([*map(str, pair), str(tmp_path / "out"), "--threshold", "5000"])
    with open(tmp_path / "out/candidates.csv", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert rows == [list(imaging.Candidate().to_dict())]
    made = imaging.difference(*map(files.read_image, pair), threshold=5000)
    with pytest.raises(ValueError, match="no pixel of the images is there"):
        plot.blink(tmp_path / "blink.gif", made, at=(-500, -500))
