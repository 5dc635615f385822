# SPDX-License-Identifier: BSD-3-Clause
"""The pages by which an observatory is driven and looked after, in a real browser against the real control room."""

import io
import math
import re
import struct
import time
import zlib
from collections.abc import Callable
from datetime import datetime

import httpx
import pytest
from browsing import DESKTOP, NASTY, PHONE, PLAIN, serious_faults
from PIL import Image
from playwright.sync_api import Page, Request, expect
from served import PASSWORD
from wire import wait_until

pytest_plugins = ["browsing"]  # its fixtures

PAGES = ("/control", "/telemetry", "/modules", "/alarms", "/admin?tab=users", "/admin?tab=keys", "/admin?tab=audit", "/admin?tab=health")


def go(page: Page, path: str) -> Page:
    page.goto(path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    return page


@pytest.fixture
def at(visit, control_room):
    """at("operator", "/control") gives the page, signed in with this role."""
    return lambda role, path, name="": go(visit(control_room, role, name).page, path)


@pytest.fixture
def free_dish(control_room):
    """Nobody drives at the begin of the test."""
    admin = control_room.client("admin")
    for what in ("take", "release"):
        answer = admin.post(f"/api/control/dish/{what}")
        assert answer.status_code == 200, answer.text


def angle(page: Page, which: str) -> float:
    return float(page.get_by_test_id(which).inner_text().rstrip("°"))


# Control.


def test_an_operator_takes_control_moves_and_stops(at, free_dish):
    page = at("operator", "/control")
    expect(page.get_by_test_id("holder")).to_have_text("Nobody drives dish.")
    expect(page.get_by_role("button", name="Go there")).to_be_disabled()
    page.get_by_role("button", name="Take control").click()
    expect(page.get_by_test_id("holder")).to_have_text("You drive dish.")

    page.get_by_label("Azimuth, deg").fill("200")
    page.get_by_label("Altitude, deg").fill("50")
    page.get_by_role("button", name="Go there").click()
    expect(page.get_by_test_id("azimuth")).to_have_text(re.compile(r"^(199\.9|200\.0)"))
    expect(page.get_by_test_id("altitude")).to_have_text(re.compile(r"^(49\.9|50\.0)"))

    before = angle(page, "azimuth")
    key = page.get_by_role("button", name="Right: azimuth rises")
    key.hover()
    page.mouse.down()
    wait_until(lambda: angle(page, "azimuth") > before + 1)
    page.mouse.up()
    wait_until(lambda: page.get_by_test_id("state").inner_text() == "stopped")
    rests = angle(page, "azimuth")
    page.wait_for_timeout(1500)
    assert abs(angle(page, "azimuth") - rests) < 0.2, "it turns on after the button was let go"

    page.get_by_role("group", name="Turn dish").get_by_role("button", name="Stop").click()
    expect(page.get_by_text("Stopped: every device was told to stop.")).to_be_visible()
    page.get_by_role("button", name="Release").click()
    expect(page.get_by_test_id("holder")).to_have_text("Nobody drives dish.")


def test_a_slew_is_stopped_from_any_page_by_the_key(at, free_dish):
    page = at("operator", "/control")
    page.get_by_role("button", name="Take control").click()
    page.get_by_label("Target to follow").fill("altaz 100 30")
    page.get_by_role("button", name="Follow").click()
    wait_until(lambda: page.get_by_test_id("state").inner_text() != "stopped")
    page.get_by_role("link", name="Alarms").click()
    expect(page.get_by_role("heading", name="Alarms", level=1)).to_be_visible()
    page.keyboard.down("Escape")
    expect(page.get_by_text("Stopped: every device was told to stop.")).to_be_visible()
    page.keyboard.up("Escape")
    page.get_by_role("link", name="Control").click()
    expect(page.get_by_test_id("state")).to_have_text("stopped")


def test_control_is_asked_for_and_granted_between_two(at, free_dish):
    first, second = at("operator", "/control"), at("operator", "/control", "second")
    first.get_by_role("button", name="Take control").click()
    expect(second.get_by_test_id("holder")).to_contain_text("drives dish")
    second.get_by_role("button", name="Ask for control").click()
    expect(second.get_by_role("button", name="Asked for")).to_be_disabled()
    first.get_by_role("button", name="Give control to second").click()
    expect(second.get_by_test_id("holder")).to_have_text("You drive dish.")
    expect(first.get_by_test_id("holder")).to_have_text("second drives dish.")


def test_who_may_only_watch_has_no_pad(at, free_dish):
    page = at("guest", "/control")
    expect(page.get_by_test_id("azimuth")).to_have_text(re.compile(r"^\d+\.\d\d°$"))
    expect(page.get_by_role("button", name="Take control")).to_have_count(0)
    expect(page.get_by_role("group", name="Turn dish")).to_have_count(0)
    expect(page.get_by_role("heading", name="Command", exact=True)).to_have_count(0)


def test_a_command_has_its_form_and_its_fate_comes_live(at):
    page = at("operator", "/control")
    page.get_by_role("combobox", name="Device").select_option("weather")
    page.get_by_role("combobox", name="Command").select_option("calibrate_sensors")
    page.get_by_label(re.compile("^Duration")).fill("5")
    page.get_by_role("button", name="Send", exact=True).click()
    row = page.get_by_role("row").filter(has_text="weather.calibrate_sensors").first
    expect(row).to_contain_text(re.compile("received|started"))
    expect(row).to_contain_text("completed")
    expect(row).to_contain_text("duration 5")


def test_a_parameter_outside_its_range_is_refused_where_it_stands(at):
    page = at("operator", "/control")
    page.get_by_role("combobox", name="Device").select_option("weather")
    page.get_by_role("combobox", name="Command").select_option("calibrate_sensors")
    field = page.get_by_label(re.compile("^Duration"))
    field.fill("99")
    page.get_by_role("button", name="Send", exact=True).click()
    assert field.evaluate("field => field.validity.rangeOverflow")


def test_the_keyboard_alone_takes_control_turns_and_releases(at, free_dish):
    page = at("operator", "/control")

    def reach(name: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            here = page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.innerText || ''")
            if here.strip().lower() == name.lower():
                return
        raise AssertionError(f"Tab does not reach {name!r}")

    reach("Take control")
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("holder")).to_have_text("You drive dish.")
    reach("Up: altitude rises")
    before = angle(page, "altitude")
    page.keyboard.down("ArrowUp")
    wait_until(lambda: angle(page, "altitude") > before + 0.5)
    page.keyboard.up("ArrowUp")
    wait_until(lambda: page.get_by_test_id("state").inner_text() == "stopped")
    page.keyboard.down("Escape")
    expect(page.get_by_text("Stopped: every device was told to stop.")).to_be_visible()
    page.keyboard.up("Escape")
    page.get_by_role("heading", level=1).focus()
    reach("Release")
    page.keyboard.press("Space")
    expect(page.get_by_test_id("holder")).to_have_text("Nobody drives dish.")


# Telemetry.


def test_charts_follow_zoom_and_ask_anew(at):
    page = at("guest", "/telemetry?id=temperature")
    chart = page.get_by_test_id("chart-temperature")
    expect(chart.get_by_test_id("reading")).to_have_text(re.compile(r"\d degC$"))
    wait_until(lambda: is_drawn(page, "chart-temperature"))

    box = chart.locator(".u-over").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + 50, steps=5)
    span = asked_after(page, 600, page.mouse.up)
    assert 100 < span < 140, f"a fifth of ten minutes was dragged over, and {span} s asked for"

    chart.get_by_role("group").focus()
    longer = asked_after(page, span, lambda: page.keyboard.press("-"))
    assert math.isclose(longer, 2 * span, rel_tol=0.01)

    year = page.get_by_title("The last one year")
    assert asked_after(page, longer, year.click) > 365 * 86400
    expect(year).to_have_attribute("aria-pressed", "true")


