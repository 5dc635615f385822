# SPDX-License-Identifier: BSD-3-Clause
"""Drivers written in Python.

    @dataclasses.dataclass
    class Settings:
        port: str = astro.field("/dev/ttyUSB0", says="serial device of the controller")
        baud: int = astro.field(9600, unit="Bd", min=1200, max=115200, says="line speed")

    class Gs232(astro.Mount):
        Settings = Settings
        def __init__(self, settings): ...
        def move_to(self, axes): ...
        def stop(self): ...
        def status(self): return astro.MountStatus(astro.Axes(...), "moving")

    astro.register("gs232", Gs232, geometry="alt_az", says="GS-232 rotator")

A host calls the hooks of one driver one at a time, from a thread of its own; only ``stop`` may come beside
another hook. A hook starts things and returns. What it raises reaches the caller as an astro.Error.
"""

import dataclasses
import enum
import math
import os
import sys
import typing

from . import _astro
from .errors import Error

#: A member of a settings class that is a length of time, in seconds; in YAML it carries its unit.
Duration = typing.NewType("Duration", float)

_MISSING = dataclasses.MISSING


class _Driver:
    """What all drivers have in common."""

    Settings = None

    def __init__(self, settings=None):
        self.settings = settings

    def open(self, host):
        """Connects, and leaves the device stopped. `host` (an Emitter) is for telemetry, until close()."""

    def close(self):
        """Afterwards no thread of the driver runs."""

    def stop(self):
        """Ends whatever the device does, at once; may come beside another hook."""


def _unsupported(driver, hook):
    return Error("unsupported", f"{type(driver).__name__} has no {hook}")


class Mount(_Driver):
    """Points two mechanical axes."""

    def move_to(self, axes):
        """Starts towards the position (Axes) and returns; a new target replaces an old one."""
        raise _unsupported(self, "move_to")

    def move_rate(self, rates, lifetime_s):
        """Moves at these rates for at most so long."""
        raise _unsupported(self, "move_rate")

    def park(self):
        """Starts towards the park position."""
        raise _unsupported(self, "park")

    def home(self):
        """Starts finding the reference of its axes."""
        raise _unsupported(self, "home")

    def self_track(self, on):
        """Follows the sky by its own clock, or ceases to."""
        raise _unsupported(self, "self_track")

    def status(self):
        """Reads the hardware: a MountStatus. The host polls it."""
        raise _unsupported(self, "status")


class Receiver(_Driver):
    """Listens or looks."""

    def tune(self, wanted):
        """Sets the receiver; returns a StreamSettings with what the hardware took."""
        raise _unsupported(self, "tune")

    def start(self):
        """Starts the stream."""

    def fill(self, buffer):
        """Puts items into the array and returns a Filled, after at most 100 ms, also with fewer items.

        The array has the stream's dtype and shape: complex64 (n,), uint8 (n, 2), float32 (n, channels). It is
        the driver's until this returns.
        """
        raise _unsupported(self, "fill")


class Controller(_Driver):
    """Every other actuator and sensor. `points`, `commands` and `hears` describe it."""

    points = ()
    commands = ()
    hears = ()

    def poll(self):
        """Reads the hardware and emits its points by the host's ``point(name, value)``."""

    def perform(self, call):
        """Carries out a Call; returns None, a dict of details, or a Performed."""
        raise _unsupported(self, f"command {call.name}")

    def heard(self, points):
        """Takes a list of Points of other devices, those that `hears` names, as they come."""

    def commanded(self, acknowledgment):
        """Takes what became of a command that the host's ``give(Command)`` handed in: each change, up to its end."""


def field(default=_MISSING, *, unit="", min=-math.inf, max=math.inf, says="", secret=False, default_factory=_MISSING):
    """A member of a Settings dataclass with what one says about it; without a default it must be given."""
    metadata = {"unit": unit, "min": min, "max": max, "says": says, "secret": secret}
    return dataclasses.field(default=default, default_factory=default_factory, metadata=metadata)


_TYPES = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "text",
    bytes: "bytes",
    dict: "any",
    object: "any",
    typing.Any: "any",
    Duration: "duration",
    _astro.Angle: "angle",
    _astro.Frequency: "frequency",
    _astro.Time: "time",
}


