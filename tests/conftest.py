# SPDX-License-Identifier: BSD-3-Clause
import os
import pathlib

import pytest


@pytest.fixture(scope="session")
def root():
    """The project's folder."""
    return pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def recordings():
    """The folder of real recordings."""
    folder = os.environ.get("ASTRO_TEST_DATA", "")
    if not folder:
        pytest.skip("ASTRO_TEST_DATA names no folder of recordings")
    return pathlib.Path(folder)
