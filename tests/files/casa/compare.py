# SPDX-License-Identifier: BSD-3-Clause
"""Reads SDFITS with CASA's table tool: each column has to be what astropy reads, bit for bit."""

import pathlib
import shutil
import sys

import numpy
from astropy.io import fits
from casatools import table


def casas(file):
    """All columns, rows first, the axis that runs fastest last."""
    folder = pathlib.Path(file).with_suffix(".table")
    shutil.rmtree(folder, ignore_errors=True)
    table().fromfits(str(folder), str(file), 1, "standard", "sdfits", True).done()
    tool = table()
    tool.open(str(folder))
    columns = {column: numpy.asarray(tool.getcol(column)).T for column in tool.colnames()}
    tool.close()
    return columns


def same(read, expected):
    read = read.reshape(expected.shape)
    if expected.dtype.kind in "fiu":
        return numpy.array_equal(read, expected, equal_nan=expected.dtype.kind == "f")
    return [str(text).rstrip() for text in read.ravel()] == [str(text).rstrip() for text in expected.ravel()]


def main():
    for file in sys.argv[1:]:
        columns = casas(file)
        with fits.open(file) as opened:
            rows = opened["SINGLE DISH"].data
            # TDIM is what gives DATA its shape; it is no column of CASA's table.
            names = [name for name in rows.names if not name.startswith("TDIM")]
            wrong = [name for name in names if name not in columns or not same(columns[name], rows[name])]
            assert not wrong, f"CASA reads other values in {file}: {wrong}"
            flags = ", with flags" if "FLAGS" in names else ""
            print(f"CASA reads {pathlib.Path(file).name} as astropy does: {len(rows)} rows, {len(names)} columns{flags}")


if __name__ == "__main__":
    main()
