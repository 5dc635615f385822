# SPDX-License-Identifier: BSD-3-Clause
import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("ASTRO_PROGRAM", ROOT / "build/release/bin/astro"))


class Program:
    """The program `astro` as a user runs it."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = dict(os.environ, XDG_STATE_HOME=str(folder / "state"))

    def run(self, *arguments, expect=0):
        ran = subprocess.run(
            [PROGRAM, *map(str, arguments)], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300
        )
        assert ran.returncode == expect, f"exit code {ran.returncode}, expected {expect}\n{ran.stdout}\n{ran.stderr}"
        return ran

    def json(self, *arguments, expect=0):
        text = self.run(*arguments, "--json", expect=expect).stdout
        assert text.count("\n") == 1, "one object on one line"
        return json.loads(text)

    def start(self, *arguments, within=(), **options):
        """`within`: the beginning of the command line, such as `ip netns exec NAME`."""
        return subprocess.Popen([*within, PROGRAM, *map(str, arguments)], cwd=self.folder, env=self.environment, text=True, **options)


@pytest.fixture
def astro(tmp_path):
    return Program(tmp_path)


@pytest.fixture(scope="session")
def prefix(root, tmp_path_factory):
    """The release build, installed into an empty folder."""
    folder = tmp_path_factory.mktemp("prefix")
    subprocess.run(["cmake", "--install", root / "build/release", "--prefix", folder], check=True, stdout=subprocess.DEVNULL)
    return folder
