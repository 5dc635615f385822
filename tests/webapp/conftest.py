# SPDX-License-Identifier: BSD-3-Clause
"""Control rooms, mail servers and databases for tests of the control room."""

import secrets

import psycopg
import pytest
from served import ControlRoom, MailServer


@pytest.fixture(scope="module")
def control_room():
    """One control room for all tests of a file that do it no harm."""
    room = ControlRoom()
    yield room
    room.close()


@pytest.fixture
def start_control_room():
    """start_control_room(site=..., registration="open", ...): one with settings of its own; ends with the test."""
    rooms: list[ControlRoom] = []

    def start(**settings: object) -> ControlRoom:
        rooms.append(ControlRoom(**settings))  # type: ignore[arg-type]
        return rooms[-1]

    yield start
    for room in rooms:
        room.close()


@pytest.fixture(scope="module")
def mail_server():
    server = MailServer()
    yield server
    server.close()


@pytest.fixture
def new_database(postgres):
    """new_database() makes an empty database in a real PostgreSQL and returns its URL."""
    admin = f"host=127.0.0.1 port={postgres.port} user=astro password=secret dbname=astro"

    def make() -> str:
        name = f"room_{secrets.token_hex(4)}"
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        return f"postgresql://astro:secret@127.0.0.1:{postgres.port}/{name}"

    return make
