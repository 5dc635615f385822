# SPDX-License-Identifier: BSD-3-Clause
"""The notebooks are run by Jupyter, cell by cell; what they find is compared with what is true."""

import json
import pathlib

import nbclient
import nbformat
import pytest

NOTEBOOKS = pathlib.Path(__file__).resolve().parents[2] / "examples/notebooks"

# What of a notebook is looked at, by expressions over its names: about the value given, so far as the second number.
EXPECTED = {
    # The simulator's truth at the anticentre: 74 K at 0 km/s, and a system of 91 K on the cold sky.
    "first_light": {"peak.peak_k": (74, 8), "peak.peak_velocity_km_s": (0, 6), "calibration.tsys_k": (91, 5)},
    # Its receiver has 80 K. With the spill-over of 1.65 % before a ground of 290 K these are 85; the air of the zenith
    # has 0.007 nepers. A diode of 100 K adds half of it to the mean of both phases.
    "calibration": {
        "receiver_k": (82, 6),
        "calibration.tsys_k": (91, 5),
        "tsys.value": (141, 6),
        "fit.zenith_opacity.value": (0.007, 0.002),
        "fit.receiver_k.value": (85, 5),
        "len(history)": (8, 0),
    },
    "own_device": {"float(max(each.value for each in positions))": (100, 0), "0 < roof_stopped_at < 100": (True, 0)},
    # Where the beam's galactic latitude passes 0 the line is brightest.
    "drift_scan": {"float(brightest)": (0, 4), "bool(found[tone])": (True, 0), "int(found.sum())": (6, 4)},
    "pointing_model": {
        "max(abs(t.value.arcminutes - TRUE[t.name]) / t.error.arcminutes for t in fit.model.terms)": (2, 2),
        "fit.rms.arcminutes": (1, 0.7),
        "float(beam.fwhm_deg.value)": (1.2, 0.1),
    },
    # The recordings' PROVENANCE.md: the highest velocity with hydrogen. The curve is flat at the Sun's speed, as
    # published ones are (Reid et al. 2019): 236 km/s.
    "rotation_curve": {
        "found[20]": (129, 5), "found[40]": (90, 5), "found[60]": (48, 5), "found[80]": (23, 5),
        "min(speed_km_s)": (236, 36), "max(speed_km_s)": (236, 34),
    },  # fmt: skip
    "cygnus_map": {"float(latitude_of_brightest)": (0, 4), "read.pixels.shape[0]": (110, 0), "len(spectra)": (119, 7)},
}


def test_each_notebook_has_its_truth():
    assert {path.stem for path in NOTEBOOKS.glob("*.ipynb")} == EXPECTED.keys()


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_is_committed_without_outputs(path):
    cells = [each for each in json.loads(path.read_text())["cells"] if each["cell_type"] == "code"]
    assert cells and all(each["outputs"] == [] and each["execution_count"] is None for each in cells)


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_runs_and_finds_what_is_true(path, recordings, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    notebook = nbformat.read(path, as_version=4)
    expected = EXPECTED[path.stem]
    asked = ", ".join(f"{name!r}: {name}" for name in expected)
    notebook.cells.append(nbformat.v4.new_code_cell(f"import json\nprint(json.dumps({{{asked}}}))"))
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    found = json.loads("".join(each.text for each in notebook.cells[-1].outputs))
    for name, (value, tolerance) in expected.items():
        if tolerance:
            assert found[name] == pytest.approx(value, abs=tolerance), name
        else:
            assert found[name] == value, name
