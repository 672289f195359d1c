"""Gateways as processes of their own, at a real port: to be spoken to byte by byte, and to be killed."""

import asyncio
import contextlib
import socket
import struct
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from activities.settings import Settings
from deploy.ports import free_port
from deploy.processes import ChildProcess
from tests.engine import until
from tests.keys import ADMIN_KEY, bearing
from tests.workflows.processes import ROOT, environment_of


@dataclass(frozen=True)
class GatewayProcess:
    port: int
    process: ChildProcess

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Returns once it listens."""
        self.process.start()
        await until(self._listens, seconds=60, says=f"the gateway listens: {self.process.log_tail()}")

    async def _listens(self) -> bool:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.close()
            return True
        return False


@asynccontextmanager
async def gateway_process(settings: Settings, temporal: str, logs: Path) -> AsyncIterator[GatewayProcess]:
    """`python -m api`, gone after the block."""
    port = free_port()
    env = environment_of(settings, temporal) | {"EVERSTEP_API_PORT": str(port)}
    process = ChildProcess([sys.executable, "-m", "api"], log=logs / f"gateway-{port}.log", env=env, cwd=ROOT)
    gateway = GatewayProcess(port, process)
    try:
        await gateway.start()
        yield gateway
    finally:
        await process.kill()


def request_bytes(
    method: str, path: str, body: bytes, *, content_type: str = "application/json", key: str = ADMIN_KEY,
    **headers: str,
) -> bytes:  # fmt: skip
    """A request that is whole."""
    said = bearing(key) | {"Content-Type": content_type, "Content-Length": str(len(body)), "Host": "gateway"} | headers
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


def chunked_bytes(method: str, path: str, chunks: list[bytes], *, content_type: str = "application/json") -> bytes:
    """A request of chunks without the one that ends it."""
    said = bearing(ADMIN_KEY) | {"Content-Type": content_type, "Transfer-Encoding": "chunked", "Host": "gateway"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


LAST_CHUNK = b"0\r\n\r\n"


def send_and_hang_up(port: int, content: bytes, *, reset: bool = False) -> None:
    """Waits for no answer; `reset`: with an RST in place of a FIN."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(content)
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
