# SPDX-License-Identifier: BSD-3-Clause
"""World coordinates beside astropy, registration, resampling and point spread functions from Python, on simulated stars
and on real images."""

import math
import shutil
import subprocess

import numpy as np
import pytest
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from astropy.wcs.utils import pixel_to_skycoord
from scipy import ndimage

import astro
from astro import imaging

TAN = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 512.3, "CRPIX2": 498.7, "CRVAL1": 210.0, "CRVAL2": 54.0,
    "CD1_1": -3e-4, "CD1_2": 1e-5, "CD2_1": 2e-5, "CD2_2": 3e-4, "RADESYS": "ICRS",
}  # fmt: skip
SIP = {
    "CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 3, "B_ORDER": 3, "A_2_0": 1e-4, "A_0_2": -1e-5, "A_1_1": 3e-6,
    "A_3_0": 1e-7, "B_2_0": -1e-5, "B_0_2": 1.2e-4, "B_1_1": 1e-5, "B_0_3": -2e-8,
}  # fmt: skip
TPV = {
    "CTYPE1": "RA---TPV", "CTYPE2": "DEC--TPV", "PV1_0": 1e-4, "PV1_1": 1.01, "PV1_2": 0.001, "PV1_4": 0.02, "PV1_5": 0.01, "PV1_7": 0.3,
    "PV2_0": -1e-4, "PV2_1": 0.99, "PV2_4": 0.03, "PV2_7": -0.2,
}  # fmt: skip
PROJECTIONS = {code: {"CTYPE1": f"RA---{code}", "CTYPE2": f"DEC--{code}"} for code in ("SIN", "ZEA", "ARC", "STG", "CAR", "AIT", "MOL", "HPX")}
HEADERS = {"TAN": {}, "SIP": SIP, "TPV": TPV, "pole": {"CRVAL2": 89.999}, "FK5": {"RADESYS": "FK5", "EQUINOX": 2000.0}, **PROJECTIONS}


def header(**cards):
    made = fits.Header()
    for name, value in {**TAN, **cards}.items():
        made[name] = value
    return made


def net(columns, rows, steps=15):
    x, y = np.meshgrid(np.linspace(0, columns - 1, steps), np.linspace(0, rows - 1, steps))
    return x.ravel(), y.ravel()


def milliarcseconds(ours, theirs):
    return SkyCoord(ours.ra * u.rad, ours.dec * u.rad).separation(theirs.icrs).mas.max()


def agrees(cards, columns, rows):
    x, y = net(columns, rows)
    theirs = pixel_to_skycoord(x, y, WCS(cards))
    wcs = imaging.Wcs.from_header(cards)
    ours = wcs.sky(x, y)
    assert milliarcseconds(ours, theirs) < 1.0
    back = wcs.pixel(np.stack([ours.ra, ours.dec], axis=1))
    assert max(abs(back[0] - x).max(), abs(back[1] - y).max()) < 1e-4
    assert np.allclose(wcs.pixel(theirs), [x, y], atol=1e-3)
    again = imaging.Wcs.from_header(wcs.to_astropy())
    assert milliarcseconds(again.sky(x, y), theirs) < 1.0


@pytest.mark.parametrize("name", HEADERS)
def test_world_coordinates_are_those_of_astropy(name):
    agrees(header(**HEADERS[name]), 1000, 1000)


def test_world_coordinates_of_real_headers_are_those_of_astropy(recordings):
    folder = recordings / "imaging"
    agrees(fits.getheader(folder / "raw/sip-wcs.fit"), 75, 50)
    for name in ("science", "reference"):
        agrees(fits.getheader(folder / f"nircam/{name}.fits"), 900, 900)


def test_a_malformed_header_is_refused_by_its_card():
    with pytest.raises(astro.Error, match="CRVAL1"):
        imaging.Wcs.from_header(header(CRVAL1="north"))
    with pytest.raises(astro.Error, match="CTYPE1"):
        imaging.Wcs.from_header("")


