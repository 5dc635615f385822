# SPDX-License-Identifier: BSD-3-Clause
"""The pages for who observes, in a real browser against the real control room: signing in, sky, requests, runs, results."""

import io
import json
import re
import time

import pytest
from astropy.io import fits
from astropy.table import Table
from browsing import DESKTOP, PHONE, PLAIN, ask_for, serious_faults
from observing import high_target
from PIL import Image
from playwright.sync_api import expect
from served import PASSWORD

pytest_plugins = ["browsing"]  # its fixtures

OBSERVED_S = 90.0  # an observation of some seconds ends long before


def observe(client, **more: object) -> int:
    """Asks for an observation and waits for its end; returns its number."""
    answer = client.post("/v1/observations/", json={"observation": {**high_target(client), **more}, "requestor": None})
    assert answer.status_code == 202, answer.text
    number = answer.json()["id"]
    end = time.monotonic() + OBSERVED_S
    while (kept := client.get(f"/v1/observations/{number}").json())["status"] not in ("COMPLETED", "FAILED"):
        assert time.monotonic() < end, kept
        time.sleep(0.2)
    assert kept["status"] == "COMPLETED", kept
    return number


@pytest.fixture(scope="module")
def observed(control_room):
    """Numbers of two observations that have ended."""
    client = control_room.client("observer")
    return [observe(client), observe(client, integration_time=3, receive_csv=True)]


# The whole way.


def test_a_user_registers_is_admitted_observes_watches_and_has_mail_and_files(
    visit, start_control_room, mail_server, tmp_path
):
    room = start_control_room(**mail_server.settings)
    visitor = visit(room)
    page = visitor.page
    page.goto("/register")
    page.get_by_label("Name").fill("anna")
    page.get_by_label("E-mail").fill("anna@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    expect(page.get_by_role("status").filter(has_text="An administrator will admit you")).to_be_visible()

    visitor.page.goto("/sign-in")
    visitor.sign_in("anna")
    expect(page.get_by_role("heading", name="Not admitted yet")).to_be_visible()
    admin = room.admin()
    (waiting,) = [each for each in admin.get("/api/users").json() if each["username"] == "anna"]
    admitted = admin.patch(f"/api/users/{waiting['id']}", json={"role": "observer", "state": "active"})
    assert admitted.status_code == 200, admitted.text
    mail_server.wait_for("anna@example.org", "admitted")

    page.reload()
    expect(page.get_by_role("heading", name="Sky", exact=True)).to_be_visible()
    wish = high_target(admin)
    ask_for(page, wish["target_name"], 8)
    page.get_by_text("Further settings").click()
    page.get_by_label("CSV as well").check()
    expect(page.get_by_text("Noise in a channel")).to_be_visible()
    page.get_by_role("button", name="Ask for it").click()

    expect(page.get_by_role("heading", name=wish["target_name"], exact=True)).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="running")).to_be_visible(timeout=30_000)
    expect(page.get_by_text(re.compile(r"\d+ s left"))).to_be_visible(timeout=30_000)
    expect(page.get_by_text("Samples lost")).to_be_visible()
    waterfall = page.get_by_role("img", name="Waterfall").locator("canvas")
    until(lambda: painted(waterfall) > 2, OBSERVED_S)
    until(lambda: painted(page.get_by_role("img", name="The spectrum so far").locator("canvas")) > 2)

    expect(page.get_by_role("status").filter(has_text="done")).to_be_visible(timeout=OBSERVED_S * 1000)
    expect(page.get_by_text(re.compile(r"[\d.]+ ± [\d.e−+]+ K"))).to_be_visible()
    mail = mail_server.wait_for("anna@example.org", "is done")
    assert [part for part in mail.walk() if part.get_content_type() == "image/png"], "the mail has no plot"

    for ending in ("fits", "csv"):
        with page.expect_download() as coming:
            page.get_by_role("link", name=re.compile(rf"\.{ending}$")).click()
        coming.value.save_as(tmp_path / f"result.{ending}")
    with fits.open(tmp_path / "result.fits") as found:
        found.verify("exception")
        data = [hdu for hdu in found if hdu.data is not None]
        assert data, "the FITS file has no data"
    table = Table.read(tmp_path / "result.csv", format="ascii.csv", comment="#")
    assert len(table) == 1024


