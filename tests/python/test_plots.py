# SPDX-License-Identifier: BSD-3-Clause
"""Pictures show the data that they were given."""

import matplotlib
import numpy as np
import pytest
from matplotlib import dates, pyplot
from matplotlib.collections import QuadMesh
from PIL import Image

import astro
from astro import arcminutes, degrees, hertz, plot
from astro.exported import read_fits

matplotlib.use("Agg")
SITE = astro.Location(degrees(28.3), degrees(-16.5), 2390)
START = astro.Time("2026-01-15T20:00:00")


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    pyplot.close("all")


def axis(channels=64):
    first, step = astro.hydrogen_line - hertz(1.2e6), hertz(2.4e6 / channels)
    return astro.FrequencyAxis(first=first, step=step, channels=channels)


def power_at(minute, value, weight=None):
    start = START + 60.0 * minute
    return astro.Spectrum(axis(), value, weight, start=start, mid=start + 30.0, exposure_s=60)


def calibrated_at(l, kelvin, hour=0.0, tsys_k=90.0, receiver="horn"):
    direction = astro.sky.icrs(astro.Galactic(degrees(l), degrees(0)))
    pointing = astro.Pointing(direction, astro.sky.altaz(direction, SITE, START), SITE)
    return astro.CalibratedSpectrum(
        axis(), kelvin, np.full(64, 0.5), tsys_k=tsys_k, receiver_k=tsys_k - 10, start=START + 3600 * hour,
        mid=START + 3600 * hour, exposure_s=30, pointing=pointing, receiver=receiver,
    )  # fmt: skip


def mesh_of(ax):
    return next(each for each in ax.collections if isinstance(each, QuadMesh))


def test_a_waterfall_shows_what_changes_and_leaves_gaps():
    band = 1 + np.arange(64) / 64
    rows = [power_at(i, band * (10 if i == 2 else 1)) for i in (0, 1, 2, 5)]  # nothing in minutes 3 and 4
    weight = np.ones(64)
    weight[7] = 0
    rows.append(power_at(6, band, weight))
    ax = plot.waterfall(rows, title="an hour")
    image = mesh_of(ax).get_array().reshape(6, 64)
    np.testing.assert_allclose(image[2], 10, atol=1e-5)  # a factor of ten: 10 dB
    np.testing.assert_allclose(image[[0, 1, 4]], 0, atol=1e-5)
    assert np.ma.getmaskarray(image)[3].all() or np.isnan(image[3]).all()
    assert np.ma.getmaskarray(image)[5, 7] or np.isnan(image[5, 7])
    low, high = ax.get_xlim()
    assert high - low == pytest.approx(2.4, abs=1e-6)
    assert low == pytest.approx(1420.405751768 - 1.2 - 0.5 * 2.4 / 64, abs=1e-6)
    last, first = ax.get_ylim()  # the first on top
    assert dates.num2date(first).isoformat().startswith("2026-01-15T20:00:00")
    assert (last - first) * 24 * 60 == pytest.approx(7, abs=1e-6)
    assert "MHz" in ax.get_xlabel() and "2026-01-15" in ax.get_ylabel() and ax.get_title(loc="left") == "an hour"


def test_a_waterfall_of_calibrated_spectra_is_in_kelvin_and_of_many_is_averaged():
    ax = plot.waterfall([calibrated_at(120, np.full(64, 20.0 + i), hour=i / 60) for i in range(3)])
    np.testing.assert_allclose(np.unique(mesh_of(ax).get_array().compressed()), [20, 21, 22])
    many = plot.waterfall([power_at(i, np.full(64, 1.0 + i % 2)) for i in range(3200)])
    assert mesh_of(many).get_array().size <= 1500 * 64
    with pytest.raises(ValueError, match="one frequency axis"):
        plot.waterfall([power_at(0, np.ones(64)), astro.Spectrum(axis(32), np.ones(32))])


def test_longitude_and_velocity_are_where_the_spectra_are():
    spectra = [calibrated_at(l, np.linspace(0, 10, 64) + l / 100) for l in (350, 10, 20)]
    ax = plot.longitude_velocity(spectra, beam_deg=6, velocity_km_s=(-150, 150))
    assert ax.get_xlim() == pytest.approx((23, -13))  # to the left, through the centre
    columns = [each for each in ax.collections if isinstance(each, QuadMesh)]
    for column, (l, index) in zip(columns, ((-10, 0), (10, 1), (20, 2))):
        corners = column.get_coordinates()
        np.testing.assert_allclose(corners[0, :, 0], [l - 3, l + 3])
        velocity = (corners[:-1, 0, 1] + corners[1:, 0, 1]) / 2
        own = spectra[index]
        all_velocities = own.velocities_lsrk_km_s()
        drawn = np.asarray(column.get_array()).ravel()
        for v, kelvin in zip(velocity, drawn):
            assert kelvin == pytest.approx(own.temperature_k[np.argmin(np.abs(all_velocities - v))], abs=1e-6)


