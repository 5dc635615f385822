# SPDX-License-Identifier: BSD-3-Clause
import os
import pathlib
import subprocess

import pytest


@pytest.fixture(scope="session")
def root():
    """The project's folder."""
    return pathlib.Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def recordings():
    """The folder of real recordings."""
    folder = os.environ.get("ASTRO_TEST_DATA", "")
    if not folder:
        pytest.skip("ASTRO_TEST_DATA names no folder of recordings")
    return pathlib.Path(folder)


@pytest.fixture(scope="session")
def postgres(root, tmp_path_factory):
    """A real PostgreSQL: the folder of its unix socket, and its port. See tests/servers/postgres."""
    folder = tmp_path_factory.mktemp("servers") / "postgres"
    for above in folder.parents:  # pytest's are its user's alone, and the server runs as another
        if above.stat().st_uid == os.getuid() and above.name:
            above.chmod(above.stat().st_mode | 0o011)
    script = root / "tests/servers/postgres"
    try:
        started = subprocess.run([script, "start", folder], check=True, stdout=subprocess.PIPE, text=True)
        yield folder, int(started.stdout)
    finally:
        subprocess.run([script, "stop", folder], check=True)
