# SPDX-License-Identifier: BSD-3-Clause
"""A year of one point a second as a chart of the control room, from request to numbers, at every zoom.

Usage: chart.py ROOT RESULT [DAYS=365] (a JSON file for table.py; a year needs 8 GB and some minutes before)
"""

import pathlib
import shutil
import sqlite3
import sys
import tempfile
import time

import httpx
import results

import astro

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "webapp"))

from served import ControlRoom

BEGIN_S = 1_736_899_200  # 2025-01-15T00:00:00
DAY_S = 86_400
ID = "mast.wind"
ZOOMS = {"10 min": 600, "1 h": 3600, "1 day": DAY_S, "13 days": 13 * DAY_S, "30 days": 30 * DAY_S, "the year": 365 * DAY_S}
ATTEMPTS = 5
# As `hub` writes them; by SQL, since a year of them would take this script an hour.
FILL = """
WITH RECURSIVE second(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM second WHERE n + 1 < :count)
INSERT INTO telemetry_point(key, id, time, value, unit, source, boot, sequence)
SELECT 'mast/1/' || (n + 1), :id, (:begin + n) * 1000000000, 8.0 + 5.0 * sin(n * 1e-5) + n % 7, 'm/s', 'mast', 1, n + 1
FROM second
"""


def make_year(site, folder, days):
    """The store has its tables from a first point, and its averages from the library."""
    with astro.Observatory.open(site, state_folder=folder / "making") as observatory:
        store = observatory.store("archive")
        with astro.telemetry.Hub(observatory) as hub:
            first = astro.Time.from_nanoseconds(BEGIN_S * 10**9)
            point = astro.Point(id=ID, device="mast", value=8.0, unit="m/s", time=first, quality="good", sequence=1)
            hub.take([point], source="mast", boot=1)
            assert hub.flush(60)
        astro.telemetry.clear_history(store, "benchmark", id=ID)
        file = folder / "archive.db"
        with sqlite3.connect(file) as database:
            database.execute("PRAGMA synchronous=OFF")
            database.execute(FILL, {"count": days * DAY_S, "id": ID, "begin": BEGIN_S})
        database.close()
        for period in ("minute", "hour", "day"):
            astro.telemetry.rebuild_aggregates(store, id=ID, period=period)


def milliseconds(client, span, end):
    taken = []
    for _ in range(ATTEMPTS):
        begin = time.perf_counter()
        asked = {"id": ID, "from": end - span, "to": end, "width": 1000}
        answer = client.get("/api/chart", params=asked)
        drawn = answer.json()
        taken.append(1e3 * (time.perf_counter() - begin))
        assert answer.status_code == 200 and drawn["count"], answer.text[:500]
    return sorted(taken)[ATTEMPTS // 2]


def main():
    root, result = map(pathlib.Path, sys.argv[1:3])
    days = int(sys.argv[3]) if len(sys.argv) > 3 else 365
    with tempfile.TemporaryDirectory(prefix="bench-chart-") as name:
        folder = pathlib.Path(name)
        site = pathlib.Path(shutil.copy(root / "tests/webapp/site.yaml", folder))
        make_year(site, folder, days)
        room = ControlRoom(site=site, folder=folder)
        try:
            signed_in = room.admin()
            with httpx.Client(base_url=room.url, headers=signed_in.headers, timeout=60) as client:
                end = BEGIN_S + days * DAY_S
                measured = {zoom: milliseconds(client, min(span, days * DAY_S), end) for zoom, span in ZOOMS.items()}
        finally:
            room.close()
    results.keep(result, {f"chart of {zoom}": taken for zoom, taken in measured.items()})


if __name__ == "__main__":
    main()