def test_one_place_is_a_value_and_none_is_none():
    wcs = imaging.Wcs.tangential(astro.Icrs(ra=astro.degrees(10), dec=astro.degrees(20)), (100, 50), astro.arcseconds(2))
    assert wcs.sky(100.0, 50.0).ra.degrees == pytest.approx(10)
    assert wcs.pixel(SkyCoord(10 * u.deg, 20 * u.deg)) == pytest.approx((100, 50))
    assert wcs.pixel(SkyCoord(190 * u.deg, -20 * u.deg)) is None
    assert wcs.reference == (100, 50)
    assert wcs.shifted(10, 20).reference == (90, 30)
    assert wcs.scale.arcseconds == pytest.approx(2)


# Stars of our own, with a Moffat profile.


def moffat(x, y, fwhm):
    alpha = fwhm / (2 * math.sqrt(2 ** (1 / 3) - 1))
    return 2 / (math.pi * alpha**2) * (1 + (x**2 + y**2) / alpha**2) ** -3


def frame_of(stars, shape, fwhm, background, random):
    truth = np.full(shape, float(background))
    reach = int(8 * fwhm)
    for x, y, flux in stars:
        left, top = max(0, round(x) - reach), max(0, round(y) - reach)
        rows, columns = np.mgrid[top : max(top, min(shape[0], round(y) + reach + 1)), left : max(left, min(shape[1], round(x) + reach + 1))]
        truth[rows, columns] += flux * moffat(columns - x, rows - y, fwhm)
    return random.poisson(truth).astype(np.float32), truth.astype(np.float32)


def stars_in(shape, count, random, brightest=5e5):
    flux = brightest * random.uniform(0.003, 1, count) ** 2
    return np.stack([random.uniform(0, shape[1], count), random.uniform(0, shape[0], count), flux], axis=1)


@pytest.mark.parametrize(("angle", "scale", "mirrored"), [(0, 1, False), (31, 1, False), (-100, 1.4, False), (12, 1, True)])
def test_images_are_registered_and_resampled_from_end_to_end(angle, scale, mirrored):
    random = np.random.default_rng(angle + 200)
    stars = stars_in((500, 500), 60, random)
    c, s = scale * math.cos(math.radians(angle)), scale * math.sin(math.radians(angle))
    flip = -1 if mirrored else 1
    middle = np.array([250.0, 250.0])
    matrix = np.array([[c, -s * flip], [s, c * flip]])
    there = (stars[:, :2] - middle) @ matrix.T + middle + [3.3, -5.7]
    measured = np.column_stack([there + random.normal(0, 0.05, there.shape), stars[:, 2]])[random.permutation(60)[:48]]
    found = imaging.register_stars(stars, measured)
    assert found.is_found, found.reason
    assert found.transform.is_mirrored == mirrored
    assert found.transform.scale == pytest.approx(scale, abs=1e-3)
    x, y = found.transform(stars[:, 0], stars[:, 1])
    assert np.sqrt(np.mean((np.column_stack([x, y]) - there) ** 2)) < 0.05

    data, variance = frame_of(stars, (500, 500), 3.2, 100, random)
    resampled = imaging.resample(imaging.Image(data - 100, variance), found.transform, (500, 500))
    wanted, _ = frame_of(np.column_stack([there, stars[:, 2]]), (500, 500), 3.2 * scale, 0, random)
    usable = resampled.image.mask == 0
    assert usable.mean() > 0.5
    significance = (resampled.image.pixels - wanted)[usable] / np.sqrt(resampled.image.variance[usable] + np.maximum(wanted[usable], 0) + 1)
    assert abs(np.median(significance)) < 0.1
    assert 0.5 < resampled.correlation < 4


def test_nothing_in_common_is_said_so():
    random = np.random.default_rng(5)
    found = imaging.register_stars(stars_in((500, 500), 40, random), stars_in((500, 500), 40, random))
    assert not found.is_found and "chance" in found.reason or "no pattern" in found.reason
    assert "at least 3" in imaging.register_stars(np.zeros((1, 3)), np.zeros((0, 3))).reason


