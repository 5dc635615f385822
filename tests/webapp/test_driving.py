# SPDX-License-Identifier: BSD-3-Clause
"""Many watch, one drives: request, grant, release, time out, take; and the pad's moves."""

import time

import pytest
from observing import ask, fast_site
from served import ControlRoom


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """Its drivers may be silent for six seconds."""
    made = ControlRoom(site=fast_site(tmp_path_factory.mktemp("site")), control_minutes=0.1)
    yield made
    made.close()


@pytest.fixture
def free(room):
    """Nobody drives, nobody asks."""
    ben, eva = room.client("operator", "ben"), room.client("operator", "eva")
    for each in (eva, ben, room.client("admin")):
        each.post("/api/control/dish/release")
    assert drive(ben)["holder"] is None
    return ben, eva


def drive(client):
    return client.get("/api/control").json()["mounts"][0]


def act(client, what, status=200, **body):
    answer = client.post(f"/api/control/dish/{what}", json=body or None)
    assert answer.status_code == status, answer.text
    return answer.json()


def place(room):
    actual = room.client("observer").get("/api/sky").json()["mounts"][0]["actual"]
    return round(actual["az"], 1), round(actual["alt"], 1)


def wait_for(found, wanted, seconds=30):
    end = time.monotonic() + seconds
    while found() != wanted:
        assert time.monotonic() < end, f"it is {found()}"
        time.sleep(0.1)


def test_one_who_has_control_moves_it_and_others_do_not(room, free):
    ben, eva = free
    assert "take control of dish first" in act(ben, "move", 409, azimuth_deg=10, altitude_deg=40)["detail"]
    told = act(ben, "request")
    assert told["holder"] == "ben" and told["is_mine"] and told["expires_at"] > told["since"]
    assert drive(eva)["holder"] == "ben" and not drive(eva)["is_mine"]
    act(ben, "move", 202, azimuth_deg=100, altitude_deg=50)
    wait_for(lambda: place(room), (100.0, 50.0))
    assert "ben drives dish" in act(eva, "move", 409, azimuth_deg=10, altitude_deg=40)["detail"]
    assert place(room) == (100.0, 50.0)


def test_commands_of_others_do_not_move_what_one_drives(room, free):
    ben, eva = free
    act(ben, "request")
    park = {"device": "dish", "command": "park", "parameters": {}}
    refused = eva.post("/api/commands", json=park)
    assert refused.status_code == 409 and "ben drives dish" in refused.json()["detail"]
    assert eva.post("/api/commands", json={**park, "command": "stop"}).status_code == 202, "stop is everybody's"
    assert ben.post("/api/commands", json=park).status_code == 202


def test_commands_do_not_move_what_nobody_drives(room, free):
    ben, _ = free
    park = {"device": "dish", "command": "park", "parameters": {}}
    refused = ben.post("/api/commands", json=park)
    assert refused.status_code == 409 and "take control of dish first" in refused.json()["detail"]
    assert ben.post("/api/commands", json={**park, "command": "stop"}).status_code == 202, "stop is everybody's"
    assert drive(ben)["holder"] is None
    act(ben, "request")
    assert ben.post("/api/commands", json=park).status_code == 202


def test_control_is_asked_for_and_handed_on(room, free):
    ben, eva = free
    act(ben, "request")
    told = act(eva, "request")
    assert told["holder"] == "ben" and [each["who"] for each in told["requests"]] == ["eva"]
    assert [each["who"] for each in act(eva, "request")["requests"]] == ["eva"], "once is enough"
    assert "only who drives" in act(eva, "grant", 409, to="eva")["detail"]
    assert "carl has not asked" in act(ben, "grant", 409, to="carl")["detail"]
    told = act(ben, "grant", to="eva")
    assert told["holder"] == "eva" and told["requests"] == []
    act(ben, "move", 409, azimuth_deg=10, altitude_deg=40)
    act(eva, "move", 202, azimuth_deg=120, altitude_deg=60)


def test_who_releases_leaves_it_to_who_asked_first(room, free):
    ben, eva = free
    act(ben, "request")
    act(eva, "request")
    assert act(ben, "release")["holder"] == "eva"
    assert act(eva, "release")["holder"] is None


def test_who_is_silent_drives_no_longer(room, free):
    ben, eva = free
    act(ben, "request")
    act(ben, "move", 202, azimuth_deg=100, altitude_deg=50)
    act(eva, "request")
    wait_for(lambda: drive(eva)["holder"], "eva", 15)
    wait_for(lambda: drive(eva)["holder"], None, 15)


