"""Finds what a crash, a lost message or a hand in Temporal or the database left in disagreement, mends it, and says so.

Each sweep looks in one direction and is safe beside others of its kind: several workers may do the same at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from temporalio.service import RPCError

from activities.fates import MISSING, Activity, Fate, activity_of, end_as_found, fate_of
from activities.missing_workflows import MissingWorkflows
from activities.recovering import reload_workflow
from activities.requesting import deliver, is_missing
from activities.services import Services
from automations.executions import Request
from store import reconciling
from store.automations import ask_to_cancel
from store.database import UNAVAILABLE
from store.ids import NIL
from store.requests import end_executions_of_record

_AT_ONCE = 10
_LOOKS = 20
"""Workflows that one sweep asks Temporal about: this is done all the time, and hardly ever finds anything."""
_LOOKS_IN_DOUBT = 200
"""While some are missing: how many they are is to be known soon."""
_UNTOUCHED = timedelta(seconds=10)
"""What moved since then is alive."""
_TO_SIGNAL = timedelta(seconds=2)
_A_SECOND = timedelta(seconds=1)
_TO_CLOSE = timedelta(seconds=5)
_FINISHED_LATELY = timedelta(hours=1)
_CLOSED_LATELY = timedelta(minutes=5)
_LISTED_LATE = timedelta(seconds=10)
"""Temporal's lists run behind what they list."""
_SIGNALLED_LATELY = timedelta(minutes=1)
_CLOSED = (
    "WorkflowType = 'Execution' AND ExecutionStatus IN ('Failed', 'Canceled', 'Terminated', 'TimedOut') AND CloseTime >= '{}'"
)

_LOG = structlog.get_logger("everstep.reconciling")
Mend = Callable[[Any], Awaitable[bool]]


