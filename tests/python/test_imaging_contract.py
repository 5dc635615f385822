# SPDX-License-Identifier: BSD-3-Clause
"""What cannot be used is used by no function: saturated and masked pixels, in whatever form somebody brings them."""

import numpy as np
import pytest
from astropy.io.fits import Header
from astropy.nddata import CCDData, InverseVariance, UnknownUncertainty
from astropy.wcs import WCS

import astro
from astro import imaging
from astro.imaging import Flag, Image

SIDE = 64


@pytest.fixture
def full():
    """A sky, and pixels that are saturated, in a plane without a mask."""
    pixels = np.random.default_rng(2).normal(100, 5, (SIDE, SIDE)).astype(np.float32)
    pixels[30:34, 30:34] = 60000
    return Image(pixels, np.full(pixels.shape, 25.0), saturation=50000)


def resampled(image):
    return imaging.resample(image, imaging.Transform(x0=0.5), (SIDE, SIDE)).image


# Each: what comes out of an image, as an array.
FUNCTIONS = {
    "usable": lambda image: image.usable,
    "resample": lambda image: np.stack([resampled(image).pixels, resampled(image).variance, resampled(image).mask]),
    "background": lambda image: imaging.Background(image, box_rows=16, box_columns=16).levels(),
    "aperture_fluxes": lambda image: imaging.aperture_fluxes(image, [31.5], [31.5], 4.0),
    "extracted": lambda image: imaging.extracted(image, 150.0),
    "bad_pixels": lambda image: imaging.bad_pixels(None, image, most_response=1e9),
    "combined": lambda image: imaging.combined([image] * 3).pixels,
    "cosmic rays": lambda image: imaging.with_cosmic_rays_masked(image).mask,
    "cut": lambda image: imaging.cut(image, image, image, 31, 31)[0],
    "trimmed": lambda image: imaging.trimmed(image, imaging.parse_section("[21:50,21:50]")).usable,
    "electrons": lambda image: imaging.in_electrons(image).usable,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_saturated_counts_as_masked_in_every_function(full, name):
    masked = imaging.checked(full)
    assert (masked.mask == Flag.saturated).sum() == 16
    alone, told = FUNCTIONS[name](full), FUNCTIONS[name](masked)
    assert alone.shape == told.shape
    if alone.dtype.names:
        assert all(np.array_equal(alone[each], told[each]) for each in alone.dtype.names)
    else:
        np.testing.assert_array_equal(alone, told)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_has_a_variance_of_zero_counts_as_masked_in_every_function(full, name):
    full.saturation = 0
    full.variance[30:34, 30:34] = 0
    masked = imaging.checked(full)
    assert (masked.mask == Flag.no_data).sum() == 16
    alone, told = FUNCTIONS[name](full), FUNCTIONS[name](masked)
    if alone.dtype.names:
        assert all(np.array_equal(alone[each], told[each]) for each in alone.dtype.names)
    else:
        np.testing.assert_array_equal(alone, told)


@pytest.mark.parametrize("bad", [np.full((4, 5), 65536), np.full((4, 5), -1), np.full((4, 5), 0.5)])
def test_bad_pixels_that_would_lose_their_bits_are_refused(bad):
    with pytest.raises(ValueError, match="bad: expected"):
        imaging.Calibrator(bad=bad)


def test_an_image_of_nothing_but_saturation_has_no_background():
    with pytest.raises(astro.Error, match="no pixel is usable"):
        imaging.Background(Image(np.full((50, 50), 70000.0), saturation=60000))


def test_counts_on_larger_pixels_are_not_taken_for_saturated(full):
    # Four pixels become one: what is half full becomes twice the saturation, and stays what it is.
    pixels = full.pixels.copy()
    pixels[4:26, 4:26] = 25000
    made = imaging.resample(Image(pixels, saturation=50000), imaging.Transform(xx=0.5, yy=0.5), (SIDE // 2, SIDE // 2)).image
    assert made.saturation == 0
    assert made.pixels[7, 7] == pytest.approx(100000, rel=0.01) and made.usable[7, 7]
    assert made.mask[16, 16] & Flag.saturated


def test_a_masked_array_keeps_its_mask():
    pixels = np.ma.array(np.ones((4, 5), np.float32), mask=np.zeros((4, 5), bool))
    assert Image(pixels).usable.all() and imaging.checked(np.ma.array(np.ones((4, 5)))).usable.all()
    pixels[1, 2] = np.ma.masked
    for made in (Image(pixels), imaging.checked(pixels), Image(pixels, mask=np.full((4, 5), Flag.bad, np.uint16))):
        assert made.mask[1, 2] != 0 and not made.usable[1, 2]
    assert Image(pixels).mask.sum() == Flag.user
    both = Image(pixels, mask=np.eye(4, 5, dtype=np.uint16) * Flag.trail).mask
    assert both[1, 1] == Flag.trail and both[1, 2] == Flag.user


@pytest.mark.parametrize("mask", [np.full((4, 5), 65536), np.full((4, 5), -1), np.full((4, 5), 0.5)])
def test_masks_that_would_lose_their_bits_are_refused(mask):
    with pytest.raises(ValueError, match="mask: expected"):
        Image(np.ones((4, 5)), mask=mask)


def test_the_mask_of_a_ccddata_counts_beside_flags_of_another_kind():
    mask = np.zeros((4, 5), bool)
    mask[1, 2] = True
    for flags in (np.zeros((4, 5), int), np.full((4, 5), 1 << 20), np.zeros((4, 5), np.uint16), None):
        made = Image(CCDData(np.ones((4, 5)), unit="adu", mask=mask, flags=flags))
        assert made.mask[1, 2] == Flag.user and made.usable.sum() == 19
    own = np.zeros((4, 5), np.uint16)
    own[3, 3] = Flag.trail
    assert Image(CCDData(np.ones((4, 5)), unit="adu", mask=mask, flags=own)).mask[3, 3] == Flag.trail


def test_uncertainties_that_say_nothing_are_refused_or_mask(recwarn):
    weights = np.full((4, 5), 0.25)
    weights[1, 2] = 0
    made = Image(CCDData(np.ones((4, 5)), unit="adu", uncertainty=InverseVariance(weights)))
    assert made.variance[0, 0] == 4 and not made.usable[1, 2] and made.usable.sum() == 19
    assert not [each for each in recwarn if issubclass(each.category, RuntimeWarning)]
    with pytest.raises(ValueError, match="'unknown' says no variance"):
        Image(CCDData(np.ones((4, 5)), unit="adu", uncertainty=UnknownUncertainty(np.ones((4, 5)))))


def test_a_wcs_of_astropy_is_taken_wherever_one_is():
    cards = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 10.0, "CRVAL2": 20.0, "CRPIX1": 5.0, "CRPIX2": 6.0,
             "CDELT1": -1e-4, "CDELT2": 1e-4}
    theirs = WCS(Header(cards))
    image = Image(np.ones((30, 40)), wcs=theirs)
    expected = theirs.pixel_to_world(10, 11)
    assert image.wcs.sky(10.0, 11.0).ra.degrees == pytest.approx(expected.ra.deg, abs=1e-10)
    image.wcs = theirs
    np.testing.assert_allclose(imaging.resample(image, theirs, (30, 40)).image.pixels, 1, atol=1e-6)
    assert imaging.register_wcs(theirs, 30, 40, theirs).is_found


def test_sources_come_back_as_a_table():
    pixels = np.pad(np.full((5, 5), 100.0), 30)
    sources = imaging.extracted(pixels, 5.0, noise=1.0)
    table = imaging.to_table(sources)
    made = imaging.kron_fluxes(pixels, table)
    assert np.array_equal(made, imaging.kron_fluxes(pixels, sources))
    # The flux of a Kron ellipse is not that of a source's pixels.
    assert imaging.to_table(made)["flux"].description == "sum within the ellipse"
    assert imaging.to_table(imaging.aperture_fluxes(pixels, [32.0], [32.0], 5.0))["flux"].description == "sum within it"
    assert table["flux"].description == "sum of its pixels"


REFUSED = {
    "a filter of zeros": lambda image: imaging.extracted(image, 5.0, filter=np.zeros((3, 3))),
    "a filter of NaN": lambda image: imaging.extracted(image, 5.0, filter=np.full((3, 3), np.nan)),
    "hot pixels of NaN": lambda image: imaging.bad_pixels(image, hot_sigma=np.nan),
    "no response": lambda image: imaging.bad_pixels(None, image, least_response=2.0, most_response=1.0),
    "a section with a tail": lambda image: imaging.parse_section("[1:10,1:10]x"),
    "no patterns": lambda image: imaging.register_stars(np.ones((5, 3)), np.ones((5, 3)), brightest=0),
    "a cut nowhere": lambda image: imaging.cut(image, image, image, np.nan, 3),
    "a cut far away": lambda image: imaging.cut(image, image, image, 1e300, 3),
    "a cut without end": lambda image: imaging.cut(image, image, image, 3, 3, 10**9 + 1),
    "no threads": lambda image: imaging.coadd([image], [imaging.Psf(np.ones((3, 3)))], threads=0),
}


@pytest.mark.parametrize("name", REFUSED)
def test_options_that_cannot_be_are_refused(full, name):
    with pytest.raises(astro.Error) as refused:
        REFUSED[name](full)
    assert refused.value.code == "invalid_argument"


def pair_with_a_masked_part(rows):
    """36 stars twice; of the reference so many rows have no data."""
    random = np.random.default_rng(3)
    side, at = 300, np.arange(300)
    light = np.full((side, side), 200.0)
    for v in range(25, side, 50):
        for u in range(25, side, 50):
            y, x = np.array([v, u]) + random.uniform(-8, 8, 2)
            light += 10 ** random.uniform(3, 4) * np.outer(np.exp(-((at - y) ** 2) / 4), np.exp(-((at - x) ** 2) / 4))
    science, reference = (Image(random.poisson(light).astype(np.float32)) for _ in range(2))
    mask = np.zeros((side, side), np.uint16)
    mask[:rows] = Flag.no_data
    reference.mask = mask
    return science, reference


@pytest.mark.parametrize("correlated", [0, 2])
def test_what_is_masked_says_nothing_of_the_noise(correlated):
    made = imaging.difference(*pair_with_a_masked_part(180), alignment="none", correlated=correlated)
    assert 5 <= made.subtraction.match.stars <= 12  # those of the other rows, and no peaks of noise
    assert made.subtraction.match.flux_ratio == pytest.approx(1.0, abs=0.01)
    assert made.subtraction.match.significance_std == pytest.approx(1.0, abs=0.05)
    assert not [each for each in made.candidates if not each.vetoes]


def test_limits_of_a_difference_are_those_that_are_given():
    science, reference = pair_with_a_masked_part(180)
    limits = imaging.QualityLimits(least_overlap=0.5)
    with pytest.raises(astro.Error, match="40 % of the science image, expected 50 %"):
        imaging.difference(science, reference, alignment="none", limits=limits)
    made = imaging.difference(science, reference, alignment="none", flux_ratio=1.0, astrometric_noise=0.0, negative=False)
    assert made.subtraction.match.flux_ratio == 1 and made.subtraction.match.astrometric_x == 0
    assert all(each.significance > 0 for each in made.candidates)
