# SPDX-License-Identifier: BSD-3-Clause
"""What may be looked at, asked from Python, and what becomes of a command that may not."""

import pytest

import astro

SITE = """
site: {name: Careful, latitude: 28.3 deg, longitude: -16.5 deg, state: %s}
clock: {start: 2026-06-21T16:00:00Z, speed: 20}
mounts:
  dish: {driver: simulator, limits: {azimuth: [0 deg, 450 deg], altitude: [5 deg, 88 deg]}}
safety:
  dish: {sun_distance: 10 deg, horizon: [{azimuth: 0 deg, altitude: 8 deg}]}
"""
NOW = "2026-06-21T16:00:00"


@pytest.fixture
def site(tmp_path):
    file = tmp_path / "site.yaml"
    file.write_text(SITE % (tmp_path / "state"))
    with astro.Observatory.open(str(file)) as opened:
        yield opened


def sun_place(site):
    return astro.sky.altaz("sun", site.location, NOW, astro.sky.standard_weather(site.location))


def test_the_sky_says_why_a_place_is_forbidden(site):
    sky = astro.safe_sky(site, "dish")
    sun = sun_place(site)
    assert "the Sun is" in sky.objection(sun, NOW)
    assert "horizon's line" in sky.objection(astro.AltAz(astro.degrees(10), astro.degrees(6)), NOW)
    assert sky.objection(astro.AltAz(astro.degrees(10), astro.degrees(60)), NOW) is None
    assert "altitude 89 deg" in sky.objection(astro.Axes(astro.degrees(10), astro.degrees(89)), NOW)
    assert sky.clearance(sun, NOW).degrees == pytest.approx(-10, abs=0.1)


def test_a_way_goes_round_the_sun(site):
    sky = astro.safe_sky(site, "dish")
    sun = sun_place(site)
    start, goal = (astro.Axes(sun.azimuth + astro.degrees(d), sun.altitude) for d in (-20, 20))
    legs = sky.route(site.mount("dish").description, start, goal, NOW)
    assert len(legs) >= 3 and legs[-1] == goal


def test_what_is_forbidden_is_refused_with_its_code(site):
    with pytest.raises(astro.Error, match="the Sun is") as caught:
        site.mount("dish").track("sun")
    assert caught.value.code == "unsafe"


def test_the_example_of_a_careful_site_is_right(root):
    site = astro.load_site(str(root / "examples/sites/careful.yaml"))
    assert site.name == "Careful dish"


def test_what_is_forbidden_can_be_drawn(site):
    sky = astro.forbidden_sky(site.site, "dish", NOW)
    assert sky["horizon"].tolist() == [[0.0, 8.0], [360.0, 8.0]]
    sun = sun_place(site)
    assert sky["sun"] == pytest.approx(
        {"azimuth_deg": sun.azimuth.degrees, "altitude_deg": sun.altitude.degrees, "radius_deg": 10.0}
    )
    assert sky["moon"] is None
    rules = astro.safety_of(site.site, "dish")
    assert rules.sun_distance == astro.degrees(10) and rules.horizon[0].altitude == astro.degrees(8)


def test_the_line_of_the_horizon_closes_over_north(root):
    line = astro.forbidden_sky(astro.load_site(str(root / "examples/sites/careful.yaml")), "dish", NOW)["horizon"]
    assert line[0, 0] == 0 and line[-1, 0] == 360 and line[0, 1] == line[-1, 1]
    assert (line[1:, 0] > line[:-1, 0]).all()


def test_the_galactic_plane_is_drawn_where_its_directions_are(site):
    line = astro.sky.galactic_line(site.location, NOW, count=5)
    place = astro.sky.altaz(astro.Galactic(l=astro.degrees(90), b=astro.degrees(0)), site.location, NOW)
    assert line.azimuth[1] % 6.283185307179586 == pytest.approx(place.azimuth.wrapped().radians, abs=1e-9)
    assert line.altitude[1] == pytest.approx(place.altitude.radians, abs=1e-9)
    assert len(line.azimuth) == 5 and line.altitude[0] == pytest.approx(line.altitude[4])


def test_devices_are_described_as_json_has_it(site):
    import json

    (dish,) = json.loads(json.dumps(astro.describe(site)))
    assert dish == astro.describe(site, "dish")
    assert (dish["device"], dish["kind"], dish["driver"]) == ("dish", "mount", "simulator")
    assert "dish.azimuth" in {point["id"] for point in dish["points"]}
    slew = next(each for each in dish["commands"] if each["command"] == "slew_to")
    assert slew["parameters"] and {"name", "type", "unit", "required", "says"} <= slew["parameters"][0].keys()
    with pytest.raises(astro.Error, match='did you mean "dish"'):
        astro.describe(site, "disk")
    driver = astro.Registry.shared().find("mount", "simulator")
    assert astro.describe(driver)["settings"]
