# SPDX-License-Identifier: BSD-3-Clause
"""Wrong use of the program: exit code 2 and a sentence; with --json the one object that a script waits for."""

import pytest

WRONG = {
    "no command": ((), "subcommand is required"),
    "a misspelt command": (("chek", "site.yaml"), 'there is no command "chek"; did you mean check?'),
    "a misspelt command of a command": (("queue", "ad", "site.yaml"), 'there is no command "ad"; did you mean add?'),
    "an argument that is missing": (("check",), "site is required"),
    "an option that is not there": (("check", "site.yaml", "--opne"), "--opne"),
    "an option that is missing": (("sky", "sun"), "--site is required"),
    "two of which one is wanted": (("new-plugin", "mine", "--mount", "--store"), "Exactly 1 option"),
    "an argument too many": (("new-plugin", "mine", "yours", "--mount"), "not expected: yours"),
    "a site that is not on the Earth": (("sky", "sun", "--site", "38.4,-79.8,1e12"), "expected LATITUDE,LONGITUDE[,HEIGHT]"),
}


@pytest.mark.parametrize("arguments, sentence", WRONG.values(), ids=WRONG.keys())
def test_wrong_use_is_told_in_both_ways(astro, arguments, sentence):
    told = astro.json(*arguments, expect=2)
    assert sentence in told["error"] and told["code"] == "invalid_argument"
    said = astro.run(*arguments, expect=2)
    assert said.stdout == "" and said.stderr.startswith("astro: ") and sentence in said.stderr


def test_help_and_version_are_no_wrong_use(astro):
    assert "Usage: astro check" in astro.run("check", "--help").stdout
    assert astro.run("--version").stdout.startswith("astro ")
