# SPDX-License-Identifier: BSD-3-Clause
"""An alarm rises, is told and mailed, is acknowledged and silenced, and ends."""

from served import HERE
from wire import check_refusal, wait_until, watch


def hold(client, value):
    asked = {"device": "weather", "command": "set_sensor_value"}
    answer = client.post("/api/commands", json={**asked, "parameters": {"sensor_id": "temperature", "value": value}})
    assert answer.status_code == 202, answer.text


def alarm(message, state, level):
    return message.get("id") == "alarm" and (message["value"]["state"], message["value"]["level"]) == (state, level)


def test_an_alarm_from_its_rise_to_its_end(start_control_room, mail_server):
    room = start_control_room(alarm_mails="night@example.org, ada@example.org", **mail_server.settings)
    with room.client("operator") as client, watch(room.url) as socket:
        hold(client, 34.0)
        raised = socket.until(lambda message: alarm(message, "raised", "alarm"))["value"]
        assert raised["name"] == "heat" and raised["point"] == "temperature" and raised["value"] == 34.0
        for to in ("ada@example.org", "night@example.org"):
            mail = mail_server.wait_for(to, "heat: alarm")
            assert "it is hot" in mail.get_body(("plain",)).get_content()
        mailed = len(mail_server.mails)

        [listed] = client.get("/api/alarms").json()["alarms"]
        assert listed["id"] == raised["id"] and listed["acknowledged"] is None and listed["silenced_until"] is None
        seen = client.post(f"/api/alarms/{raised['id']}/acknowledge", json={"note": "the fan is on"})
        assert seen.status_code == 200, seen.text
        assert (seen.json()["acknowledged_by"], seen.json()["note"]) == (client.user["username"], "the fan is on")
        silenced = client.post(f"/api/alarms/{raised['id']}/silence", json={"minutes": 5})
        assert silenced.status_code == 200 and silenced.json()["silenced_until"]

        hold(client, 20.0)
        socket.until(lambda message: message.get("id") == "alarm" and message["value"]["state"] == "cleared")
        wait_until(lambda: client.get("/api/alarms").json()["alarms"] == [])
        [ended] = client.get("/api/alarms", params={"ended": True}).json()["alarms"]
        assert ended["state"] == "cleared" and ended["cleared"] > ended["raised"]

        hold(client, 34.0)
        again = socket.until(lambda message: alarm(message, "raised", "alarm"))["value"]
        assert again["id"] != raised["id"]
        wait_until(lambda: client.get("/api/alarms").json()["alarms"][0]["silenced_until"])

        def told():
            return {each["value"]["id"] for each in client.get("/historical-data", params={"id": "alarm"}).json()["data"]}

        wait_until(lambda: told() == {raised["id"], again["id"]})
        assert len(mail_server.mails) == mailed, "it is silenced"


def test_what_somebody_has_seen_is_mailed_no_more_after_a_restart(start_control_room, mail_server, tmp_path):
    site = tmp_path / "site.yaml"
    site.write_text((HERE / "site.yaml").read_text() + "    flood: {point: cellar.level, high_alarm: 5}\n")
    room = start_control_room(site=site, alarm_mails="once@example.org", **mail_server.settings)
    body = {"module_id": "cellar", "value": 7.0}  # the module says no more, so that it stays as it is
    assert room.anonymous().post("/api/sensors/level", json=body).status_code == 200
    mail_server.wait_for("once@example.org", "flood: alarm")
    client = room.client("operator")
    [raised] = client.get("/api/alarms").json()["alarms"]
    wait_until(lambda: client.get("/historical-data", params={"id": "alarm"}).json()["data"])
    room.stop()
    room.start()
    assert client.post(f"/api/alarms/{raised['id']}/acknowledge", json={"note": ""}).status_code == 200
    assert client.post("/api/auth/reset", json={"email": client.user["email"]}).status_code == 202
    mail_server.wait_for(client.user["email"])  # what was queued before it has gone
    assert len([each for each in mail_server.mails if each["To"] == "once@example.org"]) == 1


def test_who_may(control_room):
    with control_room.client("observer") as client:
        assert client.get("/api/alarms").status_code == 200
        check_refusal(client.post("/api/alarms/none/acknowledge", json={}), 403)
        check_refusal(client.post("/api/alarms/none/silence", json={"minutes": 5}), 403)
        check_refusal(client.get("/api/log"), 403)
    with control_room.client("operator") as client:
        check_refusal(client.post("/api/alarms/none/acknowledge", json={}), 404)
        check_refusal(client.post("/api/alarms/none/silence", json={"minutes": 5}), 404)
        check_refusal(client.post("/api/alarms/none/silence", json={"minutes": 0}), 422)


def test_the_log_has_the_newest_lines_first(control_room):
    with control_room.client("operator") as client:
        hold(client, 34.0)
        lines = wait_until(
            lambda: [line for line in client.get("/api/log").json()["lines"] if "alarm heat" in line["message"]]
        )
        assert lines[0]["level"] == "error" and lines[0]["source"] == "telemetry"
        hold(client, 20.0)
        assert all(
            line["level"] == "error" for line in client.get("/api/log", params={"level": "error"}).json()["lines"]
        )
