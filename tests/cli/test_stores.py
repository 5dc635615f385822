# SPDX-License-Identifier: BSD-3-Clause
"""An observation rests in PostgreSQL as it does in a file."""

import subprocess

REQUEST = """\
target: galactic 120 0
integration_time: 2 s
calibration_time: 1 s
channels: 256
"""


def test_an_observation_rests_in_postgresql(astro, root, postgres):
    folder, port = postgres.folder, postgres.port
    text = (root / "examples/sites/simulated.yaml").read_text()
    file = "{driver: sqlite, path: simulated.db}"
    assert file in text
    server = f'{{driver: postgres, host: {folder}, port: {port}, user: astro, password: "${{ASTRO_DB_PASSWORD}}", schema: teide}}'
    (astro.folder / "site.yaml").write_text(text.replace(file, server))
    (astro.folder / "request.yaml").write_text(REQUEST)
    astro.environment["ASTRO_DB_PASSWORD"] = "secret"
    astro.json("observe", "site.yaml", "request.yaml", "--fast", "--at", "2026-01-15T20:00:00Z")
    assert "galactic 120 0" in astro.run("observations", "site.yaml").stdout
    asked = ["psql", "-h", folder, "-p", str(port), "-U", "astro", "-d", "astro", "-Atc"]
    tables = subprocess.run(
        [*asked, "SELECT count(DISTINCT record) FROM teide.astro_fields"], check=True, stdout=subprocess.PIPE, text=True
    ).stdout
    assert int(tables) >= 2
