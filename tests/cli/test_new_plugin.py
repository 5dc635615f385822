# SPDX-License-Identifier: BSD-3-Clause
"""What `astro new-plugin` writes builds against the installed tree, and its own tests pass: one uses it and its
simulated twin as a site does, the other is `astro conform`."""

import os
import subprocess

import pytest

KINDS = ["mount", "receiver", "controller", "transport", "store"]
ALL = """
cmake_minimum_required(VERSION 3.25)
project(all_kinds LANGUAGES CXX)
enable_testing()
foreach(kind mount receiver controller transport store)
  add_subdirectory(my_${kind})
endforeach()
"""


@pytest.fixture(scope="module")
def built(root, prefix, tmp_path_factory):
    """The five, made and built at once, and what their tests said."""
    folder = tmp_path_factory.mktemp("plugins")
    for kind in KINDS:
        subprocess.run([prefix / "bin/astro", "new-plugin", f"my_{kind}", f"--{kind}"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    (folder / "CMakeLists.txt").write_text(ALL)
    configure = ["cmake", "-S", folder, "-B", folder / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}"]
    subprocess.run(configure, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", folder / "build"], check=True)
    tests = ["ctest", "--test-dir", folder / "build", "-j8", "--output-on-failure", "--output-junit", folder / "tests.xml"]
    said = subprocess.run(tests, capture_output=True, text=True, env=dict(os.environ, ASTRO_PLUGIN_PATH=""))
    return folder, said.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_builds_and_its_tests_pass(built, prefix, kind):
    folder, said = built
    for test in (f"my_{kind}", f"my_{kind}_conforms"):
        assert any(f" {test} ." in line and "Passed" in line for line in said.splitlines()), said
    environment = dict(os.environ, ASTRO_PLUGIN_PATH=str(folder / f"build/my_{kind}"))
    described = subprocess.run([prefix / "bin/astro", "describe", f"my_{kind}"], env=environment, capture_output=True, text=True, check=True)
    assert f"my_{kind} ({kind})" in described.stdout


def test_a_new_plugin_has_a_page_a_site_and_a_test(astro):
    for kind in KINDS:
        files = astro.json("new-plugin", f"my_{kind}", f"--{kind}")["files"]
        assert {file.rpartition("/")[2] for file in files} == {"CMakeLists.txt", "README.md", "site.yaml", f"my_{kind}.cpp", f"my_{kind}_test.cpp"}
        assert not any("@" in (astro.folder / file).read_text() for file in files), "a word was not filled in"


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in KINDS for name in (kind, "switch")])
def test_names_that_are_words_of_ours_do_no_harm(astro, root, kind, name):
    astro.run("new-plugin", name, f"--{kind}")
    compiled = subprocess.run(["g++", "-std=c++20", "-fsyntax-only", f"-I{root}/include", astro.folder / name / f"{name}.cpp"], capture_output=True, text=True)
    assert compiled.returncode == 0, compiled.stderr


def test_a_folder_that_is_there_is_not_touched(astro):
    astro.run("new-plugin", "mine", "--mount")
    before = (astro.folder / "mine/mine.cpp").read_text()
    (astro.folder / "mine/mine.cpp").write_text(before + "// changed\n")
    assert "is there already" in astro.run("new-plugin", "mine", "--mount", expect=2).stderr
    assert (astro.folder / "mine/mine.cpp").read_text().endswith("// changed\n")


def test_a_name_that_is_no_identifier_is_refused(astro):
    assert "lower-case" in astro.run("new-plugin", "My-Plugin", "--mount", expect=2).stderr


@pytest.mark.parametrize("name", ["simulator", "python"])
def test_a_name_that_is_taken_is_refused(astro, name):
    said = astro.run("new-plugin", name, "--mount", expect=2).stderr
    assert f'new-plugin "{name}": this name is ' in said and "take another name" in said
    assert not (astro.folder / name).exists()


def test_what_was_made_is_told_as_json(astro):
    told = astro.json("new-plugin", "mine", "--mount")
    assert told["plugin"] == "mine" and told["kind"] == "mount"
    assert all((astro.folder / file).is_file() for file in told["files"]) and "mine/mine.cpp" in told["files"]


def test_describe_names_the_driver_that_is_nearest(astro):
    said = astro.run("describe", "simulatr", expect=2).stderr
    assert 'there is no driver "simulatr"; the nearest is "simulator"' in said
