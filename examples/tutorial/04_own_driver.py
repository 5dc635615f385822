# SPDX-License-Identifier: BSD-3-Clause
"""A driver of one's own, in one's own program: a roof that takes ten seconds to open."""

import dataclasses

import astro


@dataclasses.dataclass
class Settings:
    speed: float = astro.field(10.0, unit="%/s", min=0.1, max=100, says="how fast the roof slides")


@dataclasses.dataclass
class Move:
    position: float = astro.field(unit="%", min=0, max=100, says="0 closed, 100 open")


class Roof(astro.Controller):
    """A roof that slides. The hooks are called one at a time; only `stop` may come beside another."""

    Settings = Settings
    points = [astro.point("position", unit="%", says="0 closed, 100 open")]
    commands = [astro.command("move", Move, says="slides the roof", expected_s=10)]

    def __init__(self, settings):
        self.speed = settings.speed
        self.position = self.target = 0.0
        self.command = None
        self.stopped = True

    def open(self, host):
        self.host = host
        self.read = host.surroundings.clock.now()

    def stop(self):
        self.stopped = True

    def perform(self, call):
        """Starts and returns; the end is told later, from `poll`."""
        self.target = call.parameters["position"]
        self.command = call.id
        self.stopped = False
        return astro.Performed(running=True, message="the roof moves")

    def poll(self):
        now = self.host.surroundings.clock.now()
        reach = self.speed * (now - self.read)
        self.read = now
        if not self.stopped:
            self.position += min(max(self.target - self.position, -reach), reach)
        self.host.point("position", self.position)
        if self.stopped or self.command is None:
            return  # of a stop the host has told already
        if self.position != self.target:
            return self.host.progress(self.command, 100.0 - abs(self.target - self.position))
        self.host.finished(self.command, message="the roof is there")
        self.command = None


SITE = """
site: {name: Garden, latitude: 50 deg, longitude: 10 deg, height: 100 m}
controllers:
  roof: {driver: roof, speed: 20 %/s}
"""

astro.register("roof", Roof, says="a roof that slides", poll_every_s=0.1)
clock = astro.Clock.simulated("2026-01-15T20:00:00", speed=10)

with astro.Observatory.open(astro.parse_site(SITE), clock=clock) as site:
    roof = site.controller("roof")
    opened = roof.perform("move", position=100.0).wait_completed()
    print(f"{opened.message}: position {roof.point('position').value:.0f} %")

    closing = roof.perform("move", position=0.0)
    clock.sleep_for(1)
    roof.stop()
    print("stopped on the way:", closing.wait().error_code)

    try:
        roof.perform("move", position=120.0)
    except astro.Error as error:
        print("position 120 %:", error.code)

# Output:
#   the roof is there: position 100 %
#   stopped on the way: interrupted
#   position 120 %: invalid_argument