class Reconciler:
    """Remembers how far it has looked. What it forgets with its process it finds again."""

    def __init__(self, services: Services, untouched: timedelta = _UNTOUCHED) -> None:
        self._services = services
        self._untouched = untouched
        now = datetime.now(UTC)
        self._listed_at = now - _CLOSED_LATELY
        self._open_cursor = NIL
        self._missing: set[UUID] = set()
        self._idle: set[UUID] = set()
        self._gone = MissingWorkflows(services)
        self._finished_cursor = now - _FINISHED_LATELY, NIL
        self._signalled: dict[str, datetime] = {}
        self._signals_from = now

    async def sweep(self) -> int:
        """All of them, each for itself: what keeps one from its work does not keep the others. Says how many were mended."""
        sweeps = (self.end_closed, self.end_gone, self.close_ended, self.signal_again)
        return sum([await _guarded(sweep) for sweep in sweeps])

    async def end_closed(self) -> int:
        """Ends the rows whose workflows Temporal lists as ended otherwise than by themselves since the last look."""
        now = datetime.now(UTC)
        listed = self._services.temporal.list_workflows(_CLOSED.format(self._listed_at.isoformat()), page_size=1000)
        workflow_ids = list({found.id async for found in listed})
        async with self._services.database.connection() as connection:
            rows = await reconciling.list_open_among(connection, workflow_ids)
        mended = await _each(rows, self._end_if_over)
        self._listed_at = now - _LISTED_LATE
        return mended

    async def end_gone(self) -> int:
        """Looks at a few open rows each time, one after the other: ends those whose workflow is over or not there.

        A workflow counts as not there when it is missing twice in a row. Those are ended at the end of a round, if they are few.
        """
        suspects, self._missing = self._missing, set()
        looks = _LOOKS_IN_DOUBT if self._gone.in_doubt else _LOOKS
        async with self._services.database.connection() as connection:
            page = await reconciling.list_open(connection, self._open_cursor, looks)
            still = datetime.now(UTC) - self._untouched
            rows = [row for row in page if row["workflow_started"] and row["updated_at"] <= still]
            again = await reconciling.list_open_by_id(connection, suspects - {row["id"] for row in rows})
        mended = await _each(page, self._cancel_if_archived) + await _each(page, self._cancel_if_deleted)
        mended += await _each([*rows, *again], lambda row: self._end_if_over(row, is_suspect=row["id"] in suspects))
        mended += await _each(rows, lambda row: self._reload_if_behind(row, still))
        self._open_cursor = page[-1]["id"] if len(page) == looks else NIL
        if self._open_cursor == NIL:
            mended += await _each(await self._gone.to_end(len(self._missing)), self._end_missing)
        return mended

    async def _end_if_over(self, row: Any, *, is_suspect: bool = False) -> bool:
        fate = await fate_of(self._services.temporal, row["workflow_id"])
        if fate is not MISSING:
            if row.get("is_missing"):
                await self._gone.unmark(row["id"])
            return fate is not None and await self._end(row, fate)
        if is_suspect:
            await self._gone.mark(row["id"])
        else:
            self._missing.add(row["id"])
        return False

    async def _end_missing(self, row: Any) -> bool:
        """One of a few."""
        if await fate_of(self._services.temporal, row["workflow_id"]) is not MISSING:
            await self._gone.unmark(row["id"])
            return False
        ended = await self._end(row, MISSING)
        await self._gone.mark_ended(row["id"])
        return ended

    async def _end(self, row: Any, fate: Fate) -> bool:
        before = await end_as_found(self._services.database, row, fate)
        if before is None:
            return False
        _LOG.warning("end_made_up", execution_id=str(row["id"]), found=fate.reason, was=before["state"], ended=fate.state)
        return True

    async def _reload_if_behind(self, row: Any, still: datetime) -> bool:
        """One that is to move by now, and whose workflow has nothing to do: it has forgotten what the row knows."""
        owes = row["owes_since"]
        if owes is None or owes > still or not await self._is_idle(row):
            return False
        if not await reload_workflow(self._services, row):
            return False
        _LOG.warning("reload_made_up", execution_id=str(row["id"]), found=f"{row['state']}, its workflow idle")
        return True

    async def _is_idle(self, row: Any) -> bool:
        """Twice in a row: between two looks something may just have been answered."""
        was_idle = row["id"] in self._idle
        self._idle.discard(row["id"])
        idle = await self._activity(row) == "idle"
        if idle and not was_idle:
            self._idle.add(row["id"])
        return idle and was_idle

    async def _activity(self, row: Any) -> Activity | None:
        """None where the workflow is not there."""
        try:
            return await activity_of(self._services.temporal, row["workflow_id"])
        except RPCError as error:
            if not is_missing(error):
                raise
            return None

    async def _cancel_if_archived(self, row: Any) -> bool:
        """One that was started in the moment in which its record was archived."""
        if row["archived_at"] is None:
            return False
        async with self._services.database.transaction() as connection:
            asked = await end_executions_of_record(connection, row["record_id"], f"archive-{row['record_id']}", datetime.now(UTC))
        if row["id"] in asked:
            _LOG.info("cancel_made_up", execution_id=str(row["id"]), found="its record is archived")
        return row["id"] in asked

    async def _cancel_if_deleted(self, row: Any) -> bool:
        """One that was started in the moment in which its automation was deleted."""
        if row["deleted_at"] is None:
            return False
        request = Request(
            id=f"delete-{row['automation_id']}", kind="cancel", by="everstep", why="its automation was deleted"
        )  # fmt: skip
        async with self._services.database.transaction() as connection:
            asked = await ask_to_cancel(connection, row["automation_id"], request, datetime.now(UTC))
        mended = row["id"] in {each["id"] for each in asked}
        if mended:
            _LOG.info("cancel_made_up", execution_id=str(row["id"]), found="its automation is deleted")
        return mended

    async def close_ended(self) -> int:
        """Tells the workflows of rows that ended lately and that still run to close; the rows stay as they are."""
        now = datetime.now(UTC)
        after = max(self._finished_cursor, (now - _FINISHED_LATELY, NIL))
        async with self._services.database.connection() as connection:
            rows = await reconciling.list_finished(connection, after, now - _TO_CLOSE, _LOOKS)
        mended = await _each(rows, self._close)
        self._finished_cursor = (rows[-1]["finished_at"], rows[-1]["id"]) if rows else after
        return mended

    async def _close(self, row: Any) -> bool:
        if await fate_of(self._services.temporal, row["workflow_id"]) is not None:
            return False
        request = Request(id=f"reconcile-{row['id']}", kind="cancel", by="everstep", why="the execution is over")
        if await self._deliver(row, request):
            _LOG.warning("close_made_up", execution_id=str(row["id"]), found=f"{row['state']}, its workflow running")
            return True
        return False

    async def signal_again(self) -> int:
        """Hands over the requests that stand on their rows longer than a signal takes; each at most once a minute.

        Many of them, as after Temporal was away, a second's worth at a time.
        """
        now = datetime.now(UTC)
        self._signalled = {id: at for id, at in self._signalled.items() if at > now - _SIGNALLED_LATELY}
        if now < self._signals_from:
            return 0
        size = self._services.settings.bulk_requests_per_second
        async with self._services.database.connection() as connection:
            rows = await reconciling.list_requested(connection, _TO_SIGNAL, list(self._signalled), size)
        if len(rows) == size:
            self._signals_from = now + _A_SECOND
        return await _each(rows, self._signal_again)

    async def _signal_again(self, row: Any) -> bool:
        request = Request.model_validate(row["request"])
        if await self._activity(row) in ("about to move", "failing"):
            return False  # it may have the signal, and not have come to it yet
        self._signalled[request.id] = datetime.now(UTC)
        if await self._deliver(row, request):
            _LOG.info("signal_made_up", execution_id=str(row["id"]), found=f"a {request.kind} that stands", request_id=request.id)
            return True
        return False

    async def _deliver(self, row: Any, request: Request) -> bool:
        return await deliver(self._services.temporal, self._services.settings, row, request)


async def _guarded(sweep: Callable[[], Awaitable[int]]) -> int:
    try:
        return await sweep()
    except (*UNAVAILABLE, RPCError) as error:
        _LOG.warning("service_away", while_doing=sweep.__name__, why=str(error))  # pyright: ignore[reportAttributeAccessIssue]
    except Exception:
        _LOG.exception("sweep_failed", while_doing=sweep.__name__)  # pyright: ignore[reportAttributeAccessIssue]
    return 0


async def _each(rows: Iterable[Any], mend: Mend) -> int:
    """How many were mended. A row that cannot be is logged; a service that is away is raised."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(row: Any) -> bool:
        async with places:
            try:
                return await mend(row)
            except (*UNAVAILABLE, RPCError):
                raise
            except Exception:
                _LOG.exception("cannot_mend", execution_id=str(row["id"]))
                return False

    found = await asyncio.gather(*(one(row) for row in rows), return_exceptions=True)
    away = next((each for each in found if isinstance(each, BaseException)), None)
    if away:
        raise away
    return sum(each is True for each in found)
