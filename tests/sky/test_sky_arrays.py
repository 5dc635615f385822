# SPDX-License-Identifier: BSD-3-Clause
"""The room `sky` from Python: arrays in and out, targets, events, models."""

import numpy as np
import pytest
from astropy import units

import astro
from astro import degrees, sky

SITE = astro.Location(degrees(38.433), degrees(-79.84), 800)
EVENING = "2024-03-09T22:13:07"
TIMES = np.datetime64(EVENING, "ns") + (np.arange(50) * 60_000_000_000).astype("timedelta64[ns]")


def test_one_target_at_many_times_is_a_pair_of_arrays():
    places = sky.altaz("M31", SITE, TIMES)
    assert places.azimuth.shape == places.altitude.shape == (50,) and places.azimuth.dtype == np.float64
    one = sky.altaz("M31", SITE, astro.Time(TIMES[7]))
    assert places.azimuth[7] == pytest.approx(one.azimuth.radians, abs=1e-10)
    assert places.altitude[7] == pytest.approx(one.altitude.radians, abs=1e-10)


def test_results_are_views_of_one_block_and_times_are_not_copied():
    places = sky.altaz("M31", SITE, TIMES)
    assert places.azimuth.base is not None and places.azimuth.strides == (16,)
    assert np.shares_memory(TIMES, TIMES.view("int64"))


def test_many_targets_at_one_time_in_every_form():
    ra, dec = np.deg2rad([10.0, 20.0, 30.0]), np.deg2rad([-5.0, 0.0, 60.0])
    by_tuple = sky.altaz((ra, dec), SITE, EVENING)
    by_array = sky.altaz(np.stack([ra, dec], axis=-1), SITE, EVENING)
    np.testing.assert_array_equal(by_tuple.azimuth, by_array.azimuth)
    for i in range(3):
        one = sky.altaz(astro.Icrs(astro.radians(ra[i]), astro.radians(dec[i])), SITE, EVENING)
        assert by_tuple.altitude[i] == pytest.approx(one.altitude.radians, abs=1e-10)
    back = sky.icrs(by_tuple, SITE, EVENING)
    np.testing.assert_allclose(back.ra, ra, atol=1e-11)
    np.testing.assert_allclose(back.dec, dec, atol=1e-11)


def test_astropys_arrays_are_taken():
    from astropy.coordinates import SkyCoord
    from astropy.time import Time

    stars = SkyCoord([10, 20] * units.deg, [30, 40] * units.deg)
    plain = sky.altaz((np.deg2rad([10.0, 20.0]), np.deg2rad([30.0, 40.0])), SITE, EVENING)
    np.testing.assert_allclose(sky.altaz(stars, SITE, EVENING).azimuth, plain.azimuth, atol=1e-12)
    np.testing.assert_allclose(
        sky.altaz("M31", SITE, Time(TIMES)).altitude, sky.altaz("M31", SITE, TIMES).altitude, atol=1e-10
    )
    fk5 = SkyCoord(10 * units.deg, 20 * units.deg, frame="fk5", equinox="J1975")
    assert sky.altaz(fk5, SITE, EVENING) == sky.altaz(astro.Fk5(degrees(10), degrees(20), 1975.0), SITE, EVENING)
    back = astro.Fk5(degrees(10), degrees(20), 1975.0).to_astropy()
    assert (back.ra.deg, back.equinox.jyear) == pytest.approx((10, 1975))


def test_an_observer_keeps_its_sky_ready():
    observer = sky.Observer(SITE, sky.standard_weather(SITE))
    directions = (np.full(50, 1.0), np.full(50, 0.5))
    each = observer.altaz(directions, TIMES)
    together = observer.altaz(astro.Icrs(astro.radians(1.0), astro.radians(0.5)), TIMES)
    np.testing.assert_array_equal(each.altitude, together.altitude)
    np.testing.assert_allclose(observer.icrs(each, TIMES).ra, 1.0, atol=1e-6)
    km_s = observer.velocity_correction_km_s("icrs 10 20", TIMES, "bary")
    assert km_s.shape == (50,)
    one = sky.velocity_correction_km_s(astro.Icrs(degrees(10), degrees(20)), SITE, astro.Time(TIMES[3]), "bary")
    assert km_s[3] == pytest.approx(one, abs=1e-6)


def test_wrong_arrays_are_refused():
    with pytest.raises(TypeError, match="shape"):
        sky.altaz(np.zeros((3, 4)), SITE, EVENING)
    with pytest.raises(astro.Error, match="NaT"):
        sky.altaz("M31", SITE, np.array(["NaT"], "datetime64[ns]"))
    with pytest.raises(astro.Error, match="room"):
        sky.Observer(SITE).altaz((np.zeros(3), np.zeros(3)), TIMES)


