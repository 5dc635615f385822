#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""A camera as a module of the control room: it runs a program that writes a picture, and posts it. Needs Python and
`requests`; with --once it is a cron job."""

import argparse
import os
import shlex
import struct
import subprocess
import sys
import time
import zlib

import requests

PROGRAM = "rpicam-still --nopreview --timeout 500 --width 1280 --height 720 --encoding jpg --output -"


def take_picture(program):
    """What the program writes to its standard output: a JPEG or a PNG."""
    done = subprocess.run(shlex.split(program), capture_output=True, timeout=60)
    if done.returncode != 0 or not done.stdout:
        raise OSError(f"{program}: {done.stderr.decode(errors='replace').strip()[-500:] or 'no picture'}")
    return done.stdout


def simulated(width=320, height=180):
    """A sky that brightens and darkens within a minute, as PNG (PNG specification, second edition, 5.3)."""
    phase = (time.time() % 60.0) / 60.0
    rows = []
    for y in range(height):
        sky = int(200.0 * phase * (1.0 - y / height))
        row = bytes(value for x in range(width) for value in (sky // 2, sky, (x * 255 // width + sky) // 2))
        rows.append(b"\0" + row)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"".join(rows))) + chunk(b"IEND", b"")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--server", default=os.environ.get("CONTROL_ROOM", "http://127.0.0.1:8000"))
    options.add_argument("--module", default="camera-01", help="its name; another one for each camera")
    options.add_argument("--every", type=float, default=5.0, metavar="SECONDS")
    options.add_argument("--once", action="store_true", help="one picture, and end: for cron")
    options.add_argument("--program", default=PROGRAM, help="writes a picture to standard output (default: %(default)s)")
    options.add_argument("--simulate", action="store_true", help="without a camera")
    given = options.parse_args()
    session = requests.Session()
    if key := os.environ.get("CONTROL_ROOM_KEY"):
        session.headers["X-API-Key"] = key
    while True:
        begin = time.monotonic()
        try:
            picture = simulated() if given.simulate else take_picture(given.program)
            kind = "image/png" if picture.startswith(b"\x89PNG") else "image/jpeg"
            answer = session.post(
                f"{given.server}/api/camera/frame",
                params={"module_id": given.module},
                data=picture,
                headers={"Content-Type": kind},
                timeout=30,
            )
            answer.raise_for_status()
        except (OSError, subprocess.TimeoutExpired) as error:  # an old picture is no news: it is not kept
            print(f"{given.module}: {error}", file=sys.stderr)
            if given.once:
                return 1
        if given.once:
            return 0
        time.sleep(max(0.0, given.every - (time.monotonic() - begin)))


if __name__ == "__main__":
    sys.exit(main())
