# SPDX-License-Identifier: BSD-3-Clause
"""Maps, columns, beams and tipping curves from Python: their arrays, and other programs' opinion of them."""

import numpy as np
import pytest
from astropy import units, wcs
from astropy.coordinates import SkyCoord
from astropy.io import fits
from scipy import optimize

import astro
from astro import degrees, files, hertz

SITE = astro.Location(degrees(28.3), degrees(-16.5), 2390)
TIME = "2026-01-15T20:00:00"
BEAM = degrees(3)


def spectrum_at(l, b, peak_k=40.0, channels=256):
    """A line at -20 km/s, LSRK."""
    first, step = astro.hydrogen_line - hertz(1.2e6), hertz(2.4e6 / channels)
    axis = astro.FrequencyAxis(first=first, step=step, channels=channels)
    direction = astro.sky.icrs(astro.Galactic(degrees(l), degrees(b)))
    pointing = astro.Pointing(direction, astro.sky.altaz(direction, SITE, TIME), SITE)
    empty = astro.CalibratedSpectrum(axis, np.zeros(channels), np.full(channels, 0.2), mid=TIME, pointing=pointing)
    kelvin = peak_k * np.exp(-0.5 * ((empty.velocities_lsrk_km_s() + 20) / 12) ** 2)
    return astro.CalibratedSpectrum(axis, kelvin, np.full(channels, 0.2), mid=TIME, pointing=pointing)


@pytest.fixture(scope="module")
def cube():
    """Bright in the middle (l = 120, b = 0)."""
    spectra = [
        spectrum_at(120 + l, b, 60 * np.exp(-(l**2 + b**2) / 20))
        for l in np.arange(-6, 7, 1.5)
        for b in np.arange(-4.5, 5, 1.5)
    ]
    grid = astro.grid_around([each.pointing.direction for each in spectra], BEAM, frame="galactic")
    return astro.grid_cube(spectra, grid, astro.VelocityAxis(-80, 2, 61), BEAM)


def test_a_cube_is_an_array_of_velocities_rows_and_columns(cube):
    assert cube.value.shape == cube.sigma.shape == cube.weights().shape == (61, cube.grid.height, cube.grid.width)
    assert cube.value.dtype == np.float32 and not cube.value.flags.writeable
    assert np.shares_memory(cube.value, cube.value)
    plane, y, x = np.unravel_index(np.nanargmax(cube.value), cube.value.shape)
    assert cube.velocity.km_s()[plane] == -20
    l, b = (each[y, x] for each in cube.grid.places())
    assert l == pytest.approx(120, abs=0.7) and b == pytest.approx(0, abs=0.7)
    assert cube.beam.degrees == pytest.approx(3 * np.sqrt(1 + 1 / 9), abs=0.01)


@pytest.mark.parametrize("projection", ["tangent", "plate_carree"])
@pytest.mark.parametrize("frame", ["icrs", "galactic"])
def test_astropy_sees_each_pixel_where_we_do(tmp_path, frame, projection):
    middle = astro.sky.icrs(astro.Galactic(degrees(95), degrees(8)))
    grid = astro.MapGrid(middle.ra if frame == "icrs" else degrees(95), middle.dec if frame == "icrs" else degrees(8),
                         degrees(0.7), 31, 22, frame=frame, projection=projection)  # fmt: skip
    points = astro.grid_map([middle], [5.0], 0.5, grid, degrees(2), unit="Jy")
    files.write_cube(tmp_path / "a.fits", files.cube_of(points))
    with fits.open(tmp_path / "a.fits") as read:
        read.verify("exception")
        np.testing.assert_array_equal(read[0].data, points.value)
        assert read[0].header["BUNIT"] == "Jy" and read[0].header["BMAJ"] == pytest.approx(points.beam.degrees)
        theirs = wcs.WCS(read[0].header)
    sky = theirs.pixel_to_world(*np.meshgrid(np.arange(31), np.arange(22)))
    ours = SkyCoord(*(each * units.deg for each in grid.places()), frame=frame)
    assert sky.separation(ours).arcsec.max() < 0.01
    x, y = grid.pixel_of(middle)
    place = SkyCoord(middle.ra.degrees, middle.dec.degrees, unit="deg")
    assert theirs.world_to_pixel(place) == pytest.approx((x, y), abs=1e-4)
    y_at, x_at = np.unravel_index(np.nanargmin(np.hypot(*np.meshgrid(np.arange(31) - x, np.arange(22) - y))), (22, 31))
    assert points.value[y_at, x_at] == 5.0


def test_the_velocity_axis_of_a_file_is_radio_and_lsrk(tmp_path, cube):
    files.write_cube(tmp_path / "cube.fits", files.cube_of(cube))
    header = fits.getheader(tmp_path / "cube.fits")
    theirs = wcs.WCS(header)
    assert header["SPECSYS"] == "LSRK" and header["CTYPE3"] == "VRAD"
    velocity = theirs.spectral.pixel_to_world(np.arange(61)).to(units.km / units.s, doppler_convention="radio")
    np.testing.assert_allclose(velocity.value, cube.velocity.km_s(), atol=1e-6)


