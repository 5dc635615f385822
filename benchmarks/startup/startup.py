# SPDX-License-Identifier: BSD-3-Clause
"""Times whole processes, median of eleven: to the first spectrum, and `import astro` beyond the bare interpreter.

Usage: startup.py BUILD_FOLDER SITE RESULT.json
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time


def median_time(*command, **options):
    times = []
    for _ in range(11):
        begin = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def main():
    build, site, result = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    environment = dict(os.environ, ASTRO_PLUGIN_PATH=str(build / "lib/astro/plugins"), PYTHONPATH=str(build / "python"))
    with tempfile.TemporaryDirectory() as state:
        measured = {
            "first_spectrum": median_time(build / "bin/first_spectrum", site, state, env=environment),
            "import_astro": median_time(sys.executable, "-c", "import astro", env=environment)
            - median_time(sys.executable, "-c", "pass", env=environment),
        }
    result.write_text(json.dumps(measured))
    for name, seconds in measured.items():
        print(f"{name:16} {seconds:.3f} s")


if __name__ == "__main__":
    main()
