# SPDX-License-Identifier: BSD-3-Clause
"""Drivers of GPIO lines, input devices, an I2C bus and a camera on a real kernel: in the virtual machine of tests/vm,
where nothing but the kernel simulates. What runs there is in tests/vm/inside; one boot for all of it."""

import os
import subprocess
import sys


def test_drivers_on_what_a_kernel_simulates(root):
    environment = dict(os.environ)
    environment.setdefault("PYTHONPATH", str(root / "build/release/python"))
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # importing them takes longer there than the boot
    files = sorted((root / "tests/vm/inside").glob("*_tests.py"))
    words = [root / "tests/vm/run", "--load", "gpio_lines,uinput,evdev,i2c-dev,vivid", "--within", "1200", "--"]
    words += [sys.executable, "-m", "pytest", "-q", "-rP", "-p", "no:cacheprovider", "--noconftest", "--color=no", "--tb=short", "--durations=12", *files]
    run = subprocess.run(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    print(run.stdout)
    assert run.returncode == 0