@pytest.mark.parametrize("draw", [plot.waterfall, plot.longitude_velocity, plot.tsys_history])
def test_nothing_is_not_drawn(draw):
    with pytest.raises(ValueError, match="none were given"):
        draw([])


def test_a_history_draws_each_receiver():
    of = [(hour, name) for hour in range(4) for name in ("horn", "dish")]
    spectra = [calibrated_at(120, np.zeros(64), hour, 90 + hour, name) for hour, name in of]
    ax = plot.tsys_history(spectra)
    assert len(ax.lines) == 4
    np.testing.assert_allclose(ax.lines[0].get_ydata(), [90, 91, 92, 93])
    np.testing.assert_allclose(ax.lines[1].get_ydata(), [80, 81, 82, 83])
    assert [each.get_text() for each in ax.get_legend().get_texts()][0] == "horn: system"
    assert "[K]" in ax.get_ylabel()


def test_the_sky_has_targets_where_they_are():
    horizon = astro.sky.Horizon(degrees(12))
    targets = {"anticentre": "galactic 180 0", "behind us": "galactic 0 0"}
    ax = plot.sky(SITE, targets, START, horizon=horizon, lowest=degrees(20))
    place = astro.sky.altaz("galactic 180 0", SITE, START)
    (point,) = [each for each in ax.collections if each.get_gid() == "anticentre"]
    np.testing.assert_allclose(point.get_offsets()[0], [place.azimuth.radians, 90 - place.altitude.degrees], atol=1e-6)
    texts = [each.get_text() for each in ax.texts]
    assert "anticentre" in texts and any("behind us" in each and "below" in each for each in texts)
    assert ax.get_theta_direction() == -1 and ax.get_theta_offset() == pytest.approx(np.pi / 2)
    assert any(np.allclose(line.get_ydata(), 70) for line in ax.lines)  # the mount's limit


def test_visibility_is_the_altitude_over_time():
    ax = plot.visibility(SITE, ["galactic 180 0"], START, START + 36000.0, lowest=degrees(30), highest=degrees(80))
    lines = {each.get_label(): each for each in ax.lines}
    thick = lines["galactic 180 0"]
    times = np.asarray(thick.get_xdata())
    for i in (0, 100, 250):
        altitude = astro.sky.altaz("galactic 180 0", SITE, astro.Time(times[i])).altitude.degrees
        if 30 < altitude < 80:
            assert thick.get_ydata()[i] == pytest.approx(altitude, abs=0.01)
        else:
            assert np.isnan(thick.get_ydata()[i])
    assert np.isnan(thick.get_ydata()).any() and np.isfinite(thick.get_ydata()).any()
    sun = lines["Sun"].get_ydata()[0]
    assert sun == pytest.approx(astro.sky.altaz("sun", SITE, START).altitude.degrees, abs=0.01)
    assert ax.get_ylim() == (0, 90)


@pytest.fixture(scope="module")
def sky_map():
    grid = astro.MapGrid(degrees(120), degrees(0), degrees(1), 21, 11, frame="galactic", projection="plate_carree")
    places = [(l, b) for l in range(114, 127) for b in range(-4, 5)]
    directions = [astro.sky.icrs(astro.Galactic(degrees(l), degrees(b))) for l, b in places]
    values = [l - 100 + 0.1 * b for l, b in places]
    return astro.grid_map(directions, values, 0.1, grid, degrees(2))


def test_a_map_is_drawn_with_the_sky_along_its_edges(sky_map):
    ax = plot.map(sky_map, title="a field")
    (image,) = ax.images
    np.testing.assert_array_equal(np.ma.filled(image.get_array(), np.nan), sky_map.value)
    assert image.get_extent() == [-0.5, 20.5, -0.5, 10.5] and image.origin == "lower"
    longitudes = {label.get_text(): at for label, at in zip(ax.get_xticklabels(), ax.get_xticks())}
    assert longitudes["120°"] == pytest.approx(10) and longitudes["125°"] == pytest.approx(5)  # to the left
    latitudes = {label.get_text(): at for label, at in zip(ax.get_yticklabels(), ax.get_yticks())}
    assert latitudes["0°"] == pytest.approx(5)
    (beam,) = ax.patches
    assert 2 * beam.get_radius() == pytest.approx(sky_map.beam.degrees)
    assert "Galactic longitude" in ax.get_xlabel()


