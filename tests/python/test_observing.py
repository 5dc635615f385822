# SPDX-License-Identifier: BSD-3-Clause
"""Requests, plans, steps and the reins of an observation, from Python."""

import numpy
import pytest
from astropy.io import fits

import astro
from astro import degrees

EVENING = astro.Time("2026-01-15T20:00:00Z")


@pytest.fixture
def site(sites, tmp_path):
    text = (sites / "simulated.yaml").read_text().replace("sample_rate: 2.4 MHz", "sample_rate: 2.4 MHz\n    format: spectra\n    channels: 256\n    integration: 100 ms")
    (tmp_path / "site.yaml").write_text(text)
    clock = astro.Clock.simulated(EVENING, 500)
    with astro.Observatory.open(tmp_path / "site.yaml", clock=clock, state_folder=tmp_path / "state") as opened:
        yield opened


def test_a_plan_is_made_before_anything_moves(site):
    request = astro.ObservationRequest(target="galactic 120 0", integration_time_s=30)
    made = astro.plan(site, request)
    assert made.is_possible and [step.step.label for step in made.steps] == ["hot load", "cold load", "on target"]
    assert made.end - made.start > 70 and made.integrating_s == 30
    assert 10 < made.steps[-1].place.altitude.degrees < 88
    request.target = "icrs 0 -85"
    refused = astro.plan(site.site, request, start=EVENING)
    assert not refused.is_possible and "horizon" in refused.refusals[0] and refused.possible_from is None


def test_a_plan_takes_what_observe_takes(site, tmp_path):
    request = {"target": "galactic 120 0", "integration_time_s": 30}
    assert astro.plan(site, request).integrating_s == 30
    (tmp_path / "request.yaml").write_text("target: galactic 120 0\nintegration_time: 40 s\n")
    assert astro.plan(site.site, tmp_path / "request.yaml", start=EVENING).integrating_s == 40
    assert "3 steps" in repr(astro.plan(site, request))
    assert "below the horizon" in repr(astro.plan(site, {"target": "icrs 0 -85"}))
    with pytest.raises(TypeError, match="did you mean 'mode'"):
        astro.plan(site, {"target": "sun", "modee": "track"})


def test_steps_of_ones_own_are_carried_out(site):
    request = astro.ObservationRequest(target="altaz 180 50", integration_time_s=2, calibration="none", channels=64)
    steps = [
        astro.Step(target="altaz 180 50", frame="altaz", x=degrees(x), to_x=degrees(x), duration_s=2, label=f"{x} deg", scan=i)
        for i, x in enumerate((-3, 0, 3))
    ]
    result = astro.observe(site, request, steps=steps)
    found = site.store("archive").find("integration", where={"observation_id": result.observation.id})
    azimuths = {each.step: each.azimuth.degrees for each in found}
    expected = [180 + x / numpy.cos(numpy.radians(50)) for x in (-3, 0, 3)]
    assert [azimuths[i] for i in range(3)] == pytest.approx(expected, abs=0.2)


def test_an_observation_is_cut_short_and_resumed(site):
    control = astro.ObservationControl()
    seen = []

    def progress(told):
        seen.append((told.observation_id, told.latest, told.mount))
        if told.stored == 5:
            control.cancel()

    request = {"target": "altaz 180 60", "integration_time_s": 10, "calibration_time_s": 2, "channels": 64}
    with pytest.raises(astro.Error, match="cancelled"):
        astro.observe(site, request, progress=progress, control=control)
    assert {len(latest.power) for _, latest, _ in seen if latest is not None} == {256}
    assert seen[-1][2].axes is not None
    result = astro.resume(site, "archive", seen[0][0])
    assert result.observation.state == "completed"
    assert {finding.name for finding in result.findings} >= {"tsys", "receiver"}


def test_a_map_is_exported_as_a_cube_and_a_table(site, tmp_path):
    request = astro.ObservationRequest(
        target="galactic 120 0", mode="map", integration_s=1, calibration_time_s=2, channels=256,
        scan=astro.ScanArea(frame="galactic", width=degrees(10), height=degrees(5), spacing=degrees(2.5), speed_per_second=degrees(1)),
    )
    result = astro.observe(site, request)
    store = site.store("archive")
    for name in ("map.fits", "map.sdfits", "map.csv"):
        astro.export_observation(store, result.observation.id, site.site, tmp_path / name)
    with fits.open(tmp_path / "map.fits") as file:
        cube = file[0]
        assert cube.header["CTYPE1"] == "GLON-TAN" and cube.header["CTYPE3"] == "VRAD"
        assert cube.data.ndim == 3 and numpy.nanmax(cube.data) > 10
        assert "galactic" in cube.header["SETTINGS"] and "295" in cube.header["CALIBRAT"]
        assert cube.header["DATE-OBS"][-1].isdigit() and cube.header["DATE-END"] > cube.header["DATE-OBS"]
    with fits.open(tmp_path / "map.sdfits") as file:
        assert "galactic" in file[1].header["SETTINGS"] and "SETTINGS" not in file[1].columns.names
        assert "295" in file[1].data["CALIBRAT"][0]
        assert len(file[1].data) == sum(1 for each in store.find("integration", where={"observation_id": result.observation.id}) if each.phase == "sky")
    table = [line for line in (tmp_path / "map.csv").read_text().splitlines() if not line.startswith("#")]
    assert table[0].startswith("scan,mid_utc,ra_deg")
    offsets = numpy.array([[float(field) for field in line.split(",")[6:8]] for line in table[1:]])
    assert offsets[:, 0].min() == pytest.approx(-5, abs=1.2) and offsets[:, 0].max() == pytest.approx(5, abs=1.2)
    assert set(numpy.round(offsets[:, 1] / 2.5)) == {-1, 0, 1}