def asked_after(page: Page, before: float, act: Callable[[], object]) -> float:
    """How many seconds are asked for when they are others than before."""

    def is_new(request: Request) -> bool:
        return "/api/chart" in request.url and not math.isclose(asked_span(request.url), before, rel_tol=0.01)

    with page.expect_request(is_new) as asked:
        act()
    return asked_span(asked.value.url)


def asked_span(url: str) -> float:
    query = httpx.URL(url).params
    return (datetime.fromisoformat(query["to"]) - datetime.fromisoformat(query["from"])).total_seconds()


def is_drawn(page: Page, chart: str, colour: str = "--series-1") -> bool:
    """Whether so much of a colour is on the canvas as a line takes."""
    return page.get_by_test_id(chart).locator("canvas").evaluate(
        """(canvas, name) => {
            const hex = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
            const wanted = [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16));
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let found = 0;
            for (let at = 0; at < data.length; at += 4)
                if (data[at + 3] > 200 && wanted.every((one, of) => Math.abs(one - data[at + of]) < 24)) found += 1;
            return found > 20;
        }""",
        colour,
    )


def test_limits_are_drawn_into_the_chart(at):
    page = at("guest", "/telemetry?id=temperature")
    chart = page.get_by_test_id("chart-temperature")
    expect(chart.get_by_role("img")).to_have_attribute("aria-label", re.compile("high warning 30"))
    wait_until(lambda: is_drawn(page, "chart-temperature", "--warn"))


