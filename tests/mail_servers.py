"""Mail servers of all kinds: encrypted ones, such as hang up, and such as refuse."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Literal

from aiosmtpd.smtp import SMTP
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from activities.settings import Settings
from deploy.mail import MailSink


@dataclass(frozen=True)
class Certificate:
    """Of 127.0.0.1, signed by itself: in PEM, the second file with the key."""

    certificate: Path
    both: Path

    def context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.both)
        return context


def certificate(folder: Path) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the tests")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    found = Certificate(folder / "certificate.pem", folder / "both.pem")
    found.certificate.write_bytes(pem)
    found.both.write_bytes(private + pem)
    return found


class PickySink(MailSink):
    """Knows no mailbox that has `gone` in its address, and is busy for those with `busy`."""

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if "gone" in address:
            return "550 no such mailbox"
        if "busy" in address:
            return "450 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"


class Server(PickySink):
    """Counts its connections. It takes mails over TLS only, if it has a certificate; `kind` says how that begins.

    It knows no mailbox that has `gone` in its address, and is busy for those with `busy`. What it is told to do `next` happens
    to the next mails, one for each: it is busy, hangs up before it takes the mail, or after that without saying so, or says so
    only once it is let go.
    """

    def __init__(self, folder: Path, known: Certificate | None = None, kind: Literal["none", "starttls", "tls"] = "none") -> None:
        super().__init__(folder, tls=known.context() if known and kind == "tls" else None)
        self._starttls = known.context() if known and kind == "starttls" else None
        self.connections = 0
        self.next: list[Literal["be busy", "hang up before", "hang up after", "hold"]] = []
        self.let_go = asyncio.Event()

    def _session(self) -> SMTP:
        self.connections += 1
        session = SMTP(
            self, enable_SMTPUTF8=True, hostname="localhost", loop=asyncio.get_running_loop(), tls_context=self._starttls,
            require_starttls=self._starttls is not None,
        )  # fmt: skip
        self._sessions.add(session)
        return session

    def hang_up(self) -> None:
        """On all who are connected now."""
        for session in list(self._sessions):
            if session.transport is not None:
                session.transport.close()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        told = self.next.pop(0) if self.next else None
        if told == "be busy":
            return "451 try again later"
        if told != "hang up before":
            await super().handle_DATA(server, session, envelope)
        if told == "hold":
            await self.let_go.wait()
        elif told:
            self.hang_up()
        return "250 Message accepted for delivery"


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[Server]:
    await server.start()
    yield server
    await server.stop()


def reaching(server: Server, settings: Settings, **more: Any) -> Settings:
    """The settings of a worker that sends by this server."""
    return settings.model_copy(update={"smtp_host": server.host, "smtp_port": server.port, **more})
