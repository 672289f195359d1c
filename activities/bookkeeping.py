"""The activities that only write down what the workflow did by itself."""

from typing import Any

import structlog
from temporalio import activity

from activities.answers import way_on
from activities.notifying import notice_of_failure, write_notice
from activities.positions import down, jumped, onward, outcome_of
from activities.reloading import reloaded
from activities.services import Services
from activities.writing import stands_after
from automations.messages import Ending, Reloaded, ReloadRequest, StateChange, StepFailure, StepSkip
from automations.outcomes import End, StepAnswer
from automations.positions import Positions
from automations.steps.base import StepBase
from store import executions
from store.database import Connection
from store.goals import delete_goal_wait
from store.standings import lock_standings, revision_of, write_standings
from store.step_runs import load_step, pass_step_run

_LOG = structlog.get_logger("everstep.executions")


class Bookkeeping:
    """Each is safe to run again."""

    def __init__(self, services: Services) -> None:
        self._services = services

    @activity.defn(name="record_state")
    async def record_state(self, change: StateChange) -> None:
        async with self._services.database.connection() as connection:
            await executions.record_state(connection, change)

    @activity.defn(name="record_failure")
    async def record_failure(self, failure: StepFailure) -> StepAnswer | None:
        async with self._services.database.transaction() as connection:
            outcome = await executions.record_failure(connection, failure)
            told = None if outcome else await notice_of_failure(connection, self._services.definitions, failure)
            if told:
                await write_notice(connection, told)
        if outcome:
            return StepAnswer.model_validate({"outcome": outcome})
        _LOG.warning(
            "attempt_failed", execution_id=str(failure.execution_id), step=failure.step, attempt=failure.attempt,
            code=failure.code, why=failure.sentence, follows=failure.follows,
        )  # fmt: skip
        return None

    @activity.defn(name="end_execution")
    async def end_execution(self, ending: Ending) -> End:
        async with self._services.database.connection() as connection:
            state, reason = await executions.end_execution(connection, ending)
            if state == "failed":
                _LOG.warning("execution_failed", execution_id=str(ending.execution_id), why=reason)
            return End.model_validate({"state": state, "reason": reason})

    @activity.defn(name="load_cursors")
    async def load_cursors(self, request: ReloadRequest) -> Reloaded:
        async with self._services.database.transaction() as connection:
            return await reloaded(connection, self._services.definitions, request)

    @activity.defn(name="skip_step")
    async def skip_step(self, skip: StepSkip) -> StepAnswer:
        async with self._services.database.transaction() as connection:
            await lock_standings(connection, skip.execution_id)
            row = await load_step(connection, skip.execution_id, skip.sequence)
            if row["finished_at"] is not None:
                return StepAnswer(outcome=End(state=row["state"], reason=row["reason"] or ""))
            gone_on = await way_on(connection, row, self._services.definitions)
            if gone_on is not None:
                return StepAnswer(outcome=gone_on)
            newest = (await self._services.definitions.plan(connection, row["automation_id"], row["revision"])).positions
            following = await self._following(connection, row, newest, skip)
            outcome = outcome_of(following, skip.lane)
            await pass_step_run(connection, skip, outcome.as_json())
            await delete_goal_wait(connection, skip.execution_id, skip.sequence)
            await write_standings(
                connection, skip.execution_id, stands_after(row, skip.lane, skip.step, outcome, skip.now), skip.now,
                request_id=skip.request_id, warning=jumped(skip.step, newest, following.id if following else None, skip.lane),
            )  # fmt: skip
            return StepAnswer(outcome=outcome)

    async def _following(self, connection: Connection, row: Any, newest: Positions, skip: StepSkip) -> StepBase | None:
        """Down the chosen path where the step still has it, else to what comes after the step."""
        revision = revision_of(row, skip.lane)
        ran_from = (await self._services.definitions.plan(connection, row["automation_id"], revision)).positions
        if skip.path is not None and skip.step in newest:
            return down(newest.step(skip.step), skip.path, ran_from, newest, skip.lane)
        return onward(skip.step, ran_from, newest, skip.lane)
