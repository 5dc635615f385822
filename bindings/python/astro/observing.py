# SPDX-License-Identifier: BSD-3-Clause
"""From a request to a product."""

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


def observe(site, request, progress=None):
    """Carries out a request: points and tracks, calibrates, integrates, stores; returns what it found.

    request: an ObservationRequest, the path of a request file, or a dict of the request's attributes.
    progress: True for a bar (tqdm where it is installed), or a function that is called with a Progress;
    when it raises, the observation is cancelled. Ctrl-C cancels it too.
    """
    if isinstance(request, (str, os.PathLike)):
        request = _astro.load_request(request, site.site)
    elif isinstance(request, dict):
        request = _astro.ObservationRequest(**request)
    if progress is not True:
        return _astro._observe(site, request, progress or None)
    bar = _Bar()
    try:
        return _astro._observe(site, request, bar)
    finally:
        bar.close()
