"""The activities that only write down what the workflow did by itself."""

import structlog
from temporalio import activity

from activities.positions import nothing_left, onward, outcome_of
from activities.services import Services
from automations.messages import Ending, StateChange, StepFailure, StepSkip
from automations.outcomes import End, StepAnswer
from store import executions
from store.step_runs import load_step

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
        async with self._services.database.connection() as connection:
            outcome = await executions.record_failure(connection, failure)
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

    @activity.defn(name="skip_step")
    async def skip_step(self, skip: StepSkip) -> StepAnswer:
        async with self._services.database.transaction() as connection:
            row = await load_step(connection, skip.execution_id, skip.sequence)
            if row["finished_at"] is not None:
                return StepAnswer(outcome=End(state=row["state"], reason=row["reason"] or ""))
            definitions = self._services.definitions
            newest = (await definitions.plan(connection, row["automation_id"], row["revision"])).positions
            ran_from = (await definitions.plan(connection, row["automation_id"], row["ran_from"])).positions
            down = skip.path is not None and skip.step in newest and skip.path in newest.step(skip.step).paths()
            following = newest.down(skip.step, skip.path or "") if down else onward(skip.step, ran_from, newest)
            outcome = outcome_of(following)
            await executions.move_execution(
                connection, skip, next_step=following.id if following else None, revision=row["revision"],
                state="active" if following else "completed", warning=nothing_left(skip.step, newest, following),
            )  # fmt: skip
            return StepAnswer(outcome=outcome)
