# SPDX-License-Identifier: BSD-3-Clause
"""Our Avro beside another implementation of it, and the schemas that consumers depend on."""

import io
import json
import random
import runpy
import string

import fastavro
import pytest
from astro import messaging

RECORDS = [
    messaging.TelescopeCommand, messaging.CommandAcknowledgment, messaging.TelescopeData, messaging.TelescopeStatus
]  # fmt: skip

# The fields as the existing consumer has them, in its order; what is ours stands behind them.
ORDER = {
    "TelescopeCommand": "command_id command_type timestamp observation_request",
    "ObservationBase": "target_name observation_object ra dec center_frequency rf_gain if_gain bb_gain observation_type"
    " integration_time output_filename id observation_id user_id user status submitted_at completed_at created_at updated_at",
    "UserBase": "user_id username email id is_active created_at",
    "CommandAcknowledgment": "ack_id command_id timestamp status message source_application source_hostname"
    " progress_percent estimated_completion_time error_code error_details",
    "TelescopeData": "data_id observation_id sequence_number timestamp data_payload",
    "TelescopeStatus": "status_id timestamp source_application source_hostname level component message is_operational"
    " current_observation_id cpu_usage_percent memory_usage_percent disk_usage_percent error_code additional_info",
}


def parsed(record):
    return fastavro.parse_schema(json.loads(messaging.avro_schema(record)))


def records_in(schema):
    if isinstance(schema, list):
        for branch in schema:
            yield from records_in(branch)
    elif isinstance(schema, dict):
        if schema["type"] == "record":
            yield schema
            for field in schema["fields"]:
                yield from records_in(field["type"])
        else:
            yield from records_in(schema["type"]) if isinstance(schema["type"], (dict, list)) else ()


@pytest.mark.parametrize("record", RECORDS, ids=lambda each: each.__name__)
def test_fields_stand_where_consumers_expect_them(record):
    seen = {each["name"]: each for each in records_in(json.loads(messaging.avro_schema(record)))}
    assert record.__name__ in seen
    for name, schema in seen.items():
        fields = [field["name"] for field in schema["fields"]]
        binding = ORDER[name].split()
        assert fields[: len(binding)] == binding
        outermost = name == record.__name__
        assert outermost or len(fields) == len(binding), "a nested record never changes"
        assert all("default" in field for field in schema["fields"][len(binding):])


def anything(schema, randomness, depth=0):
    """A random value of a parsed schema."""
    if isinstance(schema, list):
        return anything(randomness.choice(schema), randomness, depth)
    kind = schema["type"] if isinstance(schema, dict) else schema
    if kind == "record":
        return {field["name"]: anything(field["type"], randomness, depth + 1) for field in schema["fields"]}
    if kind == "enum":
        return randomness.choice(schema["symbols"])
    if kind == "long":
        # Milliseconds of a time that nanoseconds can say; else any number of 64 bits.
        most = 9_000_000_000_000 if isinstance(schema, dict) else 2**63 - 1
        return randomness.randint(-most, most)
    if kind == "string":
        return "".join(randomness.choices(string.printable + "äπ\U0001f52d", k=randomness.randint(0, 40)))
    return {
        "null": lambda: None, "boolean": lambda: randomness.random() < 0.5, "double": lambda: randomness.uniform(-1e9, 1e9),
        "bytes": lambda: randomness.randbytes(randomness.randint(0, 200)),
    }[kind]()  # fmt: skip


def without_logical_types(schema):
    if isinstance(schema, list):
        return [without_logical_types(each) for each in schema]
    if isinstance(schema, dict):
        return {key: without_logical_types(value) for key, value in schema.items() if key != "logicalType"}
    return schema


@pytest.mark.parametrize("record", RECORDS, ids=lambda each: each.__name__)
def test_what_one_writes_the_other_reads(record):
    schema = fastavro.parse_schema(without_logical_types(json.loads(messaging.avro_schema(record))))
    codec = messaging.AvroCodec(record)
    randomness = random.Random(20261)
    for _ in range(200):
        theirs = anything(json.loads(messaging.avro_schema(record)), randomness)
        body = io.BytesIO()
        fastavro.schemaless_writer(body, schema, theirs)
        ours = codec.decode(body.getvalue())
        again = codec.encode(ours)
        assert again == body.getvalue()
        assert fastavro.schemaless_reader(io.BytesIO(again), schema, None) == theirs


def test_upper_case_symbols_and_missing_fields_of_an_old_writer_are_understood():
    old = {
        "type": "record", "name": "CommandAcknowledgment",
        "fields": [
            {"name": "ack_id", "type": "string"},
            {"name": "command_id", "type": "string"},
            {"name": "timestamp", "type": "long"},
            {"name": "status", "type": {"type": "enum", "name": "AckStatus", "symbols": ["RECEIVED", "FAILED"]}},
        ],
    }  # fmt: skip
    body = io.BytesIO()
    fastavro.schemaless_writer(body, old, {"ack_id": "a", "command_id": "c", "timestamp": 1, "status": "FAILED"})
    read = messaging.AvroCodec(messaging.CommandAcknowledgment).decode(body.getvalue(), json.dumps(old))
    assert read.status == "failed" and read.message is None and read.device == ""


def test_the_schema_files_are_those_of_the_records(root):
    generate = runpy.run_path(str(root / "avro-schemas/generate"))
    for name, record in generate["FILES"].items():
        kept = (root / "avro-schemas" / name).read_text()
        assert kept == generate["text_of"](record), f"run avro-schemas/generate: {name} is out of date"
        fastavro.parse_schema(json.loads(kept))