def test_an_admin_takes_it_and_the_audit_says_so(room, free):
    ben, _ = free
    act(ben, "request")
    act(ben, "move", 202, azimuth_deg=100, altitude_deg=50)
    act(ben, "take", 403)
    admin = room.client("admin")
    assert act(admin, "take")["holder"] == admin.user["username"]
    act(admin, "move", 202, azimuth_deg=110, altitude_deg=50)
    act(ben, "move", 409, azimuth_deg=10, altitude_deg=40)
    entries = room.admin().get("/api/audit", params={"action": "control.take"}).json()["entries"]
    assert entries[0]["subject"] == "dish" and entries[0]["who"] == admin.user["username"]
    moves = room.admin().get("/api/audit", params={"action": "control.move"}).json()["entries"]
    assert moves[0]["who"] == admin.user["username"] and moves[0]["details"] == {"azimuth_deg": 110.0, "altitude_deg": 50.0}


@pytest.mark.parametrize("what", ["request", "release", "grant", "take", "move"])
def test_observers_watch_and_do_not_drive(room, what):
    body = {"grant": {"to": "x"}, "move": {"azimuth_deg": 1, "altitude_deg": 50}}.get(what)
    for role in ("guest", "observer", "curator"):
        assert room.client(role).post(f"/api/control/dish/{what}", json=body).status_code == 403
    assert room.anonymous().post(f"/api/control/dish/{what}", json=body).status_code == 401


def test_a_rate_moves_and_ends_by_itself(room, free):
    ben, _ = free
    act(ben, "request")
    act(ben, "move", 202, azimuth_deg=100, altitude_deg=50)
    wait_for(lambda: place(room), (100.0, 50.0))
    act(ben, "move", 202, rate_azimuth_deg_s=2.0, for_s=1.0)
    wait_for(lambda: place(room)[0] > 101, True)
    time.sleep(0.5)
    stands = place(room)
    time.sleep(0.5)
    assert place(room) == stands and stands[0] < 110


def test_a_target_is_followed_and_its_track_shown(room, free):
    ben, _ = free
    act(ben, "request")
    act(ben, "move", 202, target="Cas A")
    mount = room.client("observer").get("/api/sky").json()["mounts"][0]
    assert mount["tracking"] and mount["target"] == "icrs 350.85 58.815"
    assert len(mount["track"]) == 37
    source = next(each for each in ben.get("/api/sky").json()["catalogue"] if each["name"] == "Cas A")
    assert mount["track"][0] == pytest.approx([source["az"], source["alt"]], abs=0.5)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"target": "icrs 0 -89"}, 409, "below the horizon"),
        ({"azimuth_deg": 100, "altitude_deg": 5}, 409, "5"),
        ({"target": "nowhere in particular"}, 422, "nowhere"),
        ({"azimuth_deg": 100}, 422, "say rates"),
        ({"target": "Cas A", "azimuth_deg": 1, "altitude_deg": 50}, 422, "say rates"),
        ({"rate_azimuth_deg_s": 1, "for_s": 3600}, 422, "less than or equal"),
        ({"azimuth_deg": "NaN", "altitude_deg": 50}, 422, "finite"),
    ],
)
def test_what_cannot_be_moved_to_is_refused_with_a_sentence(room, free, body, status, says):
    ben, _ = free
    act(ben, "request")
    assert says in str(act(ben, "move", status, **body)["detail"])


def test_a_mount_that_is_not_there(room, free):
    answer = free[0].post("/api/control/nothing/request")
    assert answer.status_code == 404 and "there is dish" in answer.json()["detail"]


def test_an_observation_that_runs_holds_the_mount_until_an_operator_moves_it(room, free):
    ben, _ = free
    id = ask(room.client("observer"), integration_time=600.0)["id"]
    wait_for(lambda: drive(ben)["rank"], "observation")
    told = act(ben, "request")
    assert told["rank"] == "observation" and [each["who"] for each in told["requests"]] == ["ben"]
    act(ben, "move", 202, azimuth_deg=100, altitude_deg=50)
    wait_for(lambda: room.client("observer").get(f"/v1/observations/{id}").json()["status"], "PENDING")
    kept = room.client("observer").get(f"/v1/observations/{id}").json()
    assert "ben" in kept["reason"], kept["reason"]
    assert room.client("observer").delete(f"/v1/observations/{id}").status_code == 204
