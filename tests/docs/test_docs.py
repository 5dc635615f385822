# SPDX-License-Identifier: BSD-3-Clause
"""The documentation says what is: generated pages are fresh, quoted code is the code, links lead somewhere."""

import importlib.machinery
import importlib.util
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


def load_generator():
    loader = importlib.machinery.SourceFileLoader("docs_generate", str(ROOT / "docs/generate"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("docs_generate", loader))
    loader.exec_module(module)
    return module


generate = load_generator()
PAGES = sorted([*generate.pages(), *(ROOT / "docs/reference").glob("*.md")])


def relative(path):
    return str(path.relative_to(ROOT))


def test_there_is_something_to_check():
    assert len(PAGES) > 25
    assert sum(len(generate.MARKER.findall(page.read_text())) for page in PAGES) > 8


@pytest.mark.parametrize("page", sorted(generate.reference()), ids=relative)
def test_reference_pages_say_what_the_program_says(page):
    assert page.read_text() == generate.reference()[page](), f"run docs/generate: {relative(page)} is out of date"


@pytest.mark.parametrize("page", generate.pages(), ids=relative)
def test_quoted_blocks_equal_their_files(page):
    text = page.read_text()
    assert len(re.findall("^<!-- (?:from|output of) ", text, re.MULTILINE)) == len(generate.MARKER.findall(text)), "a marker stands before no code block"
    assert text == generate.with_blocks(text), f"run docs/generate: {relative(page)} quotes something else than the file has"


def anchors_of(page):
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_relative_links_resolve(page):
    without_code = re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    broken = []
    for link in (one or other for one, other in LINK.findall(without_code)):
        if re.match(r"[a-z]+:", link):
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)
    assert broken == []


def test_every_page_is_reached_from_the_first_one():
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        links = (one or other for one, other in LINK.findall(page.read_text()))
        waiting += [(page.parent / link.partition("#")[0]).resolve() for link in links if not re.match(r"[a-z]+:", link)]
    assert [relative(page) for page in PAGES if page not in seen] == []