def test_the_waterfall_zooms_with_the_spectrum_above_it(visit, control_room):
    client = control_room.client("observer")
    wish = {**high_target(client), "integration_time": 300}
    number = client.post("/v1/observations/", json={"observation": wish, "requestor": None}).json()["id"]
    page = visit(control_room, "observer").page
    page.goto(f"/observe/{number}")
    waterfall = page.get_by_role("img", name="Waterfall").locator("canvas")
    field = page.get_by_role("img", name="The spectrum so far").locator(".u-over")
    until(lambda: painted(waterfall) > 20, OBSERVED_S)
    beside = until(lambda: beside_the_band(waterfall))
    assert 0.005 < beside < 0.05

    until(lambda: abs(field.bounding_box()["x"] - waterfall.bounding_box()["x"]) < 2)
    box = field.bounding_box()
    page.mouse.move(box["x"] + 1, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.1 * box["width"], box["y"] + 60, steps=5)
    page.mouse.up()
    until(lambda: beside_the_band(waterfall) == pytest.approx(10 * beside, abs=0.03))
    field.dblclick()
    until(lambda: beside_the_band(waterfall) == pytest.approx(beside, abs=0.01))
    client.delete(f"/v1/observations/{number}")


def beside_the_band(waterfall) -> float:
    """Which part of a waterfall, from its left, is what the receiver's filter lets not through: light on a light page."""
    rows = waterfall.evaluate(
        """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, 1);
            return [...data].filter((_, at) => at % 4 === 0);
        }"""
    )
    if waterfall.evaluate("canvas => canvas.closest('.mirrored') !== null"):
        rows.reverse()
    return next((at for at, red in enumerate(rows) if red < 150), len(rows)) / len(rows)


def painted(canvas) -> int:
    """How many colours are on a canvas."""
    return canvas.evaluate(
        """canvas => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const seen = new Set();
            for (let at = 0; at < data.length; at += 4)
                if (data[at + 3] > 0) seen.add((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]);
            return seen.size;
        }"""
    )


def until(what, seconds: float = 15.0):
    """The first true answer of `what`."""
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.1)
    return found


# Signing in.


def test_a_session_outlives_a_reload_and_two_tabs_and_ends_when_one_signs_out(visit, control_room):
    visitor = visit(control_room, "observer")
    second = visitor.new_page()
    for page in (visitor.page, second, visitor.page, second):
        page.goto("/account")
        expect(page.get_by_text("observer", exact=True)).to_be_visible()
    second.get_by_role("button", name="Sign out").click()
    expect(second.get_by_role("heading", name="Sign in")).to_be_visible()
    assert visitor.context.cookies(f"{control_room.url}/api/auth") == []
    second.goto("/observe")
    expect(second.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize(
    "next", ["//evil.example/x", "/\\evil.example", "https://evil.example/", "javascript:alert(1)"]
)
def test_the_sign_in_leads_to_no_other_site(visit, control_room, next):
    visitor = visit(control_room)
    visitor.page.goto(f"/sign-in?next={next}")
    visitor.sign_in(control_room.client("observer").user["username"])
    expect(visitor.page.get_by_role("heading", name="Sky", exact=True)).to_be_visible()
    assert visitor.page.url == f"{control_room.url}/"


def test_a_deep_link_is_where_the_sign_in_leads(visit, control_room):
    visitor = visit(control_room)
    visitor.page.goto("/observe?target=Cas%20A&ra=350.85&dec=58.815")
    visitor.page.wait_for_url("**/sign-in?next=*")
    visitor.sign_in(control_room.client("observer").user["username"])
    expect(visitor.page.get_by_label("Target name")).to_have_value("Cas A")


def test_a_wrong_password_is_said_and_who_has_forgotten_it_gets_a_link(visit, start_control_room, mail_server):
    room = start_control_room(**mail_server.settings)
    name = room.add_user("observer", "berta", "berta@example.org")
    visitor = visit(room)
    page = visitor.page
    page.goto("/sign-in")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill("what was it again")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("the name or the password is wrong")
    visitor.complaints.clear()  # the browser tells of each 401

    page.get_by_role("link", name="Password forgotten").click()
    page.get_by_label("E-mail of the account").fill("berta@example.org")
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("status").filter(has_text="a mail with a link is on its way")).to_be_visible()
    mail = mail_server.wait_for("berta@example.org", "password")
    link = re.search(r"http\S+/reset#token=[\w-]+", mail.get_body(("plain",)).get_content())
    assert link, mail
    page.goto("about:blank")  # a mail is read elsewhere
    page.goto(link.group(0))
    page.get_by_label("New password").fill("another long passphrase")
    page.get_by_role("button", name="Change it", exact=True).click()
    expect(page.get_by_text("The password is changed")).to_be_visible()
    assert "token" not in page.url
    visitor.sign_in(name, "another long passphrase")


