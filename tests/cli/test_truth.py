# SPDX-License-Identifier: BSD-3-Clause
"""What the simulator simulated is what the reduction finds: two sides that share no code.

The simulator writes its own truth file; the reduction sees blocks, load temperatures and pointing only.
Seeds, pointings and dates are drawn anew from a fixed beginning, six of them, or sixty with ASTRO_LONG."""

import datetime
import json
import os
import random

import numpy as np
import pytest

SITE = "28.3009,-16.5098,2390"


def cases(count):
    chance = random.Random(1420)
    for _ in range(count):
        day = datetime.datetime(2024, 1, 1) + datetime.timedelta(days=chance.uniform(0, 900))
        yield chance.randrange(1, 10**6), day.isoformat(timespec="seconds") + "Z", chance.random()


def visible_target(astro, at, share):
    """A place in the Galactic plane that is well up then."""
    start = int(360 * share)
    for step in range(0, 360, 20):
        target = f"galactic {(start + step) % 360} 0"
        if 25 < astro.json("sky", target, "--site", SITE, "--at", at)["altitude_deg"] < 80:
            return target
    raise AssertionError(f"no part of the Galactic plane is up at {at}")


@pytest.mark.parametrize(("seed", "at", "share"), list(cases(60 if os.environ.get("ASTRO_LONG") else 6)))
def test_the_reduction_finds_what_was_simulated(astro, root, seed, at, share):
    site = (root / "examples/sites/simulated.yaml").read_text()
    settings = f"truth: truth.jsonl\n    truth_profile: true\n    format: spectra\n    channels: 512\n    integration: 0.5 s\n    seed: {seed}"
    (astro.folder / "site.yaml").write_text(site.replace("frontend: frontend", f"frontend: frontend\n    {settings}"))
    target = visible_target(astro, at, share)
    (astro.folder / "request.yaml").write_text(
        f"target: {target}\nintegration_time: 60 s\ncalibration_time: 60 s\nintegration: 5 s\n"
    )
    told = astro.json("observe", "site.yaml", "request.yaml", "--fast", "--at", at, "--csv", "line.csv")

    truths = [json.loads(line) for line in (astro.folder / "truth.jsonl").read_text().splitlines()]
    truth = [one for one in truths if one["load"] == "sky" and one["time"] <= told["mid"]][-1]
    velocity = truth["first_velocity_km_s"] + truth["velocity_step_km_s"] * np.arange(len(truth["hydrogen_k"]))
    profile = np.array(truth["hydrogen_k"])

    # Four standard errors, and one part in a hundred for the gain, which drifts between load and sky.
    allowed = 4 * told["peak_sigma_k"] + 0.01 * (truth["peak_k"] + told["tsys_k"])
    assert told["peak_k"] == pytest.approx(truth["peak_k"], abs=allowed)
    # A saturated line is flat at its top: where we say that the peak is, the truth is as high as its own.
    assert np.interp(told["peak_velocity_km_s"], velocity, profile) > truth["peak_k"] - 2 * allowed
    assert told["receiver_k"] == pytest.approx(truth["receiver_k"], abs=3.0)
    assert told["samples_lost"] == 0

    # The whole line, not its peak alone: the mean velocity, weighted by brightness.
    lines = [line for line in (astro.folder / "line.csv").read_text().splitlines() if not line.startswith("#")]
    rows = np.genfromtxt(lines, delimiter=",", names=True)
    near = np.abs(rows["velocity_lsrk_km_s"]) < 200
    far = ~near & np.isfinite(rows["temperature_k"])
    excess = rows["temperature_k"] - np.median(rows["temperature_k"][far])
    line = near & (np.interp(rows["velocity_lsrk_km_s"], velocity, profile) > 1.0)
    mean = np.average(rows["velocity_lsrk_km_s"][line], weights=excess[line])
    inside = (profile > 1.0) & (np.abs(velocity) < 200)
    assert mean == pytest.approx(np.average(velocity[inside], weights=profile[inside]), abs=1.5)
