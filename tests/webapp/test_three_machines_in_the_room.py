# SPDX-License-Identifier: BSD-3-Clause
"""From the click to the spectrum, the mail and the download, with the dish, the receiver and a weather station on machines
of their own."""

import re
import subprocess

import pytest
from astropy.io import fits
from browsing import ask_for
from hill import NODES, Hill
from observing import high_target
from playwright.sync_api import expect
from served import ROOT
from wire import wait_until, watch

pytest_plugins = ["browsing"]  # its fixtures

SITE = """\
site: {{name: {name}, latitude: 28.3009 deg, longitude: -16.5098 deg, height: 2390 m}}
nodes: {{unsynchronised_clock: true}}
transports:
  broker: {broker}
mounts:
  dish:
    driver: simulator
    limits: {{azimuth: [0 deg, 450 deg], altitude: [10 deg, 88 deg]}}
    max_speed: 90 deg
    acceleration: 360 deg
    runs: {{node: movement}}
receivers:
  hydrogen:
    driver: simulator
    mount: dish
    frontend: frontend
    format: spectra
    channels: 1024
    integration: 100 ms
    sample_rate: 2.4 MHz
    runs: {{node: receiver}}
controllers:
  frontend: {{driver: simulator.frontend, runs: {{node: receiver}}}}
  weather: {{driver: simulator.environment, runs: {{node: handset}}}}
stores:
  archive: {{driver: sqlite, path: archive.db}}
calibration:
  hydrogen:
    beam_width: 4.8 deg
    hot: {{temperature: 295 K, controller: frontend, command: select_load, parameters: {{load: hot}}}}
    cold: {{temperature: 10 K, controller: frontend, command: select_load, parameters: {{load: sky}}, target: altaz 0 80}}
    sky: {{controller: frontend, command: select_load, parameters: {{load: sky}}}}
queue: {{store: archive}}
telemetry: {{store: archive}}
"""


def online(client):
    return {each["id"] for each in client.get("/api/modules").json()["modules"] if each["state"] == "online"}


@pytest.mark.parametrize("broker", ["mosquitto", "kafka"])
def test_from_the_click_to_the_spectrum_the_mail_and_the_download(
    broker, visit, start_control_room, start_server, mail_server, tmp_path
):
    processes = []
    with Hill() as hill:
        _, line = getattr(hill, broker)(start_server)
        site = tmp_path / "hill.yaml"
        site.write_text(SITE.format(name=f"hill-{hill.tag}", broker=line))
        try:
            for node in NODES:
                words = [ROOT / "build/release/bin/astro", "node", site, "--name", node, "--state", tmp_path / node]
                command = [*hill.within(node), *map(str, words)]
                processes.append(subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True))
                assert "serves" in processes[-1].stdout.readline()
            room = start_control_room(site=site, **mail_server.settings)
            name = room.add_user("observer", email=f"{broker}@example.org")
            operator = room.client("operator")
            wait_until(lambda: online(operator) >= set(NODES), 120)

            with watch(room.url) as socket:
                assert socket.point("weather.temperature", 60)["unit"] == "degC"
            page = visit(room).sign_in(name)
            ask_for(page, high_target(operator)["target_name"], 5)
            page.get_by_role("button", name="Ask for it").click()
            expect(page.get_by_role("status").filter(has_text="running")).to_be_visible(timeout=60_000)
            expect(page.get_by_text(re.compile(r"\d+ s left"))).to_be_visible(timeout=60_000)
            expect(page.get_by_role("status").filter(has_text="done")).to_be_visible(timeout=180_000)
            expect(page.get_by_text(re.compile(r"[\d.]+ ± [\d.e−+]+ K"))).to_be_visible()
            mail = mail_server.wait_for(f"{broker}@example.org", "is done", 60)
            assert [part for part in mail.walk() if part.get_content_type() == "image/png"], "the mail has no plot"
            with page.expect_download() as coming:
                page.get_by_role("link", name=re.compile(r"\.fits$")).click()
            coming.value.save_as(tmp_path / "result.fits")
            with fits.open(tmp_path / "result.fits") as found:
                found.verify("exception")
                assert [hdu for hdu in found if hdu.data is not None], "the FITS file has no data"

            # The machine of the dish is gone, and the room tells.
            processes[NODES.index("movement")].kill()
            wait_until(lambda: "movement" not in online(operator), 60)
        finally:
            for process in processes:
                process.kill()
                process.communicate()
