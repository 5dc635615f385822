# SPDX-License-Identifier: BSD-3-Clause
"""The error catalogue is true: each code has its section, each quoted message stands in the source, and each
message in the source is quoted. What a fragment is, and how `…` is read, stands at the top of the page."""

import bisect
import functools
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/reference/errors.md"
SOURCES = sorted(
    path
    for folder in ("src", "plugins", "include", "bindings")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in (".cpp", ".hpp")
)
GAP = "…"

# Reading C++: literals and comments first, so that neither a quoted `;` nor a quoted throw is taken for code.

TOKEN = re.compile(
    r"""R"(?P<tag>\w*)\((?P<raw>.*?)\)(?P=tag)"|"(?P<text>(?:[^"\\\n]|\\.)*)"|'(?P<char>[^'\\\n]|\\\w+|\\.)'|//[^\n]*|/\*.*?\*/""",
    re.DOTALL,
)
ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
NOTHING = re.compile(r"[\s(]*(?:std::string(?:_view)?\s*[({]\s*)?")


class Source:
    """A file as code without literals, and its literals."""

    def __init__(self, text):
        self.text = text
        self.literals = []  # (begin, end, what it says)
        code = list(text)
        for found in TOKEN.finditer(text):
            said = next((found[group] for group in ("raw", "text", "char") if found[group] is not None), None)
            code[found.start() : found.end()] = (" " if said is None else "\0") * (found.end() - found.start())
            if said is None:
                continue
            if found["raw"] is None:
                said = re.sub(r"\\(.)", lambda escape: ESCAPES.get(escape[1], escape[1]), said)
            self.literals.append((found.start(), found.end(), re.sub(r"\s", " ", said)))
        self.code = "".join(code)
        self.begins = [begin for begin, _, _ in self.literals]

    def said(self, begin, end):
        """The literals of a stretch of code as one text: neighbours joined, anything between them as a gap."""
        text, last = "", begin
        for at, after, literal in self.literals[bisect.bisect_left(self.begins, begin) : bisect.bisect_left(self.begins, end)]:
            between = self.code[last:at]
            is_joined = NOTHING.fullmatch(between) if last == begin else not between.strip()
            text += ("" if is_joined else GAP) + literal
            last = after
        return text + (GAP if text and self.code[last:end].strip(" \n)") else "")

    def end_of_group(self, begin):
        """Where what is open at `begin` is closed."""
        depth = 0
        for i in range(begin, len(self.code)):
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(self.code[i], 0)
            if depth < 0:
                return i
        return len(self.code)

    def end_of_argument(self, begin):
        depth = 0
        for i in range(begin, len(self.code)):
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(self.code[i], 0)
            if depth < 0 or (depth == 0 and self.code[i] == ","):
                return i
        return len(self.code)

    def line_of(self, at):
        return self.text.count("\n", 0, at) + 1


@functools.cache
def sources():
    return {str(path.relative_to(ROOT)): Source(path.read_text()) for path in SOURCES}


@functools.cache
def everything_said():
    """What each statement of the source says, one in a line."""
    lines = set()
    for source in sources().values():
        last = 0
        for end in re.finditer(r"[;{}]", source.code):
            lines.add(GAP + source.said(last, end.start()))
            last = end.end()
    return "\n".join(sorted(line for line in lines if has_a_word(line)))


def has_a_word(text):
    return re.search(r"[^\W\d_]{3}", text) is not None


# The throws. A message without a word of its own in its literals is put together elsewhere and is left out.

THROW = re.compile(r"\bError\s*(?:\w+\s*)?[({]\s*(?:astro::)?ErrorCode::(\w+)\s*,")
OBJECTION = re.compile(r"\bErrorCode::(\w+)\s*,\s*\.(?:reason|message)\s*=")


