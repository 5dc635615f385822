# SPDX-License-Identifier: BSD-3-Clause
import os
import pathlib

import pytest

import astro


@pytest.fixture(scope="session")
def recordings():
    folder = os.environ.get("ASTRO_TEST_DATA")
    if not folder:
        pytest.skip("ASTRO_TEST_DATA names no folder of recordings")
    return pathlib.Path(folder)


@pytest.fixture
def orientation():
    """The same table of Earth orientation for astropy and for us."""
    import astropy_iers_data
    from astropy.utils import iers

    iers.conf.auto_download = False
    astro.sky.use_earth_orientation(astropy_iers_data.IERS_A_FILE)
    with iers.earth_orientation_table.set(iers.IERS_A.open(astropy_iers_data.IERS_A_FILE)):
        yield
    astro.sky.set_earth_orientation(None)
