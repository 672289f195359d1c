"""Listening to an execution: an event for each change of it and of its step runs."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import BaseModel

from activities.settings import Settings
from api.access import needs
from api.deps import DatabaseDep, SettingsDep
from api.executions.executions import existing_execution
from api.executions.listeners import takes_a_place
from api.executions.story import News, Told, final, news
from api.executions.views import StepRunView, execution_view, step_run_views
from api.key_watch import KeyWatch, watches_key
from automations.executions import State
from store.automations import read_automation_by_id
from store.database import UNAVAILABLE, Connection, Database
from store.executions import look_at_execution, read_execution
from store.step_runs import list_step_runs_since

_AT_ONCE = 100
_SOON, _SELDOM, _SLOWER = 0.2, 1.0, 1.5
_BEATS_SECONDS = 5.0
"""How often a listener hears that the stream lives. Then also what changes without the execution is looked for."""

router = APIRouter(tags=["executions"])


class EndView(BaseModel):
    """The last event: nothing follows."""

    state: State


async def _existing(execution_id: UUID, database: DatabaseDep) -> None:
    await existing_execution(database, execution_id)


@router.get(
    "/executions/{execution_id}/stream",
    summary="Listen to it",
    response_class=EventSourceResponse,
    dependencies=[needs("automations:view"), Depends(_existing), takes_a_place],
)
async def stream_execution(
    execution_id: UUID,
    database: DatabaseDep,
    settings: SettingsDep,
    watch: Annotated[KeyWatch, watches_key("automations:view")],
    last_event_id: Annotated[str | None, Header(description="Go on after that event")] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Events `step_run` and `execution`, first as they are and then on each change, and `end` once it is over and all is told.

    Who comes back with `Last-Event-ID` is told what has changed since, in order. The stream breaks off once the API key is not
    let in any more.
    """
    told = Told.read(execution_id, last_event_id)
    async for event in _Stream(database, settings, told, watch).events():
        yield event


class _Stream:
    """Asks again and again, seldom while nothing happens, and waits while the database is away.

    `_version` is that of the row when all was told. `_is_behind`: there was more than is told at once.
    """

    def __init__(self, database: Database, settings: Settings, told: Told, watch: KeyWatch) -> None:
        self._database, self._settings, self._told, self._watch = database, settings, told, watch
        self._version: int | None = None
        self._heard_at = time.monotonic()
        self._is_behind = False

    async def events(self) -> AsyncIterator[ServerSentEvent]:
        pause = _SOON
        while await self._watch.is_let_in():
            found, state = await self._look()
            for each in found:
                yield ServerSentEvent(event=each.kind, id=str(each.told), data=each.view)
            if state is not None and not found:
                yield ServerSentEvent(event="end", id=str(self._told), data=EndView(state=state))
                return
            if not found and self._is_quiet():
                yield ServerSentEvent(comment="still here")
            await asyncio.sleep(0 if self._is_behind else pause)
            pause = _SOON if found else min(pause * _SLOWER, _SELDOM)

    def _is_quiet(self) -> bool:
        """Whether it is time for a sign of life; from then on everything is looked at."""
        if time.monotonic() - self._heard_at < _BEATS_SECONDS:
            return False
        self._heard_at, self._version = time.monotonic(), None
        return True

    async def _look(self) -> tuple[list[News], State | None]:
        """What is new, and the state if the execution is over."""
        try:
            async with self._database.snapshot() as connection:
                return await self._news(connection)
        except UNAVAILABLE:
            return [], None

    async def _news(self, connection: Connection) -> tuple[list[News], State | None]:
        seen = await look_at_execution(connection, self._told.execution_id)
        if seen is None or (seen["version"] == self._version and seen["finished_at"] is None):
            return [], None
        row: Any = await read_execution(connection, self._told.execution_id)
        runs = await self._step_runs(connection, row)
        view = execution_view(row, self._settings.web_ui_url, self._settings.temporal_namespace)
        found = list(news(self._told, runs, None if self._is_behind else view))
        if found:
            self._told, self._heard_at = found[-1].told, time.monotonic()
        self._told = self._told.without(final(runs))
        self._version = None if self._is_behind else seen["version"]
        return found, row["state"] if row["finished_at"] and not self._is_behind else None

    async def _step_runs(self, connection: Connection, row: Any) -> list[StepRunView]:
        rows = await self._since(connection)
        if self._told.last and all(each["sequence"] != self._told.last for each in rows):
            # There is no such step run: what the listener knows is of another database.
            self._told = Told(self._told.execution_id)
            rows = await self._since(connection)
        self._is_behind = sum(each["sequence"] > self._told.last for each in rows) >= _AT_ONCE
        automation = await read_automation_by_id(connection, row["automation_id"])
        return step_run_views(rows, automation["document"])

    async def _since(self, connection: Connection) -> list[Any]:
        told = self._told
        return await list_step_runs_since(connection, told.execution_id, after=told.last, again=told.asked, size=_AT_ONCE)
