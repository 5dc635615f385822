# SPDX-License-Identifier: BSD-3-Clause
"""astro.imaging beside ccdproc, sep and astropy, on real frames and on frames made of them."""

import threading

import ccdproc
import numpy as np
import pytest
import sep
from astropy import units as u
from astropy.io import fits
from astropy.nddata import CCDData, InverseVariance, StdDevUncertainty, VarianceUncertainty
from astropy.table import Table

import astro
from astro import imaging
from astro.imaging import Flag, Image


@pytest.fixture(scope="module")
def frames(recordings):
    return recordings / "imaging"


@pytest.fixture
def gradient():
    rows, columns = np.mgrid[:64, :80]
    return (rows * 2.0 + columns * 0.5).astype(np.float32)


# Images and arrays.


def test_an_image_is_seen_by_numpy_without_a_copy(gradient):
    image = Image(gradient, gain=1.5, exposure_s=30, mid="2026-01-15T20:00:00", filter="R")
    assert image.shape == (64, 80) and image.pixels.dtype == np.float32 and image.variance is None and image.mask is None
    pixels = image.pixels
    pixels[3, 4] = -7
    assert image.pixels[3, 4] == -7 and np.shares_memory(pixels, image.pixels)
    image.pixels = np.zeros((64, 80))
    assert not pixels.any()  # the numbers were replaced, not the memory
    with pytest.raises(ValueError, match=r"\(2, 2\), the image \(64, 80\)"):
        image.variance = np.ones((2, 2))
    image.variance = np.full((64, 80), 4)
    variance = image.variance
    image.variance = np.full((64, 80), 9)
    assert (variance == 9).all()
    del image
    assert (pixels == 0).all()  # who has a view has the image


def test_a_mask_has_reasons(gradient):
    image = Image(gradient, mask=gradient > 150)
    assert image.mask.dtype == np.uint16 and set(np.unique(image.mask)) == {0, Flag.user}
    image.mask[0, 0] = Flag.cosmic_ray | Flag.bad
    assert Flag(int(image.mask[0, 0])) == Flag.cosmic_ray | Flag.bad
    assert not image.usable[0, 0] and image.usable.dtype == bool
    image.pixels[1, 1] = np.nan
    checked = imaging.checked(image)
    assert checked.mask[1, 1] == Flag.no_data and checked.pixels[1, 1] == 0 and np.isnan(image.pixels[1, 1])


def test_arrays_are_taken_for_images(gradient):
    noisy = imaging.with_noise(gradient)
    assert noisy.variance[10, 10] == gradient[10, 10]
    with pytest.raises(ValueError, match="has 1 axes, expected 2"):
        imaging.checked(np.zeros(3))
    with pytest.raises(TypeError):
        imaging.checked("image.fits")


def test_ccddata_goes_both_ways(gradient):
    image = Image(gradient, np.full((64, 80), 4.0), (gradient > 150) * np.uint16(Flag.saturated), unit="electron", gain=1.5,
                  read_noise=7, exposure_s=30, mid="2026-01-15T20:00:00", filter="R", object="M 31", saturation=150)
    ccd = image.to_astropy()
    assert isinstance(ccd, CCDData) and ccd.unit == u.electron and np.shares_memory(ccd.data, image.pixels)
    assert (ccd.mask == (image.mask != 0)).all() and isinstance(ccd.uncertainty, VarianceUncertainty)
    back = Image(ccd)
    for name in ("pixels", "variance", "mask"):
        assert (getattr(back, name) == getattr(image, name)).all()
    for name in ("unit", "gain", "read_noise", "exposure_s", "mid", "filter", "object", "saturation"):
        assert getattr(back, name) == getattr(image, name), name


@pytest.mark.parametrize("kind, number", [(StdDevUncertainty, 2.0), (VarianceUncertainty, 4.0), (InverseVariance, 0.25)])
def test_every_uncertainty_of_astropy_is_a_variance(gradient, kind, number):
    ccd = CCDData(gradient, unit="adu", uncertainty=kind(np.full(gradient.shape, number)), mask=gradient > 150)
    made = imaging.checked(ccd)
    assert (made.variance == 4).all() and (made.mask[gradient > 150] == Flag.user).all()


