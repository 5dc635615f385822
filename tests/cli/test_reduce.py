# SPDX-License-Identifier: BSD-3-Clause
"""`astro reduce` on real recordings. The truth values are in the recordings' PROVENANCE.md."""

import pytest


def horn_at(recordings, galactic_longitude, galactic_latitude):
    """The recordings whose AZ, EL and UTC lie nearest to a direction."""
    import astropy.units as u
    from astropy.coordinates import AltAz, EarthLocation, SkyCoord
    from astropy.time import Time

    wanted = SkyCoord(galactic_longitude * u.deg, galactic_latitude * u.deg, frame="galactic")
    best = []
    for path in sorted((recordings / "radio/horn").glob("*.ast")):
        header = {}
        for line in path.read_text().splitlines():
            if not line.startswith("#"):
                break
            if "=" in line:
                key, _, value = line[1:].partition("=")
                header[key.strip()] = value.strip()
        site = EarthLocation.from_geodetic(sexagesimal(header["TELLON"]) * u.deg, sexagesimal(header["TELLAT"]) * u.deg)
        time = Time(header["UTC"].replace(" ", "T"))
        place = AltAz(az=float(header["AZ"]) * u.deg, alt=float(header["EL"]) * u.deg, obstime=time, location=site)
        best.append((SkyCoord(place).galactic.separation(wanted).deg, path))
    best.sort()
    assert best[0][0] < 2.0, f"no recording within 2 deg of {galactic_longitude}, {galactic_latitude}: {best[0]}"
    return best[0][1]


def sexagesimal(text):
    sign = -1 if text.strip().startswith("-") else 1
    degrees, minutes, seconds = (abs(float(part)) for part in text.split(":"))
    return sign * (degrees + minutes / 60 + seconds / 3600)


@pytest.mark.parametrize(
    ("l", "b", "peak_k", "velocity_km_s"),
    [(134.6, -2.5, 41.6, -6.3), (131.8, 7.2, 44.3, -4.6), (156.6, 43.1, 10.8, 0.9)],
)
def test_the_horn_sees_hydrogen_in_kelvin_where_it_is(astro, recordings, l, b, peak_k, velocity_km_s):
    hot = sorted((recordings / "radio/horn").glob("*.hot"))
    assert len(hot) == 5
    told = astro.json("reduce", "--on", horn_at(recordings, l, b), "--hot", *hot)
    assert told["peak_k"] == pytest.approx(peak_k, rel=0.10)
    assert told["peak_velocity_km_s"] == pytest.approx(velocity_km_s, abs=3.0)
    assert told["samples_lost"] == 0
    assert 100 < told["receiver_k"] < 160
    assert told["tsys_k"] == pytest.approx(told["receiver_k"] + 10.0, abs=3.0)


def test_virgo_sees_hydrogen_over_its_calibration(astro, recordings):
    folder = recordings / "radio/virgo"
    told = astro.json("reduce", "--on", folder / "zabro_obs_20240801_0036.dat", "--off", folder / "zabro_cal_20240801_0009.dat")
    assert told["peak_ratio"] == pytest.approx(0.046, abs=0.003)
    # 3 km/s are 14 kHz
    assert told["peak_frequency_mhz"] == pytest.approx(1420.359, abs=0.014)
    assert told["peak_velocity_km_s"] == pytest.approx(10.0, abs=3.0)
    assert told["tsys_k"] is None


def test_reduce_says_what_is_missing(astro, tmp_path):
    assert "--on" in astro.json("reduce", expect=2)["error"]
    told = astro.json("reduce", "--on", tmp_path / "nothing.ast", "--hot", tmp_path / "nothing.hot", expect=2)
    assert "nothing.ast" in told["error"]


def test_a_ratio_is_not_written_as_a_temperature(astro, recordings):
    folder = recordings / "radio/virgo"
    on, off = (sorted(folder.glob(f"*{kind}*.dat"))[0] for kind in ("obs", "cal"))
    said = astro.run("reduce", "--on", on, "--off", off, "--fits", "ratio.fits", expect=2).stderr
    assert "a ratio to the reference and no temperature" in said
    assert "null" not in astro.run("reduce", "--on", on, "--off", off).stdout
