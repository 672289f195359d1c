"""Requests under an Idempotency-Key: who does one, what it wrote, and what it was answered."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from automations.errors import EverstepError
from store.database import BEFORE_COMMIT, Connection
from store.ids import new_id
from store.sql import QUERIES

LEFT_AFTER = timedelta(seconds=90)
"""A request that has had no answer for so long has lost its process: none takes longer."""


class OvertakenError(EverstepError):
    """Another try of the request took it over, and does it in place of this one."""

    code = "idempotency_key_in_use"

    def __init__(self) -> None:
        super().__init__("Another try of this request has taken it over: send it again to see what became of it.")


@dataclass(frozen=True)
class Named:
    """A request as its caller named it, whom `key_id` stands for through all rotations. `path` is with the query.

    `hashed_by` is the key that `body_hash` was made with: that of another key cannot be compared with it.
    """

    key_id: UUID
    hashed_by: UUID
    idempotency_key: str
    method: str
    path: str
    body_hash: bytes


@dataclass(frozen=True)
class Claim:
    """The right to do a request. `made_id` is for what it makes, at each try the same; `written`: an earlier try wrote."""

    named: Named
    began_at: datetime
    made_id: UUID
    written: bool = False


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
        connection, **_key(named), method=named.method, path=named.path, body_hash=named.body_hash,
        hashed_by=named.hashed_by, now=now, made_id=new_id(),
    )  # fmt: skip
    return Claim(named, row["began_at"], row["made_id"]) if row else None


async def read_request(connection: Connection, named: Named, now: datetime) -> Taken | None:
    """None if it was released in the meantime."""
    row = await QUERIES.read_idempotent_request(connection, **_key(named))
    if row is None:
        return None
    is_left = row["is_orphan"] or row["began_at"] <= now - LEFT_AFTER
    return Taken(_is_same(row, named), is_left, row["began_at"], _answer(row))


def _is_same(row: Any, named: Named) -> bool:
    if (row["method"], row["path"]) != (named.method, named.path):
        return False
    return row["body_hash"] == named.body_hash or (row["hashed_by"] or row["key_id"]) != named.hashed_by


def _answer(row: Any) -> Answer | None:
    return Answer(row["status"], row["headers"], row["body"]) if row["status"] is not None else None


async def reclaim_request(connection: Connection, named: Named, found: datetime, now: datetime) -> Claim | None:
    """For a request that was left at `found`. None if another was quicker."""
    row = await QUERIES.reclaim_idempotent_request(connection, **_key(named), found=found, now=now)
    return Claim(named, row["began_at"], row["made_id"], row["written"]) if row else None


class Writing:
    """What the request of a claim writes. `may_have_written`: it came to the end of a transaction at least once."""

    def __init__(self, claim: Claim) -> None:
        self._claim, self._is_over = claim, False
        self.may_have_written = claim.written

    async def mark(self, connection: Connection) -> None:
        """Raises OvertakenError. Says nothing of what goes on behind the request's end."""
        if self._is_over:
            return
        self.may_have_written = True
        if not await QUERIES.mark_written(connection, **_key(self._claim.named), began_at=self._claim.began_at):
            raise OvertakenError

    def end(self) -> None:
        self._is_over = True


@contextmanager
def writing(claim: Claim) -> Iterator[Writing]:
    """Each transaction in the block marks the claim, or is rolled back if the claim is somebody else's by then."""
    found = Writing(claim)
    token = BEFORE_COMMIT.set(found.mark)
    try:
        yield found
    finally:
        found.end()
        BEFORE_COMMIT.reset(token)


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
