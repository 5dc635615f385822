# SPDX-License-Identifier: BSD-3-Clause
"""Commands with an id, what becomes of them, and the telemetry that devices publish meanwhile.

03_commands_and_telemetry.py [SITE]      default: examples/sites/simulated.yaml
"""

import sys

import astro

clock = astro.Clock.simulated("2026-01-15T20:00:00", speed=60)
path = sys.argv[1] if len(sys.argv) > 1 else "examples/sites/simulated.yaml"
heard = []

with astro.Observatory.open(path, clock=clock) as site:
    # Hears every point of the site, from a thread of the observatory.
    subscription = site.subscribe(points=lambda points, missed: heard.extend(points))

    # A typed call: parameters are checked against the command's description before it returns.
    frontend = site.controller("frontend")
    frontend.perform("select_load", load="hot").wait_completed()
    print("the receiver is connected to:", frontend.point("load").value)

    # The same through the gate that commands from outside pass: an id, and executed at most once.
    back = astro.Command(id=astro.new_id(), device="frontend", name="select_load", parameters={"load": "sky"})
    first = site.execute(back).wait()
    again = site.execute(back).wait()
    print(f"first {first.state}, repeated", "is the same" if first.time == again.time else "ran again")

    # What a description does not allow never reaches the device.
    lava = astro.Command(id=astro.new_id(), device="frontend", name="select_load", parameters={"load": "lava"})
    wrong = site.execute(lava).wait()
    print(f"load: lava is {wrong.state}: {wrong.error_code}")

    clock.sleep_for(30)
    temperature = site.latest("temperature")  # the weather station is `bare`: no "weather." before it
    print(
        "temperature is", "known," if temperature and temperature.value > 0 else "unknown,",
        "points were heard:", "yes" if heard else "no",
    )
    subscription.close()

# Output:
#   the receiver is connected to: hot
#   first completed, repeated is the same
#   load: lava is rejected: invalid_argument
#   temperature is known, points were heard: yes
