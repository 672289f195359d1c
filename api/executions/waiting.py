"""Waiting in a request for what it asked for, as long as its caller likes: `?wait=30`."""

import asyncio
import time
from collections.abc import Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel

from api.deps import DatabaseDep
from store.database import UNAVAILABLE
from store.executions import look_at_execution

AT_MOST_SECONDS = 60
_SOON, _SELDOM, _SLOWER = 0.1, 1.0, 1.3

Reached = Callable[[Any], bool]
"""Whether a row of `look_at_execution` shows what is waited for."""


def or_done(view: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """What a route that waits may answer beside 202."""
    return {200: {"model": view, "description": "It came to that while the caller waited"}}


class Wait:
    """The answer is 200 where it came to that in time, else 202; either names the execution in `Location`.

    No connection is held between two looks. A caller that goes away and a gateway that stops end the wait, and what was asked
    stands. While the database is away nothing is seen.
    """

    def __init__(
        self,
        request: Request,
        response: Response,
        database: DatabaseDep,
        wait: Annotated[
            float, Query(ge=0, le=AT_MOST_SECONDS, description="Seconds to wait for it; 202 if it does not come to that by then")
        ] = 0,
    ) -> None:
        self._request, self._response, self._database, self._seconds = request, response, database, wait

    async def until(self, execution_id: UUID, is_reached: Reached) -> None:
        self._response.headers["Location"] = f"/executions/{execution_id}"
        if self._seconds and await self._waited(execution_id, is_reached):
            self._response.status_code = 200

    async def _waited(self, execution_id: UUID, is_reached: Reached) -> bool:
        end, pause = time.monotonic() + self._seconds, _SOON
        while not await self._look(execution_id, is_reached):
            left = end - time.monotonic()
            if left <= 0 or self._is_over_here() or await self._request.is_disconnected():
                return False
            await asyncio.sleep(min(pause, left))
            pause = min(pause * _SLOWER, _SELDOM)
        return True

    def _is_over_here(self) -> bool:
        return self._request.app.state.stopping.is_set()

    async def _look(self, execution_id: UUID, is_reached: Reached) -> bool:
        try:
            async with self._database.connection() as connection:
                row = await look_at_execution(connection, execution_id)
        except UNAVAILABLE:
            return False
        return row is not None and is_reached(row)


WaitDep = Annotated[Wait, Depends()]


def rests(row: Any) -> bool:
    """It is over, or stands still until a moment, an event or a person moves it."""
    return row["state"] != "active" and row["request"] is None


def has_taken(kind: str, version: int) -> Reached:
    """Whether an execution did what was asked of it. `version` is that of its row with the request."""

    def is_paused(row: Any) -> bool:
        return _is_over(row) or (row["state"], row["pause_reason"]) == ("paused", "manual")

    def went_on(row: Any) -> bool:
        return _is_over(row) or (row["version"] > version and row["request"] is None and row["pause_reason"] != "manual")

    return {"pause": is_paused, "cancel": _is_over}.get(kind, went_on)


def _is_over(row: Any) -> bool:
    return row["finished_at"] is not None
