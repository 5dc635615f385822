# SPDX-License-Identifier: BSD-3-Clause
"""The queue and its schedules from Python: on the simulated site, as a notebook has them."""

import json

import numpy as np
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


def test_who_runs_a_queue_is_told_how_far_it_is_and_what_is_seen(site):
    kept = astro.add_request(site.store("archive"), wish("perseus", seconds=60), now=EVENING)
    told, plans, running = [], [], []
    control = astro.QueueControl()

    def progress(request, how_far):
        told.append((request, how_far))
        running.append(control.running)

    ended = astro.run_queue(
        site, until_empty=True, progress=progress, live_every_s=0.1, control=control, planned=plans.append
    )
    assert ended["done"] == 1 and plans and control.running == ""
    assert {request.id for request, _ in told} == {kept.id} == set(running)
    assert {request.observation_id for request, _ in told} == {told[0][1].observation_id} != {""}
    assert [p.fraction for _, p in told] == sorted(p.fraction for _, p in told) and told[-1][1].left_s == 0
    live = [p.live for _, p in told if p.live is not None]
    assert [each.number for each in live] == list(range(len(live))) and len(live) >= 3
    assert live[0].unit == "counts" and live[0].phase == "hot"
    last = live[-1]
    assert last.unit == "K" and last.phase == "sky" and last.axis.channels == 64
    assert last.value.dtype == "float32" and last.value.shape == last.sigma.shape == last.row.shape == (64,)
    assert (last.sigma > 0).mean() > 0.9 and last.velocity_frame == astro.sky.VelocityFrame.lsrk
    stored = astro.reduce(site.store("archive"), last.observation_id, site.location).spectrum
    assert last.velocities_km_s() == pytest.approx(stored.velocities_km_s(), abs=0.2)
    inner = slice(8, 56)
    assert abs(last.value[inner] - stored.temperature_k[inner]).max() < 6 * last.sigma[inner].max()
    # A frame has the same.
    frame = last.frame()
    length = int.from_bytes(frame[:4], "little")
    header = json.loads(frame[4 : 4 + length])
    assert length % 4 == 0 and header["channels"] == 64 and header["unit"] == "K" and header["has_row"]
    arrays = np.frombuffer(frame, "<f4", offset=4 + length).reshape(3, 64)
    assert (arrays == [last.value, last.sigma, last.row]).all()


def test_what_runs_is_cancelled_and_the_run_is_stopped_from_another_thread(site):
    store = site.store("archive")
    for name in ("one", "two"):
        astro.add_request(store, wish(name, seconds=3000), now=EVENING)
    control = astro.QueueControl()
    assert control.cancel() is False and control.is_paused is False, "nothing runs yet"
    seen = []

    def progress(request, how_far):
        if how_far.stored < 0:
            return
        if request.id not in seen:
            seen.append(request.id)
            (control.cancel if len(seen) == 1 else control.stop)()

    ended = astro.run_queue(site, until_empty=True, progress=progress, control=control)
    assert ended == {"done": 0, "failed": 0, "interrupted": 1}
    states = {each.id: (str(each.state), each.reason) for each in astro.list_requests(store)}
    assert states[seen[0]][0] == "cancelled" and states[seen[1]][0] == "waiting"
    assert "resumed" in states[seen[1]][1]


def test_a_request_goes_to_json_and_back_and_says_what_is_wrong():
    request = wish("perseus", priority=7)
    text = request.to_json()
    assert astro.QueuedRequest.from_json(text) == request
    assert astro.ObservationRequest.from_json('{"target": "sun"}').target == "sun"
    with pytest.raises(astro.Error) as caught:
        astro.ObservationRequest.from_json('{"target": "sun", "chanels": 12, "integration": -1}')
    assert caught.value.code == "invalid_argument"
    assert "chanels" in str(caught.value) and "channels" in str(caught.value) and "integration" in str(caught.value)


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
