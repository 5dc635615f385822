# SPDX-License-Identifier: BSD-3-Clause
"""What `astro new-plugin` writes builds against the installed tree, and its own test passes."""

import os
import subprocess

import pytest


@pytest.mark.parametrize("kind", ["mount", "receiver", "controller"])
def test_a_new_plugin_builds_and_its_test_passes(astro, prefix, kind):
    name = f"my_{kind}"
    astro.run("new-plugin", name, f"--{kind}")
    source = astro.folder / name
    subprocess.run(
        ["cmake", "-S", source, "-B", source / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}"],
        check=True, stdout=subprocess.DEVNULL,
    )
    subprocess.run(["cmake", "--build", source / "build"], check=True)
    environment = dict(os.environ, ASTRO_PLUGIN_PATH=str(source / "build"))
    subprocess.run(["ctest", "--test-dir", source / "build", "--output-on-failure"], check=True, env=environment)
    astro.environment["ASTRO_PLUGIN_PATH"] = str(source / "build")
    assert astro.json("describe", name)["drivers"][0]["kind"] == kind


def test_a_folder_that_is_there_is_not_touched(astro):
    astro.run("new-plugin", "mine", "--mount")
    before = (astro.folder / "mine/mine.cpp").read_text()
    (astro.folder / "mine/mine.cpp").write_text(before + "// changed\n")
    assert "is there already" in astro.run("new-plugin", "mine", "--mount", expect=2).stderr
    assert (astro.folder / "mine/mine.cpp").read_text().endswith("// changed\n")


def test_a_name_that_is_no_identifier_is_refused(astro):
    assert "lower-case" in astro.run("new-plugin", "My-Plugin", "--mount", expect=2).stderr


def test_what_was_made_is_told_as_json(astro):
    told = astro.json("new-plugin", "mine", "--mount")
    assert told["plugin"] == "mine" and told["kind"] == "mount"
    assert all((astro.folder / file).is_file() for file in told["files"]) and "mine/mine.cpp" in told["files"]


def test_describe_names_the_driver_that_is_nearest(astro):
    said = astro.run("describe", "simulatr", expect=2).stderr
    assert 'there is no driver "simulatr"; the nearest is "simulator"' in said
