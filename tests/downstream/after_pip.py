# SPDX-License-Identifier: BSD-3-Clause
"""After `pip install .` in a clean environment, away from the sources: the package stands alone."""

import pathlib
import sys
import tempfile

import astro
from astro import degrees

package = pathlib.Path(astro.__file__).parent
assert "site-packages" in str(package), package

with tempfile.TemporaryDirectory() as state:
    clock = astro.Clock.simulated("2026-01-15T20:00:00Z", speed=60.0)
    site = astro.Observatory.open(sys.argv[1], clock=clock, state_folder=state)
    dish = site.mount("dish")
    dish.slew_to(astro.AltAz(azimuth=degrees(180), altitude=degrees(60)))
    dish.wait_until_on_target(timeout_s=300)
    spectrum = astro.integrate(site, "hydrogen", astro.Spectrometer(channels=256), duration_s=0.2)
    assert spectrum.power.shape == (256,)
    site.close()
# The model and what runs it came along.
assert astro.imaging.Classifier().score([[[[float(i * j % 7) for i in range(63)] for j in range(63)]] * 3]).shape == (1,)
print("astro", astro.__version__, "from", package.name)
