# SPDX-License-Identifier: BSD-3-Clause
"""Drivers written in Python, in processes of their own."""

import os
import pathlib
import subprocess
import sys
import textwrap
import time

import pytest
from hardware import eventually

import astro

DRIVER = '''
import dataclasses, os, time
import astro

@dataclasses.dataclass
class Settings:
    folder: str = astro.field(says="where it tells")
    speed: float = astro.field(1.0, min=0, max=5, says="of nothing")

class Rotor(astro.Mount):
    Settings = Settings

    def open(self, host):
        self.axes = astro.Axes(astro.degrees(10), astro.degrees(20))
        self.tell(f"open {os.getpid()}")

    def close(self):
        self.tell("close")

    def stop(self):
        self.tell("stop")

    def move_to(self, axes):
        self.tell("move_to")
        if os.path.exists(self.settings.folder + "/hold"):
            sum(range(10**12))  # never lets anybody else have the interpreter
        self.axes = axes

    def status(self):
        return astro.MountStatus(self.axes)

    def tell(self, what):
        with open(self.settings.folder + "/told", "a") as file:
            print(what, file=file)

astro.register("NAME", Rotor, first=(astro.degrees(0), astro.degrees(360)), second=(astro.degrees(0), astro.degrees(90)))
'''


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module with a driver in it, on the path of this process and of those that it starts."""
    name = f"rotor_{os.getpid()}_{abs(hash(str(tmp_path)))}"
    (tmp_path / f"{name}.py").write_text(DRIVER.replace("NAME", name))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *filter(None, sys.path)]))
    monkeypatch.setenv("ASTRO_PYTHON", sys.executable)
    return name


def site_file(tmp_path, device):
    file = tmp_path / "site.yaml"
    file.write_text(f"site: {{name: Apart, latitude: 28 deg, longitude: -16 deg, state: {tmp_path}/state}}\n"
                    f"mounts:\n  dish: {{{device}, folder: {tmp_path}}}\n")
    return file


def told(tmp_path):
    return (tmp_path / "told").read_text().split("\n")


def test_driver_of_a_module_runs_in_an_interpreter_of_its_own(tmp_path, module):
    __import__(module)
    with astro.Observatory.open(site_file(tmp_path, f"driver: {module}, runs: apart")) as site:
        dish = site.mount("dish")
        dish.move_to(astro.Axes(astro.degrees(30), astro.degrees(40)))
        dish.wait_until_on_target(timeout_s=60)
        assert dish.status().axes.first.degrees == pytest.approx(30)
        assert int(told(tmp_path)[0].split()[1]) != os.getpid()
    assert "close" in told(tmp_path)


def test_hook_that_holds_the_interpreter_costs_its_process_and_not_the_device(tmp_path, module):
    __import__(module)
    with astro.Observatory.open(site_file(tmp_path, f"driver: {module}, runs: apart")) as site:
        dish = site.mount("dish")
        (tmp_path / "hold").touch()
        with pytest.raises(astro.Error) as raised:
            dish.move_to(astro.Axes(astro.degrees(30), astro.degrees(40)))
        assert raised.value.code == "device_fault"
        (tmp_path / "hold").unlink()
        assert eventually(lambda: sum(line.startswith("open") for line in told(tmp_path)) == 2)
        assert not dish.is_lost
        assert eventually(lambda: str(dish.status().state).endswith("stopped"))
        dish.move_to(astro.Axes(astro.degrees(50), astro.degrees(40)))
        dish.wait_until_on_target(timeout_s=60)


def test_site_file_names_a_python_driver_by_its_module(tmp_path, module):
    with astro.Observatory.open(site_file(tmp_path, f"driver: python, module: {module}")) as site:
        site.mount("dish").move_to(astro.Axes(astro.degrees(30), astro.degrees(40)))
    assert "move_to" in told(tmp_path)


def test_settings_of_a_python_driver_are_checked_where_they_stand(tmp_path, module):
    file = site_file(tmp_path, f"driver: python, module: {module}, speed: 7")
    with pytest.raises(astro.SiteError) as raised:
        astro.load_site(file)
    assert "speed" in str(raised.value) and "3:" in str(raised.value)


def test_the_program_has_python_drivers_too(tmp_path, module):
    file = site_file(tmp_path, f"driver: python, module: {module}")
    program = pathlib.Path(astro.__file__).resolve().parents[2] / "bin" / "astro"
    if not program.exists():  # a tree without the program
        program = next(folder / "bin" / "astro" for folder in pathlib.Path(astro._astro.__file__).resolve().parents
                       if (folder / "bin" / "astro").exists())
    checked = subprocess.run([program, "check", file], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_driver_of_the_main_file_cannot_run_apart(tmp_path):
    script = tmp_path / "main.py"
    script.write_text(DRIVER.replace("NAME", "main_rotor") + textwrap.dedent(f'''
        try:
            astro.Observatory.open({str(site_file(tmp_path, "driver: main_rotor, runs: apart"))!r})
        except astro.Error as error:
            print(error.code, error)
    '''))
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True,
                         env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
    assert "unsupported" in ran.stdout and "put it into a plugin" in ran.stdout, ran.stdout + ran.stderr
