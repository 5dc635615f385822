# SPDX-License-Identifier: BSD-3-Clause
"""Our transport over Kafka and our codecs, beside clients that share nothing with them, through a real broker."""

import copy
import datetime
import threading

import peers
import pytest

import astro
from astro import messaging

RECORDS = {
    "telescope.commands": messaging.TelescopeCommand,
    "telescope.acknowledgments": messaging.CommandAcknowledgment,
    "telescope.data": messaging.TelescopeData,
    "telescope.status": messaging.TelescopeStatus,
}
TOPICS = list(RECORDS)
AT = datetime.datetime(2026, 1, 15, 20, 0, 0, 123000, datetime.timezone.utc)
USER = {"user_id": "u-1", "username": "anna", "email": "anna@example.org", "id": 7, "is_active": True, "created_at": AT}
OBSERVATION = {
    "target_name": "M 31 α", "observation_object": "galaxy", "ra": 10.684, "dec": 41.269, "center_frequency": 1420.4, "rf_gain": 20.0,
    "if_gain": 10.0, "bb_gain": 0.0, "observation_type": "TARGET_OBSERVATION", "integration_time": 120.0, "output_filename": "m31.fits",
    "id": 42, "observation_id": "42-x", "user_id": 7, "user": USER, "status": "pending", "submitted_at": AT, "completed_at": None,
    "created_at": AT, "updated_at": AT,
}  # fmt: skip


def message_of(topic, key):
    return {
        "telescope.commands": {"command_id": key, "command_type": "start_observation", "timestamp": 1768507200123, "observation_request": OBSERVATION},
        "telescope.acknowledgments": {
            "ack_id": "a-1", "command_id": key, "timestamp": 1768507200123, "status": "failed", "message": None,
            "source_application": "telescope-robotics", "source_hostname": "hill", "progress_percent": 12.5, "estimated_completion_time": None,
            "error_code": "interrupted", "error_details": "the power failed",
        },
        "telescope.data": {"data_id": "d-1", "observation_id": key, "sequence_number": 2**40, "timestamp": 1768507200123, "data_payload": bytes(range(256))},
        "telescope.status": {
            "status_id": key, "timestamp": 1768507200123, "source_application": "telescope-data-handler", "source_hostname": None, "level": "critical",
            "component": "disk", "message": "full", "is_operational": False, "current_observation_id": "42-x", "cpu_usage_percent": 1.5,
            "memory_usage_percent": None, "disk_usage_percent": 100.0, "error_code": "storage", "additional_info": None,
        },
    }[topic]  # fmt: skip


@pytest.fixture
def events(kafka, tmp_path):
    """The transport of a site, as anybody has it."""
    (tmp_path / "site.yaml").write_text(
        "site: {name: Test, latitude: 28 deg, longitude: -16 deg, height: 2390 m}\n"
        f'transports:\n  events: {{driver: kafka, brokers: "127.0.0.1:{kafka.port}", timeout: 60 s}}\n'
    )
    with astro.Observatory.open(tmp_path / "site.yaml", state_folder=tmp_path / "state") as site:
        yield site.transport("events")


@pytest.fixture
def stranger(registry):
    return peers.Registry(registry.port)


def codec_of(registry, topic):
    return messaging.RegistryCodec(messaging.SchemaRegistry(f"http://127.0.0.1:{registry.port}"), f"{topic}-value", RECORDS[topic])


class Inbox:
    """Collects what has one of these keys, until each has come."""

    def __init__(self, events, topic, keys):
        self.keys, self.found, self.whole = set(keys), {}, threading.Event()
        self.listening = events.subscribe(topic.replace(".", "/", 1), self.take)

    def take(self, messages):
        self.found.update((message.key, message) for message in messages if message.key in self.keys)
        if len(self.found) == len(self.keys):
            self.whole.set()

    def wait(self):
        assert self.whole.wait(120), f"only {sorted(self.found)} of {sorted(self.keys)} came"
        self.listening.close()
        return [self.found[key] for key in self.keys]


@pytest.mark.parametrize("topic", TOPICS)
def test_we_read_what_they_write(kafka, registry, events, stranger, topic):
    key = astro.new_id()
    inbox = Inbox(events, topic, [key])
    theirs = peers.write(stranger, topic, message_of(topic, key))
    peers.send(kafka.port, topic, [(key, theirs)])
    [came] = inbox.wait()
    ours = codec_of(registry, topic).decode(came.body)
    # Ours are their fields, bit by bit, and behind them what we add.
    assert messaging.AvroCodec(RECORDS[topic]).encode(ours).startswith(theirs[5:])


