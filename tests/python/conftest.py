# SPDX-License-Identifier: BSD-3-Clause
import os
import pathlib

import pytest

import astro

ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def recordings():
    """The folder of real recordings."""
    folder = os.environ.get("ASTRO_TEST_DATA")
    if not folder:
        pytest.skip("ASTRO_TEST_DATA names no folder of recordings")
    return pathlib.Path(folder) / "radio"


@pytest.fixture
def sites():
    return ROOT / "examples" / "sites"


@pytest.fixture(autouse=True)
def nothing_stays_open():
    yield
    astro.close_all()
