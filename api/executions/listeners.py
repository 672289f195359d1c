"""How many listeners a gateway has at once."""

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import Depends, Request

from api.errors import RefusedError


class Streams:
    """Places for listeners: each takes a look at the database again and again."""

    def __init__(self, places: int) -> None:
        self._left = places

    @contextmanager
    def place(self) -> Iterator[None]:
        """Raises RefusedError 503 where all are taken."""
        if self._left <= 0:
            raise RefusedError(503, "too_many_streams", "This gateway has all the listeners it can serve: try again shortly.")
        self._left -= 1
        try:
            yield
        finally:
            self._left += 1


async def _place(request: Request):
    streams: Streams = request.app.state.streams
    with streams.place():
        yield


takes_a_place = Depends(_place)
"""Until the stream has ended, however it does."""
