# SPDX-License-Identifier: BSD-3-Clause
"""A gamepad that the kernel makes for us (uinput; linux/uinput.h, linux/input-event-codes.h)."""

import fcntl
import os
import struct
import time

EV_SYN, EV_KEY, EV_ABS = 0, 1, 3
SOUTH, EAST, LEFT_SHOULDER, RIGHT_SHOULDER, START = 0x130, 0x131, 0x136, 0x137, 0x13B
X, Y, CROSS_X, CROSS_Y = 0x00, 0x01, 0x10, 0x11
SET_EVBIT, SET_KEYBIT, SET_ABSBIT, CREATE, DESTROY = 0x40045564, 0x40045565, 0x40045567, 0x5501, 0x5502
AXES = {X: (-32768, 32767, 128), Y: (-32768, 32767, 128), CROSS_X: (-1, 1, 0), CROSS_Y: (-1, 1, 0)}


class Gamepad:
    def __init__(self, name="Test Pad"):
        self.file = os.open("/dev/uinput", os.O_WRONLY | os.O_NONBLOCK)
        for kind in (EV_KEY, EV_ABS):
            fcntl.ioctl(self.file, SET_EVBIT, kind)
        for button in (SOUTH, EAST, LEFT_SHOULDER, RIGHT_SHOULDER, START):
            fcntl.ioctl(self.file, SET_KEYBIT, button)
        limits = {"max": [0] * 64, "min": [0] * 64, "fuzz": [0] * 64, "flat": [0] * 64}
        for axis, (low, high, flat) in AXES.items():
            fcntl.ioctl(self.file, SET_ABSBIT, axis)
            limits["min"][axis], limits["max"][axis], limits["flat"][axis] = low, high, flat
        numbers = [number for values in limits.values() for number in values]
        os.write(self.file, struct.pack("80s4HI256i", name.encode(), 3, 1, 1, 1, 0, *numbers))
        fcntl.ioctl(self.file, CREATE)
        time.sleep(0.5)  # until its device is there

    def send(self, *events):
        for kind, code, value in (*events, (EV_SYN, 0, 0)):
            os.write(self.file, struct.pack("llHHi", 0, 0, kind, code, value))

    def press(self, button, on=True):
        self.send((EV_KEY, button, int(on)))

    def tap(self, button):
        self.press(button)
        self.press(button, False)

    def stick(self, x=0.0, y=0.0):
        """-1 to 1; the kernel counts y downwards."""
        self.send((EV_ABS, X, round(x * 32767)), (EV_ABS, Y, round(-y * 32767)))

    def vanish(self):
        fcntl.ioctl(self.file, DESTROY)
        os.close(self.file)
