"""An HTTP server that answers what a test tells it to, and keeps what it was asked."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.engine import until

Answer = int | tuple[int, Any] | tuple[int, Any, dict[str, str]]
"""A status; a status and a body; a status, a body and headers."""


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpServer:
    """Answers `answers` in turn, the last one for ever. Holds answers while `holding`."""

    answers: Sequence[Answer] = (200,)
    asked: list[Asked] = field(default_factory=list)
    hung_up: int = 0

    def __post_init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._may_answer = asyncio.Event()
        self._may_answer.set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """From here on nobody listens at the port; `start` takes the same one again."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.transport.abort()
            self._server = None

    async def was_asked(self, times: int = 1) -> None:
        """Once it was asked that often."""
        await until(lambda: _true(len(self.asked) >= times), says=f"asked {times} times")

    async def was_hung_up_on(self) -> None:
        await until(lambda: _true(self.hung_up > 0), seconds=3, says="the call was given up")

    def hold(self) -> None:
        """No answer before `let_go`."""
        self._may_answer.clear()

    def let_go(self) -> None:
        self._may_answer.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            number = len(self.asked)
            self.asked.append(await _request(reader))
            await self._unless_hung_up(reader)
            writer.write(_response(self.answers[min(number, len(self.answers) - 1)]))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            self.hung_up += 1
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _unless_hung_up(self, reader: asyncio.StreamReader) -> None:
        """Waits until it may answer; notices when the other side goes."""
        waiting = [asyncio.ensure_future(self._may_answer.wait()), asyncio.ensure_future(reader.read(1))]
        done, rest = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in rest:
            task.cancel()
        if waiting[0] not in done:
            raise ConnectionResetError


async def _true(found: bool) -> bool:
    return found


async def _request(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
    return Asked(method, path, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


def _parts(answer: Answer) -> tuple[int, Any, dict[str, str]]:
    match answer:
        case int():
            return answer, {}, {}
        case (status, body):
            return status, body, {}
        case (status, body, headers):
            return status, body, headers


def _response(answer: Answer) -> bytes:
    status, body, headers = _parts(answer)
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    head = {"Content-Length": str(len(content)), "Connection": "close", **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"HTTP/1.1 {status} Said\r\n{lines}\r\n".encode() + content
