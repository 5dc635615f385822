# SPDX-License-Identifier: BSD-3-Clause
"""A year of one point a second as a chart of the control room, at every zoom: from request to numbers, and in the page
Telemetry of Debian's Chromium from request to picture.

Usage: chart.py ROOT RESULT [DAYS=365] (a JSON file for table.py; a year needs 8 GB and some minutes before)
"""

import pathlib
import shutil
import sqlite3
import sys
import tempfile
import time
from datetime import UTC, datetime

import httpx
import results
from playwright.sync_api import sync_playwright

import astro

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "webapp"))

from browsing import Visitor
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


# From the call of fetch until the frame is done in which the chart is drawn that its answer brought. uPlot clears its
# canvas when it begins to draw, and is done when the frame is painted.
WATCH = """window.__pictures = [];
const ask = window.fetch;
let begun = null;
window.fetch = async (...words) => {
    const asks = String(words[0]?.url ?? words[0]).includes("/api/chart");
    const begin = performance.now();
    const answer = await ask(...words);
    if (asks) begun = begin;
    return answer;
};
const clear = CanvasRenderingContext2D.prototype.clearRect;
CanvasRenderingContext2D.prototype.clearRect = function (...words) {
    clear.apply(this, words);
    if (begun === null) return;
    const begin = begun;
    begun = null;
    requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => window.__pictures.push(performance.now() - begin);
        port2.postMessage(null);
    });
};"""


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


def to_numbers(client, span, end):
    """Milliseconds, the middle of some."""
    taken = []
    for _ in range(ATTEMPTS):
        begin = time.perf_counter()
        asked = {"id": ID, "from": end - span, "to": end, "width": 1000}
        answer = client.get("/api/chart", params=asked)
        drawn = answer.json()
        taken.append(1e3 * (time.perf_counter() - begin))
        assert answer.status_code == 200 and drawn["count"], answer.text[:500]
    return sorted(taken)[ATTEMPTS // 2]


class Chart:
    """The page Telemetry with the chart of the year."""

    def __init__(self, browser, room):
        room.admin()
        self.page = Visitor(browser, room).sign_in("admin")
        self.page.add_init_script(WATCH)
        self.page.goto(f"/telemetry?id={ID}")
        self.page.get_by_test_id(f"chart-{ID}").wait_for()

    def show(self, field, time):
        """Waits for the chart between new ends; returns the milliseconds to its picture."""
        before = self.page.evaluate("window.__pictures.length")
        self.page.get_by_label(field, exact=True).fill(datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
        self.page.wait_for_function("before => window.__pictures.length > before", arg=before)
        return self.page.evaluate("window.__pictures.at(-1)")

    def to_picture(self, span, end):
        """Milliseconds, the middle of some."""
        self.show("From", end - span)
        taken = [self.show("to", end - number) for number in range(ATTEMPTS + 1)][1:]
        assert self.page.get_by_text("Average of each").or_(self.page.get_by_text("Every point")).count() == 1
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
            end = BEGIN_S + days * DAY_S
            spans = {zoom: span for zoom, span in ZOOMS.items() if span <= days * DAY_S}
            with httpx.Client(base_url=room.url, headers=signed_in.headers, timeout=60) as client:
                measured = {f"chart of {zoom}": to_numbers(client, span, end) for zoom, span in spans.items()}
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
                chart = Chart(browser, room)
                measured |= {f"picture of {zoom}": chart.to_picture(span, end) for zoom, span in spans.items()}
                browser.close()
        finally:
            room.close()
    results.keep(result, measured)


if __name__ == "__main__":
    main()
