# SPDX-License-Identifier: BSD-3-Clause
"""From a request to a product."""

import contextlib
import os

from . import _astro


class _Bar:
    """Progress by tqdm where it is installed, else a line for each stage."""

    def __init__(self):
        self._bar = None
        self._stage = None
        try:
            from tqdm.auto import tqdm
        except ImportError:
            return
        self._bar = tqdm(total=100, unit="%", bar_format="{desc:<14}{percentage:3.0f}%|{bar}| {postfix}")

    def __call__(self, progress):
        left = f"{progress.left_s:.0f} s left"
        if self._bar is not None:
            self._bar.set_description_str(progress.stage, refresh=False)
            self._bar.set_postfix_str(left, refresh=False)
            self._bar.update(100 * progress.fraction - self._bar.n)
        elif progress.stage != self._stage:
            print(f"{progress.stage}: {100 * progress.fraction:.0f} %, {left}")
        self._stage = progress.stage

    def close(self):
        if self._bar is not None:
            self._bar.close()


@contextlib.contextmanager
def _told(progress):
    if progress is not True:
        yield progress or None
        return
    bar = _Bar()
    try:
        yield bar
    finally:
        bar.close()


def _wish(site, request):
    """An ObservationRequest of whatever a person has: that, the path of a file, or a dict."""
    if isinstance(request, (str, os.PathLike)):
        return _astro.load_request(request, site if isinstance(site, _astro.Site) else site.site)
    return _astro.ObservationRequest(**request) if isinstance(request, dict) else request


def plan(site, request, start=None):
    """Goes through a request by the clock: slews, limits, horizon and Sun. Asks no device and moves nothing.

    site: a Site, or an open Observatory. request: as for `observe`. start: a Time; without it the request's planned
    start, else now.
    """
    return _astro._plan(site, _wish(site, request), start)


def observe(site, request, steps=None, progress=None, control=None, live_every_s=0):
    """Carries out a request: points and tracks, calibrates, integrates, stores; returns what it found.

    request: an ObservationRequest, the path of a request file, or a dict of the request's attributes.
    steps: a list of Step in place of those that the request's mode comes to (`steps_of`).
    progress: True for a bar (tqdm where it is installed), or a function that is called with a Progress;
    when it raises, the observation is cancelled. Ctrl-C cancels it too.
    control: an ObservationControl, to pause, cancel or extend it from elsewhere.
    live_every_s: how often (0.1 s at least) progress comes with a `live` spectrum; 0: never.
    """
    with _told(progress) as tell:
        return _astro._observe(site, _wish(site, request), steps, tell, control or _astro.ObservationControl(), live_every_s)


def resume(site, store, observation_id, progress=None, control=None, live_every_s=0):
    """Goes on with an observation that did not end `completed`: what is stored is not done again.

    store: name of the store that has it; the rest as for `observe`.
    """
    with _told(progress) as tell:
        return _astro._resume(site, store, observation_id, tell, control or _astro.ObservationControl(), live_every_s)