def test_points_are_found_chosen_and_kept_in_the_address(at):
    page = at("guest", "/telemetry?id=temperature")
    page.get_by_label("Find a point").fill("humid")
    page.get_by_role("checkbox", name="Chart of humidity").check()
    expect(page.get_by_test_id("chart-humidity")).to_be_visible()
    assert "id=humidity" in page.url
    page.get_by_label("Remove the chart of humidity").click()
    expect(page.get_by_test_id("chart-humidity")).to_have_count(0)


def picture(level: int) -> bytes:
    """A grey PNG of 64 by 48."""
    rows = b"".join(b"\0" + bytes([level]) * 64 for _ in range(48))

    def part(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 64, 48, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")


def test_a_camera_is_seen_live(at, control_room):
    def post(level: int) -> None:
        answer = httpx.post(
            f"{control_room.url}/api/camera/frame", params={"module_id": "roof-camera"},
            content=picture(level), headers={"Content-Type": "image/png"},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text

    post(40)
    page = at("guest", "/telemetry")
    camera = page.get_by_label("Camera roof-camera").locator("canvas")
    level = "canvas => canvas.getContext('2d').getImageData(5, 5, 1, 1).data[0]"
    wait_until(lambda: camera.evaluate(level) == 40)
    post(200)
    wait_until(lambda: camera.evaluate(level) == 200)


def test_a_camera_is_red_at_night(at, control_room):
    answer = httpx.post(
        f"{control_room.url}/api/camera/frame", params={"module_id": "night-camera"},
        content=picture(255), headers={"Content-Type": "image/png"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    page = at("guest", "/telemetry")
    page.evaluate("localStorage.setItem('theme', 'red')")
    page.reload()
    camera = page.get_by_label("Camera night-camera").locator("canvas")
    wait_until(lambda: camera.evaluate("canvas => canvas.getContext('2d').getImageData(5, 5, 1, 1).data[0]") == 255)

    def seen() -> tuple[int, int, int]:
        return Image.open(io.BytesIO(camera.screenshot())).convert("RGB").getpixel((20, 20))

    wait_until(lambda: seen()[0] > 100)  # the page is drawn a little later than its canvas
    red, green, blue = seen()
    assert max(green, blue) <= 0.75 * red + 12, (red, green, blue)


# Modules.


def test_a_module_registers_posts_and_gets_a_command(at, control_room):
    module = f"lamp-{int(time.time())}"
    page = at("operator", "/modules")
    with httpx.Client(base_url=control_room.url) as lamp:
        posted = lamp.post("/api/sensors/brightness", json={"module_id": module, "value": 3.5, "unit": "lx"})
        assert posted.status_code == 200, posted.text
        row = page.get_by_role("row").filter(has_text=module)
        expect(row).to_contain_text("pending")
        page.get_by_role("button", name=module, exact=True).click()
        form = page.get_by_role("form", name=f"Command to {module}")
        expect(form.get_by_role("textbox", name=re.compile("^Command"))).to_be_disabled()
        page.get_by_role("button", name=f"Admit {module}").click()
        expect(row).to_contain_text("online")

        form.get_by_role("textbox", name=re.compile("^Command")).fill("set_led")
        form.get_by_role("textbox", name=re.compile("^Parameters")).fill('{"on": true}')
        form.get_by_role("button", name="Send").click()
        sent = page.get_by_label(f"Commands sent to {module}")
        expect(sent).to_contain_text("pending")

        (command,) = lamp.get(f"/api/modules/{module}/commands").json()["commands"]
        assert (command["command"], command["parameters"]) == ("set_led", {"on": True})
        done = {"command_id": command["command_id"], "status": "completed", "message": "the lamp is on"}
        assert lamp.post(f"/api/modules/{module}/status", json=done).status_code == 200
        expect(sent).to_contain_text("completed")
        expect(sent).to_contain_text("the lamp is on")
        expect(page.get_by_role("list", name=f"Log of {module}, newest first")).to_contain_text("the lamp is on")

    page.get_by_role("button", name="Forget", exact=True).click()
    page.get_by_role("button", name="Forget it").click()
    expect(page.get_by_role("row").filter(has_text=module)).to_have_count(0)


# Alarms.


def test_an_alarm_rises_is_acknowledged_and_ends(at, control_room):
    operator = control_room.client("operator")

    def hold(value: float) -> None:
        asked = {"device": "weather", "command": "set_sensor_value", "parameters": {"sensor_id": "temperature", "value": value}}
        assert operator.post("/api/commands", json=asked).status_code == 202

    page = at("operator", "/alarms")
    expect(page.get_by_test_id("calm")).to_be_visible()
    hold(34.0)
    alarm = page.get_by_test_id("alarm")
    expect(alarm).to_contain_text("it is hot", timeout=15000)
    alarm.get_by_label("Silence heat").select_option(label="1 hour")
    expect(alarm).to_contain_text("Silent until")
    page.get_by_role("button", name="Acknowledge heat").click()
    page.get_by_label("Note").fill(PLAIN)
    page.get_by_role("dialog").get_by_role("button", name="Acknowledge").click()
    expect(alarm).to_contain_text("Seen by " + control_room.client("operator").user["username"])
    expect(alarm).to_contain_text(PLAIN)
    hold(22.0)
    expect(alarm).to_have_count(0, timeout=15000)
    before = page.get_by_role("region", name="Alarms that are over")
    expect(before.get_by_role("row").filter(has_text="it is hot").first).to_contain_text(PLAIN)
    assert page.title() != "owned"


# Admin.


def test_an_admin_admits_a_user_makes_a_key_and_sees_the_audit(at, control_room):
    name = f"newcomer-{int(time.time())}"
    asked = {"username": name, "email": f"{name}@example.org", "password": PASSWORD}
    assert control_room.anonymous().post("/api/auth/register", json=asked).status_code == 201
    page = at("admin", "/admin")
    row = page.get_by_role("row").filter(has_text=name).first
    expect(row).to_contain_text("pending")
    page.get_by_role("button", name=f"Admit {name}").click()
    expect(row).to_contain_text("active")
    page.get_by_label(f"Role of {name}").select_option("operator")
    expect(page.get_by_text(f"{name} is operator now")).to_be_visible()
    assert control_room.sign_in(name, PASSWORD).user["role"] == "operator"  # type: ignore[attr-defined]

    page.get_by_role("link", name="Keys").click()
    page.get_by_label(re.compile("^Name")).fill(PLAIN)
    page.get_by_label(re.compile("^Role")).select_option("operator")
    page.get_by_role("button", name="Make a key").click()
    key = page.get_by_test_id("key").inner_text()
    assert key.startswith("cr_")
    with httpx.Client(base_url=control_room.url, headers={"X-API-Key": key}) as service:
        assert service.get("/api/latest").status_code == 200
        page.get_by_role("button", name="I have it").click()
        expect(page.get_by_text(key)).to_have_count(0)
        page.reload()
        expect(page.get_by_role("row").filter(has_text=PLAIN)).to_have_count(1)
        assert key not in page.content()
        page.get_by_role("button", name=f"Delete the key {PLAIN}").click()
        expect(page.get_by_role("row").filter(has_text=PLAIN)).to_have_count(0)
        assert service.get("/api/latest").status_code == 401

    page.get_by_role("link", name="Audit").click()
    audit = page.get_by_role("region", name="Audit, newest first")
    expect(audit).to_contain_text("delete key")
    page.get_by_label("Action", exact=True).fill("change user")
    expect(audit.get_by_role("row").filter(has_text="delete key")).to_have_count(0)
    expect(audit.get_by_role("row").filter(has_text=name).first).to_contain_text("done")
    assert page.title() != "owned"


def test_a_user_is_disabled_and_deleted(at, control_room):
    name = control_room.add_user("observer", f"leaver-{int(time.time())}")
    page = at("admin", "/admin")
    page.get_by_role("button", name=f"Disable {name}").click()
    expect(page.get_by_role("row").filter(has_text=name).first).to_contain_text("disabled")
    refused = control_room.anonymous().post("/api/auth/login", json={"username": name, "password": PASSWORD})
    assert refused.status_code in (401, 403)
    page.get_by_role("button", name=f"Delete {name}").click()
    page.get_by_role("button", name="Delete it").click()
    expect(page.get_by_role("button", name=f"Delete {name}")).to_have_count(0)


def test_health_says_what_the_machine_has(at):
    page = at("admin", "/admin?tab=health")
    health = page.get_by_label("Health", exact=True)
    for check in ("database", "store", "disk"):
        expect(health.get_by_role("term").filter(has_text=check)).to_be_visible()
    expect(health).to_contain_text("free")


# Every text field.


def test_markup_in_every_text_field_shows_as_text(visit, control_room):
    visitor = visit(control_room, "admin")
    page = visitor.page
    for path in PAGES:
        go(page, path)
        if path == "/modules":
            address = f"{control_room.url}/api/sensors/light"
            assert httpx.post(address, json={"module_id": "xss", "value": NASTY}).status_code == 422
            httpx.post(address, json={"module_id": "xss", "value": PLAIN}).raise_for_status()
            control_room.client("operator").post("/api/modules/xss/admit").raise_for_status()
            page.get_by_role("button", name="xss", exact=True).click()
        for field in page.locator("main input[type=text], main input[type=search], main textarea, main input:not([type])").all():
            if field.is_enabled() and field.is_visible():
                field.fill(NASTY)
                field.press("Tab")
        for name in ("Send", "Follow"):
            for button in page.get_by_role("main").get_by_role("button", name=name, exact=True).all():
                if button.is_enabled():
                    button.click()
        page.wait_for_timeout(300)
        assert page.title() != "owned"
        assert page.locator("img[src=x]").count() == 0, f"markup came to life on {path}"
    go(page, "/telemetry")
    expect(page.get_by_label("Points and their newest values")).to_contain_text(PLAIN)
    visitor.complaints.clear()  # the browser tells of the refusals that were asked for here


# For everybody.


@pytest.mark.parametrize("theme", ["dark", "light", "red"])
@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_no_serious_fault(at, control_room, theme, screen):
    httpx.post(f"{control_room.url}/api/sensors/light", json={"module_id": "axe-lamp", "value": 1.0}).raise_for_status()
    page = at("admin", "/control")
    page.set_viewport_size(screen)
    page.evaluate("theme => localStorage.setItem('theme', theme)", theme)
    faults = []
    for path in PAGES:
        go(page, path)
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        page.wait_for_load_state("networkidle") if path != "/telemetry" else page.wait_for_timeout(1000)
        if path == "/modules":
            page.get_by_role("button", name="axe-lamp", exact=True).click()
        faults += [(path, fault) for fault in serious_faults(page)]
        too_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")
        assert not too_wide, f"{path} is wider than the screen"
    assert faults == []