def throws():
    for file, source in sources().items():
        if file.startswith("include/"):
            continue
        for found in [*THROW.finditer(source.code), *OBJECTION.finditer(source.code)]:
            message = source.said(found.end(), source.end_of_argument(found.end()))
            if has_a_word(message):
                yield file, source.line_of(found.start()), found[1], message


# Problems are collected before they are thrown together: of a site file or a request, and of a plugin's file.

PROBLEM = re.compile(r"\b(?:reader_\.|check\.|check_\.|at\.)?complain\(")
TROUBLE = re.compile(r"\b(Trouble|ElfProblem)\s*\w*\{")


def problems():
    for file, source in sources().items():
        for found in PROBLEM.finditer(source.code):
            # Where, then what; a helper that knows where takes the message alone, or a key before it.
            first = source.end_of_argument(found.end())
            has_place = source.code[first] == "," and not source.said(found.end(), first).count(" ")
            begin = first + 1 if has_place else found.end()
            yield file, source.line_of(found.start()), "invalid_site", source.said(begin, source.end_of_argument(begin))
        for found in TROUBLE.finditer(source.code):
            is_site = found[1] == "Trouble"
            begin = source.end_of_argument(found.end()) + 1 if is_site else found.end()
            code = "invalid_site" if is_site else "refused_plugin"
            yield file, source.line_of(found.start()), code, source.said(begin, source.end_of_group(begin))


# The page.


def cells(line):
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]


