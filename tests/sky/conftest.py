# SPDX-License-Identifier: BSD-3-Clause
import pytest

import astro


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
