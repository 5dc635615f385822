# SPDX-License-Identifier: BSD-3-Clause
"""The tutorial for vendors, followed to the letter: its commands one after the other, in an empty folder, against the
installed tree."""

import contextlib
import os
import re
import shutil
import signal
import subprocess

PAGE = "docs/tutorial/5-write-a-mount-driver.md"


def test_the_tutorial_ends_with_a_driver_that_keeps_all(root, prefix, tmp_path):
    page = (root / PAGE).read_text()
    driver = re.search(r"```cpp\n(.*?)```", page, re.DOTALL).group(1)
    before, after = page.split("```cpp\n")
    steps = [block for text in (before, after) for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)]
    count = len(re.findall(r"```sh\n", before))
    assert count == 2 and len(steps) >= 6
    (tmp_path / "driver.cpp").write_text(driver)
    shutil.copy(root / "examples/vendor_plugin/box.py", tmp_path)
    # What the page says in words: the driver is written over the one that was there, and the simulated one lies beside it.
    steps.insert(count, "cp ../driver.cpp gs232.cpp\ncp ../box.py .\n")
    environment = dict(os.environ, PATH=f"{prefix}/bin:{os.environ['PATH']}", CMAKE_GENERATOR="Ninja")
    script = "set -e\n" + "".join(f"echo '== step {number}'\n{step}" for number, step in enumerate(steps))
    output = tmp_path / "said"
    with output.open("w") as file:
        shell = subprocess.Popen(
            ["bash", "-c", script], cwd=tmp_path, env=environment, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        shell.wait(timeout=400)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGKILL)  # the simulated rotator, too
        shell.wait()
    said = output.read_text()
    assert shell.returncode == 0, said[-4000:]
    reports = re.findall(r"^gs232 \(mount, (\w+)\): (\d+) passed, (\d+) failed", said, re.MULTILINE)
    assert [(where, failed) for where, _, failed in reports] == [("here", "0"), ("here", "0"), ("here", "1"), ("here", "0"), ("apart", "0")]
    assert min(int(passed) for _, passed, _ in reports[:2]) > 20
    assert "M-06  FAILED" in said
    shown = page[page.index("  M-06  FAILED") :].splitlines()
    for line in shown[:2]:
        assert line.removesuffix("...").strip() in said, "the page shows what the program does not say"
