# SPDX-License-Identifier: BSD-3-Clause
"""The record of records_benchmark.cpp through fastavro and Python's json: records a second.

Usage: peers.py ROOT RESULT (a JSON file for table.py)
"""

import io
import json
import pathlib
import sys
import timeit

import fastavro

STATUS = {
    "status_id": "0194f3c2-0000-7000-8000-000000000001", "timestamp": 1768507200123, "source_application": "telescope-movement",
    "source_hostname": "hill", "level": "warning", "component": "dish", "message": "the wind is above its limit: 17.5 m/s",
    "is_operational": True, "current_observation_id": "42-x", "cpu_usage_percent": 12.5, "memory_usage_percent": 48.25,
    "disk_usage_percent": None, "error_code": None, "additional_info": None,
}  # fmt: skip


def rate(function):
    timer = timeit.Timer(function)
    count, _ = timer.autorange()
    return count / min(timer.repeat(5, count))


def main():
    root, result = map(pathlib.Path, sys.argv[1:])
    schema = fastavro.parse_schema(json.loads((root / "avro-schemas/telescope-status.avsc").read_text()))

    def write():
        body = io.BytesIO()
        fastavro.schemaless_writer(body, schema, STATUS)
        return body.getvalue()

    body, text = write(), json.dumps(STATUS)
    measured = {
        "to_avro": rate(write),
        "from_avro": rate(lambda: fastavro.schemaless_reader(io.BytesIO(body), schema, None)),
        "to_json": rate(lambda: json.dumps(STATUS)),
        "from_json": rate(lambda: json.loads(text)),
    }
    result.write_text(json.dumps(measured))
    for name, records in measured.items():
        print(f"{name:10} {records:,.0f} records/s")


if __name__ == "__main__":
    main()
