"""Who calls: the API key of a request, looked up before anything of the request is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.connections import Connections
from api.errors import RefusedError
from api.middleware.bodies import UNSUBSCRIBING, WEBHOOKS
from api.problems import answer, away_problem, everstep_problem
from automations.access import Access
from automations.errors import EverstepError
from store.api_keys import find_api_key, touch_api_key
from store.database import UNAVAILABLE, Connection

OPEN = ("/health/", "/codec/", "/docs", "/openapi.json", UNSUBSCRIBING, "/texts/twilio/")
"""Beginnings of paths that anyone may ask for; a provider signs what it says there."""

_TOUCHED_EVERY = timedelta(minutes=1)
_UNAUTHORIZED = {"WWW-Authenticate": 'Bearer realm="everstep"'}


@dataclass(frozen=True)
class Caller:
    """Whose key a request came with. `sender_id` stays through all rotations of the key: ids of the caller's are his by it."""

    key_id: UUID
    sender_id: UUID
    name: str
    access: Access
    requests_per_minute: int | None = None


class Authentication:
    """Puts the Caller into the request's state as `caller`, and refuses those without one, but where all may come in.

    A webhook says by itself whom it lets in: there the caller is None for a request without a valid key, and `refused` says
    what was wrong with one that is not valid.
    """

    def __init__(self, app: ASGIApp, open_paths: Sequence[str] = OPEN) -> None:
        self._app = app
        self._open = tuple(open_paths)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not scope["path"].startswith(self._open) and not _is_preflight(scope):
            try:
                scope.setdefault("state", {})["caller"] = await self._caller(scope)
            except EverstepError as error:
                found = everstep_problem(error)
                headers = _UNAUTHORIZED if found.status == 401 else None
                await answer(found, headers)(scope, receive, send)
                return
            except UNAVAILABLE as error:
                await answer(away_problem(error))(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _caller(self, scope: Scope) -> Caller | None:
        connections: Connections = scope["app"].state.connections
        lets_in_anyone = scope["path"].startswith(WEBHOOKS)
        key = bearer(", ".join(Headers(scope=scope).getlist("authorization")))
        if key is None and lets_in_anyone:
            return None
        database = await connections.database.get()
        try:
            async with database.connection() as connection:
                return await caller_of(connection, key, datetime.now(UTC))
        except RefusedError as error:
            if not lets_in_anyone:
                raise
            scope.setdefault("state", {})["refused"] = error
            return None


def _is_preflight(scope: Scope) -> bool:
    """What a browser asks before it sends a key."""
    return scope["method"] == "OPTIONS"


def bearer(header: str | None) -> str | None:
    """The key in an Authorization header. Two headers are read as one, and so as a key that nobody has."""
    kind, _, key = (header or "").partition(" ")
    return key.strip() or None if kind.lower() == "bearer" else None


async def caller_of(connection: Connection, key: str | None, now: datetime) -> Caller:
    """Raises RefusedError 401."""
    if key is None:
        raise key_missing()
    return await let_in(connection, await find_api_key(connection, key), now)


async def let_in(connection: Connection, row: Any | None, now: datetime) -> Caller:
    """The caller of an API key's row, if there is one that is still good. Raises RefusedError 401."""
    if row is None:
        raise _refused("key_invalid", "There is no such API key.")
    if row["revoked_at"] is not None:
        raise _refused("key_revoked", f"The API key {row['name']} was revoked.")
    if row["expires_at"] is not None and row["expires_at"] <= now:
        raise _refused("key_expired", f"The API key {row['name']} expired on {row['expires_at']:%Y-%m-%d %H:%M} UTC.")
    await _touch(connection, row, now)
    return Caller(row["id"], row["sender_id"], row["name"], Access(row["scopes"]), row["requests_per_minute"])


async def _touch(connection: Connection, row: Any, now: datetime) -> None:
    if row["last_used_at"] is None or now - row["last_used_at"] >= _TOUCHED_EVERY:
        await touch_api_key(connection, row["id"], now)


def key_missing() -> RefusedError:
    return _refused("key_missing", "Say who you are: Authorization: Bearer <API key>.")


def _refused(code: str, sentence: str) -> RefusedError:
    return RefusedError(401, code, sentence)
