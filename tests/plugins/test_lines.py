# SPDX-License-Identifier: BSD-3-Clause
"""Drivers of GPIO lines and input devices on a real kernel: in the virtual machine of tests/vm, where nothing but the
kernel simulates. What runs there is in tests/vm/inside; one boot for all of it."""

import os
import subprocess
import sys


def test_drivers_on_lines_and_inputs_of_a_kernel(root):
    environment = dict(os.environ)
    environment.setdefault("PYTHONPATH", str(root / "build/release/python"))
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # importing them takes longer there than the boot
    files = sorted((root / "tests/vm/inside").glob("*_tests.py"))
    words = [root / "tests/vm/run", "--within", "1200", "--"]
    words += [sys.executable, "-m", "pytest", "-q", "-rP", "-p", "no:cacheprovider", "--noconftest", "--tb=short", "--durations=8", *files]
    run = subprocess.run(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(run.stdout)
    assert run.returncode == 0
