# SPDX-License-Identifier: BSD-3-Clause
"""The tools of this room on recordings of real receivers; truth: the recordings' PROVENANCE.md."""

import numpy as np
import pytest

import astro
from astro import megahertz

RATE = megahertz(10.4167)
CHANNELS = 16000  # all samples in one transform: what is left of the image must stand out of the noise


@pytest.fixture(scope="module")
def quadrature(recordings):
    return np.load(recordings / "radio" / "berkeley" / "initial_tests.npz")


def block_of(samples):
    return astro.Block(np.asarray(samples, np.complex64), sample_rate=RATE, frequency=megahertz(1420))


def spectrum_of(block, correction=None):
    spectrometer = astro.Spectrometer(channels=CHANNELS, remove_dc=False, correction=correction)
    spectrometer.add(block)
    return spectrometer.spectrum()


def power_around(spectrum, offset_hz):
    channel = round(spectrum.axis.channel_of(megahertz(1420) + astro.hertz(offset_hz)))
    return float(np.sum(spectrum.power[channel - 3 : channel + 4]))


@pytest.mark.parametrize(
    ("name", "tone_khz", "image_db"), [("test_upper", -79.4, 14.9), ("test_lower", 183.6, 11.5)]
)
def test_the_image_of_a_tone_is_gone_after_correction(quadrature, name, tone_khz, image_db):
    block = block_of(quadrature[name])
    estimator = astro.IqEstimator()
    estimator.add(block)
    raw = spectrum_of(block)
    clean = spectrum_of(block, estimator.correction())
    # Without the offset, which is the strongest of all as recorded.
    highest = clean.frequency_hz[np.argmax(clean.power)] - 1420e6
    assert highest == pytest.approx(tone_khz * 1e3, abs=700)

    def suppression_db(spectrum):
        return 10 * np.log10(power_around(spectrum, highest) / power_around(spectrum, -highest))

    assert suppression_db(raw) == pytest.approx(image_db, abs=0.5)
    assert suppression_db(clean) > 30  # numpy: 38.5 and 32.4


def test_the_offset_of_a_receiver_is_found(quadrature):
    estimator = astro.IqEstimator()
    estimator.add(block_of(quadrature["test_nothing"]))
    correction = estimator.correction()
    assert correction.offset == pytest.approx(357 + 293j, abs=1)
    assert estimator.samples == 16000