def fragments_in(cell):
    return [found[2].strip() for found in re.finditer(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", cell)]


@functools.cache
def rows():
    """Each row of the tables of messages: section, line, cells."""
    found, section, is_table = [], "", False
    for number, line in enumerate(PAGE.read_text().splitlines(), 1):
        if line.startswith("## "):
            section = line[3:].strip("` ")
        is_head = line.startswith("| message |")
        is_table = is_head or (is_table and line.startswith("|"))
        if is_table and not is_head and not line.startswith("| ---"):
            found.append((section, number, cells(line)))
    return found


def pattern_of(fragment, begin="^"):
    pieces = [re.escape(piece) for piece in fragment.strip(GAP).strip().split(GAP)]
    return ("" if fragment.startswith(GAP) else begin) + ".*?".join(pieces)


def covering(fragment):
    """What a throw must say for the fragment to be its row: one that ends with a gap leaves no words open. A throw
    may begin with a gap where it chooses between whole messages."""
    return re.compile(f"^{re.escape(fragment)}$" if fragment.endswith(GAP) else pattern_of(fragment, f"^{GAP}?"))


@functools.cache
def patterns():
    by_section = {}
    for section, _, row in rows():
        by_section.setdefault(section, []).extend(covering(each) for each in fragments_in(row[0]))
    return by_section


def codes():
    header = (ROOT / "include/astro/error.hpp").read_text()
    return re.findall(r"^  (\w+),", re.search(r"enum class ErrorCode.*?\{(.*?)\};", header, re.DOTALL)[1], re.MULTILINE)


def sections():
    return re.findall(r"^## `(\w+)`$", PAGE.read_text(), re.MULTILINE)


def uncovered(messages):
    missing = []
    for file, line, code, message in messages:
        is_covered = any(pattern.search(message) for pattern in patterns().get(code, []))
        if has_a_word(message) and not is_covered:
            missing.append(f'{file}:{line}: no row under "{code}" for: {message}')
    return missing


def test_there_is_something_to_check():
    assert len(codes()) > 15
    assert len(rows()) > 150
    assert len(list(throws())) > 200
    assert len([message for *_, message in problems() if has_a_word(message)]) > 60


def test_each_code_has_its_section_and_no_other_has():
    assert sections() == codes()


def test_each_row_has_a_message_its_meaning_and_what_to_do():
    wrong = [f"line {line}" for _, line, row in rows() if len(row) != 3 or not all(row) or not fragments_in(row[0])]
    assert wrong == []


def test_no_fragment_is_so_short_that_it_would_cover_anything():
    short = [f"line {line}: {each}" for _, line, row in rows() for each in fragments_in(row[0]) if not has_a_word(each)]
    assert short == []


def test_each_quoted_message_stands_in_the_source():
    said = everything_said()
    wrong = []
    for _, line, row in rows():
        for fragment in fragments_in(row[0]):
            if not re.search(pattern_of(fragment, GAP), said):
                wrong.append(f"line {line}: nothing in the source says: {fragment}")
    assert wrong == []


def test_each_throw_has_a_row():
    assert uncovered(throws()) == [], "add the message to docs/reference/errors.md, with what to do"


def test_each_problem_of_a_file_or_a_plugin_has_a_row():
    assert uncovered(problems()) == [], "add the problem to docs/reference/errors.md, with what to do"


# The lines under the headings.

UNDER = re.compile(r"^## `(\w+)`\n\nPython: `astro\.(\w+)`; exit code: (\d+); worth retrying: (yes|no)\.$", re.MULTILINE)


def under_headings():
    return {found[1]: found.groups()[1:] for found in UNDER.finditer(PAGE.read_text())}


def exit_codes():
    values = dict(re.findall(r"^  (\w+) = (\d+)", (ROOT / "src/cli/output.hpp").read_text(), re.MULTILINE))
    main = (ROOT / "src/cli/main.cpp").read_text()
    body = re.search(r"int exit_code_of\(.*?\{(.*?)\n\}", main, re.DOTALL)[1]
    found, waiting = {}, []
    for case, returned in re.findall(r"(?:case|(?=default))\s*([\w:]+):|return (?:ExitCode::)?(\w+);", body):
        if case:
            waiting.append(case.split("::")[-1])
        else:
            found.update(dict.fromkeys(waiting, values[returned]))
            waiting = []
    return {code: found.get(code, found["default"]) for code in codes()}


@pytest.mark.parametrize("code", codes())
def test_the_line_under_a_heading_is_true(code):
    assert code in under_headings(), f'"{code}" lacks its line: Python, exit code, worth retrying'
    name, exit_code, retry = under_headings()[code]
    classes = (ROOT / "bindings/python/astro/errors.py").read_text()
    own = dict(re.findall(r'class (\w+)\(Error\):.*?super\(\).__init__\("(\w+)"', classes, re.DOTALL))
    assert name == next((each for each, of in own.items() if of == code), "Error")
    assert exit_code == exit_codes()[code]
    worth = re.search(r"bool Error::is_worth_retrying.*?\}", (ROOT / "src/error.cpp").read_text(), re.DOTALL)[0]
    assert retry == ("yes" if f"ErrorCode::{code} " in worth or f"ErrorCode::{code};" in worth else "no")


# That the tests above can fail.


def test_literals_are_read_as_the_compiler_reads_them():
    source = Source('throw Error(ErrorCode::busy, "one " // a "remark"\n "two \\"" + name + \'"\' + ": three");')
    found = THROW.search(source.code)
    assert source.said(found.end(), source.end_of_argument(found.end())) == 'one two "…"…: three'


def test_what_is_quoted_in_code_is_no_throw():
    assert THROW.search(Source('const char* text = R"(throw Error(ErrorCode::busy, "no");)";').code) is None


def test_a_fragment_begins_where_the_message_begins_unless_it_says_otherwise():
    assert re.search(pattern_of("the queue … full"), "the queue of 'dish' is full")
    assert not re.search(pattern_of("queue … full"), "the queue of 'dish' is full")
    assert re.search(pattern_of("… is full"), "the queue of 'dish' is full")
    assert not re.search(pattern_of("… is empty"), "the queue of 'dish' is full")
    assert covering("planning: …").search("planning: …")
    assert not covering("planning: …").search("planning: … has no mount")


def test_a_message_that_is_not_in_the_page_is_named():
    assert uncovered([("a.cpp", 1, "busy", "the tea is not ready")]) != []
    assert uncovered([("a.cpp", 1, "no_such_code", "the tea is not ready")]) != []
