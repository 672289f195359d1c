"""The system that the automations call: it fails now and then, and writes down every call under its key."""

import asyncio
from collections import defaultdict
from random import Random

_REFUSED = 404
_HANG_UP = 0


class Calls:
    """Answers by path. `kept` has the statuses that were answered, by Idempotency-Key; 0 is a connection that was cut."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._server: asyncio.Server | None = None
        self._failures: dict[str, int] = {}
        self._first_key: dict[str, str] = {}
        self.kept: defaultdict[str, list[int]] = defaultdict(list)
        self.address = ""

    async def __aenter__(self) -> "Calls":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.address = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            path, key = _asked((await reader.readuntil(b"\r\n\r\n")).decode())
            status = self._status(path, key)
            self.kept[key].append(status)
            if status != _HANG_UP:
                writer.write(f"HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            return  # its caller was killed
        finally:
            writer.close()

    def _status(self, path: str, key: str) -> int:
        """The same key is refused again; what only fails does so twice at most."""
        if path == "/refusing":
            return _REFUSED
        if path.startswith("/refusing-once/"):
            return _REFUSED if self._first_key.setdefault(path, key) == key else 200
        left = self._failures.setdefault(key, self._random.choice((0, 0, 1, 2)))
        self._failures[key] = left - 1
        return self._random.choice((500, 503, _HANG_UP)) if left > 0 else 200


def _asked(head: str) -> tuple[str, str]:
    """Path and Idempotency-Key."""
    first, *lines = head.split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
    return first.split(" ")[1], headers.get("idempotency-key", "without a key")