# Files.


def test_what_is_written_astropy_reads(gradient, tmp_path):
    image = Image(gradient, np.full((64, 80), 4.0), gradient > 150, exposure_s=30, mid="2026-01-15T20:00:00", filter="R")
    astro.files.write_image(tmp_path / "a.fits", image, astro.files.Provenance(observer="Anna"))
    ccd = CCDData.read(tmp_path / "a.fits")
    assert (ccd.data == gradient).all() and ccd.unit == u.adu and (ccd.mask == (gradient > 150)).all()
    assert isinstance(ccd.uncertainty, VarianceUncertainty) and (ccd.uncertainty.array == 4).all()
    assert ccd.header["EXPTIME"] == 30 and ccd.header["DATE-AVG"] == "2026-01-15T20:00:00.000000" and ccd.header["OBSERVER"] == "Anna"
    fits.open(tmp_path / "a.fits").verify("exception")


def test_what_astropy_writes_is_read(gradient, tmp_path):
    ccd = CCDData(gradient, unit="adu", uncertainty=StdDevUncertainty(np.full(gradient.shape, 2.0)), mask=gradient > 150)
    ccd.write(tmp_path / "a.fits")
    image = astro.files.read_image(tmp_path / "a.fits")
    assert (image.variance == 4).all() and ((image.mask != 0) == (gradient > 150)).all()


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint16", "int32", "uint32", "int64", "float32", "float64"])
def test_every_kind_of_number_is_read(dtype, tmp_path):
    data = np.arange(200).reshape(10, 20).astype(dtype)
    fits.PrimaryHDU(data).writeto(tmp_path / "a.fits")
    assert (astro.files.read_image(tmp_path / "a.fits").pixels == data).all()


@pytest.mark.parametrize("tile", [None, (7, 80), (16, 20), (64, 80)])
@pytest.mark.parametrize(
    "dtype, options",
    [
        ("int16", {"compression_type": "RICE_1"}),
        ("uint8", {"compression_type": "RICE_1"}),
        ("int32", {"compression_type": "RICE_1"}),
        ("uint16", {"compression_type": "GZIP_1"}),
        ("int32", {"compression_type": "GZIP_2"}),
        ("float32", {"compression_type": "GZIP_2", "quantize_level": 0}),
        ("float64", {"compression_type": "GZIP_1", "quantize_level": 0}),
        ("float32", {"compression_type": "RICE_1", "quantize_level": 16}),
        ("float32", {"compression_type": "RICE_1", "quantize_method": 1, "dither_seed": 9990}),
        ("float32", {"compression_type": "GZIP_2", "quantize_method": 2, "dither_seed": 42}),
    ],
)
def test_compressed_tiles_are_read_as_astropy_does(dtype, options, tile, tmp_path, gradient):
    data = (gradient + np.random.default_rng(1).normal(0, 3, gradient.shape)).clip(0, 250).astype(dtype)
    if dtype == "float32":
        data[5, 6:9] = 0
        data[7, 7] = np.nan
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(data, tile_shape=tile, **options)]).writeto(tmp_path / "a.fits")
    with fits.open(tmp_path / "a.fits") as hdus:
        expected = hdus[1].data.astype(float)
    image = astro.files.read_image(tmp_path / "a.fits")
    lost = np.isnan(expected)
    assert ((image.mask == Flag.no_data) == lost).all()
    np.testing.assert_allclose(image.pixels[~lost], expected[~lost], rtol=1e-6, atol=1e-5)
    band = astro.files.ImageReader(tmp_path / "a.fits").read(20, 15)
    assert (band.pixels == image.pixels[20:35]).all()


def test_a_mask_of_rubins_is_that_of_its_planes(frames):
    with fits.open(frames / "lsst_mi/science.fits") as hdus:
        planes, header = hdus[2].data, hdus[2].header
        pixels, variance = hdus[1].data, hdus[3].data
    image = astro.files.read_image(frames / "lsst_mi/science.fits")
    for name, flag in (("BAD", Flag.bad), ("SAT", Flag.saturated), ("CR", Flag.cosmic_ray)):
        said = (planes >> header[f"MP_{name}"]) & 1
        assert ((image.mask & flag != 0) == (said != 0)).all()
    good = image.usable
    assert (image.pixels[good] == pixels[good]).all() and (image.variance[good] == variance[good]).all()


