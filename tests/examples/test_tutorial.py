# SPDX-License-Identifier: BSD-3-Clause
"""Each step of the tutorial runs, in C++ and in Python, and says what its last comment promises; so do examples alone."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ASTRO_BUILD", ROOT / "build/release"))
STEPS = sorted(path for path in (ROOT / "examples/tutorial").iterdir() if path.suffix in {".cpp", ".py"})
ALONE = [ROOT / "examples/imaging/difference.py"]
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def promise_of(step):
    """The lines under the comment at the end of the file, and whether their numbers are approximate."""
    comment = re.search(r"^(?://|#) Output(, about)?:\n((?:(?://|#)   .*\n)+)\Z", step.read_text(), re.MULTILINE)
    assert comment, f"{step.name} does not end with its output"
    return re.sub(r"^(//|#)   ", "", comment[2], flags=re.MULTILINE), comment[1] is not None


def command_of(step):
    if step.suffix == ".py":
        return [sys.executable, step]
    return [BUILD / "bin" / f"tutorial_{step.name.split('_')[0]}"]


@pytest.mark.parametrize("step", STEPS + ALONE, ids=lambda step: step.name)
def test_step_says_what_it_promises(step, tmp_path):
    shutil.copytree(ROOT / "examples/sites", tmp_path / "examples/sites")
    environment = dict(os.environ, XDG_STATE_HOME=str(tmp_path / "state"))
    ran = subprocess.run(command_of(step), cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    promised, is_approximate = promise_of(step)
    if not is_approximate:
        assert ran.stdout == promised
        return
    # Other blocks have other noise, of which a hundred channels tell the width to a tenth: a quarter is three times that,
    # or 5 in the last place of a small number.
    assert NUMBER.sub("#", ran.stdout) == NUMBER.sub("#", promised)
    for came, expected in zip(NUMBER.findall(ran.stdout), NUMBER.findall(promised)):
        last_place = 10.0 ** -len(expected.partition(".")[2])
        assert float(came) == pytest.approx(float(expected), rel=0.25, abs=5 * last_place), ran.stdout


def test_steps_come_in_pairs_that_promise_the_same():
    steps = [step for step in STEPS if step.suffix == ".cpp"]
    assert len(steps) >= 4 and len(STEPS) == 2 * len(steps)
    for step in steps:
        assert promise_of(step) == promise_of(step.with_suffix(".py"))
