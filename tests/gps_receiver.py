# SPDX-License-Identifier: BSD-3-Clause
"""A GPS receiver for gpsd, which speaks NMEA 0183 over the network."""

import contextlib
import datetime
import socket
import threading
import time


def sentence(body):
    check = 0
    for byte in body.encode():
        check ^= byte
    return f"${body}*{check:02X}\r\n".encode()


def nmea(latitude=28.3009, longitude=-16.5098, height=2390.0, quality=1, satellites=8):
    """A second of a receiver that speaks NMEA 0183."""

    def angle(value, digits, letters):
        whole = int(abs(value))
        return f"{whole:0{digits}d}{(abs(value) - whole) * 60:07.4f},{letters[value < 0]}"

    now = datetime.datetime.now(datetime.timezone.utc)
    clock, date = now.strftime("%H%M%S.00"), now.strftime("%d%m%y")
    place = f"{angle(latitude, 2, 'NS')},{angle(longitude, 3, 'EW')}" if quality else ",,,"
    used = ",".join(f"{i + 1:02d}" if i < satellites and quality else "" for i in range(12))
    return (
        sentence(f"GPRMC,{clock},{'A' if quality else 'V'},{place},0.0,0.0,{date},,,{'A' if quality else 'N'}")
        + sentence(f"GPGGA,{clock},{place},{quality},{satellites:02d},1.0,{height:.1f},M,47.0,M,,")
        + sentence(f"GPGSA,A,{3 if quality else 1},{used},1.8,1.0,1.5")
        + b"".join(sentence(f"GPGSV,3,{i + 1},12," + ",".join(f"{4 * i + k + 1:02d},45,{30 * k:03d},40" for k in range(4))) for i in range(3))
    )


class Receiver:
    """A GPS receiver on the network, as gpsd takes them."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.says = nmea
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def talk(self, connection):
        with contextlib.suppress(OSError), connection:
            while True:
                connection.sendall(self.says())
                time.sleep(1)