def test_twenty_thousand_pixels_a_side_are_read_by_rows(tmp_path):
    header = fits.Header([("SIMPLE", True), ("BITPIX", 16), ("NAXIS", 2), ("NAXIS1", 20000), ("NAXIS2", 20000)])
    with open(tmp_path / "a.fits", "wb") as file:
        file.write(header.tostring().encode())
        file.truncate(2880 * (1 + (2 * 20000**2 + 2879) // 2880))  # a file of holes
    reader = astro.files.ImageReader(tmp_path / "a.fits")
    assert reader.shape == (20000, 20000) and reader.read(19990, 10).shape == (10, 20000)


def test_bad_files_say_why(tmp_path):
    fits.PrimaryHDU(np.full((4, 4), np.nan)).writeto(tmp_path / "nan.fits")
    with pytest.raises(astro.Error, match="none of its 16 pixels has a number"):
        astro.files.read_image(tmp_path / "nan.fits")
    fits.PrimaryHDU(np.zeros((3, 4, 4))).writeto(tmp_path / "cube.fits")
    with pytest.raises(astro.Error, match="it has 4 x 4 x 3; a cube is read by read_cube"):
        astro.files.read_image(tmp_path / "cube.fits")
    (tmp_path / "text.fits").write_text("hello" * 1000)
    with pytest.raises(astro.Error, match="as a FITS file begins"):
        astro.files.read_image(tmp_path / "text.fits")


# Calibration beside ccdproc: frames made from a real one, with a known bias, dark current and flat.


class Detector:
    """What a real frame of 512 x 520 pixels, with its overscan, would be on a worse detector."""

    strip = imaging.Section(0, 3, 520, 10)
    keep = imaging.Section(0, 16, 520, 512)

    def __init__(self, frames):
        raw = fits.getdata(frames / "raw/a8280271.fits").astype(float)
        self.level = np.median(raw[:, 3:13], axis=1)[:, None] + np.arange(520)[:, None] * 0.01
        self.light = raw[:, 16:528] - np.median(raw[:, 3:13])
        self.random = np.random.default_rng(7)
        self.bias = self.random.normal(0, 3, (520, 512))
        self.current = self.random.gamma(2.0, 0.05, (520, 512))  # adu/s
        rows, columns = np.mgrid[-1 : 1 : 520j, -1 : 1 : 512j]
        self.flat = (1.1 - 0.3 * (rows**2 + columns**2)) * self.random.normal(1, 0.02, (520, 512))

    def frame(self, light, seconds):
        frame = self.random.normal(0, 5 / 1.9, (520, 536)) + self.level
        frame[:, 16:528] += self.bias + light * self.flat + self.current * seconds
        return frame.round().clip(0, 65535).astype(np.uint16)

    @property
    def overscan(self):
        return imaging.Overscan(self.strip, self.keep)


@pytest.fixture(scope="module")
def detector(frames):
    return Detector(frames)


def images(arrays, seconds):
    return [Image(array, exposure_s=seconds, gain=1.9, read_noise=5) for array in arrays]


def trimmed_ccds(arrays, seconds):
    made = []
    for array in arrays:
        ccd = CCDData(array.astype(float), unit="adu", meta={"exptime": seconds})
        ccd = ccdproc.subtract_overscan(ccd, overscan=ccd[:, 3:13], overscan_axis=1, median=True)
        made.append(ccdproc.trim_image(ccd[:, 16:528]))
    return made


CLIP = {"clip": "mean", "low": 1.937, "high": 1.937, "rounds": 1}  # whole numbers lie at just 2 now and then


def combined_ccds(ccds, method, **options):
    return ccdproc.combine(ccds, method=method, sigma_clip=True, sigma_clip_low_thresh=1.937, sigma_clip_high_thresh=1.937,
                           sigma_clip_func=np.ma.mean, sigma_clip_dev_func=np.ma.std, **options)


def near(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5 * np.median(np.abs(theirs)))


@pytest.mark.parametrize("how, method", [("mean", "average"), ("median", "median")])
def test_calibration_equals_ccdprocs(detector, how, method):
    biases = [detector.frame(0, 0) for _ in range(8)]
    darks = [detector.frame(0, 300) for _ in range(6)]
    flats = [detector.frame(level, 5) for level in (20000, 22000, 25000, 30000, 28000)]
    science = detector.frame(detector.light, 150)

    bias = imaging.master_bias(images(biases, 0), combine=how, overscan=detector.overscan, **CLIP)
    dark = imaging.master_dark(images(darks, 300), bias, combine=how, overscan=detector.overscan, **CLIP)
    # ccdproc clips before it scales, and so nothing of flats.
    flat = imaging.master_flat(images(flats, 5), bias, dark, combine=how, overscan=detector.overscan, clip="none")
    frame = imaging.without_overscan(images([science], 150)[0], detector.overscan)

    ccd_bias = combined_ccds(trimmed_ccds(biases, 0.0), method)
    near(bias.pixels, ccd_bias.data)
    ccd_dark = combined_ccds([ccdproc.subtract_bias(ccd, ccd_bias) for ccd in trimmed_ccds(darks, 300.0)], method)
    ccd_dark.meta["exptime"] = 300.0
    near(dark.pixels, ccd_dark.data)
    exposure = {"exposure_time": "exptime", "exposure_unit": u.second, "scale": True}
    ccd_flats = [ccdproc.subtract_dark(ccdproc.subtract_bias(ccd, ccd_bias), ccd_dark, **exposure) for ccd in trimmed_ccds(flats, 5.0)]
    ccd_flat = combined_ccds(ccd_flats, method, scale=lambda data: 1 / np.median(data))
    near(flat.pixels, ccd_flat.data / ccd_flat.data.mean())

    # The noise: both are given the same, of the frame and of the masters.
    variance = np.full((520, 512), 12.5)
    frame.variance = variance
    ccd = trimmed_ccds([science], 150.0)[0]
    ccd.uncertainty = VarianceUncertainty(variance)
    ccd_masters = []
    for ours, theirs, meta in ((bias, ccd_bias, 0.0), (dark, ccd_dark, 300.0), (flat, ccd_flat, 5.0)):
        noise = VarianceUncertainty(ours.variance.astype(float))
        ccd_masters.append(CCDData(ours.pixels.astype(float), unit=theirs.unit, uncertainty=noise, meta={"exptime": meta}))
    ccd = ccdproc.subtract_bias(ccd, ccd_masters[0])
    ccd = ccdproc.subtract_dark(ccd, ccd_masters[1], **exposure)
    ccd = ccdproc.flat_correct(ccd, ccd_masters[2], norm_value=1.0)
    made = imaging.Calibrator(bias, dark, flat).calibrated(frame)
    near(made.pixels, ccd.data)
    near(made.variance, ccd.uncertainty.array)
    electrons = imaging.in_electrons(made)
    near(electrons.pixels, ccdproc.gain_correct(ccd, 1.9 * u.electron / u.adu).data)
    # And it is what fell on the detector.
    off = (made.pixels - detector.light * detector.flat.mean()) / np.sqrt(made.variance + detector.light.clip(0) / 1.9)
    assert abs(np.median(off)) < 0.3


def test_an_overscan_by_a_polynomial_equals_ccdprocs(detector):
    from astropy.modeling.models import Polynomial1D

    array = detector.frame(detector.light, 150)
    ccd = CCDData(array.astype(float), unit="adu")
    ccd = ccdproc.subtract_overscan(ccd, overscan=ccd[:, 3:13], overscan_axis=1, median=True, model=Polynomial1D(3))
    overscan = imaging.Overscan(detector.strip, detector.keep, order=3)
    near(imaging.without_overscan(array.astype(np.float32), overscan).pixels, ccd.data[:, 16:528])
    assert imaging.parse_section("[  17: 528,   1: 520]") == detector.keep


def test_masters_are_made_of_files_that_are_opened_once(detector, tmp_path):
    paths = []
    for i in range(5):
        paths.append(tmp_path / f"{i}.fits")
        fits.PrimaryHDU(detector.frame(0, 300), fits.Header({"EXPTIME": 300.0})).writeto(paths[-1])
    of_files = imaging.master_dark(paths, overscan=detector.overscan)
    of_images = imaging.master_dark([astro.files.read_image(path) for path in paths], overscan=detector.overscan)
    assert (of_files.pixels == of_images.pixels).all() and (of_files.variance == of_images.variance).all()
    with pytest.raises(TypeError, match="images or files"):
        imaging.combined([paths[0], of_images])
    fits.PrimaryHDU(np.zeros((2, 2))).writeto(tmp_path / "other.fits")
    with pytest.raises(astro.Error, match="other.fits\" has 2 rows of 2 columns"):
        imaging.combined([*paths, tmp_path / "other.fits"])


def test_threads_calibrate_beside_each_other(gradient):
    calibrator = imaging.Calibrator(bias=np.full(gradient.shape, 2.0, np.float32))
    made = []
    threads = [threading.Thread(target=lambda: made.append(calibrator.calibrated(gradient))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((each.pixels == gradient - 2).all() for each in made) and len(made) == 8


# Cosmic rays beside astroscrappy.


def test_cosmic_rays_are_those_of_astroscrappy(frames):
    import astroscrappy

    data = fits.getdata(frames / "eso085/004.fit").astype(np.float32)
    random = np.random.default_rng(3)
    hit = np.zeros(data.shape, bool)
    for row, column in zip(random.integers(10, 670, 200), random.integers(10, 1010, 200)):
        for step in range(random.integers(1, 5)):
            hit[row + step, column + step // 2] = True
    data[hit] += random.uniform(800, 6000, hit.sum()).astype(np.float32)
    ours = imaging.with_cosmic_rays_masked(Image(data, gain=1.4, read_noise=8))
    found = (ours.mask & Flag.cosmic_ray) != 0
    theirs, _ = astroscrappy.detect_cosmics(data, gain=1.4, readnoise=8, sigclip=4.5, sigfrac=0.3, objlim=5.0, satlevel=np.inf,
                                            sepmed=False, cleantype="medmask", fsmode="median")
    assert found[hit].mean() > 0.97 and found[hit].mean() >= theirs[hit].mean() - 0.01
    agree = (found & theirs).sum() / (found | theirs).sum()
    assert agree > 0.9, agree


# Sources beside sep.


COLUMNS = {
    "x": "x", "y": "y", "flux": "flux", "peak": "peak", "a": "a", "b": "b", "theta": "theta", "x2": "x2", "y2": "y2", "xy": "xy",
    "x2_error": "errx2", "y2_error": "erry2", "xy_error": "errxy", "cxx": "cxx", "cyy": "cyy", "cxy": "cxy", "flux_filtered": "cflux",
    "peak_filtered": "cpeak", "threshold": "thresh", "pixels": "npix", "pixels_above": "tnpix", "x_min": "xmin", "x_max": "xmax",
    "y_min": "ymin", "y_max": "ymax", "x_peak": "xpeak", "y_peak": "ypeak", "x_peak_filtered": "xcpeak", "y_peak_filtered": "ycpeak",
    "flags": "flag",
}


def real(frames, name):
    image = astro.files.read_image(frames / name)
    return image if image.variance is not None else imaging.with_noise(image)


@pytest.mark.parametrize("name", ["eso085/004.fit", "lsst_mi/science.fits", "nircam/science.fits", "nircam/science.masked.fits"])
def test_backgrounds_and_sources_are_seps(frames, name):
    sep.set_extract_pixstack(2**21)  # as ours
    image = real(frames, name)
    mask = ~image.usable
    background = imaging.Background(image)
    theirs = sep.Background(image.pixels, mask=mask)
    assert background.level == theirs.globalback and background.rms == theirs.globalrms
    np.testing.assert_allclose(background.levels(), theirs.back(), rtol=1e-6)
    np.testing.assert_allclose(background.rms_plane(), theirs.rms(), rtol=1e-6)
    clean = background.subtracted(image)
    data = np.where(mask, 0, image.pixels - theirs.back())
    np.testing.assert_allclose(clean.pixels, data, rtol=1e-6, atol=1e-5 * background.rms)

    data = clean.pixels
    kernel = np.ones((5, 3))
    for ours, expected in (
        (imaging.extracted(clean, 3, noise=background.rms), sep.extract(data, 3.0, err=theirs.globalrms, mask=mask)),
        (imaging.extracted(clean, 3, noise=background.rms, least_pixels=9, filter=None, cleans=False),
         sep.extract(data, 3.0, err=theirs.globalrms, mask=mask, minarea=9, filter_kernel=None, clean=False)),
        (imaging.extracted(clean, 3, noise=background.rms, filter=kernel, filter_kind="convolution", deblend_levels=16,
                           deblend_contrast=0.05),
         sep.extract(data, 3.0, err=theirs.globalrms, mask=mask, filter_kernel=kernel, filter_type="conv", deblend_nthresh=16,
                     deblend_cont=0.05)),
    ):
        assert len(ours) == len(expected) > 3
        for own, other in COLUMNS.items():
            np.testing.assert_allclose(ours[own], expected[other], rtol=1e-6, atol=1e-9, err_msg=own)

    # Where the noise differs from pixel to pixel SEP 1.2, which is Debian's, says another threshold of a source than 1.4, by
    # which sources are split and cleaned, and pixels counted.
    ours = imaging.extracted(clean, 4, deblend_contrast=1, cleans=False)
    expected = sep.extract(data, 4.0, var=image.variance, mask=mask, deblend_cont=1.0, clean=False)
    assert len(ours) == len(expected)
    for own, other in COLUMNS.items():
        if own not in ("threshold", "pixels_above"):
            np.testing.assert_allclose(ours[own], expected[other], rtol=1e-6, atol=1e-9, err_msg=own)

    sources = imaging.extracted(clean, 5, noise=background.rms)
    light = imaging.aperture_fluxes(clean, sources["x"], sources["y"], 4.0)
    flux, error, flags = sep.sum_circle(data, sources["x"], sources["y"], 4.0, var=image.variance, mask=mask, subpix=0)
    np.testing.assert_allclose(light["flux"], flux, rtol=1e-6)
    np.testing.assert_allclose(light["error"], error, rtol=1e-6)
    assert (light["flags"] == flags).all()


def test_kron_fluxes_are_those_of_seps_recipe(frames):
    image = real(frames, "eso085/004.fit")
    clean = imaging.Background(image).subtracted(image)
    sources = imaging.extracted(clean, 10)
    kron = imaging.kron_fluxes(clean, sources)
    x, y, a, b, theta = (sources[name] for name in ("x", "y", "a", "b", "theta"))
    options = {"mask": ~image.usable}
    radius, _ = sep.kron_radius(clean.pixels, x, y, a, b, theta, 6.0, **options)
    np.testing.assert_allclose(kron["radius"], radius, rtol=1e-6)
    flux, error, _ = sep.sum_ellipse(clean.pixels, x, y, a, b, theta, 2.5 * radius, var=image.variance, subpix=0, **options)
    small = radius * np.sqrt(a * b) < 1.75
    flux[small], error[small], _ = sep.sum_circle(clean.pixels, x[small], y[small], 1.75, var=image.variance, subpix=0, **options)
    np.testing.assert_allclose(kron["flux"], flux, rtol=1e-6)
    np.testing.assert_allclose(kron["error"], error, rtol=1e-6)
    half, _ = sep.flux_radius(clean.pixels, x, y, 6.0 * a, 0.5, normflux=flux, subpix=5, **options)
    np.testing.assert_allclose(kron["half_light_radius"], half, rtol=1e-6)


def test_sources_are_a_table(frames):
    image = real(frames, "eso085/004.fit")
    sources = imaging.extracted(imaging.Background(image).subtracted(image), 20)
    assert sources.dtype.names[:3] == ("x", "y", "flux") and sources["flags"].dtype == np.int64
    table = imaging.to_table(sources)
    assert isinstance(table, Table) and len(table) == len(sources)
    assert table["theta"].unit == u.rad and "barycentre" in table["x"].description
    assert imaging.SourceFlag.blended == 1


def test_an_image_with_its_background_is_no_field_of_sources(frames):
    with pytest.raises(astro.Error, match="extracting sources: SEP says"):
        imaging.extracted(np.random.default_rng(1).normal(1000, 1, (2000, 2000)).astype(np.float32), 1, noise=1.0)
