# SPDX-License-Identifier: BSD-3-Clause
"""Dependencies point one way: what each room may include, checked on the sources themselves."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)

# A room of include/astro and src may use itself, the rooms named here, and the flat core where it says so.
ROOMS = {
    "sky": {"values"},
    "signal": {"values", "sky"},
    "imaging": {"values", "sky", "signal"},
    "files": {"values", "sky", "signal", "imaging"},
    "inference": {"values", "core", "imaging"},
    "observing": {"values", "core", "sky", "signal", "files"},
    "messaging": {"values", "core", "observing"},
    "telemetry": {"values", "core", "messaging"},
    "conformance": {"values", "core"},
    "cli": {"values", "core", "sky", "signal", "files", "observing", "messaging", "telemetry", "imaging", "inference", "conformance"},
}

# The flat headers that are values: no device, no setting, no log.
VALUES = {
    "angle", "axes", "block", "catalogue", "clock", "coordinates", "error", "export", "field", "frequency", "record", "time", "value",
    "version", "detail/record",
}

THIRD_PARTY_IN_PUBLIC = re.compile(
    r"^(boost|yaml-cpp|spdlog|fmt|sqlite3|fftw3|erfa|wcslib|fitsio|avro\.h|curl|httplib|CLI|opencv2|pybind11|pthread|dlfcn|termios|sep\.h|zlib)", re.IGNORECASE
)


def sources(folder):
    return [p for p in sorted((ROOT / folder).rglob("*")) if p.suffix in {".hpp", ".cpp"}]


def includes(path):
    return INCLUDE.findall(path.read_text())


def room_of(include):
    """The room that an include of ours belongs to, or None when it is not ours."""
    parts = include.removeprefix("astro/").split("/")
    if len(parts) > 1 and parts[0] in ROOMS:
        return parts[0]
    if not include.startswith("astro/"):
        return None
    return "values" if include.removeprefix("astro/").removesuffix(".hpp") in VALUES else "core"


def test_there_is_something_to_check():
    assert len(sources("include/astro")) > 20
    assert len(sources("src")) > 20


def test_rooms_include_only_what_lies_below_them():
    wrong = []
    for room, allowed in ROOMS.items():
        for base in ("include/astro", "src"):
            for path in sources(f"{base}/{room}"):
                for include in includes(path):
                    used = room_of(include)
                    if used is not None and used != room and used not in allowed:
                        wrong.append(f"{path.relative_to(ROOT)} includes {include} (room {used})")
    assert wrong == []


def test_public_headers_show_no_third_party_header():
    wrong = [
        f"{path.relative_to(ROOT)} includes {include}"
        for path in sources("include/astro")
        for include in includes(path)
        if THIRD_PARTY_IN_PUBLIC.match(include)
    ]
    assert wrong == []


def test_one_header_brings_all_the_others():
    everything = {str(path.relative_to(ROOT / "include")) for path in sources("include/astro") if path.parent.name != "detail"}
    assert everything - {"astro/astro.hpp", "astro/export.hpp"} == set(includes(ROOT / "include/astro/astro.hpp"))


def test_plugins_see_only_the_public_headers_and_never_each_other():
    wrong = []
    for path in sources("plugins"):
        own = {p.name for p in path.parent.rglob("*.hpp")}
        for include in includes(path):
            if include.startswith("astro/"):
                continue
            if (ROOT / "src" / include).exists() and pathlib.PurePath(include).name not in own:
                wrong.append(f"{path.relative_to(ROOT)} includes src/{include}")
            if "plugins/" in include or include.startswith(".."):
                wrong.append(f"{path.relative_to(ROOT)} includes {include}")
    assert wrong == []


def test_the_simulator_shares_no_code_with_what_recovers_it():
    wrong = [
        f"{path.relative_to(ROOT)} includes {include}"
        for path in sources("plugins/simulator")
        for include in includes(path)
        if room_of(include) in {"sky", "signal", "files", "observing"}
    ]
    assert wrong == []


def test_nothing_includes_a_plugin():
    folders = {p.name for p in (ROOT / "plugins").iterdir() if p.is_dir()}
    wrong = [
        f"{path.relative_to(ROOT)} includes {include}"
        for base in ("include/astro", "src", "bindings")
        for path in sources(base)
        for include in includes(path)
        if include.startswith("plugins/") or (include.split("/")[0] in folders and "/" in include)
    ]
    assert wrong == []