def test_a_guest_watches_and_changes_nothing(visit, control_room):
    page = visit(control_room).page
    page.goto("/sign-in")
    page.get_by_label("What may we call you?").fill("passer-by")
    page.get_by_role("button", name="Visit").click()
    expect(page.get_by_role("heading", name="Sky", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name="The sky now")).to_be_visible()
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)


def test_the_first_admin_must_change_the_one_time_password(visit, start_control_room):
    room = start_control_room()
    once = re.search(r"one-time password:? (\S+)", room.output())
    assert once
    visitor = visit(room)
    page = visitor.sign_in("admin", once.group(1))
    expect(page.get_by_text("Choose a password of your own first")).to_be_visible()
    page.get_by_label("The present one").fill(once.group(1))
    page.get_by_label("The new one").fill(PASSWORD)
    page.get_by_role("button", name="Change it", exact=True).click()
    expect(page.get_by_text("The password is changed.")).to_be_visible()
    page.get_by_role("link", name="Sky", exact=True).click()
    expect(page.get_by_role("img", name="The sky now")).to_be_visible()


# Sky.


def test_the_sky_is_searched_and_says_when_things_rise(visit, control_room):
    page = visit(control_room, "guest").page
    expect(page.get_by_role("img", name="The sky now")).to_be_visible()
    page.get_by_label("Name or coordinates").fill("Cas A")
    page.get_by_role("button", name="Find").click()
    card = page.get_by_role("region", name=re.compile("^Visibility of Cas"))
    expect(card.get_by_text("Transits")).to_be_visible()
    told = control_room.client("guest").get("/api/sky/visibility", params={"target": "Cas A"}).json()
    expect(card).to_contain_text(f"at {told['transit_altitude_deg']:.1f}°")
    expect(card.get_by_role("img", name=re.compile("^Altitude of Cas"))).to_be_visible()
    page.get_by_label("Name or coordinates").fill("no such thing")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("Nothing is called no such thing.")).to_be_visible()


def test_the_table_beside_the_map_does_the_same_by_keyboard(visit, control_room):
    page = visit(control_room, "guest").page
    first = page.get_by_role("region", name="Sources, highest first").get_by_role("button").first
    name = first.inner_text()
    first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    expect(page.locator("svg circle.chosen")).to_have_count(1)


def test_a_click_on_the_map_tells_of_that_place(visit, control_room):
    page = visit(control_room, "guest").page
    map = page.get_by_role("img", name="The sky now")
    box = map.bounding_box()
    assert box
    # East, 45 degrees up: on the map half way from the zenith to the left edge.
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    radius = min(box["width"], box["height"]) / 2.2
    page.mouse.click(middle[0] - radius / 2, middle[1])
    card = page.get_by_role("region", name=re.compile("^Visibility of"))
    expect(card).to_contain_text("ICRS")
    if "altaz" in card.get_by_role("heading").inner_text():  # else a source is near to it
        expect(card).to_contain_text(re.compile(r"altitude 4[45]\.\d°, azimuth (89|90)\.\d° E"))


def test_the_sky_of_another_time_has_no_dish(visit, control_room):
    page = visit(control_room, "guest").page
    expect(page.locator("svg .actual")).to_have_count(1)
    page.get_by_label("at (UTC)").fill("2026-01-15T20:00")
    page.get_by_label("at (UTC)").blur()
    expect(page.locator("svg .actual")).to_have_count(0)
    expect(page.get_by_text("2026-01-15 20:00 UTC")).to_be_visible()


# Observe.


def test_a_request_that_cannot_be_is_refused_at_its_field(visit, control_room):
    visitor = visit(control_room, "observer")
    page = visitor.page
    page.goto("/observe")
    page.get_by_label("Right ascension").fill("10")
    page.get_by_label("Declination").fill("95")
    page.get_by_label("Integration time").fill("5")
    page.get_by_role("button", name="Ask for it").click()
    assert page.get_by_label("Declination").evaluate("field => field.validity.rangeOverflow")
    visitor.complaints.clear()  # of the plan, which the server refuses as well


