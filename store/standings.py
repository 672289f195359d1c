"""Where the lanes of an execution stand, as its row keeps it: the sum in columns, and the lanes where that says not all."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from automations.executions import CancelReason, State
from automations.lanes import MAIN, Standing, Standings
from store.database import Connection
from store.sql import QUERIES


@dataclass(frozen=True)
class Whole:
    """An execution as a whole, as its row says it; `lanes` only where the columns do not say all."""

    state: State
    step: str | None
    revision: int
    pause_reason: str | None = None
    waiting_until: datetime | None = None
    retry_at: datetime | None = None
    attempt: int = 1
    reason: str | None = None
    lanes: Mapping[str, Any] | None = None
    finished_at: datetime | None = None
    cancel_reason: CancelReason | None = None

    def columns(self) -> dict[str, Any]:
        """As the queries name them."""
        return {
            "state": self.state, "step_id": self.step, "revision": self.revision, "pause_reason": self.pause_reason,
            "waiting_until": self.waiting_until, "retry_at": self.retry_at, "attempt": self.attempt, "reason": self.reason,
            "lanes": self.lanes or {}, "finished_at": self.finished_at, "cancel_reason": self.cancel_reason,
        }  # fmt: skip


def standings_of(row: Any) -> Standings:
    """From a row with the columns of an open execution."""
    if row["lanes"]:
        return Standings({lane: Standing.model_validate(standing) for lane, standing in row["lanes"].items()})
    main = Standing.model_construct(
        state=row["state"], step=row["step_id"], revision=row["ran_from"], pause_reason=row["pause_reason"],
        waiting_until=row["waiting_until"], retry_at=row["retry_at"], attempt=row["attempt"], reason=row["reason"],
    )  # fmt: skip
    return Standings({MAIN: main})


def revision_of(row: Any, lane: str) -> int:
    """The document in which that lane's step was found; that of the execution for a lane that has ended."""
    standing = standings_of(row).lanes.get(lane)
    return standing.revision if standing else row["ran_from"]


def whole(standings: Standings) -> Whole:
    total = standings.summed()
    tell_more = len(standings.lanes) > 1 or any(each.over for each in standings.lanes.values())
    kept = {lane: each.model_dump(mode="json", exclude_defaults=True) for lane, each in standings.lanes.items()}
    return Whole(
        total.state, total.step, total.revision, total.pause_reason, total.waiting_until, total.retry_at, total.attempt,
        total.reason, kept if tell_more else None,
    )  # fmt: skip


def over(row: Any, state: State, reason: str | None, now: datetime, cancel_reason: CancelReason | None = None) -> Whole:
    return Whole(state, None, row["ran_from"], reason=reason, finished_at=now, cancel_reason=cancel_reason)


async def lock_standings(connection: Connection, execution_id: UUID) -> Any | None:
    """The row of an execution, held until the end of the transaction; None if it is over or unknown."""
    return await QUERIES.lock_standings(connection, id=execution_id)


async def hold_version(connection: Connection, execution_id: UUID, version: int) -> bool:
    """Holds the execution until the end of the transaction; False if it is not at that version any more, or over."""
    return bool(await QUERIES.hold_version(connection, id=execution_id, version=version))


async def write_standings(
    connection: Connection,
    execution_id: UUID,
    stands: Whole,
    now: datetime,
    *,
    request_id: str | None = None,
    warning: str | None = None,
    sequence: int = 0,
    failed: int = 0,
) -> None:
    """Raises the version; takes off the request that is answered. Ends the open step runs of an execution that is over."""
    await QUERIES.write_standings(
        connection, id=execution_id, now=now, request_id=request_id, warning=warning, sequence=sequence, failed=failed,
        **stands.columns(),
    )  # fmt: skip
    if stands.finished_at:
        await close_step_runs(connection, execution_id, now)


async def close_step_runs(connection: Connection, execution_id: UUID, now: datetime) -> None:
    """Those that were under way in other lanes when the execution ended; its goals wait no more."""
    await QUERIES.close_step_runs(connection, id=execution_id, now=now)
