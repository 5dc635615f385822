# SPDX-License-Identifier: BSD-3-Clause
"""Contract 4: what goes in, what comes out, what is refused, and whose it is."""

import csv
import io
import json
import time

import jsonschema
import pytest
from observing import PERSEUS, ask, ended, fast_site
from served import HERE, ControlRoom

FAR_AWAY = "2026-03-01T00:00:00Z"  # by the site's clock: what waits for it is not carried out here
SCHEMAS = {
    name: jsonschema.Draft202012Validator(
        json.loads((HERE / "schemas" / f"{name}.json").read_text()), format_checker=jsonschema.FormatChecker()
    )
    for name in ("observation", "observations-health", "observations-refusal")
}


def refused(answer, status):
    """The sentence or list that says why."""
    assert answer.status_code == status, answer.text
    SCHEMAS["observations-refusal"].validate(answer.json())
    return answer.json()["detail"]


@pytest.fixture(scope="module")
def room(tmp_path_factory, mail_server):
    site = fast_site(tmp_path_factory.mktemp("site"))
    site.write_text(site.read_text().replace("beam_width: 4.8 deg", "beam_width: 4.8 deg\n    tsys: 90 K"))
    made = ControlRoom(site=site, **mail_server.settings)
    yield made
    made.close()


@pytest.fixture(scope="module")
def done(room):
    """An observation that was carried out, and who asked for it."""
    client = room.client("observer")
    return ended(client, ask(client, receive_csv=True, output_filename="perseus")["id"]), client


# What goes in


def test_a_request_is_kept_as_the_contract_says(room):
    client = room.client("observer")
    kept = ask(client, planned_start=FAR_AWAY)
    SCHEMAS["observation"].validate(kept)
    assert kept["status"] == "PENDING" and kept["user_id"] == client.user["id"]
    defaults = {"center_frequency": 1420, "bandwidth": 1.5, "velocity_frame": "LSRK", "receive_csv": False}
    assert {key: kept[key] for key in defaults} == defaults
    assert client.get(f"/v1/observations/{kept['id']}").json()["created_on"] == kept["created_on"]
    for path in ("/v1/observations/", "/v1/observations"):
        assert kept["id"] in [each["id"] for each in client.get(path).json()]


def test_one_without_a_name_is_named_after_the_observation(room):
    kept = ask(room.client("observer"), target_name=None, planned_start=FAR_AWAY)
    assert kept["target_name"] == f"Observation {kept['id']}"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("ra", 360.5, "less than or equal to 360"),
        ("ra", "NaN", "finite"),
        ("dec", -91, "greater than or equal to -90"),
        ("center_frequency", 500000, "centre frequency"),
        ("center_frequency", 0, "greater than 0"),
        ("bandwidth", 2.0, "bandwidth is one of"),
        ("velocity_frame", "GALACTO", "'TOPO'"),
        ("observation_type", "MAP", "TARGET_OBSERVATION"),
        ("fft_size", 1, "greater than or equal to 2"),
        ("fft_size", 100.5, "integer"),
        ("integration_time", 0, "greater than 0"),
        ("integration_time", 1e9, "less than or equal"),
        ("planned_start", "tomorrow", "datetime"),
        ("planned_start", "0001-01-01T00:00:00Z", "between 1971 and 2199"),
        ("output_filename", "../../etc/passwd", "no folder"),
        ("output_filename", ".profile", "dot"),
        ("target_name", "<script>alert(1)</script>", "markup"),
        ("target_name", "a\u0000b", "control character"),
        ("target_name", "a\nBcc: all", "ends of lines"),
    ],
)
def test_what_is_not_valid_is_refused_by_name(room, field, value, says):
    answer = room.client("observer").post("/v1/observations/", json={"observation": {**PERSEUS, field: value}})
    why = refused(answer, 422)
    assert says in why[0]["msg"], why
    assert field in why[0]["loc"] or field == "center_frequency"


@pytest.mark.parametrize("body", [None, [], {}, {"observation": None}, {"observation": {"ra": 1}}])
def test_a_body_that_is_none_is_refused(room, body):
    refused(room.client("observer").post("/v1/observations/", json=body), 422)