def test_the_real_pair_is_resampled_as_its_headers_say(recordings):
    """NIRCam's science image on the pixels of the reference: stars come to lie on stars."""
    folder = recordings / "imaging" / "nircam"
    images = []
    for name in ("reference", "science"):
        with fits.open(folder / f"{name}.fits") as opened:
            wcs = imaging.Wcs.from_header(opened[0].header)
            images.append(imaging.Image(opened[0].data, fits.getdata(folder / f"{name}.noise.fits") ** 2, wcs=wcs))
    reference, science = images
    found = imaging.register_wcs(science.wcs, 900, 900, reference.wcs)
    assert found.is_found, found.reason
    resampled = imaging.resample(science, reference.wcs, (900, 900))
    both = (resampled.image.mask == 0) & np.isfinite(reference.pixels)
    assert both.mean() > 0.5
    a, b = np.where(both, resampled.image.pixels, 0), np.where(both, reference.pixels, 0)
    a, b = a - np.median(a[both]), b - np.median(b[both])
    bright = both & (b > np.percentile(b[both], 99))
    assert np.corrcoef(a[bright], b[bright])[0, 1] > 0.8
    back = imaging.resample(resampled.image, science.wcs, (900, 900), keeps_flux=False)
    assert back.image.pixels.shape == (900, 900)


def test_the_point_spread_function_is_that_of_the_stars():
    random = np.random.default_rng(8)
    stars = stars_in((500, 500), 60, random)
    data, variance = frame_of(stars, (500, 500), 3.0, 200, random)
    found = np.column_stack([np.round(stars[:, :2]), stars[:, 2]])
    measured = imaging.measure_psf(imaging.Image(data, variance), found)
    psf = measured.psf.at(250, 250)
    assert psf.sum() == pytest.approx(1, abs=1e-5)
    half = psf.shape[0] // 2
    rows, columns = np.mgrid[-half : half + 1, -half : half + 1]
    truth = moffat(columns, rows, 3.0)
    assert abs(psf - truth / truth.sum()).max() / psf.max() < 0.03, measured.reason
    assert measured.psf.fwhm(250, 250) == pytest.approx(3.0, rel=0.03)
    distances = np.hypot(measured.stars[:, None, 0] - stars[:, 0], measured.stars[:, None, 1] - stars[:, 1])
    assert np.median(distances.min(axis=1)) < 0.05
    fluxes = measured.stars[:, 2] / stars[distances.argmin(axis=1), 2]
    assert np.median(fluxes) == pytest.approx(1, abs=0.02)


def test_stars_are_told_from_the_galaxies_of_a_real_field(recordings):
    """NIRCam's field has few stars and many galaxies. WebbPSF's model of the reference is 2.14 pixels wide."""
    folder = recordings / "imaging" / "nircam"
    with fits.open(folder / "reference.fits") as opened:
        data = opened[0].data.astype(np.float32)
    data[~np.isfinite(data)] = 0
    noise = fits.getdata(folder / "reference.noise.fits").astype(np.float32)
    background = np.median(data)
    peaks = data == ndimage.maximum_filter(data, 7)
    y, x = np.nonzero(peaks & (data - background > 20 * np.median(noise)))
    found = np.column_stack([x, y, data[y, x] - background])
    for order in (0, 1):
        measured = imaging.measure_psf(imaging.Image(data, noise**2), found, order=order)
        assert 1.9 < measured.psf.fwhm(450, 450) < 3.0, measured.reason


def test_zero_points_and_quality_come_with_a_verdict():
    random = np.random.default_rng(9)
    wcs = imaging.Wcs.tangential(astro.Icrs(ra=astro.degrees(10), dec=astro.degrees(20)), (250, 250), astro.arcseconds(1.1))
    stars = stars_in((500, 500), 60, random)
    data, variance = frame_of(stars, (500, 500), 3.0, 200, random)
    image = imaging.Image(data, variance, wcs=wcs)
    sky = wcs.sky(stars[:, 0], stars[:, 1])
    magnitudes = 25.3 - 2.5 * np.log10(stars[:, 2]) + random.normal(0, 0.03, 60)
    zero = imaging.zero_point(wcs, stars, sky, magnitudes)
    assert zero.magnitude == pytest.approx(25.3, abs=5 * zero.error)
    quality = imaging.judge(image, stars, zero_point=zero, reference=image)
    assert quality.is_good, quality.reason
    assert quality.seeing.arcseconds == pytest.approx(3.3, rel=0.1)
    assert quality.background == pytest.approx(200, rel=0.02)
    assert quality.overlap == pytest.approx(1)
    assert quality.depth == pytest.approx(25.3 - 2.5 * math.log10(quality.limiting_flux), abs=0.02)
    for bad, words in [(np.full((100, 100), np.nan), "0 % of the pixels"), (np.full((100, 100), 7.0), "none of the")]:
        verdict = imaging.judge(imaging.Image(bad), stars[:3])
        assert not verdict.is_good and words in verdict.reason
    full = imaging.judge(imaging.Image(np.full((100, 100), 65535.0), saturation=60000), [])
    assert not full.is_good and "100 % are saturated" in full.reason


