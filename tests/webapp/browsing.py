# SPDX-License-Identifier: BSD-3-Clause
"""Debian's Chromium for tests of the pages: `pytest_plugins = ["browsing"]`."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from served import PASSWORD, ControlRoom

AXE = Path(__file__).parent.parent.parent / "examples/webapp/front/node_modules/axe-core/axe.min.js"
DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PLAIN = "5 < 6 & \"7\" > '6'"  # no markup, which the server refuses, and still to be escaped
NASTY = "<img src=x onerror=\"document.title='owned'\">"

expect.set_options(timeout=30_000)  # a page may wait for other tests


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()


class Visitor:
    """Somebody at a browser of his own. What the browser complains of is kept."""

    def __init__(self, browser: Browser, room: ControlRoom, **how: object) -> None:
        self.context: BrowserContext = browser.new_context(**{"base_url": room.url, "viewport": DESKTOP, **how})  # type: ignore[arg-type]
        self.complaints: list[str] = []
        self.page = self.new_page()

    def new_page(self) -> Page:
        page = self.context.new_page()
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def sign_in(self, name: str, password: str = PASSWORD) -> Page:
        if "/sign-in" not in self.page.url:
            self.page.goto("/sign-in")
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        expect(self.page.get_by_role("heading", name="Sign in")).to_have_count(0)
        return self.page


def ask_for(page: Page, target: str, seconds: int) -> None:
    """Fills the form of the page Observe; it is not yet sent."""
    page.get_by_role("link", name="Observe", exact=True).click()
    page.get_by_label("Find a target").fill(target)
    page.get_by_role("search").get_by_role("button", name="Find").click()
    expect(page.get_by_label("Target name")).to_have_value(target)
    page.get_by_label("Integration time").fill(str(seconds))


@pytest.fixture
def visit(browser):
    """visit(room) gives a Visitor, visit(room, "observer") one who has signed in; no browser may have complained."""
    visitors: list[Visitor] = []

    def come(room: ControlRoom, role: str = "", name: str = "", **how: object) -> Visitor:
        visitors.append(Visitor(browser, room, **how))
        if role:
            visitors[-1].sign_in(room.client(role, name).user["username"])  # type: ignore[attr-defined]
        return visitors[-1]

    yield come
    complaints = [each for visitor in visitors for each in visitor.complaints]
    for visitor in visitors:
        visitor.context.close()
    assert complaints == []


def serious_faults(page: Page) -> list[tuple[str, list[str]]]:
    """What axe-core finds wrong with the page as it is now."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run().then(found => found.violations)")
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    return [(each["id"], [node["html"][:200] for node in each["nodes"]][:4]) for each in serious]
