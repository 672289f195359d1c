"""TCP ports on this machine."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:`port` now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: without it, connections that ended a moment ago would count as a server.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
        return True


def free_port(preferred: int = 0) -> int:
    """`preferred` if it is free, else any free port; 0 prefers none."""
    if preferred and is_free(preferred):
        return preferred
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def announced_port(preferred: int, service: str, say: Callable[[str], None]) -> int:
    """As `free_port`, and says in one line when the preferred port is taken."""
    port = free_port(preferred)
    if preferred and port != preferred:
        say(f"{service}: port {preferred} is taken, using {port} instead")
    return port


async def is_answering(host: str, port: int, *, seconds: float = 2.0) -> bool:
    """Whether something accepts a connection there."""
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
