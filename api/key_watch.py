"""Streams outlive their first look at the API key: they look again while they last, which is until the gateway stops."""

import time
from datetime import UTC, datetime
from typing import Any

from fastapi import Depends, Request

from api.access import CallerDep, Needs
from api.deps import DatabaseDep
from api.errors import RefusedError
from api.middleware.authentication import Caller, let_in
from automations.access import Scope
from store.api_keys import read_api_key
from store.database import UNAVAILABLE, Database

EVERY_SECONDS = 2.0


class KeyWatch:
    """Whether the caller of a stream would still be let in; asks every two seconds at most."""

    def __init__(self, needs: Needs, request: Request, caller: Caller, database: Database) -> None:
        self._needs, self._request, self._caller, self._database = needs, request, caller, database
        self._looked_at = time.monotonic()

    async def is_let_in(self) -> bool:
        """Nobody is once the gateway stops. While the database is away it stays as it was."""
        if self._request.app.state.stopping.is_set():
            return False
        if time.monotonic() - self._looked_at < EVERY_SECONDS:
            return True
        self._looked_at = time.monotonic()
        try:
            await self._require()
        except RefusedError:
            return False
        except UNAVAILABLE:
            pass
        return True

    async def _require(self) -> None:
        """Raises RefusedError as at the request's beginning."""
        async with self._database.connection() as connection:
            row = await read_api_key(connection, self._caller.key_id)
            caller = await let_in(connection, row, datetime.now(UTC))
        await self._needs(self._request, caller)


def watches_key(scope: Scope) -> Any:
    """A dependency: the KeyWatch of a stream that asks for that scope."""
    needs = Needs(scope)

    async def watch(request: Request, caller: CallerDep, database: DatabaseDep) -> KeyWatch:
        return KeyWatch(needs, request, caller, database)

    return Depends(watch)
