# SPDX-License-Identifier: BSD-3-Clause
"""The control room's pages in Debian's Chromium: how heavy the first one is, how soon it is there, and what a live
spectrum of 4096 channels costs its main thread.

Usage: pages.py ROOT RESULT [SECONDS=60] (a JSON file for table.py)
"""

import pathlib
import statistics
import sys
import time
from itertools import pairwise

import results
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "webapp"))

from browsing import DESKTOP, Visitor
from observing import high_target
from served import ControlRoom

ATTEMPTS = 5
THERE = """new MutationObserver((_, observer) => {
    if (!document.querySelector("h1")) return;
    window.__there = performance.now();
    observer.disconnect();
}).observe(document, { childList: true, subtree: true });"""
LONG_TASKS = """window.__longest = 0;
new PerformanceObserver(list => {
    for (const task of list.getEntries()) window.__longest = Math.max(window.__longest, task.duration);
}).observe({ type: "longtask" });"""


def first_page(browser, room):
    """Kilobytes over the wire, and milliseconds until its heading stands: the best of some, nothing kept between them."""
    weights, times = [], []
    for _ in range(ATTEMPTS):
        context = browser.new_context(base_url=room.url, viewport=DESKTOP)
        page = context.new_page()
        page.add_init_script(THERE)
        protocol = context.new_cdp_session(page)
        protocol.send("Network.enable")
        loaded = []
        protocol.on("Network.loadingFinished", lambda told, loaded=loaded: loaded.append(told["encodedDataLength"]))
        page.goto("/")
        page.get_by_role("heading", name="Sign in").wait_for()
        page.wait_for_load_state("networkidle")
        weights.append(sum(loaded) / 1000)
        times.append(page.evaluate("window.__there"))
        context.close()
    return max(weights), min(times)


def main_thread_s(protocol):
    metrics = {each["name"]: each["value"] for each in protocol.send("Performance.getMetrics")["metrics"]}
    return metrics["TaskDuration"]


def live_spectrum(browser, room, seconds):
    """Milliseconds of the main thread a frame, frames a second while it integrates (between its steps the mount
    moves, and none come), and its longest task of over 50 ms (0: none)."""
    observer = room.client("observer")
    wish = {**high_target(observer), "integration_time": seconds + 60, "fft_size": 4096}
    number = observer.post("/v1/observations/", json={"observation": wish, "requestor": None}).json()["id"]
    visitor = Visitor(browser, room)
    visitor.sign_in(observer.user["username"])
    page = visitor.page
    came = []

    def follow(socket):
        if "/ws/spectra" in socket.url:
            socket.on("framereceived", lambda _: came.append(time.monotonic()))

    page.on("websocket", follow)
    protocol = visitor.context.new_cdp_session(page)
    protocol.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(f"/observe/{number}")
    for _ in range(600):
        if len(came) > 20:
            break
        page.wait_for_timeout(100)
    else:
        raise SystemExit("no spectra came in a minute")
    page.wait_for_timeout(2000)  # what is loaded and drawn once
    page.evaluate(LONG_TASKS)
    del came[:]
    begin = main_thread_s(protocol)
    page.wait_for_timeout(seconds * 1000)
    spent = main_thread_s(protocol) - begin
    every = statistics.median(later - earlier for earlier, later in pairwise(came))
    longest = page.evaluate("window.__longest")
    observer.delete(f"/v1/observations/{number}")
    visitor.context.close()
    return 1e3 * spent / len(came), 1 / every, longest


def main():
    _, result = map(pathlib.Path, sys.argv[1:3])
    seconds = int(sys.argv[3]) if len(sys.argv) > 3 else 60
    room = ControlRoom()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
            weight, there = first_page(browser, room)
            frame, rate, longest = live_spectrum(browser, room, seconds)
            browser.close()
    finally:
        room.close()
    measured = {
        "first page, kB": weight,
        "first page, ms": there,
        "main thread a live spectrum, ms": frame,
        "live spectra a second": rate,
        "longest task over 50 ms, ms": longest,
    }
    results.keep(result, measured)


if __name__ == "__main__":
    main()
