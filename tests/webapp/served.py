# SPDX-License-Identifier: BSD-3-Clause
"""The control room as a process of its own, as an observatory runs it, and clients of each role."""

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import httpx
from aiosmtpd.controller import Controller

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
APP = ROOT / "examples" / "webapp"
sys.path[:0] = [str(APP), str(HERE.parent)]  # for tests that look into a part of it; what all tests share

from local_server import free_port

ROLES = ("guest", "observer", "operator", "curator", "admin")
PASSWORD = "a long enough passphrase"
ONE_TIME = re.compile(r"one-time password:? (\S+)")


class ControlRoom:
    """`python -m control_room` on a free port with a folder of its own. Settings are CONTROL_ROOM_... in lower case.

    `start()` after `kill()` or `stop()` comes back on the same port with what is in the folder."""

    def __init__(self, site: Path | None = None, folder: Path | None = None, **settings: object) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="control-room-")
        self.folder = folder or Path(self._temporary.name)
        self.site = site or Path(shutil.copy(HERE / "site.yaml", self.folder / "site.yaml"))
        self.settings = {"site": self.site, "folder": self.folder, "requests_per_minute": 1_000_000, **settings}
        self.settings.setdefault("port", free_port())
        self.url = f"http://127.0.0.1:{self.settings['port']}"
        self.log = self.folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.names: dict[str, str] = {}
        self._first: dict[str, tuple[httpx.Client, float]] = {}
        self.admin_password = ""
        self._clients: list[httpx.Client] = []
        self.start()

    def environment(self) -> dict[str, str]:
        ours = {key: value for key, value in os.environ.items() if not key.startswith("CONTROL_ROOM_")}
        given = {f"CONTROL_ROOM_{key.upper()}": str(value) for key, value in self.settings.items()}
        paths = [str(APP), str(ROOT / "build" / "release" / "python")]
        return {**ours, **given, "PYTHONPATH": os.pathsep.join([*paths, os.environ.get("PYTHONPATH", "")])}

    def start(self, *, wait: bool = True) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "control_room"],
                cwd=self.folder, env=self.environment(), stdout=log, stderr=log,
            )  # fmt: skip
        if wait:
            self.wait()

    def wait(self, seconds: float = 180.0) -> None:
        end = time.monotonic() + seconds
        while True:
            assert self.process is not None
            assert self.process.poll() is None, f"the control room ended:\n{self.output()}"
            assert time.monotonic() < end, f"the control room does not answer:\n{self.output()}"
            try:
                httpx.get(f"{self.url}/api/auth/ways", timeout=5)
                return
            except httpx.TransportError:
                time.sleep(0.05)

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        return self._end(signal.SIGKILL)

    def _end(self, by: signal.Signals) -> int:
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(by)
        return self.process.wait(30)

    def anonymous(self, **more: object) -> httpx.Client:
        client = httpx.Client(base_url=self.url, timeout=30, **more)  # type: ignore[arg-type]
        self._clients.append(client)
        return client

    def sign_in(self, name: str, password: str, **more: object) -> httpx.Client:
        """A client with the access token in its headers, the refresh cookie in its jar and `user`."""
        client = self.anonymous(**more)
        answer = client.post("/api/auth/login", json={"username": name, "password": password})
        assert answer.status_code == 200, answer.text
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        client.user = answer.json()["user"]  # type: ignore[attr-defined]
        return client

    def admin(self) -> httpx.Client:
        """The first admin, who changes the one-time password when he comes first."""
        if not self.admin_password:
            found = ONE_TIME.search(self.output())
            assert found, f"no one-time password was printed:\n{self.output()}"
            first = self.sign_in("admin", found.group(1))
            changed = first.post("/api/auth/password", json={"old": found.group(1), "new": PASSWORD})
            assert changed.status_code == 204, changed.text
            self.admin_password = PASSWORD
        return self._known("admin", self.admin_password)

    def add_user(self, role: str, name: str = "", email: str = "") -> str:
        """A user of this role who may sign in by PASSWORD; returns the name."""
        name = name or f"{role}-{secrets.token_hex(3)}"
        asked = {"username": name, "email": email or f"{name}@example.org", "password": PASSWORD}
        answer = self.anonymous().post("/api/auth/register", json=asked)
        assert answer.status_code == 201, answer.text
        patched = self.admin().patch(f"/api/users/{answer.json()['id']}", json={"role": role, "state": "active"})
        assert patched.status_code == 200, patched.text
        return name

    def client(self, role: str, name: str = "", **more: object) -> httpx.Client:
        """A client signed in with this role; by `name` somebody else than the usual one of the role.

        All clients of one user share a session: to sign out of it, take `sign_in`."""
        known = name or role
        if known not in self.names:
            self.names[known] = self.add_user(role, known if name else "")
        return self._known(self.names[known], PASSWORD, **more)

    def _known(self, name: str, password: str, **more: object) -> httpx.Client:
        if name not in self._first or self._first[name][1] < time.monotonic() - 600:  # before its token expires
            self._first[name] = (self.sign_in(name, password), time.monotonic())
        first = self._first[name][0]
        client = self.anonymous(**more)
        client.headers["Authorization"] = first.headers["Authorization"]
        client.user = first.user  # type: ignore[attr-defined]
        return client

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.kill()
        self._temporary.cleanup()


class MailServer:
    """A real SMTP server on loopback. `refuse` is what it says to the next mails instead of taking them."""

    def __init__(self, port: int = 0) -> None:
        self.mails: list[EmailMessage] = []
        self.refuse: list[str] = []
        self.port = port or free_port()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    async def handle_DATA(self, server, session, envelope) -> str:
        if self.refuse:
            return self.refuse.pop(0)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def wait_for(self, to: str, subject: str = "", seconds: float = 30.0) -> EmailMessage:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for mail in list(self.mails):
                if to in str(mail["To"]) and subject in str(mail["Subject"]):
                    return mail
            time.sleep(0.05)
        raise AssertionError(f"no mail to {to} with {subject!r}: {[(str(m['To']), m['Subject']) for m in self.mails]}")

    @property
    def settings(self) -> dict[str, object]:
        """For a control room."""
        return {"smtp_host": "127.0.0.1", "smtp_port": self.port, "smtp_tls": "none", "mail_from": "dish@example.org"}

    def close(self) -> None:
        self._controller.stop()
