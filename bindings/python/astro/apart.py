# SPDX-License-Identifier: BSD-3-Clause
"""A driver written in Python, in a process of its own: ``python -m astro.apart MODULE``.

Whoever opens a site with ``runs: apart`` or ``driver: python`` starts this; the module registers its drivers when it
is imported, as it does anywhere else.
"""

import importlib
import sys

from . import _astro


def main():
    if len(sys.argv) != 2:
        print("usage: python -m astro.apart MODULE (started by a program that opens a site)", file=sys.stderr)
        return 2
    importlib.import_module(sys.argv[1])
    return _astro._serve_apart()


if __name__ == "__main__":
    sys.exit(main())
