# SPDX-License-Identifier: BSD-3-Clause
"""Clients of the telescope's topics that share nothing with ours: fastavro, aiokafka, and the field lists of the wire
contract as a stranger would write them down."""

import asyncio
import io
import json
import struct
import urllib.request

import aiokafka
import aiokafka.admin
import fastavro


def fields(text, **more):
    """ "name type = default" a line; `?` behind a type: a union with null before it. A default is JSON."""
    made = []
    for line in text.strip().splitlines():
        declared, _, default = line.partition(" = ")
        name, kind = declared.split()
        of_union = kind.endswith("?")
        kind = more.get(kind.rstrip("?"), kind.rstrip("?"))
        made.append({"name": name, "type": ["null", kind] if of_union else kind, **({"default": json.loads(default)} if default else {})})
    return made


def record(name, text, **more):
    return {"type": "record", "name": name, "fields": fields(text, **more)}


TIME = {"type": "long", "logicalType": "timestamp-millis"}
USER = record(
    "UserBase",
    """
    user_id string
    username string
    email string
    id long
    is_active boolean
    created_at time
    """,
    time=TIME,
)
OBSERVATION = record(
    "ObservationBase",
    """
    target_name string
    observation_object string
    ra double
    dec double
    center_frequency double
    rf_gain double
    if_gain double
    bb_gain double
    observation_type string
    integration_time double
    output_filename string
    id long? = null
    observation_id string = ""
    user_id long = 0
    user user? = null
    status string = "pending"
    submitted_at time
    completed_at time? = null
    created_at time
    updated_at time
    """,
    time=TIME,
    user=USER,
)
COMMAND = record(
    "TelescopeCommand",
    """
    command_id string = ""
    command_type string = "start_observation"
    timestamp long = 0
    observation_request observation? = null
    """,
    observation=OBSERVATION,
)
ACKNOWLEDGMENT = record(
    "CommandAcknowledgment",
    """
    ack_id string
    command_id string
    timestamp long
    status status
    message string? = null
    source_application string = ""
    source_hostname string? = null
    progress_percent double? = null
    estimated_completion_time long? = null
    error_code string? = null
    error_details string? = null
    """,
    status={"type": "enum", "name": "AckStatus", "symbols": ["received", "started", "completed", "failed", "rejected", "timeout"]},
)
DATA = record(
    "TelescopeData",
    """
    data_id string
    observation_id string
    sequence_number long
    timestamp long
    data_payload bytes? = null
    """,
)
STATUS = record(
    "TelescopeStatus",
    """
    status_id string
    timestamp long
    source_application string = ""
    source_hostname string? = null
    level level = "info"
    component string = ""
    message string = ""
    is_operational boolean = true
    current_observation_id string? = null
    cpu_usage_percent double? = null
    memory_usage_percent double? = null
    disk_usage_percent double? = null
    error_code string? = null
    additional_info string? = null
    """,
    level={"type": "enum", "name": "StatusLevel", "symbols": ["info", "warning", "error", "critical"]},
)
SCHEMAS = {
    "telescope.commands": COMMAND,
    "telescope.acknowledgments": ACKNOWLEDGMENT,
    "telescope.data": DATA,
    "telescope.status": STATUS,
}


class Registry:
    """A schema registry over its REST API."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, path, body=None, method=None):
        request = urllib.request.Request(
            self.url + path,
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/vnd.schemaregistry.v1+json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def register(self, subject, schema):
        return self.ask(f"/subjects/{subject}/versions", {"schema": json.dumps(schema)})["id"]

    def schema(self, number):
        return json.loads(self.ask(f"/schemas/ids/{number}")["schema"])


def write(registry, topic, message, schema=None):
    """A message in the registry's wire format."""
    schema = schema or SCHEMAS[topic]
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(schema), message)
    return struct.pack(">bI", 0, registry.register(f"{topic}-value", schema)) + body.getvalue()


def read(registry, framed, schema=None):
    """By the writer's schema, resolved to the reader's."""
    zero, number = struct.unpack(">bI", framed[:5])
    assert zero == 0
    writer = fastavro.parse_schema(registry.schema(number))
    return fastavro.schemaless_reader(io.BytesIO(framed[5:]), writer, schema and fastavro.parse_schema(schema))


def read_ignoring_the_writer(topic, framed):
    """As the existing consumer: the body by its own class, whatever the id says, and what is behind it is not looked at."""
    return fastavro.schemaless_reader(io.BytesIO(framed[5:]), fastavro.parse_schema(SCHEMAS[topic]), None)


def send(port, topic, messages):
    """[(key, value)] into a topic, in order."""

    async def run():
        async with aiokafka.AIOKafkaProducer(bootstrap_servers=f"127.0.0.1:{port}", acks="all") as producer:
            for key, value in messages:
                await producer.send_and_wait(topic, value, key=key.encode())

    asyncio.run(run())


def receive(port, topic, keys, timeout=120):
    """The messages of a topic that have these keys, one each, in the order of the topic."""

    async def run():
        found = []
        async with aiokafka.AIOKafkaConsumer(topic, bootstrap_servers=f"127.0.0.1:{port}", auto_offset_reset="earliest") as consumer:
            while len(found) < len(keys):
                message = await asyncio.wait_for(consumer.getone(), timeout)
                if message.key and message.key.decode() in keys:
                    found.append(message)
        return found

    return asyncio.run(run())


def collect(port, topic, key, is_enough, timeout=120):
    """The messages of a topic that have this key, from the beginning until there are enough of them."""

    async def run():
        found = []
        async with aiokafka.AIOKafkaConsumer(topic, bootstrap_servers=f"127.0.0.1:{port}", auto_offset_reset="earliest") as consumer:
            while not is_enough(found):
                message = await asyncio.wait_for(consumer.getone(), timeout)
                if message.key == key.encode():
                    found.append(message)
        return found

    return asyncio.run(run())


def make_topics(port, *names):
    async def run():
        admin = aiokafka.admin.AIOKafkaAdminClient(bootstrap_servers=f"127.0.0.1:{port}")
        await admin.start()
        try:
            await admin.create_topics([aiokafka.admin.NewTopic(name, 1, 1) for name in names if name not in await admin.list_topics()])
        finally:
            await admin.close()

    asyncio.run(run())
