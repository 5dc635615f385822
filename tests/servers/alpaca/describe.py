# SPDX-License-Identifier: BSD-3-Clause
"""describe.py FILE: the simulators' own devices, with a small sensor, and a sky that nobody is asked for."""

import importlib.resources
import sys

import yaml

described = yaml.safe_load((importlib.resources.files("alpaca_simulators") / "config/template.yaml").read_text())
described["devices"]["camera"][0] |= {
    "cameraxsize": 96,
    "cameraysize": 64,
    "numx": 96,
    "numy": 64,
}
with open(sys.argv[1], "w") as file:
    yaml.safe_dump(described, file)
