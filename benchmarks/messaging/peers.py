# SPDX-License-Identifier: BSD-3-Clause
"""The record of records_benchmark.cpp through that program, and through fastavro and Python's json: records a second.

Both in turn, and the medians of that: within a minute a machine can become faster or slower by a half.

Usage: peers.py ROOT RELEASE RESULT (a JSON file for table.py)
"""

import io
import json
import pathlib
import statistics
import subprocess
import sys
import time
import timeit

import fastavro

STATUS = {
    "status_id": "0194f3c2-0000-7000-8000-000000000001", "timestamp": 1768507200123, "source_application": "telescope-movement",
    "source_hostname": "hill", "level": "warning", "component": "dish", "message": "the wind is above its limit: 17.5 m/s",
    "is_operational": True, "current_observation_id": "42-x", "cpu_usage_percent": 12.5, "memory_usage_percent": 48.25,
    "disk_usage_percent": None, "error_code": None, "additional_info": None,
}  # fmt: skip


WAYS = ["to_avro", "from_avro", "to_json", "from_json"]
TURNS = 9


def rate(function):
    count, taken = timeit.Timer(function, timer=time.process_time).autorange()  # as ours is
    return count / taken


def ours(release):
    program = [release / "bin/bench_messaging", f"--benchmark_filter=^({'|'.join(WAYS)})$", "--benchmark_min_time=0.2"]
    made = subprocess.run([*program, "--benchmark_format=json"], check=True, stdout=subprocess.PIPE)
    return {entry["name"]: entry["records/s"] for entry in json.loads(made.stdout)["benchmarks"]}


def theirs(schema):
    def write():
        body = io.BytesIO()
        fastavro.schemaless_writer(body, schema, STATUS)
        return body.getvalue()

    body, text = write(), json.dumps(STATUS)
    return {
        "to_avro": rate(write),
        "from_avro": rate(lambda: fastavro.schemaless_reader(io.BytesIO(body), schema, None)),
        "to_json": rate(lambda: json.dumps(STATUS)),
        "from_json": rate(lambda: json.loads(text)),
    }


def main():
    root, release, result = map(pathlib.Path, sys.argv[1:])
    schema = fastavro.parse_schema(json.loads((root / "avro-schemas/telescope-status.avsc").read_text()))
    turns = [{"ours": ours(release), "theirs": theirs(schema)} for _ in range(TURNS)]
    measured = {way: {side: statistics.median(turn[side][way] for turn in turns) for side in ("ours", "theirs")} for way in WAYS}
    result.write_text(json.dumps(measured))
    for way, both in measured.items():
        print(f"{way:10} ours {both['ours']:,.0f}, theirs {both['theirs']:,.0f} records/s, ratio {both['ours'] / both['theirs']:.2f}")


if __name__ == "__main__":
    main()
