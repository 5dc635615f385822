# SPDX-License-Identifier: BSD-3-Clause
"""`astro sky` against astropy, computed in the same run with the same Earth orientation."""

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import ICRS, AltAz, EarthLocation, SkyCoord
from astropy.time import Time
from astropy.utils import iers

SITE = (38.433, -79.840, 800.0)
AT = "2021-02-10T07:57:41"


@pytest.fixture(scope="module", autouse=True)
def without_earth_orientation():
    """UT1 = UTC and no polar motion: what both sides use when there is no IERS table."""
    iers.conf.auto_download = False
    with iers.earth_orientation_table.set(Zero()):
        yield


class Zero(iers.IERS):
    def __new__(cls):
        return super().__new__(cls)

    def ut1_utc(self, jd1, jd2=0.0, return_status=False):
        zero = np.zeros(np.broadcast(jd1, jd2).shape) * u.s
        return (zero, np.zeros(zero.shape, int)) if return_status else zero

    def pm_xy(self, jd1, jd2=0.0, return_status=False):
        zero = np.zeros(np.broadcast(jd1, jd2).shape) * u.arcsec
        return (zero, zero, np.zeros(zero.shape, int)) if return_status else (zero, zero)


def test_sky_gives_place_and_velocity_corrections(astro):
    told = astro.json("sky", "icrs 10.684 41.269", "--site", ",".join(map(str, SITE)), "--at", AT)
    site = EarthLocation.from_geodetic(SITE[1] * u.deg, SITE[0] * u.deg, SITE[2] * u.m)
    time = Time(AT)
    target = SkyCoord(10.684 * u.deg, 41.269 * u.deg)
    place = target.transform_to(AltAz(obstime=time, location=site))
    assert told["azimuth_deg"] == pytest.approx(place.az.deg, abs=1e-6)
    assert told["altitude_deg"] == pytest.approx(place.alt.deg, abs=1e-6)
    assert told["apparent_altitude_deg"] > told["altitude_deg"]
    bary = target.radial_velocity_correction("barycentric", obstime=time, location=site).to_value(u.km / u.s)
    helio = target.radial_velocity_correction("heliocentric", obstime=time, location=site).to_value(u.km / u.s)
    # astropy's barycentric correction is relativistic; ours is the velocity itself: 1e-4 of it, and 10 m/s.
    assert told["v_bary_km_s"] == pytest.approx(bary, abs=0.012)
    assert told["v_helio_km_s"] == pytest.approx(helio, abs=0.012)
    # Gordon 1976: 20 km/s towards 18h, +30 deg of B1900.
    apex = SkyCoord(18 * 15 * u.deg, 30 * u.deg, frame="fk4", equinox="B1900").transform_to(ICRS())
    solar = 20.0 * np.cos(apex.separation(target).rad)
    assert told["v_lsrk_km_s"] == pytest.approx(told["v_bary_km_s"] + solar, abs=0.005)


def test_sky_refuses_what_it_cannot_read(astro):
    told = astro.json("sky", "icrs 10.684", "--site", "38.433,-79.840,800", expect=2)
    assert told["code"] == "invalid_argument"
    assert "icrs" in told["error"]


def test_sky_refuses_a_latitude_of_91_degrees(astro):
    told = astro.json("sky", "sun", "--site", "91,0,0", expect=2)
    assert "LATITUDE" in told["error"]


def test_sky_knows_targets_by_their_names_and_says_when_they_rise(astro):
    told = astro.json("sky", "Cas A", "--site", "28.3,-16.5,2390", "--at", AT)
    assert told["target"].startswith("icrs 350.85")
    assert AT < told["next_transit"] < told["next_set"] < told["next_rise"]  # it is up, and in the east
    assert "UT1" in told["warning"]  # no table of Earth orientation, and how much it matters
    venus = astro.json("sky", "venus", "--site", "28.3,-16.5,2390", "--at", AT)
    assert venus["sun_distance_deg"] < 47.8  # its greatest elongation
    old = astro.json("sky", "fk5 J1950 10 41", "--site", "28.3,-16.5,2390", "--at", AT)
    assert old["ra_deg"] == pytest.approx(10.68, abs=0.01)


def test_sky_takes_a_table_of_earth_orientation(astro):
    import astropy_iers_data

    files = [[], ["--earth-orientation", astropy_iers_data.IERS_A_FILE]]
    without, given = (astro.json("sky", "M31", "--site", "0,0,0", "--at", "2000-01-01", *more) for more in files)
    # UT1 was 0.355 s ahead of UTC (IERS Bulletin A), and the sky turns by 15.04 arcsec a second.
    turned = 3600 * (given["altitude_deg"] - without["altitude_deg"])
    assert abs(turned) == pytest.approx(0.355 * 15.04 * np.cos(np.deg2rad(41.27)), rel=0.35)
    assert "warning" not in given