def test_what_waits_says_why_and_is_cancelled(visit, control_room):
    client = control_room.client("observer")
    later = {**high_target(client), "target_name": PLAIN, "planned_start": "2190-01-01T00:00:00Z"}
    assert client.post("/v1/observations/", json={"observation": later, "requestor": None}).status_code == 202
    page = visit(control_room, "observer").page
    page.goto("/observe")
    row = page.get_by_role("region", name="What waits, and why").get_by_role("row").filter(has_text=PLAIN)
    expect(row).to_be_visible()
    assert row.get_by_role("cell").nth(3).inner_text().strip(), "it does not say why it waits"
    row.get_by_role("button", name="Cancel").click()
    expect(row).to_have_count(0)
    expect(
        page.get_by_role("region", name="What has ended").get_by_role("row").filter(has_text=PLAIN)
    ).to_contain_text("cancelled")
    assert "owned" not in page.title()


def test_a_phone_says_why_it_ended_and_the_local_time(visit, control_room):
    client = control_room.client("observer")
    later = {**high_target(client), "target_name": "why", "planned_start": "2190-01-01T00:00:00Z"}
    number = client.post("/v1/observations/", json={"observation": later, "requestor": None}).json()["id"]
    assert client.delete(f"/v1/observations/{number}").status_code == 204
    why = client.get(f"/v1/observations/{number}").json()["reason"]
    page = visit(control_room, "observer", viewport=PHONE, has_touch=True).page
    page.goto("/observe")
    row = page.get_by_role("region", name="What has ended").get_by_role("row").filter(has_text="why").first
    assert why
    expect(row.get_by_text(why)).to_be_visible()
    expect(page.get_by_text("Local", exact=True)).to_be_visible()


def test_results_are_compared(visit, control_room, observed):
    page = visit(control_room, "observer").page
    page.goto("/observe")
    for number in observed:
        page.get_by_label(f"Compare observation {number},").check()
    page.get_by_role("link", name="Compare 2").click()
    rows = page.get_by_role("region", name="Numbers of the results").get_by_role("row")
    expect(rows).to_have_count(3)
    until(lambda: painted(page.get_by_role("img", name="Calibrated spectra, compared").locator("canvas")) > 3)


def test_dense_curves_are_whole(visit, control_room):
    """So many channels that several share a column of pixels, beside so few that columns lie between them."""
    client = control_room.client("observer")
    numbers = [observe(client, fft_size=channels) for channels in (4096, 128)]
    page = visit(control_room, "observer").page
    page.goto(f"/compare?ids={numbers[0]},{numbers[1]}")
    spectra = page.get_by_role("img", name="Calibrated spectra, compared")
    until(lambda: painted(spectra.locator("canvas")) > 3)
    page.evaluate("() => new Promise(requestAnimationFrame)")
    for series in ("series-1", "series-2"):
        assert covered(spectra, series) > 0.95


def covered(plot, series: str) -> float:
    """Of the columns of a plot's field, the share that has a pixel of this series."""
    return plot.evaluate(
        """(plot, series) => {
            const canvas = plot.querySelector("canvas");
            const [whole, field] = [canvas, plot.querySelector(".u-over")].map(each => each.getBoundingClientRect());
            const hex = getComputedStyle(document.documentElement).getPropertyValue(`--${series}`).trim();
            const wanted = [1, 3, 5].map(at => parseInt(hex.slice(at, at + 2), 16));
            const [left, width] = [Math.round(field.left - whole.left), Math.round(field.width)];
            const { data, height } = canvas.getContext("2d").getImageData(left, 0, width, canvas.height);
            const isIt = at => data[at + 3] > 90 && wanted.every((one, of) => Math.abs(one - data[at + of]) < 40);
            let found = 0;
            for (let column = 0; column < width; column += 1)
                for (let row = 0; row < height; row += 1)
                    if (isIt(4 * (row * width + column))) { found += 1; break; }
            return found / width;
        }""",
        series,
    )


