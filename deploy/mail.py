"""A mail server that keeps what it gets as .eml files: the demo's mail box, and the tests'."""

from __future__ import annotations

import asyncio
import email
import os
import ssl
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.ports import announced_port, is_answering
from deploy.progress import Say, say


class MailSink:
    """Listens in this event loop. A message is on disk, in order, before its sender hears that it was taken.

    Besides the message each file holds X-Mail-From and X-Rcpt-To, the addresses of the SMTP envelope.
    """

    def __init__(self, folder: Path, *, port: int = 0, tls: ssl.SSLContext | None = None, say: Say = say) -> None:
        self.folder, self._port, self._tls, self._say = folder, port, tls, say
        self._server: asyncio.Server | None = None
        self._sessions: WeakSet[SMTP] = WeakSet()

    @property
    def host(self) -> str:
        return "127.0.0.1"

    @property
    def port(self) -> int:
        """Final once started."""
        return self._port

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    async def start(self) -> None:
        if self._server is not None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._port = announced_port(self._port, "Mail", self._say)
        self._server = await asyncio.get_running_loop().create_server(self._session, self.host, self._port, ssl=self._tls)

    async def stop(self) -> None:
        """Hangs up on whoever is connected."""
        if self._server is None:
            return
        self._server.close()
        for session in list(self._sessions):
            if session.transport is not None:
                session.transport.close()
        await asyncio.sleep(0)
        self._server = None

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    async def is_healthy(self) -> bool:
        return self._server is not None and await is_answering(self.host, self.port)

    def messages(self) -> list[EmailMessage]:
        """All messages in the folder, oldest first."""
        return [_parsed(file.read_bytes()) for file in self._files()]

    def clear(self) -> None:
        """Throws all messages away."""
        for file in self._files():
            file.unlink()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Called by aiosmtpd for each message."""
        self._keep(envelope)
        return "250 Message accepted for delivery"

    def _session(self) -> SMTP:
        session = SMTP(self, enable_SMTPUTF8=True, hostname="localhost", loop=asyncio.get_running_loop())
        self._sessions.add(session)
        return session

    def _files(self) -> list[Path]:
        return sorted(self.folder.glob("*.eml"))

    def _keep(self, envelope: Envelope) -> None:
        """Written under another name first, so that no reader sees half a message."""
        content = envelope.original_content or b""
        head = f"X-Mail-From: {envelope.mail_from}\r\nX-Rcpt-To: {', '.join(envelope.rcpt_tos)}\r\n"
        files = self._files()
        number = int(files[-1].stem) + 1 if files else 1
        unfinished = self.folder / f"{number:06}.part"
        unfinished.write_bytes(head.encode() + content)
        os.replace(unfinished, self.folder / f"{number:06}.eml")


def _parsed(content: bytes) -> EmailMessage:
    """With the line ends of Python; those of a mail are CRLF."""
    return email.message_from_bytes(content.replace(b"\r\n", b"\n"), EmailMessage, policy=default)