def test_the_same_idempotency_key_is_the_same_observation(room):
    client = room.client("observer")
    body = {"observation": {**PERSEUS, "planned_start": FAR_AWAY}}
    first, again = (client.post("/v1/observations/", json=body, headers={"Idempotency-Key": "a"}) for _ in range(2))
    assert first.json()["id"] == again.json()["id"]
    other = room.client("observer", "eva").post("/v1/observations/", json=body, headers={"Idempotency-Key": "a"})
    assert other.json()["id"] != first.json()["id"], "a key is its user's"


# Who


def test_nobody_asks_without_a_name(room):
    body = {"observation": {**PERSEUS, "planned_start": FAR_AWAY}}
    refused(room.anonymous().post("/v1/observations/", json=body), 401)
    refused(room.anonymous().get("/v1/observations/"), 401)
    refused(room.anonymous().get("/v1/observations/1"), 401)
    refused(room.anonymous().delete("/v1/observations/1"), 401)
    forged = {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."}
    refused(room.anonymous().post("/v1/observations/", json=body, headers=forged), 401)


def test_a_guest_asks_as_requestor(room):
    requestor = {"user_id": "g-1", "username": "Gast", "email": "gast@example.org", "auth_provider": "guest"}
    body = {"observation": {**PERSEUS, "planned_start": FAR_AWAY}, "requestor": requestor}
    answer = room.anonymous().post("/v1/observations/", json=body)
    assert answer.status_code == 202, answer.text
    SCHEMAS["observation"].validate(answer.json())
    assert answer.json()["user_id"] is None
    body["requestor"]["auth_provider"] = "google"
    refused(room.anonymous().post("/v1/observations/", json=body), 422)


def test_an_address_fills_the_queue_with_guests_only_so_far(start_control_room, tmp_path):
    full = start_control_room(site=fast_site(tmp_path))
    client, answers = full.anonymous(), []
    for number in range(31):
        requestor = {"user_id": f"{number}", "username": f"G{number}", "email": "g@example.org", "auth_provider": "guest"}
        body = {"observation": {**PERSEUS, "planned_start": FAR_AWAY}, "requestor": requestor}
        answers.append(client.post("/v1/observations/", json=body))
    assert {each.status_code for each in answers[:-1]} == {202}
    refused(answers[-1], 429)
    assert int(answers[-1].headers["retry-after"]) > 60
    ask(full.client("observer"), planned_start=FAR_AWAY)


def test_who_came_in_as_guest_needs_a_requestor_and_has_his_own(room):
    client = room.client("guest")
    body = {"observation": {**PERSEUS, "planned_start": FAR_AWAY}}
    refused(client.post("/v1/observations/", json=body), 403)
    body["requestor"] = {"user_id": "7", "username": "G", "email": "g@example.org", "auth_provider": "guest"}
    kept = client.post("/v1/observations/", json=body).json()
    assert client.get(f"/v1/observations/{kept['id']}").json()["id"] == kept["id"]


def test_others_see_nothing_of_it(room, done):
    kept, _ = done
    stranger, id = room.client("observer", "eva"), kept["id"]
    refused(stranger.get(f"/v1/observations/{id}"), 404)
    refused(stranger.delete(f"/v1/observations/{id}"), 404)
    refused(stranger.get(f"/api/observations/{id}/products"), 404)
    refused(stranger.get(f"/api/observations/{id}/spectrum"), 404)
    assert id not in [each["id"] for each in stranger.get("/v1/observations/").json()]
    curator = room.client("curator")
    assert curator.get(f"/v1/observations/{id}").status_code == 200
    assert curator.get(f"/api/observations/{id}/spectrum").status_code == 200
    assert stranger.get(f"/api/observations/{id}/progress").json()["status"] == "COMPLETED", "all may watch"


@pytest.mark.parametrize("id", [0, -1, 2**40, 999_999, "x"])
def test_what_is_not_there_is_not_found(room, id):
    client = room.client("observer")
    expected = 404 if id == 999_999 else 422
    for method, path in (
        ("GET", f"/v1/observations/{id}"),
        ("DELETE", f"/v1/observations/{id}"),
        ("GET", f"/api/observations/{id}/progress"),
        ("GET", f"/api/observations/{id}/products"),
        ("GET", f"/api/observations/{id}/spectrum"),
    ):
        refused(client.request(method, path), expected)


# What becomes of it


def test_what_waits_can_be_cancelled_once(room):
    client = room.client("observer")
    id = ask(client, planned_start=FAR_AWAY)["id"]
    assert client.delete(f"/v1/observations/{id}").status_code == 204
    kept = client.get(f"/v1/observations/{id}").json()
    SCHEMAS["observation"].validate(kept)
    assert kept["status"] == "CANCELLED"
    assert "CANCELLED" in refused(client.delete(f"/v1/observations/{id}"), 409)


def test_an_operator_cancels_for_others_and_a_curator_does_not(room):
    id = ask(room.client("observer"), planned_start=FAR_AWAY)["id"]
    refused(room.client("curator").delete(f"/v1/observations/{id}"), 403)
    assert room.client("operator").delete(f"/v1/observations/{id}").status_code == 204
    entries = room.admin().get("/api/audit", params={"action": "observation.cancel"}).json()["entries"]
    assert entries[0]["subject"] == f"observation {id}"


def test_it_is_carried_out_and_its_owner_hears_of_it(room, done, mail_server):
    kept, client = done
    SCHEMAS["observation"].validate(kept)
    assert kept["status"] == "COMPLETED"
    assert kept["csv_download_url"] and kept["analysis_results_url"] and kept["data_download_url"]
    address = client.user["email"]
    assert "is in the queue" in mail_server.wait_for(address, "in the queue")["Subject"]
    mail = mail_server.wait_for(address, "is done")
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert pictures and pictures[0].get_content().startswith(b"\x89PNG")
    assert f"/observe/{kept['id']}" in mail.get_body(("plain",)).get_content()


def test_what_never_rises_fails_with_its_reason_and_a_mail(room, mail_server):
    client = room.client("observer")
    kept = ended(client, ask(client, target_name="Octans", dec=-89.0)["id"])
    assert kept["status"] == "FAILED" and "never high enough" in kept["reason"]
    SCHEMAS["observation"].validate(kept)
    mail = mail_server.wait_for(client.user["email"], "Octans failed")
    assert "never high enough" in mail.get_body(("plain",)).get_content()


def test_loads_alone_have_their_temperatures(room):
    client = room.client("observer")
    asked = {"observation_type": "HOT_CALIBRATION", "integration_time": 1.0, "target_name": "loads"}
    kept = ended(client, ask(client, **asked)["id"])
    assert kept["status"] == "COMPLETED", kept["reason"]
    found = {each["name"]: each for each in client.get(kept["analysis_results_url"]).json()["findings"]}
    assert 60 < found["tsys"]["value"] < 130 and found["tsys"]["unit"] == "K"
    rows = list(csv.reader(io.StringIO(client.get(kept["data_download_url"]).text)))
    assert rows[0] == ["frequency_hz", "hot_power", "cold_power"] and len(rows) == 257
    assert all(float(hot) > float(cold) > 0 for _, hot, cold in rows[1:])
    refused(client.get(f"/api/observations/{kept['id']}/spectrum"), 409)


# Downloads


def test_fits_and_csv_are_read_by_others(room, done):
    fits = pytest.importorskip("astropy.io.fits")
    kept, _ = done
    anonymous = room.anonymous()
    with fits.open(io.BytesIO(anonymous.get(kept["data_download_url"]).content)) as file:
        spectrum, header = file[0].data, file[0].header
        assert spectrum.size == 256 and header["CTYPE1"] == "FREQ" and header["OBJECT"] == "Perseus arm"
        assert header["CRVAL1"] + header["CDELT1"] * 128 == pytest.approx(1420e6, abs=1e4)
    answer = anonymous.get(kept["csv_download_url"])
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="perseus.csv"' in answer.headers["content-disposition"]
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    table = list(csv.DictReader(lines))
    assert len(table) == 256
    column = next(name for name in table[0] if name.startswith("temperature") or name.endswith("_k"))
    assert float(table[100][column]) == pytest.approx(float(spectrum.ravel()[100]), rel=1e-3)


def test_every_product_comes(room, done):
    kept, client = done
    products = client.get(f"/api/observations/{kept['id']}/products").json()
    assert [each["name"] for each in products] == [f"perseus.{e}" for e in ("fits", "sdfits", "csv", "json", "png")]
    for each in products:
        answer = room.anonymous().get(each["url"])
        assert answer.status_code == 200 and answer.headers["content-type"] == each["media_type"], each
        assert len(answer.content) > 300
    sizes = {each["name"]: each["bytes"] for each in client.get(f"/api/observations/{kept['id']}/products").json()}
    assert all(sizes.values()), "by now they are made"


def test_a_spectrum_is_drawn_from_numbers(room, done):
    kept, client = done
    found = client.get(f"/api/observations/{kept['id']}/spectrum").json()
    assert found["axis_unit"] == "km/s" and found["unit"] == "K"
    assert len(found["axis"]) == len(found["power"]) == len(found["sigma"]) == 256
    assert 60 < found["tsys_k"] < 130
    at_peak = min(range(256), key=lambda channel: abs(found["axis"][channel] - found["peak"]["velocity_km_s"]))
    assert found["power"][at_peak] > found["power"][5] + 10, "hydrogen in the Perseus arm"


def test_forged_links_are_refused(room, done):
    kept, _ = done
    link = kept["data_download_url"]
    path, _, query = link.partition("?")
    values = dict(each.split("=") for each in query.split("&"))
    later = int(values["expires"]) + 3600
    for forged in (
        path,
        link.replace(values["signature"], "0" * 64),
        link.replace(values["expires"], str(later)),
        link.replace(".fits?", ".csv?"),
        link.replace(f"/{kept['id']}/", f"/{kept['id'] + 1}/"),
        link.replace("perseus.fits", "..%2F..%2Fsecret"),
        link.replace("perseus.fits", "%2e%2e/%2e%2e/control-room.db"),
        link.replace(f"user={values['user']}", "user=1"),
    ):
        answer = room.anonymous().get(forged)
        assert answer.status_code in (400, 403, 404), (forged, answer.status_code)
        assert "SIMPLE" not in answer.text
    assert room.anonymous().get(link).status_code == 200
    with_token = room.client("admin").get(path)
    assert with_token.status_code == 403, "a link is what lets one in, and nothing else"


def test_a_link_expires(room, done):
    kept, client = done
    room.stop()
    room.settings["link_minutes"] = 0.1
    room.start()
    try:
        link = client.get(f"/v1/observations/{kept['id']}").json()["data_download_url"]
        assert room.anonymous().get(link).status_code == 200
        time.sleep(7)
        assert "expired" in refused(room.anonymous().get(link), 403)
    finally:
        room.stop()
        del room.settings["link_minutes"]
        room.start()
    assert room.anonymous().get(kept["data_download_url"]).status_code == 200, "one given before a restart still holds"


# The state of it


def test_health_and_status(room):
    for path, status in (("health", {"healthy"}), ("status", {"idle", "observing"})):
        answer = room.anonymous().get(f"/v1/web/{path}")
        SCHEMAS["observations-health"].validate(answer.json())
        assert answer.status_code == 200 and answer.json()["status"] in status


def test_the_form_is_made_from_the_schema(room):
    schema = room.client("observer").get("/api/observations/schema").json()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["ra"]["unit"] == "deg" and schema["properties"]["bandwidth"]["enum"][0] == 1.5
    assert set(schema["required"]) == {"ra", "dec", "integration_time"}
    assert all(each["description"] for each in schema["properties"].values())


# Rest frequencies: Lovas, NIST Recommended Rest Frequencies for Observed Interstellar Molecular Microwave Transitions.
@pytest.mark.parametrize(("frequency", "rest"), [(1670, 1667.359), (22000, 22235.08)])
def test_a_band_without_the_hydrogen_line_is_observed_too(room, frequency, rest):
    fits = pytest.importorskip("astropy.io.fits")
    client = room.client("observer")
    kept = ended(client, ask(client, center_frequency=frequency, receive_csv=True)["id"])
    assert kept["status"] == "COMPLETED", kept["reason"]
    assert all(kept[f"{name}_url"] for name in ("csv_download", "analysis_results", "data_download"))
    with fits.open(io.BytesIO(client.get(kept["data_download_url"]).content)) as images:
        assert images[0].header["RESTFRQ"] == pytest.approx(rest * 1e6, abs=1)
    assert f"# rest_frequency: {rest * 1e6:.0f} Hz" in client.get(kept["csv_download_url"]).text
    found = client.get(f"/api/observations/{kept['id']}/spectrum").json()
    assert found["axis_unit"] == "MHz" and found["axis"][len(found["axis"]) // 2] == pytest.approx(frequency, abs=1)
    assert found["peak"]["temperature_k"] is None and found["tsys_k"] > 0


def test_what_became_of_the_queues_commands_tells_their_parameters(done):
    _, client = done
    given = client.get("/api/commands", params={"device": "frontend"}).json()["commands"]
    loads = [each for each in given if each["command"] == "select_load"]
    assert loads and {each["parameters"].get("load") for each in loads} >= {"hot", "sky"}, given
    alone = client.get(f"/api/commands/{loads[0]['command_id']}").json()
    assert alone["parameters"] == loads[0]["parameters"]


def test_velocities_in_the_band_of_hydroxyl_are_of_its_line(room):
    client = room.client("observer")
    kept = ended(client, ask(client, center_frequency=1670, bandwidth=6)["id"])
    assert kept["status"] == "COMPLETED", kept["reason"]
    found = client.get(f"/api/observations/{kept['id']}/spectrum").json()
    assert found["axis_unit"] == "km/s" and min(found["axis"]) < 0 < max(found["axis"])
    at_rest = min(zip(found["axis"], found["frequency_mhz"], strict=True), key=lambda each: abs(each[0]))
    assert at_rest[1] == pytest.approx(1667.359, abs=0.4), "within what the Earth's motion makes of it"


def test_a_plan_says_which_noise_it_will_reach(room, done):
    kept, client = done
    noise = client.post("/api/observations/plan", json={"observation": PERSEUS}).json()["noise_k"]
    found = client.get(f"/api/observations/{kept['id']}/spectrum").json()
    assert noise == pytest.approx(found["peak"]["noise_k"], rel=0.4)


def test_a_plan_says_what_is_in_the_way(room):
    client = room.client("observer")
    good = client.post("/api/observations/plan", json={"observation": PERSEUS}).json()
    assert good["problems"] == [] and good["integrating_s"] == 2 and good["ends"] > good["starts"]
    bad = client.post("/api/observations/plan", json={"observation": {**PERSEUS, "dec": -89}}).json()
    assert "below the horizon" in bad["problems"][0]
    refused(client.post("/api/observations/plan", json={"observation": {**PERSEUS, "center_frequency": 5e5}}), 422)


def test_a_full_queue_is_503_and_a_sentence(start_control_room, tmp_path):
    site = fast_site(tmp_path)
    site.write_text(site.read_text().replace("queue: {store: archive}", "queue: {store: archive, most_waiting: 2}"))
    room = start_control_room(site=site, queue=False)
    client = room.client("observer")
    kept = [ask(client)["id"] for _ in range(2)]
    answer = client.post("/v1/observations/", json={"observation": PERSEUS})
    assert "most_waiting: 2" in refused(answer, 503) and answer.headers["retry-after"]
    assert [each["id"] for each in client.get("/v1/observations/").json()] == kept[::-1], "nothing is left of it"
    waiting = client.get("/api/queue").json()["waiting"]
    assert {each["id"] for each in waiting} == set(kept)
    assert all(each["expected_start"] and each["reason"] for each in waiting)