def test_a_cube_wants_a_velocity():
    spectra = [calibrated_at(120, np.arange(64.0))]
    grid = astro.grid_around([spectra[0].pointing.direction], degrees(3), frame="galactic")
    cube = astro.grid_cube(spectra, grid, astro.VelocityAxis(-50, 10, 11), degrees(3))
    with pytest.raises(ValueError, match="velocity_km_s"):
        plot.map(cube)
    with pytest.raises(ValueError, match="outside"):
        plot.map(cube, velocity_km_s=300)
    ax = plot.map(cube, velocity_km_s=21)
    np.testing.assert_array_equal(np.ma.filled(ax.images[0].get_array(), np.nan), cube.value[7])


def scan():
    offset = np.linspace(-3, 3, 31)
    return offset, 10 + 0.2 * offset + 5 * np.exp(-4 * np.log(2) * ((offset - 0.3) / 1.4) ** 2)


def test_a_beam_is_drawn_through_its_scan():
    offset, power = scan()
    fit = astro.fit_beam(offset, power)
    ax = plot.beam(fit, offset, power, np.full(31, 0.1))
    points = ax.containers[0].lines[0]
    np.testing.assert_array_equal(points.get_xdata(), offset)
    np.testing.assert_array_equal(points.get_ydata(), power)
    curve = next(each for each in ax.lines if each.get_label() == "beam")
    np.testing.assert_allclose(curve.get_ydata(), fit.power_at(curve.get_xdata()))
    assert any("width 1.4" in each.get_text() for each in ax.texts)


def test_a_beam_in_two_dimensions_has_its_points_and_its_half_width():
    dx, dy = (each.ravel() for each in np.meshgrid(np.arange(-2, 3), np.arange(-2, 3)))
    power = 3 + 8 * np.exp(-4 * np.log(2) * ((dx - 0.2) ** 2 / 4 + dy**2 / 6))
    fit = astro.fit_beam_grid(dx, dy, power)
    ax = plot.beam(fit, (dx, dy), power)
    points = next(each for each in ax.collections if not isinstance(each, QuadMesh))
    np.testing.assert_array_equal(points.get_offsets(), np.stack([dx, dy], axis=1))
    np.testing.assert_allclose(points.get_array(), power)
    ring = next(each for each in ax.lines if "half" in each.get_label())
    assert np.ptp(ring.get_xdata()) == pytest.approx(2, abs=0.01)


def test_residuals_are_those_of_the_fit():
    random = np.random.default_rng(3)
    observations = []
    for a, e in zip(random.uniform(0, 360, 25), random.uniform(20, 70, 25)):
        error = random.normal(0, 2, 2)
        place = astro.Axes(degrees(a), degrees(e))
        axes = astro.Axes(place.first + arcminutes(30 + error[0]), place.second + arcminutes(error[1]))
        observations.append(astro.sky.PointingObservation(place, axes, arcminutes(2)))
    fit = astro.sky.fit_pointing("alt_az", ["IA", "IE"], observations)
    ax = plot.pointing_residuals(fit)
    drawn = ax.collections[0].get_offsets()
    expected = [(each.first.arcminutes, each.second.arcminutes) for each in fit.residuals]
    np.testing.assert_allclose(drawn, expected)
    circle = ax.lines[0]
    np.testing.assert_allclose(np.hypot(circle.get_xdata(), circle.get_ydata()), fit.rms.arcminutes)
    assert "arcmin" in ax.get_xlabel() and ax.get_xlim()[1] > np.abs(drawn).max()


def test_a_tipping_curve_reaches_down_to_no_air():
    airmass = np.array([1, 1.5, 2, 3, 5])
    kelvin = 90 + 270 * (1 - np.exp(-0.01 * airmass)) + 2.73 * np.exp(-0.01 * airmass)
    fit = astro.fit_tipping(airmass, kelvin)
    ax = plot.tipping(fit, airmass, kelvin)
    np.testing.assert_array_equal(ax.containers[0].lines[0].get_ydata(), kelvin)
    without = next(each for each in ax.lines if each.get_label() == "without air")
    assert without.get_xdata()[0] == 0 and without.get_ydata()[0] == pytest.approx(92.73, abs=0.01)
    assert any("opacity 0.01" in each.get_text() for each in ax.texts)


def test_a_rotation_curve_has_its_points_by_quadrant():
    terminal = {30: astro.Measured(110, 3), 300: astro.Measured(-40, 3)}
    points = [astro.tangent_point(degrees(l), velocity) for l, velocity in terminal.items()]
    ax = plot.rotation_curve(points)
    first, fourth = ax.containers
    assert first.lines[0].get_xydata().tolist() == [[points[0].radius_kpc, points[0].speed_km_s.value]]
    assert fourth.lines[0].get_xydata().tolist() == [[points[1].radius_kpc, points[1].speed_km_s.value]]
    assert "kpc" in ax.get_xlabel() and "km/s" in ax.get_ylabel()


