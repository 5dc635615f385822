# SPDX-License-Identifier: BSD-3-Clause
"""What watchers are sent, charts of the history, and points of others, from Python as a web server has them."""

import asyncio
import json
import select

import numpy as np
import pytest

import astro

EVENING = astro.Time("2026-01-15T20:00:00Z")


def point(id, value, after=0.0, unit=""):
    return astro.Point(id=id, device=id.split(".")[0], value=value, unit=unit, time=EVENING + after)


@pytest.fixture
def site(sites, tmp_path):
    file = tmp_path / "site.yaml"
    file.write_text((sites / "simulated.yaml").read_text())
    clock = astro.Clock.simulated(EVENING, 1)
    with astro.Observatory.open(file, clock=clock, state_folder=tmp_path / "state") as opened:
        yield opened


def test_clients_share_texts_of_one_form():
    feed = astro.telemetry.LiveFeed()
    one, two = feed.client(), feed.client(start="now")
    feed.add([point("weather.wind", 7.5, unit="m/s"), point("weather.rain", False)])
    texts, again = one.take(), two.take()
    assert json.loads(texts[0]) == {
        "type": "data",
        "id": "weather.wind",
        "value": 7.5,
        "timestamp": "2026-01-15T20:00:00+00:00",
        "unit": "m/s",
    }
    assert all(a is b for a, b in zip(texts, again)), "the same objects, not copies"
    assert one.take() == [] and one.taken == 2 and not one.is_dropped


def test_a_client_is_what_is_held_of_it():
    feed = astro.telemetry.LiveFeed()
    one, two = feed.client(), feed.client()
    assert feed.clients == 2
    one.close()
    with pytest.raises(astro.Error, match="was closed"):
        one.take()
    del two
    assert feed.clients == 0


def test_batches_subsets_and_events():
    feed = astro.telemetry.LiveFeed()
    some = feed.client(ids=["weather.*"], batches=True)
    feed.add([point("weather.wind", 1), point("dish.altitude", 2), point("weather.rain", 3)])
    feed.tell("alarm", {"name": "wind", "level": "alarm"}, EVENING)
    (text,) = some.take()
    assert [message["id"] for message in json.loads(text)] == ["weather.wind", "weather.rain", "alarm"]
    assert json.loads(text)[2]["value"] == {"name": "wind", "level": "alarm"}
    with pytest.raises(astro.Error, match="recent"):
        feed.client(start="yesterday")


def test_websocket_frames_are_those_that_a_client_reads():
    from websockets.frames import Frame  # the library's own reading of what a server writes
    from websockets.streams import StreamReader

    feed = astro.telemetry.LiveFeed()
    client = feed.client()
    long = "x" * 70000
    feed.add([point("a.b", 1), point("a.c", long)])
    reader = StreamReader()
    reader.feed_data(client.take_websocket())
    reader.feed_eof()
    read = []
    while not next_is_end(reader):
        read.append(json.loads(parsed(Frame, reader)))
    assert [message["value"] for message in read] == [1, long]
    assert client.take_websocket() == b""


def next_is_end(reader):
    return run(reader.at_eof())


def parsed(frame, reader):
    made = run(frame.parse(reader.read_exact, mask=False))
    assert made.fin and made.opcode == 1
    return bytes(made.data)


def run(steps):
    try:
        while True:
            next(steps)
    except StopIteration as ended:
        return ended.value


def test_a_loop_is_woken_by_an_observatory(site):
    async def watch():
        feed = astro.telemetry.LiveFeed(site)
        clients = {client.id: client for client in (feed.client(start="now"), feed.client(ids=[], start="now"))}
        got = {number: [] for number in clients}
        done = asyncio.Event()

        def wake():
            for number in feed.ready():
                got[number] += [json.loads(text) for text in clients[number].take()]
            if all(any(m["value"].get("status") == "success" for m in of if m["type"] == "message") for of in got.values()):
                done.set()

        loop = asyncio.get_running_loop()
        loop.add_reader(feed.fileno(), wake)
        command = astro.Command(id=astro.new_id(), device="dish", name="stop")
        await loop.run_in_executor(None, site.execute, command)
        await asyncio.wait_for(done.wait(), 20)
        loop.remove_reader(feed.fileno())
        feed.close()
        return list(got.values())

    everything, events = asyncio.run(watch())
    results = [m["value"] for m in events if m["id"] == "command_result"]
    assert [each["status"] for each in results] == ["pending", "success"]
    assert results[0]["command"] == "dish.stop" and {"message", "details", "command_id"} <= results[0].keys()
    assert not any(m["type"] == "data" for m in events)


def test_the_descriptor_is_quiet_when_nothing_waits():
    feed = astro.telemetry.LiveFeed(patience_s=5, recent=2, waiting=2)
    client = feed.client()
    assert select.select([feed.fileno()], [], [], 0)[0] == []
    feed.add([point("a.b", i) for i in range(10)])
    assert select.select([feed.fileno()], [], [], 0)[0] and feed.ready() == [client.id]
    values = [json.loads(text)["value"] for text in client.take()]
    assert values == [{"messages": 6}, 6, 7, 8, 9] and client.missed == 6
    assert select.select([feed.fileno()], [], [], 0)[0] == [] and feed.ready() == []


def test_points_of_others_become_history_averages_and_a_chart(site):
    store = site.store("archive")
    count = 3 * 3600
    with astro.telemetry.Hub(site) as hub:
        hub.take([point("shed.temperature", 20 + np.sin(i / 500), i, "degC") for i in range(count)], source="shed")
        assert hub.flush(60)
    messages = json.loads(astro.telemetry.history_messages(store, "shed.temperature", limit=2))
    assert [m["timestamp"] for m in messages] == ["2026-01-15T22:59:58+00:00", "2026-01-15T22:59:59+00:00"]
    minutes = astro.telemetry.find_aggregates(store, "shed.temperature", "minute")
    assert len(minutes) == 180 and minutes[7].count == 60
    chart = astro.telemetry.chart(store, "shed.temperature", EVENING, EVENING + count, width=100)
    assert chart.period is None and chart.unit == "degC"
    assert len(chart) == 100 and chart.count.sum() == count
    truth = (20 + np.sin(np.arange(count) / 500)).reshape(100, 108)
    assert chart.min == pytest.approx(truth.min(axis=1)) and chart.max == pytest.approx(truth.max(axis=1))
    assert chart.average == pytest.approx(truth.mean(axis=1))
    assert chart.time[0] == pytest.approx(EVENING.nanoseconds / 1e9 + 53.5)
    with pytest.raises(astro.Error, match="not after its begin"):
        astro.telemetry.chart(store, "shed.temperature", EVENING, EVENING)
