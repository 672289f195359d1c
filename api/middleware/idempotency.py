"""Idempotency-Key: a writing request that is sent again is done once, and answered alike, for 24 hours.

`/webhooks/` and `POST /events` have keys of their own kind and are left alone.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import structlog
from pydantic_core import from_json
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import RefusedError
from api.middleware.authentication import Caller
from api.middleware.bodies import WEBHOOKS, replayed
from api.problems import MEDIA_TYPE, answer, away_problem, everstep_problem
from automations.errors import EverstepError
from store.database import UNAVAILABLE, Database
from store.idempotent_requests import (
    Answer,
    Claim,
    Named,
    Taken,
    claim_request,
    doubt_request,
    keep_answer,
    read_request,
    reclaim_request,
    release_request,
)

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_WRITTEN = re.compile(r"[ -~]{1,255}")
_KEPT_HEADERS = ("content-type", "etag", "location")
_LARGEST_KEPT = 1024 * 1024
_START = re.compile(r"/automations/[^/]+/executions")
_NEVER_KEPT = frozenset({401, 403, 429})
"""Refusals that say nothing of the request itself: it was not looked at."""

_NOTHING_DONE = frozenset({"temporal_unavailable"})
"""Answers of the 5xx that come before anything is written."""

_LOG = structlog.get_logger("everstep.api")


class Idempotency:
    """Needs the Caller in the request's state, and the body in one piece. Puts `made_id` into the state."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Headers(scope=scope).get(HEADER) if scope["type"] == "http" and _is_meant(scope) else None
        caller: Caller | None = scope.get("state", {}).get("caller")
        if key is None or caller is None:
            await self._app(scope, receive, send)
            return
        body: bytes = (await receive()).get("body", b"")
        found = await _begun(scope, caller, key, body)
        if isinstance(found, Response):
            await found(scope, receive, send)
        else:
            await self._do(found, _may_repeat(scope, body), scope, replayed(body, receive), send)

    async def _do(self, claim: Claim, may_repeat: bool, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["made_id"] = claim.made_id
        desk = _Desk(await _database(scope), claim, may_repeat)
        try:
            await self._app(scope, receive, _Held(send, desk).send)
        except Exception:
            await desk.settle(None)
            raise


def _is_meant(scope: Scope) -> bool:
    is_its_own = scope["path"].startswith(WEBHOOKS) or (scope["method"], scope["path"]) == ("POST", "/events")
    return scope["method"] in _WRITING and not is_its_own


def _may_repeat(scope: Scope, body: bytes) -> bool:
    """Whether doing it twice is as good as once. A start finds its execution by `made_id`; what it resumes has no such id."""
    is_start = scope["method"] == "POST" and _START.fullmatch(scope["path"]) and b"resume_paused" not in body
    return scope["method"] in ("PUT", "DELETE") or bool(is_start)


async def _database(scope: Scope) -> Database:
    return await scope["app"].state.connections.database.get()


async def _begun(scope: Scope, caller: Caller, key: str, body: bytes) -> Claim | Response:
    """The right to do the request, or what is answered in place of doing it."""
    try:
        sent = body_hash(Headers(scope=scope)["authorization"], body)
        named = Named(caller.key_id, _checked(key), scope["method"], _path(scope), sent)
        return await _claimed(await _database(scope), named, may_repeat=_may_repeat(scope, body))
    except RefusedError as error:
        later = {"Retry-After": "1"} if error.code == "idempotency_key_in_use" else None
        return answer(everstep_problem(error), later)
    except EverstepError as error:
        return answer(everstep_problem(error))
    except UNAVAILABLE as error:
        return answer(away_problem(error))


def body_hash(authorization: str, body: bytes) -> bytes:
    """Keyed with what is nowhere in the database, where a short secret could be guessed from a plain hash of its body."""
    return hmac.digest(authorization.encode(), body, "sha256")


def _checked(key: str) -> str:
    if not _WRITTEN.fullmatch(key):
        raise RefusedError(422, "invalid_idempotency_key", f"{HEADER} is 1 to 255 printable ASCII characters.")
    return key


def _path(scope: Scope) -> str:
    query = scope["query_string"].decode("latin-1")
    return f"{scope['path']}?{query}" if query else scope["path"]


async def _claimed(database: Database, named: Named, *, may_repeat: bool) -> Claim | Response:
    now = datetime.now(UTC)
    async with database.connection() as connection:
        if claim := await claim_request(connection, named, now):
            return claim
        taken = await read_request(connection, named, now)
        if taken and taken.is_same and taken.answer:
            return _again(taken.answer, named)
        claim = await reclaim_request(connection, named, _left(taken, may_repeat), now)
    if claim is None:
        raise _in_use()
    return claim


def _left(taken: Taken | None, may_repeat: bool) -> datetime:
    """When a request that may be taken over began. Raises RefusedError for all others."""
    if taken is not None and not taken.is_same:
        sentence = f"The {HEADER} came before with another request: make a new key for each request."
        raise RefusedError(422, "idempotency_key_reused", sentence)
    if taken is None or not taken.is_left:
        raise _in_use()
    if not may_repeat:
        sentence = "The first request under this key broke off, and it is not known whether it was done."
        raise RefusedError(409, "request_in_doubt", f"{sentence} Look first; to try again, make a new {HEADER}.")
    return taken.began_at


def _in_use() -> RefusedError:
    return RefusedError(409, "idempotency_key_in_use", f"A request under this {HEADER} is under way: try again shortly.")


def _again(kept: Answer, named: Named) -> Response:
    if kept.body is None:
        where = kept.headers.get("location", named.path)
        sentence = f"This was done before, and answered with {kept.status}; the answer itself is not kept. See {where}."
        return answer(everstep_problem(RefusedError(409, "already_done", sentence)), {REPLAYED: "true"})
    return Response(kept.body, kept.status, {**kept.headers, REPLAYED: "true"})


@dataclass(frozen=True)
class _Desk:
    """Settles what has become of a claim. Where the database is away then, the answer goes out, and the claim comes in doubt."""

    database: Database
    claim: Claim
    may_repeat: bool

    async def settle(self, answered: Answer | None) -> None:
        """None: it broke off."""
        try:
            async with self.database.connection() as connection:
                await self._settle(connection, answered)
        except UNAVAILABLE as error:
            _LOG.warning("answer_not_kept", why=str(error) or type(error).__name__)

    async def _settle(self, connection: Any, answered: Answer | None) -> None:
        if answered and answered.status < HTTPStatus.INTERNAL_SERVER_ERROR and answered.status not in _NEVER_KEPT:
            await keep_answer(connection, self.claim, answered)
        elif self.may_repeat or (answered and (answered.status in _NEVER_KEPT or _code(answered) in _NOTHING_DONE)):
            await release_request(connection, self.claim)
        else:
            await doubt_request(connection, self.claim)


def _code(answered: Answer) -> str | None:
    is_problem = answered.headers.get("content-type") == MEDIA_TYPE
    return from_json(answered.body or b"{}").get("code") if is_problem else None


@dataclass
class _Held:
    """Holds an answer back until it is kept. A streamed one goes through, and so does one that is too large to keep."""

    to: Send
    desk: _Desk
    start: Message = field(default_factory=dict[str, Any])

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.start = message
            return
        if message["type"] == "http.response.body" and self.start:
            start, self.start = self.start, {}
            await self.desk.settle(_kept(start, message))
            await self.to(start)
        await self.to(message)


def _kept(start: Message, body: Message) -> Answer:
    """Without the body where it holds what is told once only: such an answer says no-store by itself."""
    headers: Mapping[str, str] = Headers(raw=start["headers"])
    kept = {name: headers[name] for name in _KEPT_HEADERS if name in headers}
    content: bytes = body.get("body", b"")
    is_kept = "no-store" not in headers.get("cache-control", "")
    is_whole = not body.get("more_body", False) and len(content) <= _LARGEST_KEPT
    return Answer(start["status"], kept, content if is_kept and is_whole else None)
