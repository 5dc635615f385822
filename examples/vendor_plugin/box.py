#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""box.py LINK: a simulated GS-232 controller with its rotator, at the serial line that LINK becomes. It turns 20 degrees a
second, from 0 to 450 and from 0 to 180 degrees, and forgets commands that it does not know, as the real one does."""

import os
import re
import select
import sys
import time
import tty

SPEED = 20.0
REACH = (450.0, 180.0)


class Rotator:
    def __init__(self):
        self.position, self.target, self.read = [0.0, 45.0], [0.0, 45.0], time.monotonic()

    def turn(self):
        now = time.monotonic()
        way, self.read = SPEED * (now - self.read), now
        self.position = [here + max(-way, min(way, there - here)) for here, there in zip(self.position, self.target)]

    def obey(self, command):
        self.turn()
        if command == "S":
            self.target = list(self.position)
        elif command == "C2":
            return "AZ={:03.0f}  EL={:03.0f}\r\n".format(*self.position)
        elif found := re.fullmatch(r"W(\d{3}) (\d{3})", command):
            self.target = [min(float(number), most) for number, most in zip(found.groups(), REACH)]
        return ""


ours, theirs = os.openpty()
tty.setraw(theirs)
if os.path.lexists(sys.argv[1]):
    os.remove(sys.argv[1])
os.symlink(os.ttyname(theirs), sys.argv[1])
print(f"A rotator at {sys.argv[1]}", flush=True)
rotator, line = Rotator(), ""
while True:
    select.select([ours], [], [])
    line += os.read(ours, 1024).decode("ascii", "ignore")
    *commands, line = line.split("\r")
    for command in commands:
        os.write(ours, rotator.obey(command).encode())
