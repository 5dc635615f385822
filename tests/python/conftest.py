# SPDX-License-Identifier: BSD-3-Clause
import signal

import pytest

import astro


@pytest.fixture
def sites(root):
    return root / "examples" / "sites"


@pytest.fixture(autouse=True)
def nothing_stays_open():
    yield
    astro.close_all()


@pytest.fixture
def ctrl_c():
    """SIGINT raises KeyboardInterrupt, also where tests run in processes that ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
