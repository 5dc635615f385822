# SPDX-License-Identifier: BSD-3-Clause
"""What long observations cost: a simulated day of drift scan, and real samples for a while.

Usage: long.py BUILD_FOLDER RESULT.json [seconds of real samples, default 60]

Each runs in a process of its own, so that its memory and its processor time are its own.
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

DRIFT = """
site: {name: Drift, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}
mounts: {dish: {driver: simulator}}
receivers: {hydrogen: {driver: simulator, mount: dish, format: spectra, channels: 1024, integration: 1 s}}
stores: {archive: {driver: sqlite, path: drift.db}}
"""

SAMPLES = """
site: {name: Samples, latitude: 28.3 deg, longitude: -16.5 deg, height: 2390 m}
receivers: {hydrogen: {driver: replay, files: [noise.cu8], sample_rate: 2.4 MHz, frequency: 1420.4 MHz, pace: real, repeat: true}}
stores: {archive: {driver: sqlite, path: samples.db}}
"""


def observed(site_text, request, clock_speed=None):
    """Wall time, processor time and peak memory of one observation, in this process."""
    import astro

    pathlib.Path("site.yaml").write_text(site_text)
    clock = astro.Clock.simulated("2026-01-15T20:00:00Z", clock_speed) if clock_speed else None
    with astro.Observatory.open("site.yaml", clock=clock, state_folder="state") as site:
        before, begun = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        result = astro.observe(site, request)
        after, ended = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        count = len(site.store("archive").find("integration", where=[("sequence", "from", 0)], limit=1))
    assert result.observation.state == "completed" and count == 1
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall_s": ended - begun, "cpu_s": cpu, "memory_mb": after.ru_maxrss / 1024}


def drift():
    return observed(
        DRIFT, {"target": "altaz 180 60", "mode": "drift", "integration_time_s": 86400, "integration_s": 60, "calibration": "none"}, 5000
    )


def samples(seconds):
    with open("noise.cu8", "wb") as file:
        for _ in range(12):
            file.write(os.urandom(400_000))
    told = observed(
        SAMPLES, {"target": "altaz 180 60", "integration_time_s": seconds, "integration_s": 1, "calibration": "none", "channels": 4096}
    )
    told["cores_per_msps"] = told["cpu_s"] / told["wall_s"] / 2.4
    return told


def child(build, name, *arguments):
    environment = dict(os.environ, ASTRO_PLUGIN_PATH=str(build / "lib/astro/plugins"), PYTHONPATH=str(build / "python"))
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [sys.executable, pathlib.Path(__file__).resolve(), "child", name, *arguments], cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
    return json.loads(ran.stdout.splitlines()[-1])


def main():
    if sys.argv[1] == "child":
        print(json.dumps(drift() if sys.argv[2] == "drift" else samples(float(sys.argv[3]))))
        return
    build = pathlib.Path(sys.argv[1]).resolve()
    seconds = sys.argv[3] if len(sys.argv) > 3 else "60"
    measured = {"drift_day": child(build, "drift"), "samples": child(build, "samples", seconds)}
    pathlib.Path(sys.argv[2]).write_text(json.dumps(measured))
    for name, each in measured.items():
        print(name, ", ".join(f"{key} {value:.3g}" for key, value in each.items()))


if __name__ == "__main__":
    main()
