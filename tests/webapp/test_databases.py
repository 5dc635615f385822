# SPDX-License-Identifier: BSD-3-Clause
"""Both databases: migrations that lead to the tables, an audit log that nobody changes, two instances with one."""

import threading

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from control_room.app import tables
from control_room.callers import NOBODY
from control_room.database import MIGRATIONS, Database
from control_room.settings import Settings
from served import ONE_TIME, PASSWORD


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request, tmp_path):
    given = {} if request.param == "sqlite" else {"database": request.getfixturevalue("new_database")()}
    made = Database(Settings(site=tmp_path / "site.yaml", folder=tmp_path, **given).database_url)
    yield made
    made.close()


def test_migrations_lead_to_the_tables_and_back(database):
    faults = []

    def migrate():
        try:
            database.migrate()
        except Exception as why:
            faults.append(why)

    threads = [threading.Thread(target=migrate) for _ in range(3)]  # as instances that start at once
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with database.engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables()) == []
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert set(sa.inspect(connection).get_table_names()) <= {"alembic_version"}
    database.migrate()


def test_instances_that_start_at_once_may_make_the_file(tmp_path):
    faults = []

    def start(url, together):
        database = Database(url)
        together.wait()
        try:
            with database.session() as session:
                session.execute(sa.text("SELECT 1"))
        except Exception as why:
            faults.append(why)
        database.close()

    for round in range(100):
        together = threading.Barrier(4)
        threads = [threading.Thread(target=start, args=(f"sqlite:///{tmp_path}/{round}.db", together)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert faults == []


def test_the_audit_log_is_only_added_to(database):
    from control_room.accounts.audit import AuditLog

    database.migrate()
    log = AuditLog(database)
    log.add(NOBODY, "first", "one\0two \ud800", {"n": 1})
    changes = ["UPDATE audit SET who = 'nobody'", "DELETE FROM audit", "DELETE FROM audit WHERE id = 1"]
    if database.engine.dialect.name == "sqlite":
        changes.append(
            "INSERT OR REPLACE INTO audit (id, time, who, way, address, action, subject, outcome) "
            "SELECT id, time, 'x', way, address, action, subject, outcome FROM audit"
        )
    else:
        changes.append("TRUNCATE audit")
    for change in changes:
        with pytest.raises(sa.exc.DatabaseError, match="only added to"), database.session() as session:
            session.execute(sa.text(change))
    log.add(NOBODY, "second", "x", outcome="refused")
    with database.reading() as session:
        kept = session.execute(sa.text("SELECT action, who, subject FROM audit ORDER BY id")).all()
    assert kept == [("first", "", "one\\0two \\ud800"), ("second", "", "x")]


def test_what_throws_leaves_nothing(database):
    database.migrate()
    with pytest.raises(RuntimeError), database.session() as session:
        session.execute(sa.text("INSERT INTO old_refreshes SELECT 'x', id FROM sign_ins"))
        session.execute(sa.text("INSERT INTO audit (time, who, way, address, action, subject, outcome) "
                                "VALUES ('2026-01-01 00:00:00', '', '', '', '', '', '')"))  # fmt: skip
        raise RuntimeError
    with database.reading() as session:
        assert session.scalar(sa.text("SELECT count(*) FROM audit")) == 0


def test_two_instances_share_users_and_sessions(start_control_room, new_database):
    shared = {"database": new_database(), "secret": "shared by both, and long enough for HS256"}
    here, there = start_control_room(**shared), start_control_room(**shared)
    printed = [ONE_TIME.findall(room.output()) for room in (here, there)]
    assert sorted(map(len, printed)) == [0, 1], "there is one first admin"
    admin = here.admin()
    there.admin_password = here.admin_password
    name = here.add_user("observer")
    client = here.sign_in(name, PASSWORD)
    over_there = there.anonymous(headers={"Authorization": client.headers["Authorization"]}, cookies=client.cookies)
    assert over_there.get("/api/auth/me").json()["username"] == name
    assert over_there.post("/api/auth/refresh").status_code == 200
    assert client.post("/api/auth/refresh").status_code == 409, "the other one has replaced it"
    key = client.post("/api/keys", json={"name": "x", "role": "observer"}).json()["key"]
    assert there.anonymous(headers={"X-API-Key": key}).get("/api/keys").status_code == 200
    assert over_there.post("/api/auth/logout").status_code == 204
    assert client.get("/api/auth/me").status_code == 401
    entries = there.anonymous(headers=admin.headers).get("/api/audit", params={"who": name}).json()["entries"]
    assert [entry["action"] for entry in entries if entry["outcome"] == "done"] == [
        "sign out",
        "make key",
        "sign in",
        "register",
    ]
