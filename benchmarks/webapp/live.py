# SPDX-License-Identifier: BSD-3-Clause
"""Points to many who watch: the control room beside a plain FastAPI broadcaster, in one run.

Usage: live.py ROOT RESULT (a JSON file for table.py)
"""

import asyncio
import contextlib
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import results
import watchers

HERE = pathlib.Path(__file__).resolve().parent
CLIENTS = 100
SECONDS = 5.0


@contextlib.contextmanager
def server(script, rate, *more):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    process = subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", sys.executable, HERE / script, str(port), str(rate), *map(str, more)]
    )
    try:
        end = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            assert process.poll() is None and time.monotonic() < end, f"{script} does not answer"
            time.sleep(0.05)
        yield port
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def room(root, rate, clients):
    with tempfile.TemporaryDirectory(prefix="bench-room-") as folder:
        site = shutil.copy(root / "tests/webapp/site.yaml", folder)
        with server("fed_room.py", rate, clients, site, folder) as port:
            yield port


def plain(_, rate, __):
    return server("plain_broadcaster.py", rate)


def delivered(which, root, clients, stalled=0, **more):
    with which(root, 0, clients) as port:
        asleep = [watchers.stalled(port) for _ in range(stalled)]
        rate, _ = asyncio.run(watchers.watch(port, clients, SECONDS, **more))
        for one in asleep:
            one.close()
    return rate


def p99_ms(which, root):
    with which(root, 50, CLIENTS) as port:
        _, delays = asyncio.run(watchers.watch(port, CLIENTS, 2 * SECONDS, delays=True))
    return 1e3 * delays[int(0.99 * len(delays))]


def main():
    root, result = map(pathlib.Path, sys.argv[1:])
    measured = {
        "points_to_100": delivered(room, root, CLIENTS),
        "plain_points_to_100": delivered(plain, root, CLIENTS),
        "batches_to_100": delivered(room, root, CLIENTS, batches=True),
        "p99_ms": p99_ms(room, root),
        "plain_p99_ms": p99_ms(plain, root),
        "nine_of_ten": delivered(room, root, 9, stalled=1),
        "nine_alone": delivered(room, root, 9),
        "plain_nine_of_ten": delivered(plain, root, 9, stalled=1),
    }
    results.keep(result, measured)


if __name__ == "__main__":
    main()
