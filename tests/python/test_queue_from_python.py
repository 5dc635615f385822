# SPDX-License-Identifier: BSD-3-Clause
"""The queue and its schedules from Python: on the simulated site, as a notebook has them."""

import pytest

import astro

EVENING = astro.Time("2026-01-15T20:00:00Z")


@pytest.fixture
def site(sites, tmp_path):
    file = tmp_path / "site.yaml"
    file.write_text((sites / "simulated.yaml").read_text())
    clock = astro.Clock.simulated(EVENING, 60)
    with astro.Observatory.open(file, clock=clock, state_folder=tmp_path / "state") as opened:
        yield opened


def wish(name, target="galactic 120 0", seconds=5, **more):
    request = astro.ObservationRequest(
        target=target, target_name=name, integration_time_s=seconds, calibration_time_s=2, channels=64
    )
    return astro.QueuedRequest(request=request, user=more.pop("user", "anna"), **more)


def test_a_request_is_added_listed_and_cancelled(site):
    store = site.store("archive")
    kept = astro.add_request(store, wish("perseus", priority=7), now=EVENING)
    assert kept.id and kept.state == astro.QueueState.waiting and kept.created == EVENING
    assert [each.id for each in astro.list_requests(store)] == [kept.id]
    assert astro.cancel_request(store, kept.id, reason="clouds").reason == "clouds"
    assert astro.list_requests(store, with_ended=False) == []
    with pytest.raises(astro.Error, match="has ended already"):
        astro.cancel_request(store, kept.id)


def test_a_schedule_says_who_comes_when_and_why(site):
    store = site.store("archive")
    for name, target in (("perseus", "galactic 120 0"), ("south", "icrs 0 -85")):
        astro.add_request(store, wish(name, target, seconds=600), now=EVENING)
    night = astro.schedule(site.site, astro.list_requests(store), EVENING, EVENING + 6 * 3600)
    assert [each.target for each in night.entries] == ["perseus"]
    assert night.entries[0].science_s == 600
    assert night.entries[0].start >= EVENING and night.entries[0].why
    (waits,) = night.waiting
    assert waits.because == astro.WaitReason.impossible and waits.never
    assert "never high enough" in waits.why


def test_a_run_tells_of_each_change(site):
    store = site.store("archive")
    kept = astro.add_request(store, wish("perseus"), now=EVENING)
    states = []
    told = astro.run_queue(site, "archive", until_empty=True, changed=lambda each: states.append(str(each.state)))
    assert told == {"done": 1, "failed": 0, "interrupted": 0}
    assert states == ["running", "done"]
    (record,) = astro.list_requests(store)
    assert record.id == kept.id and record.spent_s > 5
    assert astro.reduce(store, record.observation_id, site.location).peak.peak_k > 2


def test_what_a_callback_raises_ends_the_run(site):
    astro.add_request(site.store("archive"), wish("perseus"), now=EVENING)

    def refuse(_):
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        astro.run_queue(site, "archive", until_empty=True, changed=refuse)


def test_a_schedule_is_drawn(site):
    import matplotlib

    matplotlib.use("Agg")
    store = site.store("archive")
    for user, target in (("anna", "galactic 120 0"), ("ben", "galactic 110 0")):
        astro.add_request(store, wish(user + "'s", target, seconds=1800, user=user), now=EVENING)
    queue = astro.list_requests(store)
    night = astro.schedule(site.site, queue, EVENING, EVENING + 3 * 3600)
    assert len(night.entries) == 2
    above, below = astro.plot.schedule(night, site, queue)
    assert len(above.get_lines()) == 4, "each target's track, and the heavy part of it"
    assert [each.get_text() for each in below.get_yticklabels()] == [each.target for each in night.entries]
    assert {each.get_text() for each in below.get_legend().get_texts()} == {"anna", "ben"}
    above.figure.canvas.draw()


def test_the_rules_of_the_site_hold_in_python(sites, tmp_path):
    file = tmp_path / "site.yaml"
    file.write_text((sites / "simulated.yaml").read_text() + "\nqueue: {hours: night, most_waiting: 1, horizon: 2 h}\n")
    with astro.Observatory.open(file, clock=astro.Clock.simulated(EVENING, 60), state_folder=tmp_path / "state") as site:
        store = site.store("archive")
        astro.add_request(store, wish("one"), now=EVENING, site=site.site)
        with pytest.raises(astro.Error, match="most_waiting: 1") as caught:
            astro.add_request(store, wish("two"), now=EVENING, site=site.site)
        assert caught.value.code == "busy"
        night = astro.schedule(site.site, astro.list_requests(store), EVENING)
        assert night.end - night.begin == 7200
        assert astro.run_queue(site, until_empty=True)["done"] == 1
