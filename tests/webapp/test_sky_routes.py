# SPDX-License-Identifier: BSD-3-Clause
"""Where things are, beside what astropy says."""

import warnings
from datetime import datetime

import numpy
import pytest
from observing import fast_site
from served import ControlRoom

AT = "2026-01-15T20:00:00Z"
HORIZON = """
safety:
  dish:
    horizon:
      - {azimuth: 0 deg, altitude: 12 deg}
      - {azimuth: 180 deg, altitude: 40 deg}
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    made = ControlRoom(site=fast_site(tmp_path_factory.mktemp("site"), HORIZON), queue=False)
    yield made
    made.close()


@pytest.fixture(scope="module")
def client(room):
    return room.client("guest")


@pytest.fixture(scope="module")
def sky(client):
    return client.get("/api/sky", params={"time": AT}).json()


@pytest.fixture(scope="module")
def by_astropy():
    """A function from a SkyCoord to azimuth and altitude in degrees, at AT."""
    from astropy import units
    from astropy.coordinates import AltAz, EarthLocation
    from astropy.time import Time
    from astropy.utils import iers

    iers.conf.auto_download = False
    iers.conf.iers_degraded_accuracy = "warn"
    where = EarthLocation.from_geodetic(-16.5098 * units.deg, 28.3009 * units.deg, 2390 * units.m)
    time = Time(AT.rstrip("Z"))

    def place(direction):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = direction.transform_to(AltAz(obstime=time, location=where))
        return numpy.array([found.az.deg, found.alt.deg]).T

    place.time, place.where = time, where
    return place


def test_the_sky_is_where_astropy_has_it(sky, by_astropy):
    from astropy.coordinates import SkyCoord, get_body

    catalogue = sky["catalogue"]
    expected = by_astropy(SkyCoord([s["ra"] for s in catalogue], [s["dec"] for s in catalogue], unit="deg"))
    found = numpy.array([[source["az"], source["alt"]] for source in catalogue])
    assert len(catalogue) > 100 and numpy.abs(found[:, 1] - expected[:, 1]).max() < 0.01
    off = numpy.abs((found[:, 0] - expected[:, 0] + 180) % 360 - 180) * numpy.cos(numpy.radians(found[:, 1]))
    assert off.max() < 0.01
    for body in ("sun", "moon"):
        azimuth, altitude = by_astropy(get_body(body, by_astropy.time, by_astropy.where))
        assert [sky[body]["az"], sky[body]["alt"]] == pytest.approx([azimuth, altitude], abs=0.02), body
    assert sky["moon"]["illuminated"] == pytest.approx(0.09, abs=0.02), "three days before new"
    plane = SkyCoord(numpy.arange(0, 361, 3), numpy.zeros(121), unit="deg", frame="galactic")
    assert numpy.array(sky["galactic_plane"])[:, 1] == pytest.approx(by_astropy(plane)[:, 1], abs=0.01)
    assert sky["lst_deg"] == pytest.approx(
        by_astropy.time.sidereal_time("apparent", by_astropy.where.lon).deg, abs=0.01
    )


def test_calibrators_have_their_flux(sky):
    flux = {source["name"]: source["flux"] for source in sky["catalogue"]}
    assert flux["Cas A"] == pytest.approx(1500, rel=0.2) and flux["S8"] is None


def test_the_site_says_what_it_is(client):
    site = client.get("/api/site").json()
    assert site["name"] == "Test dish" and site["location"]["latitude"] == pytest.approx(28.3009)
    (mount,) = site["mounts"]
    assert mount["limits"] == {"azimuth": [0, 450], "altitude": [10, 88]}
    assert site["horizon"] == [[0, 12], [180, 40]] == mount["horizon"]
    assert site["receivers"][0]["frequency_mhz"][0] < 1420 < site["receivers"][0]["frequency_mhz"][1]
    assert site["clock_speed"] == 20


def test_sources_are_found_by_a_part_of_a_name(client):
    def names(q):
        return [each["name"] for each in client.get("/api/sky/search", params={"q": q}).json()]

    assert names("cas a") == ["Cas A"] and names("cassiopeia") == ["Cas A"]
    assert names("m3")[0] == "M3" and "M31" in names("m3")
    (found,) = client.get("/api/sky/search", params={"q": "galactic 120 0"}).json()
    assert (
        found["kind"] == "direction" and found["l"] == pytest.approx(120) and found["b"] == pytest.approx(0, abs=1e-9)
    )
    (found,) = client.get("/api/sky/search", params={"q": "10.5 41.25"}).json()
    assert (found["ra"], found["dec"]) == (pytest.approx(10.5), pytest.approx(41.25))
    assert names("no such thing <b>") == []


def test_visibility_is_that_of_the_horizon(client):
    found = client.get("/api/sky/visibility", params={"target": "Tau A", "date": "2026-01-15"}).json()
    rise, transit, set_ = (datetime.fromisoformat(found[each]) for each in ("rise", "transit", "set"))
    assert rise < transit < set_
    assert found["transit_altitude_deg"] == pytest.approx(90 - abs(28.3009 - 22.0145), abs=0.2)
    assert found["altitude"][0][0].startswith("2026-01-15T13:06"), "noon of 16.5 deg west"
    above = [altitude for time, altitude in found["altitude"] if rise < datetime.fromisoformat(time) < set_]
    assert min(above) > 12 and max(above) == pytest.approx(found["transit_altitude_deg"], abs=0.5)
    lines = {time: altitude for time, altitude in found["horizon"]}
    assert min(lines.values()) >= 12 and max(lines.values()) <= 40 and len({round(each) for each in lines.values()}) > 3
    up = [time for time, altitude in found["altitude"] if altitude > lines[time]]
    assert all(found["up"][0][0] <= time <= found["up"][0][1] for time in up) and len(up) > 3, "it is the line of rise and set"
    assert len(found["up"]) == 1 and found["tonight"][0][1] <= found["up"][0][1]
    low = client.get("/api/sky/visibility", params={"ra": 83, "dec": -25, "date": "2026-01-15"}).json()
    assert low["never_up"] and low["up"] == [], "its 36 deg in the south are behind the hill"
    pole = client.get("/api/sky/visibility", params={"ra": 0, "dec": 90}).json()
    assert pole["always_up"] and pole["rise"] is None and pole["up_now"]


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("visibility", {}),
        ("visibility", {"ra": 1}),
        ("visibility", {"ra": "nan", "dec": 0}),
        ("visibility", {"target": "nothing of the kind"}),
        ("visibility", {"target": "sun", "date": "0001-01-01"}),
        ("visibility", {"target": "sun", "step": 1}),
        ("search", {}),
        ("search", {"q": ""}),
        ("search", {"q": "x" * 101}),
    ],
)
def test_what_makes_no_sense_is_refused(client, path, parameters):
    answer = client.get(f"/api/sky/{path}", params=parameters)
    assert answer.status_code == 422 and answer.json()["detail"][0]["msg"]


def test_nobody_looks_without_a_name(room):
    for path in ("site", "sky", "sky/search?q=m", "sky/visibility?target=sun", "control", "queue"):
        assert room.anonymous().get(f"/api/{path}").status_code == 401, path
