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
