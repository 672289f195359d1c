"""A cable between a process and a service: it can be cut, and the service stays where it is for everybody else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Cable:
    """Listens at `address`, and carries both ways as long as it is whole."""

    def __init__(self, service: str) -> None:
        self._host, _, port = service.rpartition(":")
        self._port = int(port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_cut = False
        self.address = ""

    def cut(self) -> None:
        self._is_cut = True
        for writer in list(self._writers):
            writer.transport.abort()

    def mend(self) -> None:
        self._is_cut = False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection(self._host, self._port)
        self._writers |= {writer, back}
        try:
            await asyncio.gather(_pumped(reader, back), _pumped(there, writer))
        finally:
            self._writers -= {writer, back}


async def _pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def cable_to(service: str) -> AsyncIterator[Cable]:
    cable = Cable(service)
    async with await asyncio.start_server(cable.carry, "127.0.0.1", 0) as server:
        cable.address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield cable
        cable.cut()