def test_pictures_are_drawn_into_the_axes_given():
    figure, (left, right) = pyplot.subplots(1, 2)
    offset, power = scan()
    assert plot.beam(astro.fit_beam(offset, power), offset, power, ax=left) is left
    assert plot.tsys_history([calibrated_at(120, np.zeros(64))], ax=right) is right
    polar = pyplot.figure().add_subplot(projection="polar")
    assert plot.sky(SITE, time=START, ax=polar) is polar


def test_a_spectrum_is_drawn_in_its_frame_which_a_file_keeps(tmp_path):
    made = calibrated_at(120, np.linspace(0, 10, 64))
    assert plot.spectrum(made).get_xlabel() == "VLSR  [km/s]"
    made.velocity_frame = "bary"
    ax = plot.spectrum(made)
    assert ax.get_xlabel() == "V(BARY)  [km/s]"
    correction = astro.sky.velocity_correction_km_s(made.pointing.direction, SITE, made.mid, frame="bary")
    topocentric = astro.sky.radio_velocity_km_s(made.axis.at(10))
    assert made.velocities_km_s()[10] == pytest.approx(topocentric + correction, abs=1e-9)
    assert made.velocity_km_s(10) == pytest.approx(topocentric + correction, abs=1e-9)
    astro.files.write_fits(tmp_path / "a.fits", made)
    read, _ = read_fits(tmp_path / "a.fits")
    assert read.velocity_frame == astro.sky.VelocityFrame.bary
    made.rest = astro.line_of_band(astro.megahertz(1670))
    astro.files.write_fits(tmp_path / "b.fits", made)
    read, _ = read_fits(tmp_path / "b.fits")
    assert read.rest.megahertz == pytest.approx(1667.359, abs=1e-9)
    assert read.velocities_km_s()[10] == pytest.approx(made.velocities_km_s()[10], abs=1e-6)
    assert made.velocity_km_s(10, rest=astro.hydrogen_line) == pytest.approx(topocentric + correction, abs=1e-9)


def test_a_picture_of_a_file_keeps_who_asked_and_how(tmp_path):
    made = astro.files.Provenance(object="perseus", observer="Anna", telescope="horn", observation_id="7", software="libastro 9")
    made.settings = '{"mode":"track","text":"' + "long " * 40 + '"}'
    made.calibration = '{"hot_k":295.0}'
    astro.files.write_fits(tmp_path / "a.fits", calibrated_at(120, np.linspace(0, 10, 64)), made)
    plot.main([str(tmp_path / "a.fits"), str(tmp_path / "a.png")])
    kept = pyplot.imread(tmp_path / "a.png")
    assert kept.shape[:2] == (900, 1600)
    texts = Image.open(tmp_path / "a.png").text
    assert (texts["Author"], texts["Observation"], texts["Source"]) == ("Anna", "7", "horn")
    assert texts["Settings"] == made.settings and texts["Calibration"] == made.calibration
    plot.spectrum_png(tmp_path / "b.png", calibrated_at(120, np.zeros(64)), "Perseus", provenance=made)
    assert Image.open(tmp_path / "b.png").text["Settings"] == made.settings


@pytest.mark.parametrize("name", ["nothing.fits", "table.csv"])
def test_what_cannot_be_drawn_is_one_sentence(tmp_path, name):
    (tmp_path / "table.csv").write_text("# object: perseus\n1,2\n" * 100)
    with pytest.raises(SystemExit, match=name):
        plot.main([str(tmp_path / name), str(tmp_path / "a.png")])


def test_sdfits_is_drawn_by_any_ending(tmp_path):
    rows = astro.files.sdfits_rows(astro.files.SpectraFile([power_at(i, np.full(64, 1.0 + i)) for i in range(3)]))
    astro.files.write_sdfits(tmp_path / "night.fits", rows)
    plot.main([str(tmp_path / "night.fits"), str(tmp_path / "night.png")])
    assert (tmp_path / "night.png").stat().st_size > 10000


@pytest.mark.parametrize("given", [None, "line.fits"])
def test_what_cannot_be_drawn_is_told_in_a_sentence(given):
    for draw, kind in ((plot.spectrum, "a Spectrum"), (plot.map, "a SkyMap")):
        with pytest.raises(TypeError, match=f"^{kind}.* is needed to be drawn, and (None|str) was given$"):
            draw(given)
