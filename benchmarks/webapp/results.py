# SPDX-License-Identifier: BSD-3-Clause
"""What was measured, for table.py and for who looks on."""

import json


def keep(file, measured):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(measured))
    for name, value in measured.items():
        print(f"{name:32} {value:12,.1f}")
