"""Names of records, which only steps keep apart: the database lets several records have the same."""

from collections.abc import Sequence
from itertools import count
from typing import Any
from uuid import UUID

from automations.scalars import ITEM_LIMIT
from store.database import Connection
from store.record_upserts import Match, list_matches
from store.sql import QUERIES

_AT_ONCE = 100


async def find_namesake(connection: Connection, object_id: UUID, name: str) -> Any | None:
    """The oldest record of this name, whatever its case, as `id` and `archived_at`; an archived one only if there is no other.

    Who asks for a name after this one waits until the end of the transaction.
    """
    return next(iter(await list_matches(connection, object_id, Match("name", name))), None)


async def find_free_name(connection: Connection, object_id: UUID, name: str) -> str:
    """The name with the first number from 2 on that no record has. It is this transaction's until its end."""
    while True:
        free = await _first_free(connection, object_id, name)
        if await find_namesake(connection, object_id, free) is None:
            return free


async def _first_free(connection: Connection, object_id: UUID, name: str) -> str:
    for first in count(2, _AT_ONCE):
        names = [_numbered(name, number) for number in range(first, first + _AT_ONCE)]
        taken = await _taken(connection, object_id, names)
        if len(taken) < len(names):
            return next(each for place, each in enumerate(names, start=1) if place not in taken)
    raise AssertionError("numbers do not end")


def _numbered(name: str, number: int) -> str:
    suffix = f" ({number})"
    return f"{name[: ITEM_LIMIT - len(suffix)].rstrip()}{suffix}"


async def _taken(connection: Connection, object_id: UUID, names: Sequence[str]) -> set[int]:
    """The places, from 1, of those that records have."""
    return {row["place"] async for row in QUERIES.list_taken_names(connection, object_id=object_id, names=list(names))}
