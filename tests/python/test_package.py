# SPDX-License-Identifier: BSD-3-Clause
import ast
import pathlib
import statistics
import subprocess
import sys

import pytest

import astro

IMPORT = "import time; t = time.perf_counter(); import astro; print(time.perf_counter() - t)"


def test_importing_is_quick_and_needs_no_numpy():
    seconds = [float(subprocess.check_output([sys.executable, "-c", IMPORT])) for _ in range(5)]
    assert min(seconds) < 0.3, f"import astro took {statistics.median(seconds):.3f} s"
    loaded = subprocess.check_output([sys.executable, "-c", "import sys, astro; print('numpy' in sys.modules, 'astropy' in sys.modules)"])
    assert loaded.split() == [b"False", b"False"]


def test_every_public_name_is_there():
    for name in astro.__all__:
        assert getattr(astro, name) is not None


def test_type_stubs_name_what_the_module_has():
    folder = pathlib.Path(astro._astro.__file__).parent
    stub = folder / "_astro" / "__init__.pyi"
    if not stub.exists():
        stub = folder / "_astro.pyi"
    assert stub.exists(), "this build wrote no stubs: was pybind11-stubgen there?"
    tree = ast.parse(stub.read_text())
    named = {getattr(node, "name", None) for node in tree.body}
    named |= {target.id for node in tree.body if isinstance(node, ast.AnnAssign) for target in [node.target]}
    classes = {name for name, value in vars(astro._astro).items() if isinstance(value, type)}
    assert classes <= named
    request = next(node for node in tree.body if getattr(node, "name", "") == "ObservationRequest")
    attributes = {getattr(node, "name", None) for node in request.body}
    assert {field.attribute for field in astro.schema("request").fields} <= attributes
    assert (folder / "py.typed").exists()


def test_everything_is_documented():
    undocumented = [name for name, value in vars(astro._astro).items() if isinstance(value, type) and not value.__doc__]
    assert undocumented == []
