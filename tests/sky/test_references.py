# SPDX-License-Identifier: BSD-3-Clause
"""The sky against astropy and JPL Horizons, with the same table of Earth orientation."""

import datetime

import erfa
import numpy as np
import pytest

import astro
from astro import degrees, sky

MAS = 180 / np.pi * 3600e3


def angle_between(a, b):
    """Of two pairs of (longitude, latitude) in radians, right at all separations."""
    difference = b[0] - a[0]
    x = np.cos(a[1]) * np.sin(b[1]) - np.sin(a[1]) * np.cos(b[1]) * np.cos(difference)
    y = np.cos(b[1]) * np.sin(difference)
    z = np.sin(a[1]) * np.sin(b[1]) + np.cos(a[1]) * np.cos(b[1]) * np.cos(difference)
    return np.arctan2(np.hypot(x, y), z)


def random_sky(count, seed):
    """Directions, sites and times from 1975 to 2026, all over the sphere; radians and nanoseconds."""
    random = np.random.default_rng(seed)
    return {
        "ra": random.uniform(0, 2 * np.pi, count),
        "dec": np.arcsin(random.uniform(-1, 1, count)),
        "longitude": random.uniform(-np.pi, np.pi, count),
        "latitude": np.arcsin(random.uniform(-1, 1, count)),
        "height": random.uniform(0, 5000, count),
        "time": (np.datetime64("1975-01-01", "ns") + (random.uniform(0, 51.5 * 365.25 * 86400, count) * 1e9).astype("timedelta64[ns]")),
    }


def test_a_hundred_thousand_places_are_those_of_astropy_to_a_milliarcsecond(orientation):
    from astropy import units as u
    from astropy.coordinates import AltAz, EarthLocation, SkyCoord
    from astropy.time import Time

    given = random_sky(100_000, 1)
    places = SkyCoord(given["ra"] * u.rad, given["dec"] * u.rad).transform_to(
        AltAz(
            obstime=Time(given["time"], scale="utc"),
            location=EarthLocation.from_geodetic(
                given["longitude"] * u.rad, given["latitude"] * u.rad, given["height"] * u.m
            ),
        )
    )
    ours = np.empty((2, 100_000))
    for i in range(100_000):
        site = astro.Location(astro.radians(given["latitude"][i]), astro.radians(given["longitude"][i]), given["height"][i])
        direction = astro.Icrs(astro.radians(given["ra"][i]), astro.radians(given["dec"][i]))
        place = sky.altaz(direction, site, astro.Time.from_nanoseconds(int(given["time"][i].astype("int64"))))
        ours[:, i] = place.azimuth.radians, place.altitude.radians
    worst = angle_between(ours, (places.az.rad, places.alt.rad)).max() * MAS
    print(f"worst of 100,000: {worst:.4f} mas")
    assert worst < 1.0


def test_many_times_are_those_of_astropy_too(orientation):
    from astropy import units as u
    from astropy.coordinates import AltAz, EarthLocation, SkyCoord
    from astropy.time import Time

    times = np.datetime64("2016-12-31T18:00:00", "ns") + (np.arange(3000) * 14_411_000_000).astype("timedelta64[ns]")
    site = EarthLocation.from_geodetic(-79.84 * u.deg, 38.433 * u.deg, 800 * u.m)
    target = SkyCoord(83.63 * u.deg, 22.01 * u.deg)
    theirs = target.transform_to(AltAz(obstime=Time(times), location=site))
    ours = sky.altaz(target, site, times)
    assert angle_between(ours, (theirs.az.rad, theirs.alt.rad)).max() * MAS < 0.1  # over a leap second
    shuffled = np.random.default_rng(1).permutation(times)
    again = sky.Observer(site).altaz(target, shuffled)
    np.testing.assert_array_equal(again.azimuth[np.argsort(shuffled)], ours.azimuth)