def test_the_same_result_twice_is_compared_once(visit, control_room, observed):
    page = visit(control_room, "observer").page
    page.goto(f"/compare?ids={observed[0]},{observed[0]}")
    expect(page.get_by_role("region", name="Numbers of the results").get_by_role("row")).to_have_count(2)


def test_somebody_elses_observation_shows_no_files(visit, control_room, observed):
    page = visit(control_room, "operator").page
    page.goto(f"/observe/{observed[0]}")
    expect(page.get_by_role("status").filter(has_text="done")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile(r"\.fits$"))).to_have_count(0)


def test_the_page_comes_back_with_the_server(visit, start_control_room):
    room = start_control_room()
    visitor = visit(room, "observer")
    link = visitor.page.get_by_title("Live", exact=True)
    expect(link).to_be_visible()
    room.stop()
    expect(visitor.page.get_by_title(re.compile("^Not connected"))).to_be_visible()
    room.start()
    expect(link).to_be_visible(timeout=40_000)
    visitor.complaints.clear()  # what the browser says while there is no server


# How it looks, and for whom.

PAGES = ("/sign-in", "/register", "/reset", "/", "/observe", "/observe/{}", "/compare?ids={}", "/account")


@pytest.mark.parametrize("theme", ["dark", "light", "red"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_page_has_a_serious_fault_or_is_wider_than_its_screen(visit, control_room, observed, theme, size):
    visitor = visit(control_room, "observer", viewport=size, has_touch=size is PHONE)
    page = visitor.page
    page.evaluate(f"localStorage.setItem('theme', '{theme}')")
    for path in PAGES:
        page.goto(path.format(observed[1]))
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.dataset.theme") == theme
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{path} is {wide} px wider than the screen"
        told = serious_faults(page)
        assert told == [], f"{path}: {json.dumps(told, indent=1)}"


def test_the_red_theme_is_red_alone(visit, control_room, observed):
    page = visit(control_room, "observer").page
    page.evaluate("localStorage.setItem('theme', 'red')")
    for path in ("/", "/observe", f"/observe/{observed[0]}"):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_load_state("networkidle")
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        counts = picture.getcolors(1 << 24) or []
        other = sum(count for count, (r, g, b) in counts if max(g, b) > 0.75 * r + 12)
        assert other == 0, f"{path}: {other} pixels are not red"


# How heavy; how fast is for benchmarks/webapp/pages.py.


def test_the_first_page_is_light(visit, control_room):
    visitor = visit(control_room)
    page = visitor.page
    protocol = visitor.context.new_cdp_session(page)
    protocol.send("Network.enable")
    bytes: list[int] = []
    protocol.on("Network.loadingFinished", lambda told: bytes.append(told["encodedDataLength"]))
    page.goto("/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert 0 < sum(bytes) < 200_000


def test_the_page_of_the_sky_is_light_too(visit, control_room):
    visitor = visit(control_room, "observer")
    page = visitor.new_page()
    protocol = visitor.context.new_cdp_session(page)
    protocol.send("Network.enable")
    protocol.send("Network.setCacheDisabled", {"cacheDisabled": True})
    bytes: list[int] = []
    protocol.on("Network.loadingFinished", lambda told: bytes.append(told["encodedDataLength"]))
    page.goto("/")
    expect(page.get_by_role("img", name="The sky now")).to_be_visible()
    assert sum(bytes) < 200_000


def test_spectra_of_4096_channels_come_live(visit, control_room):
    seconds = 5
    client = control_room.client("observer")
    wish = {**high_target(client), "integration_time": seconds + 60, "fft_size": 4096}
    number = client.post("/v1/observations/", json={"observation": wish, "requestor": None}).json()["id"]
    visitor = visit(control_room, "observer")
    page = visitor.page
    frames: list[float] = []
    page.on(
        "websocket",
        lambda socket: (
            socket.on("framereceived", lambda _: frames.append(time.monotonic()))
            if "/ws/spectra" in socket.url
            else None
        ),
    )
    page.goto(f"/observe/{number}")
    until(lambda: page.wait_for_timeout(100) or len(frames) > 20, OBSERVED_S)
    page.wait_for_timeout(2000)  # what is loaded and drawn once
    before = len(frames)
    page.wait_for_timeout(seconds * 1000)
    count = len(frames) - before
    client.delete(f"/v1/observations/{number}")
    assert count > seconds, f"{count} spectra came in {seconds} s"