def test_coordinates_are_refined_on_a_catalogue():
    random = np.random.default_rng(10)
    truth = imaging.Wcs.from_header(header(**SIP))
    stars = stars_in((1000, 1000), 300, random)
    sky = truth.sky(stars[:, 0], stars[:, 1])
    magnitudes = 25 - 2.5 * np.log10(stars[:, 2])
    rough = imaging.Wcs.from_header(header(CRVAL1=210.004))
    stars[:, :2] += random.normal(0, 0.02, (300, 2))
    refined = imaging.refine(rough, stars, sky, magnitudes, sip_order=3)
    assert refined.rms_pixels == pytest.approx(0.02, rel=0.2)
    x, y = net(1000, 1000)
    wanted = truth.sky(x, y)
    theirs = pixel_to_skycoord(x, y, refined.wcs.to_astropy())
    assert SkyCoord(wanted.ra * u.rad, wanted.dec * u.rad).separation(theirs).arcsec.max() < 0.15


def test_a_field_is_solved_blindly_by_the_real_program(tmp_path):
    """astrometry.net's own program, with an index made here of simulated stars."""
    assert shutil.which("solve-field") and shutil.which("build-astrometry-index"), "scripts/bootstrap test installs astrometry.net"
    random = np.random.default_rng(12)
    count = 3000
    ra, dec = random.uniform(149, 151, count), random.uniform(1, 3, count)
    magnitude = 10 + 8 * random.uniform(0, 1, count) ** 0.5
    order = np.argsort(magnitude)
    indexes = tmp_path / "indexes"
    indexes.mkdir()
    Table({"RA": ra[order], "DEC": dec[order], "MAG": magnitude[order]}).write(tmp_path / "stars.fits")
    subprocess.run(
        ["build-astrometry-index", "-i", "stars.fits", "-o", "indexes/index-1.fits", "-S", "MAG", "-N", "200", "-l", "6", "-u", "20", "-E", "-M", "-I", "1"],
        cwd=tmp_path, check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    truth = imaging.Wcs.tangential(astro.Icrs(ra=astro.degrees(150), dec=astro.degrees(2)), (500, 500), astro.arcseconds(2), astro.degrees(40))
    x, y = truth.pixel(SkyCoord(ra * u.deg, dec * u.deg))
    inside = (x > 0) & (x < 1000) & (y > 0) & (y < 1000)
    stars = np.column_stack([x, y, 10 ** (-0.4 * (magnitude - 20))])[inside]
    stars = stars[np.argsort(-stars[:, 2])][:100]
    solved = imaging.solve_field(stars, (1000, 1000), indexes=indexes, least_scale=astro.arcseconds(1.5), most_scale=astro.arcseconds(2.5))
    assert solved.scale.arcseconds == pytest.approx(2, rel=1e-3)
    refined = imaging.refine(solved, stars, SkyCoord(ra * u.deg, dec * u.deg), magnitude)
    a, b = refined.wcs.sky(250.0, 700.0), truth.sky(250.0, 700.0)
    assert SkyCoord(a.to_astropy()).separation(b.to_astropy()).arcsec < 0.05
    elsewhere = np.column_stack([random.uniform(0, 1000, (60, 2)), random.uniform(1, 100, 60)])
    with pytest.raises(astro.Error, match="no index knows") as refused:
        imaging.solve_field(
            elsewhere, (1000, 1000), indexes=indexes, least_scale=astro.arcseconds(1.9), most_scale=astro.arcseconds(2.1), at_most_s=60
        )
    assert "\n" not in str(refused.value)
