# SPDX-License-Identifier: BSD-3-Clause
"""Where to look right now, for tests that run by the clock on the wall."""

import datetime


def right_ascension_of_the_meridian(longitude_deg):
    """Degrees, to a tenth of one: Greenwich mean sidereal time of the IAU 1982 expression, without its higher terms."""
    since = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime(2000, 1, 1, 12, tzinfo=datetime.timezone.utc)
    return (280.46061837 + 360.98564736629 * since.total_seconds() / 86400.0 + longitude_deg) % 360.0
