"""Requests under an Idempotency-Key: who does one, and what it was answered."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from store.database import Connection
from store.ids import new_id
from store.sql import QUERIES

LEFT_AFTER = timedelta(seconds=90)
"""A request that has had no answer for so long has lost its process: none takes longer."""


@dataclass(frozen=True)
class Named:
    """A request as its caller named it. `path` is with the query."""

    key_id: UUID
    idempotency_key: str
    method: str
    path: str
    body_hash: bytes


@dataclass(frozen=True)
class Claim:
    """The right to do a request. `made_id` is for what it makes, at each try the same; `again`: it may have been done before."""

    named: Named
    began_at: datetime
    made_id: UUID
    again: bool = False


@dataclass(frozen=True)
class Answer:
    """As it was sent; no `body` where that is not kept."""

    status: int
    headers: dict[str, str]
    body: bytes | None


@dataclass(frozen=True)
class Taken:
    """Somebody else's request under the key. No `answer` yet; `is_left`: there will be none."""

    is_same: bool
    is_left: bool
    began_at: datetime
    answer: Answer | None


async def claim_request(connection: Connection, named: Named, now: datetime) -> Claim | None:
    """None if the key was used before."""
    row = await QUERIES.claim_idempotent_request(
        connection, key_id=named.key_id, idempotency_key=named.idempotency_key, method=named.method, path=named.path,
        body_hash=named.body_hash, now=now, made_id=new_id(),
    )  # fmt: skip
    return Claim(named, row["began_at"], row["made_id"]) if row else None


async def read_request(connection: Connection, named: Named, now: datetime) -> Taken | None:
    """None if it was released in the meantime."""
    row = await QUERIES.read_idempotent_request(connection, **_key(named))
    if row is None:
        return None
    is_same = (row["method"], row["path"], row["body_hash"]) == (named.method, named.path, named.body_hash)
    return Taken(is_same, row["began_at"] <= now - LEFT_AFTER, row["began_at"], _answer(row))


def _answer(row: Any) -> Answer | None:
    return Answer(row["status"], row["headers"], row["body"]) if row["status"] is not None else None


async def reclaim_request(connection: Connection, named: Named, found: datetime, now: datetime) -> Claim | None:
    """For a request that was left at `found`. None if another was quicker."""
    row = await QUERIES.reclaim_idempotent_request(connection, **_key(named), found=found, now=now)
    return Claim(named, row["began_at"], row["made_id"], again=True) if row else None


async def keep_answer(connection: Connection, claim: Claim, answer: Answer) -> None:
    await QUERIES.keep_idempotent_answer(
        connection, **_key(claim.named), began_at=claim.began_at, status=answer.status, headers=answer.headers, body=answer.body
    )


async def release_request(connection: Connection, claim: Claim) -> None:
    """For what certainly was not done, or may be done twice."""
    await QUERIES.release_idempotent_request(connection, **_key(claim.named), began_at=claim.began_at)


async def doubt_request(connection: Connection, claim: Claim) -> None:
    """For what may have been done or not."""
    long_ago = claim.began_at - LEFT_AFTER
    await QUERIES.doubt_idempotent_request(connection, **_key(claim.named), began_at=claim.began_at, long_ago=long_ago)


async def sweep_requests(connection: Connection, before: datetime) -> int:
    """How many were removed: a part of them, if there are many."""
    return await QUERIES.sweep_idempotent_requests(connection, before=before)


def _key(named: Named) -> dict[str, Any]:
    return {"key_id": named.key_id, "idempotency_key": named.idempotency_key}