def _type_of(annotation, where):
    """(field type, choices) of a dataclass member's annotation."""
    if typing.get_origin(annotation) is typing.Literal:
        return "choice", [str(choice) for choice in typing.get_args(annotation)]
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return "choice", [str(member.value) for member in annotation]
    if annotation in _TYPES:
        return _TYPES[annotation], []
    raise TypeError(f"{where}: {annotation} has no field type; use bool, int, float, str, astro.Angle, "
                    "astro.Frequency, astro.Time, astro.Duration or a Literal of texts")


def _make_field(name, annotation, metadata, default, required, where):
    kind, choices = _type_of(annotation, where)
    if isinstance(default, enum.Enum):
        default = str(default.value)
    return _astro._make_field(name, kind, metadata.get("unit", ""), metadata.get("min", -math.inf), metadata.get("max", math.inf),
                              default, metadata.get("says", ""), required, metadata.get("secret", False), choices)


def _fields_of(settings):
    """A dataclass as a list of Fields."""
    if settings is None:
        return []
    if not dataclasses.is_dataclass(settings):
        raise TypeError(f"{settings!r} is no dataclass: a driver's settings and a command's parameters are one")
    hints = typing.get_type_hints(settings)
    fields = []
    for member in dataclasses.fields(settings):
        default = member.default_factory() if member.default_factory is not _MISSING else member.default
        required = default is _MISSING
        fields.append(_make_field(member.name, hints[member.name], member.metadata, None if required else default, required,
                                  f"{settings.__qualname__}.{member.name}"))
    return fields


def point(name, type=float, *, unit="", min=-math.inf, max=math.inf, says=""):
    """A telemetry point of a controller: ``points = [astro.point("temperature", unit="degC")]``."""
    metadata = {"unit": unit, "min": min, "max": max, "says": says}
    return _make_field(name, type, metadata, None, False, f"point {name}")


def command(name, parameters=None, *, says="", expected_s=0.0):
    """A command of a controller; `parameters` is a dataclass."""
    return _astro.CommandDescription(name, says, _fields_of(parameters), expected_s)


def _kind_and_description(cls, about):
    if issubclass(cls, Mount):
        for key in ("first", "second"):
            if key in about and not isinstance(about[key], _astro.AxisRange):
                about[key] = _astro.AxisRange(*about[key])
        if "fastest" in about and not isinstance(about["fastest"], _astro.AxisRates):
            about["fastest"] = _astro.AxisRates(*about["fastest"])
        if about.get("parks_at") is not None and not isinstance(about["parks_at"], _astro.Axes):
            about["parks_at"] = _astro.Axes(*about["parks_at"])
        return "mount", _astro.MountDescription(**about)
    if issubclass(cls, Receiver):
        return "receiver", _astro.ReceiverDescription(**about)
    if issubclass(cls, Controller):
        about.setdefault("points", list(cls.points))
        about.setdefault("commands", list(cls.commands))
        about.setdefault("hears", list(cls.hears))
        return "controller", _astro.ControllerDescription(**about)
    raise TypeError(f"{cls!r} derives from none of astro.Mount, astro.Receiver, astro.Controller")


#: The class that stands for each registered driver: a notebook's cell may be run again.
_registered = {}


def register(name, cls, *, says="", **about):
    """Makes a class known as a driver of this name to this process.

    about: what the device can do, as MountDescription, ReceiverDescription and ControllerDescription name it
    (``geometry="alt_az", first=(degrees(0), degrees(450))``). Registering a changed class under the same name
    and settings replaces it for devices that are opened from now on.
    """
    kind, description = _kind_and_description(cls, about)
    settings = _fields_of(cls.Settings)
    signature = [repr(each) for each in settings], says, repr(sorted(about.items(), key=lambda item: item[0]))
    known = _registered.get((kind, name))
    if known is not None and known["signature"] == signature:
        known["class"] = cls
        return

    entry = {"class": cls, "signature": signature}

    def make(values):
        current = entry["class"]
        return current(current.Settings(**values)) if current.Settings is not None else current()

    _astro._register(kind, name, says, settings, description, make)
    _registered[kind, name] = entry
    _remember_program(kind, name, cls.__module__)


def _remember_program(kind, name, module):
    """With ``runs: apart``, this interpreter is started again and imports the module; what stands in a program's
    main file or a notebook cannot be imported."""
    if module == "__main__" or not sys.executable:
        return
    path = os.pathsep.join(folder or os.getcwd() for folder in sys.path)
    _astro._remember_program(kind, name, [sys.executable, "-m", "astro.apart", module], {"PYTHONPATH": path})
