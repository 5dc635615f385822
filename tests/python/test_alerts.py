# SPDX-License-Identifier: BSD-3-Clause
"""Alerts in the form of ZTF's: a real one is read, drawn, scored and written back equal."""

import gzip
import io
import json

import fastavro
import numpy as np
import pytest
from astropy.io import fits

import astro
from astro import files, plot

NAMES = ("science", "reference", "difference")


@pytest.fixture
def path(recordings):
    return recordings / "imaging/ztf_alert/739260766315010006.avro"


def test_a_real_alert_is_written_back_equal(path, tmp_path):
    file = files.read_alerts(path)
    assert len(file) == 1 and json.loads(file.schema)["name"] == "alert"
    assert file.alerts[0]["objectId"] == "ZTF17aaacxxf" and len(file.alerts[0]["prv_candidates"]) == 28
    file.alerts = file.alerts  # by way of Python's dictionaries
    assert file.to_bytes() == path.read_bytes()
    files.write_alerts(tmp_path / "again.avro", file)
    assert (tmp_path / "again.avro").read_bytes() == path.read_bytes()


def test_its_stamps_are_arrays(path):
    alert = files.read_alerts(path).alerts[0]
    for name in NAMES:
        stamp = files.stamp_of(alert, name)
        assert stamp.shape == (63, 63) and stamp.dtype == np.float32 and np.isfinite(stamp[31, 31])
    changed = np.arange(35, dtype=np.float32).reshape(5, 7)
    changed[4, 6] = np.nan
    other = files.set_stamp(alert, "science", changed, "a.fits.gz")
    np.testing.assert_array_equal(files.stamp_of(other, "science"), changed)
    assert files.stamp_of(alert, "science").shape == (63, 63)


def test_it_is_drawn(path):
    from matplotlib.figure import Figure

    alert = files.read_alerts(path).alerts[0]
    panes = plot.alert(alert, figure=Figure()).axes
    assert [ax.get_title(loc="left") for ax in panes] == list(NAMES)
    # Three pictures, none of one colour.
    assert all(np.nanstd(ax.images[0].get_array()) > 0.05 for ax in panes)


def test_a_score_is_written_where_an_older_alert_has_it(path, tmp_path):
    file = files.read_alerts(path)
    file.alerts = [files.set_score(file.alerts[0], 0.125, "candidates-1")]
    files.write_alerts(tmp_path / "scored.avro", file)
    candidate = files.read_alerts(tmp_path / "scored.avro").alerts[0]["candidate"]
    assert candidate["rb"] == 0.125 and candidate["rbversion"] == "candidates-1"


def test_what_is_no_alert_is_refused(path, tmp_path):
    with pytest.raises(astro.Error) as none:
        files.read_alerts(tmp_path / "none.avro")
    assert none.value.code == "not_found"
    (tmp_path / "cut.avro").write_bytes(path.read_bytes()[:20000])
    with pytest.raises(astro.Error) as cut:
        files.read_alerts(tmp_path / "cut.avro")
    assert cut.value.code == "invalid_file"
    file = files.read_alerts(path)
    alert = file.alerts[0]
    file.alerts = [{**alert, "candid": "text"}]
    with pytest.raises(astro.Error, match="writing Avro: the schema has long for candid, the value is a text"):
        file.to_bytes()
    earlier = [*alert["prv_candidates"][:2], {**alert["prv_candidates"][2], "fid": "red"}]
    file.alerts = [{**alert, "prv_candidates": earlier}]
    with pytest.raises(astro.Error, match=r"has int for prv_candidates\[2\].fid, the value is a text"):
        file.to_bytes()
    with pytest.raises(astro.Error) as missing:
        files.stamp_of({**alert, "cutoutScience": None}, "science")
    assert missing.value.code == "not_found"


def test_a_candidate_becomes_an_alert(path, tmp_path):
    schema = files.read_alerts(path).schema
    candidate = astro.imaging.Candidate(x_pixel=10.0, y_pixel=20.0, significance=-8.0, flux=-100.0, flux_error=10.0, score=0.75,
                                        right_ascension=astro.degrees(30), declination=astro.degrees(-5))
    stamps = [np.full((63, 63), value, np.float32) for value in (1, 2, -3)]
    facts = {"candid": 7, "start": "2026-01-15T12:00:00", "filter": 2, "zero_point": 25.0, "model": "candidates-1"}
    with pytest.raises(astro.Error, match="takes no null: candidate.pid, candidate.programid.*objectId") as wanted:
        files.new_alert(schema, candidate, stamps, **facts)
    assert wanted.value.code == "invalid_argument"
    names = ("pid", "programid", "ndethist", "ncovhist", "nmtchps", "rfid", "nframesref", "nmatches")
    fields = {**dict.fromkeys(names, 1), **dict.fromkeys(("ranr", "decnr", "jdstartref", "jdendref"), 1.5)}
    top = {"objectId": "A1", "publisher": "us"}
    made = files.new_alert(schema, candidate, stamps, **facts, alert=top, fields=fields)
    files.write_alerts(tmp_path / "new.avro", files.AlertFile(schema, [made]))
    with open(tmp_path / "new.avro", "rb") as file:
        (theirs,) = fastavro.reader(file)
    told = theirs["candidate"]
    assert theirs["candid"] == told["candid"] == 7 and theirs["objectId"] == "A1"
    assert (told["xpos"], told["ypos"], told["isdiffpos"], told["fid"]) == (11.0, 21.0, "f", 2)
    assert told["ra"] == pytest.approx(30) and told["dec"] == pytest.approx(-5) and told["jd"] == 2461056.0
    assert told["magpsf"] == pytest.approx(20.0) and told["sigmapsf"] == pytest.approx(0.10857, abs=1e-5)
    assert told["rb"] == 0.75 and told["rbversion"] == "candidates-1" and told["diffmaglim"] is None
    with gzip.open(io.BytesIO(theirs["cutoutDifference"]["stampData"])) as stamp:
        np.testing.assert_array_equal(fits.getdata(io.BytesIO(stamp.read())), 3)
    with pytest.raises(astro.Error, match="no field candidate.colour"):
        files.new_alert(schema, candidate, stamps, **facts, alert=top, fields={**fields, "colour": 1})
