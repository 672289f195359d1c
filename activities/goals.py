"""Steps that wait for something to happen to the record."""

from typing import Any
from uuid import UUID

from activities.control import WaitEnd, wait_end
from activities.registry import runs
from activities.results import Down, Result, WaitUntil
from activities.services import Services
from activities.situation import Situation
from activities.writing import Attempt
from automations.event_triggers import EventTrigger
from automations.failures import ExpectedFailure
from automations.steps.goals import Goal
from store.database import Connection
from store.goals import GoalWait, delete_goal_wait, insert_goal_wait, lock_goal_wait
from store.standings import lock_standings


@runs("goal")
async def goal(step: Goal, situation: Situation, services: Services) -> Result:
    """Events count from the moment in which this is written: those before it are over, those after it find who waits."""
    end = wait_end(step.limit, situation) if step.limit else WaitEnd()
    wait = _wait(step, situation)
    if end.is_past(situation.now):
        return Result(then=Down("not_met"), output={**end.output, "path": "not_met"}, used=end.used)

    async def listen(connection: Connection) -> None:
        await insert_goal_wait(connection, wait)

    says = f"goal {step.id}: {step.summary()}{end.says_moved}"
    return Result(then=WaitUntil(end.until, says, "goal"), output=end.output, used=end.used, also=listen)


def _wait(step: Goal, situation: Situation) -> GoalWait:
    triggers = [_settled(trigger, situation) for trigger in step.triggers]
    return GoalWait(
        situation.key.execution_id, situation.key.sequence, situation.row["record_id"],
        {listen for trigger in triggers for listen in trigger.listens()}, [trigger.as_json() for trigger in triggers],
        situation.now,
    )  # fmt: skip


def _settled(trigger: EventTrigger, situation: Situation) -> EventTrigger:
    """Raises ExpectedFailure where it could never fit an event: nobody would notice that it waits in vain."""
    if situation.definition is None:
        raise ExpectedFailure("no_record", "A goal needs a record, and the execution has none.")
    for _, code, sentence in trigger.unfit(situation.definition):
        raise ExpectedFailure(code, sentence)
    return trigger.settled(situation.definition)


async def result_of_wait(connection: Connection, attempt: Attempt) -> Result:
    """Down which path a wait that is over goes on. Call it in the transaction that writes the result.

    An event that met the goal counts, although the clock may have come first. The execution is locked before the goal, as
    everywhere.
    """
    execution_id, sequence = attempt.request.execution_id, attempt.request.sequence
    await lock_standings(connection, execution_id)
    wait = await lock_goal_wait(connection, execution_id, sequence)
    is_met = attempt.request.phase == "met" or (wait is not None and wait["met_at"] is not None)
    path = "met" if is_met else "not_met"

    async def leave(connection: Connection) -> None:
        await delete_goal_wait(connection, execution_id, sequence)

    return Result(then=Down(path), output={"path": path, **_told(wait)}, also=leave)


def _told(wait: Any) -> dict[str, Any]:
    if wait is None or wait["met_at"] is None:
        return {}
    event: UUID = wait["event_id"]
    times = {"event_at": wait["event_at"].isoformat(), "evaluated_at": wait["met_at"].isoformat()}
    return {"met_by": {"trigger": wait["met_by"], "event": str(event), "kind": wait["kind"], **times}}
