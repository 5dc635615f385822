# SPDX-License-Identifier: BSD-3-Clause
"""Mails: what they say, and that each goes out although servers come and go."""

import sqlite3
import struct
import zlib

import pytest
from control_room.accounts.mails import KINDS, Mails
from control_room.database import Database
from control_room.settings import Settings
from local_server import free_port
from served import MailServer
from wire import wait_until


def png():
    """The smallest that is one."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


VALUES = {
    "target": "Cas <A> & co",
    "id": 7,
    "url": "http://dish/observe/7",
    "reason": "it set",
    "username": "anna",
    "role": "observer",
    "until": "2026-01-15 20:00",
    "alarm": {"name": "wind", "point": "weather.wind_speed", "level": "alarm", "message": "17 m/s", "raised": None},
}


def waiting(room):
    with sqlite3.connect(room.folder / "control-room.db") as kept:
        return kept.execute("SELECT recipient, attempts, error FROM mails WHERE next_at IS NOT NULL").fetchall()


@pytest.fixture
def queue(tmp_path):
    """The queue of a database, and what is in it."""
    settings = Settings(site=tmp_path / "site.yaml", folder=tmp_path, smtp_host="127.0.0.1")
    database = Database(settings.database_url)
    database.migrate()
    yield Mails(settings, database, "Dish\nof Ours"), database
    database.close()


def written(database):
    from email import message_from_bytes, policy

    from control_room.accounts.tables import Mail
    from sqlalchemy import select

    with database.reading() as session:
        return [message_from_bytes(mail.message, policy=policy.default) for mail in session.scalars(select(Mail))]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_written_as_text_and_html(queue, kind):
    mails, database = queue
    mails.send(kind, "anna@example.org", **VALUES)
    (mail,) = written(database)
    text, html = (mail.get_body((part,)).get_content() for part in ("plain", "html"))
    assert mail["To"] == "anna@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"]
    assert "{" not in text + html + mail["Subject"]
    assert not mail.defects
    if "target" in text:
        assert "Cas <A> & co" in text
    assert "<A>" not in html, "what people write is text in HTML too"
    if kind.startswith("request"):
        assert "Cas <A> & co" in text
        assert "Cas &lt;A&gt; &amp; co" in html
        assert "http://dish/observe/7" in text
        assert "http://dish/observe/7" in html


def test_a_finished_observation_comes_with_its_plot(queue):
    mails, database = queue
    mails.send("request_finished", "anna@example.org", plot=png(), **VALUES)
    (mail,) = written(database)
    pictures = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert [part.get_content() for part in pictures] == [png()]
    assert pictures[0]["Content-ID"] == "<plot>"
    assert 'src="cid:plot"' in mail.get_body(("html",)).get_content()


def test_nobody_writes_headers_by_a_target(queue):
    mails, database = queue
    mails.send("request_accepted", "anna@example.org", **{**VALUES, "target": "x\r\nBcc: all@example.org"})
    (mail,) = written(database)
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Your observation of x Bcc: all@example.org is in the queue"


def test_an_address_that_is_none_is_no_fault_of_the_caller(queue):
    mails, database = queue
    for to in ("x\r\nBcc: all@example.org", "no address", "@", "a@b c@d"):
        mails.send("admitted", to, **VALUES)
    assert written(database) == []


def test_a_mail_goes_if_and_only_if_the_transaction_is_kept(queue):
    mails, database = queue
    with pytest.raises(RuntimeError), database.session() as session:
        mails.send("admitted", "anna@example.org", session=session, **VALUES)
        raise RuntimeError("the caller's trouble")
    assert written(database) == []
    with database.session() as session:
        mails.send("admitted", "anna@example.org", session=session, **VALUES)
    assert len(written(database)) == 1


def test_mails_wait_for_a_server_that_is_away_and_for_us(start_control_room):
    port = free_port()
    room = start_control_room(smtp_host="127.0.0.1", smtp_port=port, smtp_tls="none", mail_retry_s=0.2)
    room.add_user("observer", "hans")
    wait_until(lambda: waiting(room) and waiting(room)[0][1] >= 2)
    assert waiting(room)[0][0] == "hans@example.org"
    assert "Connect" in waiting(room)[0][2]
    assert f"control_room_mails_waiting {len(waiting(room))}.0" in room.anonymous().get("/metrics").text
    room.kill()  # what waits is in the database
    server = MailServer(port)
    try:
        server.refuse.append("451 try later")
        with sqlite3.connect(room.folder / "control-room.db") as kept:  # as after the pause in which it was killed
            kept.execute("UPDATE mails SET next_at = '2020-01-01 00:00:00' WHERE next_at IS NOT NULL")
        room.start()
        server.wait_for("hans@example.org", "admitted")
        wait_until(lambda: not waiting(room))
        assert not server.refuse
        assert len(server.mails) == 1, "once, although it was tried often"
        # One that the server will never take is given up at once.
        server.refuse.append("550 no such user")
        room.add_user("observer", "ida")
        wait_until(lambda: not server.refuse and not waiting(room))
        with sqlite3.connect(room.folder / "control-room.db") as kept:
            ended = kept.execute(
                "SELECT recipient, sent_at IS NULL, error, length(message) FROM mails ORDER BY id"
            ).fetchall()
        assert [row[:2] for row in ended] == [("hans@example.org", 0), ("ida@example.org", 1)]
        assert "550" in ended[1][2]
        assert [row[3] for row in ended] == [0, 0], "what they said is forgotten"
    finally:
        server.close()