def test_directions_are_taken_as_arrays_lists_and_sky_coordinates():
    random = np.random.default_rng(2)
    ra, dec = np.radians(random.uniform(80, 86, 200)), np.radians(random.uniform(20, 24, 200))
    values = random.normal(size=200)
    grid = astro.grid_around((ra, dec), degrees(1))
    from_arrays = astro.grid_map((ra, dec), values, 0.3, grid, degrees(1))
    directions = [astro.Icrs(astro.radians(a), astro.radians(d)) for a, d in zip(ra, dec)]
    from_list = astro.grid_map(directions, values, np.full(200, 0.3), grid, degrees(1))
    from_astropy = astro.grid_map(SkyCoord(ra, dec, unit="rad"), values, 0.3, grid, degrees(1))
    np.testing.assert_array_equal(from_arrays.value, from_list.value)
    np.testing.assert_allclose(from_arrays.value, from_astropy.value, atol=1e-6)
    with pytest.raises(ValueError, match="199 values"):
        astro.grid_map((ra, dec), values[:-1], 0.3, grid, degrees(1))
    with pytest.raises(astro.Error, match="no MapFrame"):
        astro.grid_around((ra, dec), degrees(1), frame="ecliptic")


def test_integrals_of_a_cube_are_those_of_numpy(cube):
    image = astro.integrated(cube, -81, 41)
    np.testing.assert_allclose(image.value, 2 * np.asarray(cube.value, float).sum(axis=0), rtol=1e-5)
    assert image.unit == "K km/s" and image.velocity is None and image.value.shape == cube.value.shape[1:]
    column = astro.column_density_cm2(cube, -81, 41)
    np.testing.assert_allclose(column.value, 1.823e18 * np.asarray(image.value, float), rtol=1e-5)
    spin = astro.column_density_cm2(cube, -81, 41, spin_k=100)
    expected = -1.823e18 * 100 * 2 * np.log1p(-np.asarray(cube.value, float) / 100).sum(axis=0)
    np.testing.assert_allclose(spin.value, expected, rtol=1e-4)
    one = astro.column_density_cm2(spectrum_at(120, 0), -80, 40)
    assert one.value == pytest.approx(1.823e18 * 40 * 12 * np.sqrt(2 * np.pi), rel=1e-3)


def test_scipy_fits_the_same_beam_with_the_same_errors():
    random = np.random.default_rng(5)
    offset = np.linspace(-6, 6, 49)

    def model(x, centre, width, amplitude, base, slope):
        return base + slope * x + amplitude * np.exp(-4 * np.log(2) * ((x - centre) / width) ** 2)

    power = model(offset, 0.7, 2.5, 10, 50, 0.3) + random.normal(0, 0.2, offset.size)
    sigma = np.full(offset.size, 0.2)
    fit = astro.fit_beam(offset, power, sigma)
    guess = (0, 2, 8, 48, 0)
    best, covariance = optimize.curve_fit(model, offset, power, guess, sigma=sigma, absolute_sigma=True)
    ours = [fit.centre_deg, fit.fwhm_deg, fit.amplitude, fit.base, fit.slope_per_deg]
    np.testing.assert_allclose([each.value for each in ours], best, rtol=1e-4)
    inflated = max(1, fit.reduced_chi_square) ** 0.5
    np.testing.assert_allclose([each.sigma / inflated for each in ours], np.sqrt(np.diag(covariance)), rtol=1e-3)
    np.testing.assert_allclose(fit.power_at(offset), model(offset, *best), rtol=1e-4)


def test_a_grid_over_the_sun_and_a_tipping_curve_are_fitted():
    dx, dy = (each.ravel() for each in np.meshgrid(np.arange(-2, 3) * 1.5, np.arange(-2, 3) * 1.5))
    power = 30 + 90 * np.exp(-4 * np.log(2) * (((dx - 0.4) / 3.1) ** 2 + ((dy + 0.2) / 3.1) ** 2))
    fit = astro.fit_beam_grid(dx, dy, power, disc_deg=astro.sun_disc_deg, round=True, slope=False)
    assert fit.x_deg.value == pytest.approx(0.4, abs=1e-3)
    assert fit.fwhm_x_deg.value == pytest.approx(np.sqrt(3.1**2 - np.log(2) / 2 * astro.sun_disc_deg**2), abs=0.003)
    airmass = np.array([1, 1.5, 2, 3, 4.5])
    kelvin = 85 + 270 * (1 - np.exp(-0.02 * airmass)) + 2.73 * np.exp(-0.02 * airmass)
    tipping = astro.fit_tipping(airmass, kelvin)
    assert tipping.zenith_opacity.value == pytest.approx(0.02, abs=1e-6)
    np.testing.assert_allclose(tipping.temperature_k(airmass), kelvin, rtol=1e-6)
    scaled = astro.fit_tipping(airmass, kelvin * 2e-4, load_power=2e-4 * (85 + 295), load_k=295)
    assert scaled.receiver_k.value == pytest.approx(85, abs=1e-3)
    with pytest.raises(astro.Error, match="air mass"):
        astro.fit_tipping([1, 1.1, 1.2], [90, 91, 92])


def test_the_rotation_curve_of_green_bank_is_that_of_the_milky_way(recordings):
    spectra = []
    for path in sorted((recordings / "radio/gbo20m").glob("*.txt")):
        rows = [row for row in files.read_gbo20m(path) if row.band == 0]
        kelvin = np.mean([row.spectrum.power for row in rows], axis=0)
        own = rows[0].spectrum
        sigma = np.full(len(kelvin), 0.5)
        spectra.append(astro.CalibratedSpectrum(own.axis, kelvin, sigma, mid=own.mid, pointing=own.pointing))
    points = astro.rotation_curve(spectra, rest=rows[0].rest)
    # The recordings' PROVENANCE.md: the highest velocity with hydrogen.
    assert [round(each.longitude.degrees) for each in points] == [20, 40, 60, 80]
    assert [each.terminal_km_s.value for each in points] == pytest.approx([129, 90, 48, 23], abs=5)
    assert all(210 < each.speed_km_s.value < 260 for each in points)