@pytest.mark.parametrize("topic", TOPICS)
def test_they_read_what_we_write(kafka, registry, events, stranger, topic):
    key = astro.new_id()
    message = message_of(topic, key)
    codec = codec_of(registry, topic)
    ours = codec.decode(peers.write(stranger, topic, message))
    ticket = events.publish(topic.replace(".", "/", 1), codec.encode(ours), key=key)
    assert events.confirmed(ticket, at_most_s=60) >= ticket
    [came] = peers.receive(kafka.port, topic, [key])
    assert peers.read(stranger, came.value, peers.SCHEMAS[topic]) == message
    assert peers.read_ignoring_the_writer(topic, came.value) == message
    by_our_schema = peers.read(stranger, came.value)
    assert {name: by_our_schema[name] for name in message} == message
    assert set(by_our_schema) >= set(message)


def test_old_and_new_versions_live_on_one_topic(kafka, registry, events, stranger):
    """A rolling upgrade: the contract's version, ours, and one that is newer than ours, each read by each."""
    topic = "telescope.status"
    codec = codec_of(registry, topic)
    ours_schema = stranger.schema(stranger.register(f"{topic}-value", peers.json.loads(messaging.avro_schema(RECORDS[topic]))))
    newer = copy.deepcopy(ours_schema)
    newer["fields"].append({"name": "weather", "type": "string", "default": "unknown"})
    keys = [astro.new_id() for _ in range(3)]
    inbox = Inbox(events, topic, keys)
    old_message, our_message, new_message = (message_of(topic, key) for key in keys)
    bodies = [
        peers.write(stranger, topic, old_message),
        codec.encode(codec.decode(peers.write(stranger, topic, our_message))),
        peers.write(stranger, topic, {**new_message, "weather": "fog"}, newer),
    ]
    assert len({body[1:5] for body in bodies}) == 3, "three versions, three ids"
    peers.send(kafka.port, topic, list(zip(keys, bodies)))
    inbox.wait()
    for key in keys:
        body = inbox.found[key].body
        assert peers.read_ignoring_the_writer(topic, body) == message_of(topic, key)
        assert peers.read(stranger, body, peers.STATUS) == message_of(topic, key)
        assert peers.read(stranger, body, newer)["weather"] == ("fog" if key == keys[2] else "unknown")
        by_us = messaging.AvroCodec(RECORDS[topic]).encode(codec.decode(body))
        assert by_us.startswith(peers.write(stranger, topic, message_of(topic, key))[5:])


def test_what_cannot_be_read_is_told_and_the_next_one_is_read(registry, stranger):
    topic = "telescope.acknowledgments"
    codec = codec_of(registry, topic)
    good = peers.write(stranger, topic, message_of(topic, "c"))
    number = stranger.register("elsewhere-value", {"type": "record", "name": "CommandAcknowledgment", "fields": [
        {"name": name, "type": kind} for name, kind in (("ack_id", "string"), ("command_id", "string"), ("timestamp", "double"), ("status", "string"))
    ]})  # fmt: skip
    wrong_type = peers.struct.pack(">bI", 0, number) + b"\x02a\x02b" + bytes(8) + b"\x02c"
    reasons = {
        b"": "does not begin with a zero",
        b"{}": "does not begin with a zero",
        b"\0\0\0\x03\xe7" + good[5:]: "no schema 999",
        good[:-3]: "do not fit the schema",
        good + b"\0": "behind its end",
        wrong_type: "status: expected one of",
    }
    for body, reason in reasons.items():
        with pytest.raises(astro.Error, match=reason) as refused:
            codec.decode(body)
        assert refused.value.code == "invalid_file"
        assert codec.decode(good).command_id == "c"


def test_a_hundred_mebibytes_are_refused_at_the_sender(events):
    with pytest.raises(astro.Error) as refused:
        events.publish("telescope/data", bytes(100 << 20), key="o")
    assert refused.value.code == "invalid_argument"
    ticket = events.publish("telescope/test", b"small", key="o")
    assert events.confirmed(ticket, at_most_s=60) >= ticket
