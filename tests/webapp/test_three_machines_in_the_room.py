# SPDX-License-Identifier: BSD-3-Clause
"""From the click to the spectrum, the mail and the download, with the dish, the receiver and the handset on machines of
their own; and the handset takes the dish from the control room. Its machine is a virtual one, whose kernel has a gamepad."""

import contextlib
import re
import subprocess
import time

import pytest
from astropy.io import fits
from browsing import ask_for
from hill import NODES, Hill
from observing import high_target
from pedestal import Pedestal
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
  pedestal: {{driver: handset, steers: dish, gamepad: Pedestal Pad, speeds: [4 deg], lifetime: 1 s, runs: {{node: handset}}}}
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


def azimuth(client):
    return client.get("/api/sky").json()["mounts"][0]["actual"]["az"]


def moves(client):
    before = azimuth(client)
    time.sleep(0.5)
    return azimuth(client) != before


def take_the_dish_at_the_pedestal(pedestal, operator, page):
    """The operator drives; the hand at the pedestal takes the dish over, moves it and gives it back."""
    to_pole = {"azimuth_deg": 20.0, "altitude_deg": 60.0}
    page.get_by_role("link", name="Control", exact=True).click()
    page.get_by_role("button", name="Take control").click()
    holder = page.get_by_test_id("holder")
    expect(holder).to_have_text("You drive dish.")
    wait_until(lambda: not moves(operator))
    before = azimuth(operator)

    pedestal.steer(1.0 if before < 180 else -1.0)
    wait_until(lambda: abs(azimuth(operator) - before) > 10)
    expect(holder).to_have_text("pedestal (handset) drives dish.", timeout=30_000)
    refused = operator.post("/api/control/dish/move", json=to_pole)
    assert refused.status_code == 409 and "held by handset pedestal" in refused.json()["detail"], refused.text

    park = {"device": "dish", "command": "park", "parameters": {}}
    assert operator.post("/api/commands", json=park).status_code == 409

    pedestal.let_go()
    wait_until(lambda: not moves(operator))
    expect(holder).to_have_text("pedestal (handset) drives dish.")  # it keeps the dish for a while
    pedestal.give_back()
    expect(holder).to_have_text("You drive dish.", timeout=30_000)
    assert operator.post("/api/control/dish/move", json=to_pole).status_code == 202
    wait_until(lambda: abs(azimuth(operator) - to_pole["azimuth_deg"]) < 0.1)
    page.get_by_role("button", name="Release").click()
    expect(holder).to_have_text("Nobody drives dish.")


@pytest.mark.parametrize("broker", ["mosquitto", "kafka"])
def test_from_the_click_to_the_spectrum_the_mail_and_the_download(
    broker, visit, start_control_room, start_server, mail_server, tmp_path
):
    processes = []
    with Hill() as hill, contextlib.ExitStack() as ending:
        pedestal = ending.enter_context(contextlib.closing(Pedestal(hill, tmp_path / "pedestal.log")))
        _, line = getattr(hill, broker)(start_server)
        site = tmp_path / "hill.yaml"
        site.write_text(SITE.format(name=f"hill-{hill.tag}", broker=line))
        try:
            for node in NODES:
                words = [ROOT / "build/release/bin/astro", "node", site, "--name", node, "--state", tmp_path / node]
                if node == "handset":
                    pedestal.serve(*words)
                    continue
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

            take_the_dish_at_the_pedestal(pedestal, operator, visit(room, "operator").page)

            # The machine of the dish is gone, and the room tells.
            processes[NODES.index("movement")].kill()
            wait_until(lambda: "movement" not in online(operator), 60)
        finally:
            for process in processes:
                process.kill()
                process.communicate()
