# SPDX-License-Identifier: BSD-3-Clause
"""Software of a small observatory: devices, sky, spectra and observations, with the names of C++.

    import astro
    from astro import degrees

    with astro.Observatory.open("site.yaml") as site:
        dish = site.mount("dish")
        dish.track(astro.Galactic(l=degrees(120), b=degrees(0)))
        dish.wait_until_on_target(timeout_s=120)
        spectrum = astro.integrate(site, "hydrogen", astro.Spectrometer(channels=4096), duration_s=60)

Angles, frequencies and times are values with units; durations are seconds, and their names end in `_s`.
"""

import sys as _sys

from . import _astro
from ._astro import *  # noqa: F403
from ._astro import __version__, files, imaging, messaging, sky, telemetry
from .drivers import Controller, Duration, Mount, Receiver, command, field, point, register
from .errors import Error, SiteError
from .lifetime import close_all
from .logs import log_to_python
from .observing import observe, plan, resume
from .records import as_array

_astro.configure_log(level="warning")  # as the program does: what a notebook shows is not a logbook

_sys.modules["astro.files"] = files
_sys.modules["astro.imaging"] = imaging
_sys.modules["astro.messaging"] = messaging
_sys.modules["astro.sky"] = sky
_sys.modules["astro.telemetry"] = telemetry


def __getattr__(name):
    # Drawing needs matplotlib and numpy: they are imported when they are used.
    if name == "plot":
        import importlib

        return importlib.import_module("astro.plot")
    raise AttributeError(f"module 'astro' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), "plot"})


__all__ = [name for name in vars(_astro) if not name.startswith("_")] + [
    "Controller",
    "Duration",
    "Error",
    "Mount",
    "Receiver",
    "SiteError",
    "as_array",
    "close_all",
    "command",
    "field",
    "log_to_python",
    "observe",
    "plan",
    "plot",
    "point",
    "register",
    "resume",
]
