# SPDX-License-Identifier: BSD-3-Clause
"""A hand at a gamepad, in the virtual machine: it runs a command there and holds, presses and lets go what somebody
elsewhere says (tests/pedestal.py).   hand.py ADDRESS PORT"""

import json
import socket
import subprocess
import sys
import threading
import time

from uinput import Gamepad

there = socket.create_connection((sys.argv[1], int(sys.argv[2])))
lines = there.makefile("rw", buffering=1)


def say(**told):
    print(json.dumps(told), file=lines, flush=True)


# Its clock stands to the second only: that of who asks counts, half a round trip ago.
asked = time.monotonic()
say(asks="time")
first = json.loads(lines.readline())
time.clock_settime(time.CLOCK_REALTIME, first["time"] + (time.monotonic() - asked) / 2)
pad = Gamepad("Pedestal Pad")
command = subprocess.Popen(first["command"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
threading.Thread(target=lambda: [say(output=line) for line in command.stdout], daemon=True).start()
for line in lines:  # until it is closed there
    for does, arguments in json.loads(line).items():
        getattr(pad, does)(*arguments)
command.kill()
