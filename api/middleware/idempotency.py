"""Idempotency-Key: a writing request that is sent again is done once, and answered alike, for 24 hours.

`/webhooks/` and `POST /events` have keys of their own kind and are left alone.
"""

import hmac
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import RefusedError
from api.middleware.authentication import Caller
from api.middleware.bodies import WEBHOOKS, replayed
from api.problems import answer, away_problem, everstep_problem
from automations.errors import EverstepError
from store.database import UNAVAILABLE, Database
from store.idempotent_requests import (
    LEFT_AFTER,
    Answer,
    Claim,
    Named,
    OvertakenError,
    Taken,
    Writing,
    claim_request,
    doubt_request,
    keep_answer,
    read_request,
    reclaim_request,
    release_request,
    writing,
)

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_WRITING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_WRITTEN = re.compile(r"[ -~]{1,255}")
_KEPT_HEADERS = ("content-type", "etag", "location")
_LARGEST_KEPT = 1024 * 1024
_FOUND_AGAIN = re.compile(r"/automations/[^/]+/(executions|bulk-starts)|/executions/[^/]+/restart")
"""What is made here has the id `made_id`, and is found by it."""

_IN_PARTS = re.compile(r"/automations/[^/]+/executions")
"""Several transactions, if it is not one of those that are found again: of them some may be done and some not."""

_NEVER_KEPT = frozenset({401, 403, 429})
"""Refusals that say nothing of the request itself: it was not looked at."""

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
            await self._do(found, scope, replayed(body, receive), send)

    async def _do(self, claim: Claim, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["made_id"] = claim.made_id
        database = await _database(scope)
        with writing(claim) as written:
            desk = _Desk(database, claim, written)
            try:
                await self._app(scope, receive, _Held(send, desk).send)
            except BaseException:  # also a gateway that is stopped
                await desk.settle(None)
                raise


def _is_meant(scope: Scope) -> bool:
    is_its_own = scope["path"].startswith(WEBHOOKS) or (scope["method"], scope["path"]) == ("POST", "/events")
    return scope["method"] in _WRITING and not is_its_own


def _may_repeat(scope: Scope, body: bytes) -> bool:
    """Whether doing it twice is as good as once. What a start resumes has no id to be found by."""
    if scope["method"] == "POST":
        resumes = scope["path"].endswith("/executions") and b"resume_paused" in body
        return bool(_FOUND_AGAIN.fullmatch(scope["path"])) and not resumes
    return scope["method"] == "PUT" and "if-match" not in Headers(scope=scope)


async def _database(scope: Scope) -> Database:
    return await scope["app"].state.connections.database.get()


class _InUseError(RefusedError):
    def __init__(self, seconds: float) -> None:
        super().__init__(409, OvertakenError.code, f"A request under this {HEADER} is under way: try again shortly.")
        self.seconds = str(max(1, math.ceil(seconds)))


async def _begun(scope: Scope, caller: Caller, key: str, body: bytes) -> Claim | Response:
    """The right to do the request, or what is answered in place of doing it."""
    try:
        sent = body_hash(Headers(scope=scope)["authorization"], body)
        named = Named(caller.sender_id, caller.key_id, _checked(key), scope["method"], _path(scope), sent)
        found = await _claimed(await _database(scope), named, may_repeat=_may_repeat(scope, body))
    except _InUseError as error:
        return answer(everstep_problem(error), {"Retry-After": error.seconds})
    except EverstepError as error:
        return answer(everstep_problem(error))
    except UNAVAILABLE as error:
        return answer(away_problem(error))
    return found


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
        claim = await reclaim_request(connection, named, _left(taken, now), now)
        if claim is None:
            raise _InUseError(1)
        if claim.written and not may_repeat:
            await doubt_request(connection, claim)
            raise _written(named)
    return claim


def _left(taken: Taken | None, now: datetime) -> datetime:
    """When a request that may be taken over began. Raises RefusedError for all others."""
    if taken is not None and not taken.is_same:
        sentence = f"The {HEADER} came before with another request: make a new key for each request."
        raise RefusedError(422, "idempotency_key_reused", sentence)
    if taken is None:
        raise _InUseError(1)
    if not taken.is_left:
        raise _in_use(now - taken.began_at)
    return taken.began_at


def _in_use(age: timedelta) -> _InUseError:
    """One that has taken long may take as long again, but is given up in time."""
    return _InUseError(min(age, LEFT_AFTER - age).total_seconds())


def _written(named: Named) -> RefusedError:
    where = named.path.partition("?")[0]
    if _IN_PARTS.fullmatch(where):
        sentence = f"The first request under this {HEADER} broke off: all of it may have been done, or a part."
        return RefusedError(409, "request_in_doubt", f"{sentence} Look first; for what is left, make a new key.")
    return RefusedError(409, "already_done", f"This was done before, and its answer was lost. See {where}.")


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
    written: Writing

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
        elif self.written.may_have_written:
            await doubt_request(connection, self.claim)
        else:
            await release_request(connection, self.claim)


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
