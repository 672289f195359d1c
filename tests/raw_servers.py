"""Servers that answer byte for byte what a test tells them to, sense or nonsense."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from activities.settings import Settings

Server = TypeVar("Server", bound="RawServer")
Answers = Callable[[str], bytes]
"""By the path of a request, or by the line of a mail's dialogue."""


def http_answer(status: int, body: bytes = b"", *headers: bytes) -> bytes:
    lines = [f"HTTP/1.1 {status} Said".encode(), b"Content-Length: %d" % len(body), b"Connection: close", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@dataclass
class RawServer:
    """`asked` is what came, in order, and `keys` the idempotency keys of it."""

    answers: Answers
    asked: list[str] = field(default_factory=list[str])
    keys: list[str] = field(default_factory=list[str])
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self.talk(reader, writer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


class RawHttp(RawServer):
    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.asked.append(f"{head[0].split(' ')[1]} {body.decode('latin-1')}".strip())
        self.keys.append(headers.get("idempotency-key", ""))
        writer.write(await self.answer(len(self.asked)))

    async def answer(self, number: int) -> bytes:
        """To the request of that number, from 1."""
        return self.answers(self.asked[number - 1])


class SlowHttp(RawHttp):
    """Answers the first request only once it is let go. The answers are those to the first, the second, and so on."""

    def __init__(self, *answers: bytes) -> None:
        super().__init__(lambda _: b"")
        self._in_turn, self.let_go = answers, asyncio.Event()

    async def answer(self, number: int) -> bytes:
        if number == 1:
            await self.let_go.wait()
        return self._in_turn[min(number, len(self._in_turn)) - 1]


class StallingHttp(RawHttp):
    """Keeps the connection open after what it answers, until the other side has enough of it."""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await super().talk(reader, writer)
        await writer.drain()
        await reader.read()


class RawSmtp(RawServer):
    """`asked` are the recipients of mails whose content came; the answers are those to RCPT and to the content."""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipients = list[str]()
        writer.write(b"220 here\r\n")
        while line := (await reader.readline()).decode("latin-1").strip():
            match line.split(" ")[0].upper():
                case "RCPT":
                    recipients.append(line.partition("<")[2].partition(">")[0])
                    writer.write(self.answers(line))
                case "DATA":
                    writer.write(b"354 go on\r\n")
                    await reader.readuntil(b"\r\n.\r\n")
                    self.asked += recipients
                    writer.write(self.answers(f"DATA {' '.join(recipients)}"))
                case "QUIT":
                    writer.write(b"221 bye\r\n")
                    return
                case verb:
                    recipients = [] if verb in ("MAIL", "RSET") else recipients
                    writer.write(b"250 fine\r\n")


@asynccontextmanager
async def listening(server: Server) -> AsyncIterator[Server]:
    async with await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=2**22) as listener:
        server.port = listener.sockets[0].getsockname()[1]
        yield server


def mailing_by(server: RawSmtp, settings: Settings) -> Settings:
    return settings.model_copy(update={"smtp_host": "127.0.0.1", "smtp_port": server.port})