def test_targets_of_every_kind():
    for text in ("fk5 J1975.5 10.5 41.2", "hadec -15 40", "neptune", "S8", "Cas A"):
        target = astro.parse_target(text)
        assert astro.parse_target(str(target)) == target
        assert sky.altaz(target, SITE, EVENING) == sky.altaz(text, SITE, EVENING)
    comet = astro.Ephemeris([(EVENING, "icrs 10 20"), (astro.Time(EVENING) + 3600, "icrs 11 21")])
    assert len(comet) == 2 and comet.points[1][1].ra.degrees == pytest.approx(11)
    assert astro.parse_target(str(comet)) == comet
    assert sky.icrs(comet, SITE, EVENING).ra.degrees == pytest.approx(10)
    assert {entry.name for entry in astro.catalogue()} >= {"M1", "M110", "S7", "S8", "S9", "Cyg A"}
    assert astro.Body.venus == "venus"


def test_velocity_axes():
    frequencies = astro.hydrogen_line.hertz + np.linspace(-1e6, 1e6, 101)
    radio = sky.velocities_km_s(frequencies, correction_km_s=12.0)
    assert radio.shape == (101,) and radio[50] == pytest.approx(12.0, abs=0.001)
    assert (np.diff(radio) < 0).all()
    optical = sky.velocities_km_s(frequencies, definition="optical")
    assert optical[0] > sky.velocities_km_s(frequencies)[0]
    assert sky.frequency_at(sky.velocity_km_s("1420 MHz")).megahertz == pytest.approx(1420)


def test_events_and_nights():
    observer = sky.Observer(SITE)
    found = sky.events(observer, "M1", EVENING, astro.Time(EVENING) + 86400, sky.Horizon(degrees(10)))
    assert [event.kind for event in found].count("transit") == 1
    assert sky.next_event(observer, "icrs 37 89", "set", EVENING) is None
    (dusk, dawn), *_ = sky.nights(SITE, EVENING, astro.Time(EVENING) + 86400)
    assert 9 * 3600 < dawn - dusk < 12 * 3600
    assert sky.airmass(degrees(90)) == pytest.approx(1, abs=1e-3)
    assert sky.refraction(degrees(20), sky.radio_weather(1010, 20, 0.5)).arcminutes > 2.5
    assert sky.moon_distance("M31", SITE, EVENING).degrees > 0


def test_a_pointing_model_is_fitted():
    truth = sky.PointingModel(
        "alt_az", [sky.PointingTerm(name, degrees(value)) for name, value in (("IA", 0.5), ("IE", -0.2), ("AN", 0.05))]
    )
    places = [astro.Axes(degrees(a), degrees(e)) for a in range(0, 360, 40) for e in (20, 45, 70)]
    fit = sky.fit_pointing(
        "alt_az", ["IA", "IE", "AN"], [sky.PointingObservation(place, truth.axes_of(place), "10 arcsec") for place in places]
    )
    assert fit.model.value("AN").degrees == pytest.approx(0.05, abs=1e-9)
    assert fit.rms.arcseconds < 1e-6 and fit.model.terms[0].error.arcseconds > 0
    assert truth.place_of(truth.axes_of(places[4])).first.degrees == pytest.approx(places[4].first.degrees, abs=1e-9)


def test_no_pointing_model_of_right_ascension():
    with pytest.raises(astro.Error, match="take hour_angle_dec"):
        sky.pointing_terms("ra_dec")


def test_a_track_is_planned():
    reach = sky.AxisReach(astro.AxisRange(degrees(0), degrees(450)), astro.AxisRange(degrees(5), degrees(90)))
    plan = sky.plan_track(sky.Observer(SITE), "M31", EVENING, astro.Time(EVENING) + 3600, 60, reach, astro.Axes(degrees(0), degrees(45)))
    assert len(plan.points) == 61 and plan.changes == 0
    assert all(point.reached for point in plan.points)


def test_flux_densities():
    assert sky.flux_density_jy("3C 286", "1 GHz", EVENING) == pytest.approx(10**1.2481)
    assert sky.flux_density_jy("Cas A", "1 GHz", EVENING, "baars_1977") < 2439
    assert "Cyg A" in sky.flux_calibrators()
    with pytest.raises(astro.Error) as caught:
        sky.flux_density_jy("M31", "1 GHz", EVENING)
    assert caught.value.code == "not_found"