def test_velocities_are_those_of_astropy_to_a_metre_a_second(orientation):
    from astropy import constants
    from astropy import units as u
    from astropy.coordinates import EarthLocation, get_body_barycentric_posvel
    from astropy.time import Time

    given = random_sky(2_000, 2)
    times = Time(given["time"], scale="utc")
    sites = EarthLocation.from_geodetic(given["longitude"] * u.rad, given["latitude"] * u.rad, given["height"] * u.m)
    to_source = erfa.s2c(given["ra"], given["dec"])

    def along(velocity):
        return np.einsum("ij,ji->i", to_source, velocity.xyz.to_value(u.km / u.s))

    geo = along(sites.get_gcrs_posvel(times)[1])
    earth = get_body_barycentric_posvel("earth", times, "builtin")[1]
    sun = get_body_barycentric_posvel("sun", times, "builtin")[1]
    bary = geo + along(earth)
    apex = 20 * erfa.s2c(np.deg2rad(15 * (18 + 3 / 60 + 50.24 / 3600)), np.deg2rad(30 + 16.8 / 3600))
    expected = {"geo": geo, "bary": bary, "helio": bary - along(sun), "lsrk": bary + to_source @ apex}
    worst = dict.fromkeys(expected, 0.0)
    for i in range(len(times)):
        site = astro.Location(astro.radians(given["latitude"][i]), astro.radians(given["longitude"][i]), given["height"][i])
        direction = astro.Icrs(astro.radians(given["ra"][i]), astro.radians(given["dec"][i]))
        time = astro.Time.from_nanoseconds(int(given["time"][i].astype("int64")))
        for frame, values in expected.items():
            ours = sky.velocity_correction_km_s(direction, site, time, frame)
            worst[frame] = max(worst[frame], abs(ours - values[i]) * 1e3)
    print({frame: f"{value:.4f} m/s" for frame, value in worst.items()})
    assert max(worst.values()) < 1.0
    assert constants.c.to_value(u.km / u.s) == 299792.458


def test_the_sun_differs_from_astropys_by_light_that_astropy_bends_at_its_own_source(orientation):
    """astropy bends sunlight by the Sun, as if it came from a point some kilometres beside the Sun's
    centre: where that was when the light left is not where it is now (6 km in 8 minutes), and the
    deflection of a source at a finite distance takes the unit vector between the two for the
    direction from the Sun to the source. What it adds, 77 mas at worst here, is computed by itself."""
    from astropy import units as u
    from astropy.coordinates import AltAz, EarthLocation, get_body
    from astropy.time import Time

    site = EarthLocation.from_geodetic(-79.84 * u.deg, 38.433 * u.deg, 800 * u.m)
    raw, explained = [], []
    for day in range(0, 3650, 73):
        time = Time("2011-06-01T15:00:00") + day * u.day
        theirs = get_body("sun", time, site, ephemeris="builtin").transform_to(AltAz(obstime=time, location=site))
        ours = sky.altaz("sun", site, time)
        raw.append(angle_between((ours.azimuth.radians, ours.altitude.radians), (theirs.az.rad, theirs.alt.rad)) * MAS)

        # Ours once more with ERFA, and with what astropy does to it.
        xp, yp = (float(value.to_value("rad")) for value in iers_table().pm_xy(time))
        astrom, _ = erfa.apco13(
            time.jd1, time.jd2, float(time.delta_ut1_utc), site.lon.rad, site.lat.rad, 800.0, xp, yp, 0, 0, 0, 0
        )
        direction = np.zeros(3)
        for _ in range(3):
            light_days = np.linalg.norm(direction) * 499.004782 / 86400
            heliocentric, barycentric = erfa.epv00(time.tt.jd1, time.tt.jd2 - light_days)
            direction = barycentric["p"] - heliocentric["p"] - astrom["eb"]
        unit = direction / np.linalg.norm(direction)
        from_sun = direction + astrom["em"] * astrom["eh"]
        bent = erfa.ld(1.0, unit, from_sun / np.linalg.norm(from_sun), astrom["eh"], astrom["em"], 1e-6)
        proper = erfa.ab(bent, astrom["v"], astrom["em"], astrom["bm1"])
        azimuth, zenith, *_ = erfa.atioq(*erfa.c2s(erfa.rxp(astrom["bpn"], proper)), astrom)
        explained.append(angle_between((azimuth, np.pi / 2 - zenith), (theirs.az.rad, theirs.alt.rad)) * MAS)
    print(f"raw: {max(raw):.1f} mas, explained to {max(explained):.2f} mas")
    assert 5 < max(raw) < 150
    assert max(explained) < 1.0


