# SPDX-License-Identifier: BSD-3-Clause
"""Mails: written by templates, queued in the database, sent by whichever process comes first, tried again when not."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from pathlib import Path
from typing import Any

import aiosmtplib
from jinja2 import Environment, FileSystemLoader
from sqlalchemy import delete, event, func, select, update
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from ..database import Database, now
from ..settings import Settings
from .tables import Mail

KINDS = {
    "request_accepted": "Your observation of {{ target }} is in the queue",
    "request_finished": "Your observation of {{ target }} is done",
    "request_failed": "Your observation of {{ target }} failed",
    "alarm": "{{ alarm.name }}: {{ alarm.level }}",
    "password_reset": "A new password for {{ site }}",
    "admitted": "You are admitted to {{ site }}",
}
CLAIM = timedelta(minutes=5)  # so long a process that has taken a mail may need; then another takes it
LONGEST_PAUSE = timedelta(hours=1)
GIVE_UP = timedelta(days=3)
KEPT = timedelta(days=30)

log = logging.getLogger("control_room.mails")


class Mails:
    def __init__(self, settings: Settings, database: Database, site: str) -> None:
        self._settings = settings
        self._database = database
        self._site = " ".join(site.split())
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=lambda name: name is not None and name.endswith(".html"),
        )
        self._wake: Callable[[], object] = lambda: None

    @property
    def are_sent(self) -> bool:
        return bool(self._settings.smtp_host)

    def send(self, kind: str, to: str, session: Session | None = None, **values: Any) -> None:
        """Queues one; with `session` it goes if and only if the caller's transaction is kept. `plot`: a PNG."""
        if kind not in KINDS:
            raise ValueError(f"there is no mail {kind}: {', '.join(KINDS)}")
        if not self.are_sent or not to:
            return
        try:
            message = self._write(kind, to, values)
        except (ValueError, IndexError, HeaderParseError) as why:  # an address that is none: not the caller's fault
            log.error("a mail %s is not written: %s", kind, why)
            return
        row = Mail(kind=kind, recipient=to, message=message)
        if session is not None:
            session.add(row)
            event.listen(session, "after_commit", lambda _: self._wake(), once=True)
            return
        with self._database.session() as own:
            own.add(row)
        self._wake()

    def _write(self, kind: str, to: str, values: dict[str, Any]) -> bytes:
        plot = values.pop("plot", None)
        said = {"site": self._site, "address": self._settings.public_address, "has_plot": bool(plot), **values}
        subject = self._templates.from_string(KINDS[kind]).render(said)
        mail = EmailMessage(policy=SMTP)
        mail["Subject"] = " ".join(subject.split())[:200]
        mail["From"] = Address(display_name=self._site, addr_spec=self._settings.mail_from)
        mail["To"] = Address(addr_spec=to)
        mail["Date"] = format_datetime(now())
        mail["Message-ID"] = make_msgid(domain=self._settings.mail_from.partition("@")[2] or None)
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(self._templates.get_template(f"{kind}.txt").render(said))
        mail.add_alternative(self._templates.get_template(f"{kind}.html").render(said), subtype="html")
        if plot:
            html = mail.get_payload()[1]
            html.add_related(plot, "image", "png", cid="<plot>", filename="plot.png", disposition="inline")
        return mail.as_bytes()

    def waiting(self) -> int:
        with self._database.reading() as session:
            return session.scalar(select(func.count()).where(Mail.next_at.is_not(None))) or 0

    def sweep(self, session: Session) -> None:
        session.execute(delete(Mail).where(Mail.next_at.is_(None), Mail.created_at < now() - KEPT))

    # Sending

    async def run(self) -> None:
        """Until it is cancelled."""
        if not self.are_sent:
            return
        woken = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wake() -> None:
            with suppress(RuntimeError):  # the loop has ended meanwhile: the mail is in the database
                loop.call_soon_threadsafe(woken.set)

        self._wake = wake
        while True:
            woken.clear()
            try:
                while (taken := await run_in_threadpool(self._take)) is not None:
                    await self._deliver(taken)
            except Exception:
                log.exception("the queue of mails: it goes on in a moment")
            with suppress(TimeoutError):
                async with asyncio.timeout(min(5.0, self._settings.mail_retry_s)):
                    await woken.wait()

    def _take(self) -> Mail | None:
        """The next that is due, out of the other processes' way for a while."""
        due = select(Mail).where(Mail.next_at <= now()).order_by(Mail.next_at).limit(1)
        with self._database.session() as session:
            mail = session.scalar(due.with_for_update(skip_locked=True))
            if mail is not None:
                mail.attempts += 1
                mail.next_at = now() + CLAIM
            return mail

    async def _deliver(self, mail: Mail) -> None:
        password = self._settings.smtp_password
        try:
            await aiosmtplib.send(
                mail.message,
                sender=self._settings.mail_from,
                recipients=[mail.recipient],
                hostname=self._settings.smtp_host,
                port=self._settings.smtp_port,
                use_tls=self._settings.smtp_tls == "tls",
                start_tls=self._settings.smtp_tls == "starttls",
                username=self._settings.smtp_user or None,
                password=password.get_secret_value() if password else None,
                timeout=30,
            )
        except (aiosmtplib.SMTPException, OSError) as why:
            await run_in_threadpool(self._failed, mail, why)
        else:
            await run_in_threadpool(self._close, mail.id, sent_at=now(), error="")

    def _failed(self, mail: Mail, why: Exception) -> None:
        said = f"{type(why).__name__}: {why}"[:1000]
        if _is_final(why) or now() - mail.created_at > GIVE_UP:
            log.error("the mail %s (%s) is given up: %s", mail.id, mail.kind, said)
            self._close(mail.id, error=said)
            return
        first = timedelta(seconds=self._settings.mail_retry_s)
        pause = min(first * 2 ** min(mail.attempts - 1, 20), LONGEST_PAUSE)
        log.warning("the mail %s (%s) did not go; again in %s: %s", mail.id, mail.kind, pause, said)
        with self._database.session() as session:
            session.execute(update(Mail).where(Mail.id == mail.id).values(next_at=now() + pause, error=said))

    def _close(self, id: int, **values: Any) -> None:
        with self._database.session() as session:
            session.execute(update(Mail).where(Mail.id == id).values(next_at=None, message=b"", **values))


def _is_final(why: Exception) -> bool:
    """What the server will say again: such an address is not there, such a mail it does not take."""
    if isinstance(why, aiosmtplib.SMTPRecipientsRefused):
        return all(500 <= each.code < 600 for each in why.recipients)
    return isinstance(why, (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError)) and 500 <= why.code < 600
