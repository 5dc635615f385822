# SPDX-License-Identifier: BSD-3-Clause
"""What the tests of observations share: a site whose time runs fast, requests, and waiting for their end."""

import time
from pathlib import Path

HERE = Path(__file__).parent
PERSEUS = {"target_name": "Perseus arm", "ra": 6.3, "dec": 62.7, "integration_time": 2.0, "fft_size": 256}


def fast_site(folder: Path, more: str = "", speed: float = 20.0, site: Path = HERE / "site.yaml") -> Path:
    """The tests' site on a winter evening, with a clock that runs so many times as fast."""
    file = folder / "site.yaml"
    file.write_text(f"{site.read_text()}\nclock: {{start: 2026-01-15T20:00:00Z, speed: {speed:g}}}\n{more}")
    return file


def ask(client, **more):
    """The observation as it was accepted."""
    answer = client.post("/v1/observations/", json={"observation": {**PERSEUS, **more}})
    assert answer.status_code == 202, answer.text
    return answer.json()


def ended(client, id, seconds=90.0):
    """The observation when it has ended."""
    end = time.monotonic() + seconds
    while True:
        kept = client.get(f"/v1/observations/{id}").json()
        if kept["status"] in ("COMPLETED", "FAILED", "CANCELLED"):
            return kept
        assert time.monotonic() < end, f"it is still {kept['status']}: {kept['reason']}"
        time.sleep(0.1)


def high_target(client) -> dict:
    """Something that the dish can see now, and is far from the Sun."""
    sky = client.get("/api/sky").json()
    for entry in sorted(sky["catalogue"], key=lambda each: -each["alt"]):
        wish = {"target_name": entry["name"], "ra": entry["ra"], "dec": entry["dec"], "integration_time": 2}
        plan = client.post("/api/observations/plan", json={"observation": wish}).json()
        if 20 < entry["alt"] < 85 and plan["problems"] == []:
            return wish
    raise AssertionError("nothing of the catalogue can be observed now")
