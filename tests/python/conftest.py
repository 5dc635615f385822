# SPDX-License-Identifier: BSD-3-Clause
import pytest

import astro


@pytest.fixture
def sites(root):
    return root / "examples" / "sites"


@pytest.fixture(autouse=True)
def nothing_stays_open():
    yield
    astro.close_all()
