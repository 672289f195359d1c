"""What can be answered without running a step.

A workflow task that is lost is run again from its first step, while the store holds what became of all of them. Each step run is
answered by where its lane went on from it, so that the workflow comes to where the store is: a branch whose lanes have met again,
a wait that is over and a hold that was resumed are gone past.
"""

from typing import Any

from activities.definitions import Definitions
from activities.writing import standing_after
from automations.messages import StepRequest
from automations.outcomes import End, Hold, LaneEnd, Next, Outcome, Renumbered, Requested, StepAnswer, StepRef, Wait
from store.database import Connection
from store.standings import hold_version, standings_of, whole, write_standings
from store.step_runs import read_last_sequence


async def known_answer(connection: Connection, row: Any, request: StepRequest, definitions: Definitions) -> Outcome | None:
    """It ran before, its number is another one's, the execution is over, or a request stands.

    The row is that of `load_asked_step`.
    """
    if row is None:
        return End(state="failed", reason="The execution is not in the store.")
    if row["run_sequence"] not in (None, request.sequence):
        return Renumbered(sequence=row["run_sequence"])
    outcome = await way_on(connection, row, definitions)
    if outcome is None and row["finished_at"] is not None:
        return End(state=row["state"], reason=row["reason"] or "")
    outcome = outcome or _reached(row, request)
    if outcome is not None:
        await _put_right(connection, row, request, outcome)
        return outcome
    if row["run_sequence"] is None and row["taken"] is not None:
        free = await read_last_sequence(connection, request.execution_id) + 1
        return Renumbered(sequence=free, free=True)
    return Requested(request=row["request"]) if row["request"] is not None else None


async def way_on(connection: Connection, row: Any, definitions: Definitions) -> Outcome | None:
    """How its lane went on from a step run, None if it has not yet. The row is that of `load_step`."""
    stored = _stored(row)
    if isinstance(stored, Next | LaneEnd | End):
        return stored
    if row["successor"] is None:
        return None
    plan = await definitions.plan(connection, row["automation_id"], row["successor_revision"])
    return Next(step=StepRef.to(plan.positions.step(row["successor"])))


def _reached(row: Any, request: StepRequest) -> Outcome | None:
    """What holds the lane; a wait that is over by now is gone on from."""
    is_over = row["run_status"] in ("waiting", "retrying") and request.phase != "run"
    return None if is_over else _stored(row)


def _stored(row: Any) -> Outcome | None:
    if row["run_outcome"] is None:
        return None
    return StepAnswer.model_validate({"outcome": row["run_outcome"]}).outcome


async def _put_right(connection: Connection, row: Any, request: StepRequest, outcome: Outcome) -> None:
    """Where the lane stands by its newest step run: what was written down around it may have been written down again."""
    lanes = standings_of(row)
    standing = lanes.lanes.get(request.lane)
    if row["successor"] is not None or row["finished_at"] is not None or standing is None:
        return
    if not isinstance(outcome, Next | Wait | Hold):
        return
    right = standing_after(outcome.step.id, standing.revision, outcome)
    if any(getattr(standing, part) != getattr(right, part) for part in _STANDS):
        async with connection.transaction():
            if await hold_version(connection, request.execution_id, row["version"]):
                stands = whole(lanes.moved(request.lane, right))
                await write_standings(connection, request.execution_id, stands, request.now)


_STANDS = ("state", "step", "pause_reason", "waiting_until")
