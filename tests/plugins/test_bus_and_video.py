# SPDX-License-Identifier: BSD-3-Clause
"""The drivers `sensors.bno055` and `camera` on a bus and a camera of a real kernel, in the virtual machine of tests/vm:
one boot for both. What runs there are the files of tests/vm/inside."""

import os
import subprocess
import sys


def test_in_the_virtual_machine(root):
    environment = dict(os.environ)
    environment.setdefault("PYTHONPATH", str(root / "build/release/python"))
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # none is needed, and there a second is short
    inside = root / "tests/vm/inside"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--noconftest", "--tb=short", "--durations=5"]
    machine = [root / "tests/vm/run", "--load", "i2c-dev,vivid", "--within", "550", "--"]
    run = subprocess.run([*machine, *command, inside / "bno055_tests.py", inside / "video_tests.py"], env=environment, capture_output=True, text=True, timeout=600)
    print(run.stdout[-20000:])
    assert run.returncode == 0, run.stderr[-4000:]