def iers_table():
    from astropy.utils import iers

    return iers.earth_orientation_table.get()


def horizons(path):
    """Times, ICRF right ascension and declination, azimuth and elevation (degrees) of a table of JPL Horizons."""
    rows, started = [], False
    for line in path.read_text().splitlines():
        if line.startswith("$$"):
            started = line == "$$SOE"
        elif started:
            when = datetime.datetime.strptime(line[1:18], "%Y-%b-%d %H:%M")
            if 1975 <= when.year < 2020:  # UT in the table is UTC
                rows.append((np.datetime64(when, "ns"), *map(float, line[21:].split())))
    times, *numbers = zip(*rows)
    return np.array(times), np.array(numbers)


HORIZONS_SITE = astro.Location(degrees(29.0), degrees(279.0 - 360.0), 10.0)


def offsets_arcsec(body, times, azimuth, altitude, weather=None):
    observer = sky.Observer(HORIZONS_SITE, weather or sky.Weather())
    ours = observer.altaz(body, times)
    return angle_between(ours, (np.deg2rad(azimuth), np.deg2rad(altitude))) * MAS / 1e3


def test_the_airless_moon_is_that_of_jpl_horizons(orientation, recordings):
    times, (ra, dec, _, _, azimuth, altitude) = horizons(recordings / "pointing/horizons/airless_Moon.txt")
    assert len(times) > 1600
    offsets = offsets_arcsec("moon", times, azimuth, altitude)
    print(f"Moon: worst {offsets.max():.1f} arcsec, rms {np.sqrt((offsets**2).mean()):.1f}")
    assert offsets.max() < 30
    # The table has four digits, 0.4 arcsec; the rest is ERFA's eraMoon98 (Meeus 1998), which leaves out
    # what is below some arcseconds: the same difference is there among the stars, before any horizon.
    stars = [sky.icrs("moon", HORIZONS_SITE, astro.Time(time)) for time in times[::20]]
    among_stars = angle_between(
        np.array([(at.ra.radians, at.dec.radians) for at in stars]).T, (np.deg2rad(ra[::20]), np.deg2rad(dec[::20]))
    )
    assert np.abs(among_stars * MAS / 1e3 - offsets[::20]).max() < 2.0


def refraction_of_horizons(recordings):
    """What Horizons' air adds to an apparent altitude (degrees), from its two tables of one Moon. Below
    the horizon it is a constant."""
    _, through_air = horizons(recordings / "pointing/horizons/Moon.txt")
    _, airless = horizons(recordings / "pointing/horizons/airless_Moon.txt")
    order = np.argsort(through_air[5])
    return through_air[5][order], (through_air[5] - airless[5])[order]


def test_the_sun_is_that_of_jpl_horizons(orientation, recordings):
    times, (ra, dec, _, _, azimuth, altitude) = horizons(recordings / "pointing/horizons/Sun.txt")
    assert len(times) > 1600
    # All rows are of 0h UT, late afternoon at 81 degrees west: the Sun is never above 5 degrees. So the
    # air of Horizons is taken off its own altitudes, and every altitude counts.
    airless = altitude - np.interp(altitude, *refraction_of_horizons(recordings))
    offsets = offsets_arcsec("sun", times, azimuth, airless)
    steady = (altitude < -1) | (altitude > 1)  # where the air changes by minutes of arc a degree
    print(f"Sun: worst {offsets[steady].max():.2f} arcsec of {steady.sum()}, {offsets.max():.2f} of all")
    assert offsets[steady].max() < 5
    # Among the stars, where no air is: eraEpv00 to the table's last digit (0.036 arcsec).
    suns = [sky.icrs("sun", HORIZONS_SITE, astro.Time(time)) for time in times]
    ours = np.array([(at.ra.radians, at.dec.radians) for at in suns]).T
    among_stars = angle_between(ours, (np.deg2rad(ra), np.deg2rad(dec))) * MAS / 1e3
    print(f"Sun among the stars: worst {among_stars.max():.3f} arcsec")
    assert among_stars.max() < 0.1
