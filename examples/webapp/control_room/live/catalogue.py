# SPDX-License-Identifier: BSD-3-Clause
"""What devices and modules measure, and which commands devices know: contract 2's telemetry types and templates."""

import math
from difflib import get_close_matches
from typing import Any

import astro
from sqlalchemy import select

from ..database import Database
from .tables import ModulePoint

OF_POINTS = {
    "boolean": "boolean", "integer": "int", "number": "float", "angle": "float", "frequency": "float",
    "duration": "float", "text": "string", "choice": "string", "time": "string", "bytes": "string",
    "array": "array", "list": "array", "record": "object",
}  # fmt: skip
OF_PARAMETERS = {**OF_POINTS, "any": "float", "array": "string", "list": "string", "record": "string"}
KINDS = ("mount", "receiver", "controller")


class Unknown(Exception):
    """There is no such command, device or point; the text says which there are."""


class Unfit(Exception):
    """A parameter is missing, or is not what the command takes."""


class Catalogue:
    """Of the site, as it was opened; modules are looked up when somebody asks."""

    def __init__(self, site: astro.Observatory, database: Database) -> None:
        self._site, self._database = site, database
        devices = {entry.name: entry for entry in site.site.devices if str(entry.kind) in KINDS}
        self._bare = {name for name, entry in devices.items() if entry.bare}
        self.commands: dict[str, dict[str, astro.CommandDescription]] = {
            name: {each.name: each for each in site.commands(name)} for name in devices
        }
        self._of_bare = {
            command: device for device, known in self.commands.items() if device in self._bare for command in known
        }

    def shown(self, device: str, command: str) -> str:
        return command if device in self._bare else f"{device}.{command}"

    def find(self, name: str) -> tuple[str, astro.CommandDescription]:
        """By the name that contract 2 gives to a command: `device.command`, or of a bare device the command alone."""
        device, _, command = name.rpartition(".")
        device = device or self._of_bare.get(command, "")
        known = self.commands.get(device, {}).get(command)
        if known is None:
            names = [self.shown(device, each) for device, all_of in self.commands.items() for each in all_of]
            raise Unknown(f"there is no command {name!r}{nearest(name, names)}; GET /command-templates lists them")
        return device, known

    def command_of(self, device: str, command: str) -> astro.CommandDescription:
        if device not in self.commands:
            raise Unknown(f"there is no device {device!r}{nearest(device, list(self.commands))}")
        if command not in self.commands[device]:
            names = list(self.commands[device])
            raise Unknown(f"device {device!r} has no command {command!r}{nearest(command, names)}")
        return self.commands[device][command]

    def check(self, device: str, command: str, given: dict[str, Any]) -> None:
        """Raises Unknown and Unfit. What a parameter of any type is to be may be said by a point that another one
        names: a sensor is set to what it can have."""
        known = self.command_of(device, command)
        check_parameters(known, given)
        points = {each.name: each for each in self._site.points(device)}
        named = [
            points[given[each.name]]
            for each in known.parameters
            if each.choices and set(each.choices) <= set(points) and given.get(each.name) is not None
        ]
        for field in known.parameters:
            if str(field.type) == "any" and len(named) == 1 and given.get(field.name) is not None:
                _check_one(command, named[0], given[field.name], field.name)

    def templates(self) -> dict[str, dict[str, Any]]:
        return {
            self.shown(device, each.name): {
                "command": self.shown(device, each.name),
                "device": device,
                "parameters": {field.name: _parameter(field) for field in each.parameters},
                "description": each.says,
            }
            for device, known in self.commands.items()
            for each in known.values()
        }

    def types(self) -> dict[str, dict[str, Any]]:
        types = {}
        for device in self.commands:
            for field in self._site.points(device):
                name = field.name if device in self._bare else f"{device}.{field.name}"
                types[name] = self._type_of(name, field)
        with self._database.reading() as session:
            for point in session.scalars(select(ModulePoint).order_by(ModulePoint.id)):
                types[point.id] = {
                    "unit": point.unit or None, "data_type": _kind_of(point.value), "range": None,
                    "description": f"{point.type} of the module {point.module_id}", "enum": None,
                }  # fmt: skip
        return types

    def _type_of(self, name: str, field: astro.Field) -> dict[str, Any]:
        kind = OF_POINTS.get(str(field.type))
        if kind is None:
            latest = self._site.latest(name)
            kind = _kind_of(latest.value if latest else 0.0)
        return {
            "unit": field.unit or None, "data_type": kind, "range": _range(field),
            "description": field.says, "enum": list(field.choices) or None,
        }  # fmt: skip


def _kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, dict) else "array"


def _range(field: astro.Field) -> dict[str, float] | None:
    ends = {"min": field.min, "max": field.max}
    return {name: end for name, end in ends.items() if math.isfinite(end)} or None


def _parameter(field: astro.Field) -> dict[str, Any]:
    unit = f" [{field.unit}]" if field.unit and str(field.type) != "text" else ""
    return {
        "type": OF_PARAMETERS[str(field.type)],
        "required": field.required,
        "enum": list(field.choices) or None,
        "description": f"{field.says or field.name}{unit}",
        "unit": field.unit or None,
        "range": _range(field),
        "default": field.default_value if isinstance(field.default_value, bool | int | float | str) else None,
    }


def check_parameters(command: astro.CommandDescription, given: dict[str, Any]) -> None:
    """As contract 2 has it: what is missing, unknown, of the wrong type or outside its range is refused by its name.
    The gate checks again, and knows more."""
    fields = {field.name: field for field in command.parameters}
    for name in given:
        if name not in fields:
            raise Unfit(f"{command.name} has no parameter {name!r}{nearest(name, list(fields))}")
    for name, field in fields.items():
        if name not in given:
            if field.required:
                raise Unfit(f"{command.name} needs the parameter {name!r} ({OF_PARAMETERS[str(field.type)]})")
        elif given[name] is not None or not field.nullable:
            _check_one(command.name, field, given[name], name)


def _check_one(command: str, field: astro.Field, value: Any, name: str) -> None:
    kind, of = OF_PARAMETERS[str(field.type)], str(field.type)
    if of in ("any", "array", "list", "record"):
        return
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    fits = {
        "string": isinstance(value, str),
        "boolean": isinstance(value, bool),
        "float": is_number,
        "int": is_number and float(value).is_integer(),
    }[kind]
    if not fits:
        raise Unfit(f"{command}: {name} must be of the type {kind}, is {value!r:.100}")
    if field.choices and value not in field.choices:
        raise Unfit(f"{command}: {name} must be one of {', '.join(field.choices)}, is {value!r:.100}")
    if is_number and not field.min <= value <= field.max:
        raise Unfit(f"{command}: {name} must be {field.min:g} to {field.max:g} {field.unit}, is {value:g}".rstrip())


def nearest(name: str, names: list[str]) -> str:
    found = get_close_matches(name, names, 1)
    return f"; did you mean {found[0]!r}?" if found else ""
