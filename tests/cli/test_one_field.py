# SPDX-License-Identifier: BSD-3-Clause
"""One field more in one struct changes YAML, describe, Python, SQL and JSON, and nobody writes it a second time."""

import json
import os
import shutil
import sqlite3
import subprocess

import pytest

SITE = """
site: {{name: One lamp, latitude: 50 deg, longitude: 10 deg, height: 100 m, state: state}}
controllers:
  lamp: {{driver: lamp, power: 7 W{more}}}
stores:
  archive: {{driver: sqlite, path: lamps.db}}
"""


class Lamps:
    def __init__(self, program, root, prefix, folder):
        self.program, self.folder, self.root = program, folder, root
        self.source = folder / "source"
        shutil.copytree(root / "tests/downstream/one_field", self.source)
        self.prefix = prefix
        program.environment["ASTRO_PLUGIN_PATH"] = str(folder / "build")

    def build(self):
        for command in (
            ["cmake", "-S", self.source, "-B", self.folder / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={self.prefix}"],
            ["cmake", "--build", self.folder / "build"],
        ):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def add_field(self):
        header = self.source / "settings.hpp"
        text = header.read_text()
        text = text.replace("// member", "astro::Angle tilt = astro::degrees(3);")
        text = text.replace(
            "// description", 'field<&L::tilt>("tilt", {.min = -90, .max = 90, .says = "of the lamp\'s arm"}),'
        )
        header.write_text(text)

    def site(self, more=""):
        (self.folder / "site.yaml").write_text(SITE.format(more=more))
        return self.folder / "site.yaml"

    def keep(self):
        environment = dict(self.program.environment)
        environment["ASTRO_PLUGIN_PATH"] += f":{self.prefix}/lib/astro/plugins"
        ran = subprocess.run(
            [self.folder / "build/keep", self.folder / "site.yaml", self.folder / "state"],
            env=environment, capture_output=True, text=True,
        )
        assert ran.returncode == 0, ran.stderr
        return [json.loads(line) for line in ran.stdout.splitlines()]

    def columns(self):
        with sqlite3.connect(self.folder / "lamps.db") as database:
            return [row[1] for row in database.execute("PRAGMA table_info(lamp_settings)")]

    def python(self, text):
        """In a process of its own: a plugin that was loaded stays loaded."""
        environment = dict(os.environ, ASTRO_PLUGIN_PATH=self.program.environment["ASTRO_PLUGIN_PATH"])
        code = f"import astro\nsettings = astro.load_site({str(self.folder / 'site.yaml')!r}).devices[0].settings\nprint({text})"
        return subprocess.run(
            [self.root / "build/venv/bin/python", "-c", code], env=environment, check=True, capture_output=True, text=True
        ).stdout.strip()


@pytest.fixture
def lamps(astro, root, prefix, tmp_path):
    return Lamps(astro, root, prefix, tmp_path)


def test_a_field_more_is_everywhere(astro, lamps):
    lamps.build()
    lamps.site()
    assert [field["name"] for field in astro.json("describe", "lamp")["drivers"][0]["settings"]] == ["id", "power"]
    assert "tilt" in astro.run("check", lamps.site(", tilt: 5 deg"), expect=2).stderr
    lamps.site()
    assert lamps.keep() == [{"id": "lamp", "power": 7.0}]
    assert "power" in lamps.columns() and "tilt_deg" not in lamps.columns()

    lamps.add_field()
    lamps.build()
    settings = astro.json("describe", "lamp")["drivers"][0]["settings"]
    assert {"name": "tilt", "type": "angle", "unit": "deg", "default": 3.0}.items() <= settings[1].items()
    wrong = astro.run("check", lamps.site(", tilt: 95 deg"), expect=2).stderr
    assert "site.yaml:4:42" in wrong and "-90 to 90 deg" in wrong
    lamps.site(", id: second, tilt: 5 deg")
    assert lamps.python("settings['tilt']") == "5.0"
    # What the store had before has the default; the new column is there under its name with the unit.
    kept = {lamp["id"]: lamp["tilt"] for lamp in lamps.keep()}
    assert kept == {"lamp": pytest.approx(3.0), "second": pytest.approx(5.0)}
    assert "tilt_deg" in lamps.columns()
