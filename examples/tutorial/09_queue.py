# SPDX-License-Identifier: BSD-3-Clause
"""Several people want the same dish: a queue, the schedule of a night, and a run that carries out what can be done.

09_queue.py [SITE]      default: examples/sites/spectrometer.yaml
"""

import sys

import astro

clock = astro.Clock.simulated("2026-01-15T20:00:00", speed=200)
path = sys.argv[1] if len(sys.argv) > 1 else "examples/sites/spectrometer.yaml"


def wish(user, name, target, priority):
    request = astro.ObservationRequest(target=target, target_name=name, integration_time_s=20, calibration_time_s=5, channels=256)
    return astro.QueuedRequest(request=request, user=user, priority=priority)


with astro.Observatory.open(path, clock=clock) as site:
    store = site.store("archive")
    # The requests are records of the store: any program may add, list and cancel while another one runs them.
    for each in (
        wish("anna", "Perseus", "galactic 120 0", 5),
        wish("ben", "anticentre", "galactic 180 0", 9),
        wish("anna", "south pole", "icrs 0 -90", 5),
    ):
        astro.add_request(store, each, now=clock.now(), site=site.site)

    # What would be done when, and why not the others? Nothing moves for it.
    night = astro.schedule(site.site, astro.list_requests(store), clock.now(), clock.now() + 3600)
    print("in an hour:", *(each.target + "," for each in night.entries), f"{night.science_s:.0f} s of science")
    for each in night.waiting:
        print(f"{each.target} waits ({each.because}), {'for ever' if each.never else 'for a while'}")

    # And done. Another process may stop this one: what was begun waits, and is resumed.
    ended = astro.run_queue(site, until_empty=True)
    print(f"{ended['done']} done, {ended['failed']} failed")
    for each in astro.list_requests(store):
        if each.state == "done":
            result = astro.reduce(store, each.observation_id, site.location)
            print(f"{each.user}'s {each.request.target_name}: {result.peak.peak_k:.0f} K")

# Output, about:
#   in an hour: anticentre, Perseus, 40 s of science
#   south pole waits (impossible), for ever
#   2 done, 1 failed
#   anna's Perseus: 51 K
#   ben's anticentre: 73 K
